"""Finds the mapping files. There is no list to edit: a file in the folder is a mapping."""

import difflib
import importlib.util
import traceback
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import ModuleType

from bridge.errors import ConfigurationError, Problem
from bridge.mapping.base import Mapping
from bridge.mapping.samples import Sample, samples_in

PACKAGED = Path(__file__).parents[1] / "mappings"
CHECKOUT = Path(__file__).parents[2] / "mappings"


def shipped_folder() -> Path:
    """The folder of the mappings that come with the bridge: inside the package, or beside it in a checkout."""
    return PACKAGED if PACKAGED.is_dir() else CHECKOUT


@dataclass(frozen=True)
class MappingFile:
    """One mapping: its name, its file and the class in it."""

    name: str
    path: Path
    schema: type[Mapping]

    @property
    def samples_folder(self) -> Path:
        return self.path.parent / "samples" / self.name

    @property
    def samples(self) -> list[Sample]:
        """The recorded requests."""
        return samples_in(self.samples_folder)


def load_file(path: Path) -> MappingFile:
    """Load one mapping file.

    Raises:
        ConfigurationError: it does not import, or does not hold exactly one mapping with a rule list.
    """
    spec = importlib.util.spec_from_file_location(f"bridge_mappings.{path.stem}", path)
    if spec is None or spec.loader is None:
        raise ConfigurationError([Problem(str(path), "is not a Python file; a mapping ends in `.py`")])
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise ConfigurationError([Problem(str(path), _not_loaded(error, path))]) from error
    return _mapping_in(module, path)


def load_text(text: str, path: Path) -> MappingFile:
    """Load a mapping that is not saved, as if its text stood at this path. It is run, as any mapping file is.

    Raises:
        ConfigurationError: as `load_file`.
    """
    module = ModuleType(f"bridge_mappings.{path.stem}")
    try:
        exec(compile(text, str(path), "exec"), vars(module))  # noqa: S102 - a mapping is code; see console/workbench
    except Exception as error:
        raise ConfigurationError([Problem(str(path), _not_loaded(error, path))]) from error
    return _mapping_in(module, path)


def _not_loaded(error: Exception, path: Path) -> str:
    return f"cannot be loaded: {type(error).__name__}: {error}{line_in_file(error, path)}"


def line_in_file(error: Exception, path: Path) -> str:
    """Where in this file an error arose, as ` (line 7)`; empty where it arose elsewhere."""
    lines = [
        frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)
    ]
    return f" (line {lines[-1]})" if lines else ""


def _mapping_in(module: ModuleType, path: Path) -> MappingFile:
    schemas = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Mapping) and value.__module__ == module.__name__
    ]
    if len(schemas) != 1:
        message = f"holds {len(schemas)} mappings; expected one class that extends Mapping"
        raise ConfigurationError([Problem(str(path), message)])
    schema = schemas[0]
    if not hasattr(schema, "event"):
        raise ConfigurationError([Problem(str(path), "has no `event`; set where the name of the event is")])
    if not schema.actions:
        raise ConfigurationError([Problem(str(path), "has no `actions`; add at least one rule")])
    if schema.signature is None and not schema.public:
        message = (
            "has no `signature`; set how this sender authenticates, or `public = True` for a browser form"
        )
        raise ConfigurationError([Problem(str(path), message)])
    return MappingFile(path.stem, path, schema)


class Catalogue:
    """All mappings by name: those that come with the bridge, and the operator's own, which win."""

    def __init__(self, own_folder: Path | None = None) -> None:
        self.folders = [shipped_folder(), *([own_folder] if own_folder else [])]

    @cached_property
    def paths(self) -> dict[str, Path]:
        files = (file for folder in self.folders for file in sorted(folder.glob("*.py")))
        return {file.stem: file for file in files if not file.name.startswith("_")}

    @property
    def own_paths(self) -> dict[str, Path]:
        """The operator's own, by name."""
        return {name: path for name, path in self.paths.items() if path.parent != shipped_folder()}

    def get(self, name: str) -> MappingFile:
        """The mapping of this name.

        Raises:
            ConfigurationError: there is none, or its file is not valid.
        """
        path = self.paths.get(name)
        if path is None:
            close = difflib.get_close_matches(name, self.paths, n=1)
            hint = (
                f'did you mean "{close[0]}"?'
                if close
                else "`bridge mappings list` shows those that there are"
            )
            raise ConfigurationError([Problem(name, f"no mapping of this name; {hint}")])
        if path not in self._loaded:
            self._loaded[path] = load_file(path)
        return self._loaded[path]

    @cached_property
    def _loaded(self) -> dict[Path, MappingFile]:
        return {}

    def all(self) -> Iterable[MappingFile]:
        """Every mapping, in the order of the names."""
        return [self.get(name) for name in sorted(self.paths)]
