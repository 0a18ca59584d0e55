"""The configuration: `bridge.toml` and the environment, validated as a whole before anything starts.

Values come from the file; `BRIDGE_SECTION__KEY` in the environment overrides any of them. A text may contain
`${NAME}` (an environment variable), and `{ file = "..." }` is replaced by the content of a file. Relative paths
start at the folder of bridge.toml.
"""

import os
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from marshmallow import ValidationError

from bridge.errors import ConfigurationError, Problem
from bridge.settings import document as documents
from bridge.settings.records import (
    AlertSettings,
    ConfiguredUser,
    ConsoleSettings,
    FormSettings,
    OpenIdSettings,
    PrivacySettings,
    Property,
    PropexoSettings,
    ServerSettings,
    Settings,
    Source,
)
from bridge.settings.schema import Document, dotted, problems
from bridge.settings.source_table import SourceTable
from bridge.settings.tour_times import BusinessHours
from bridge.settings.workbench import Workbench

__all__ = [
    "AlertSettings",
    "BusinessHours",
    "ConfiguredUser",
    "ConsoleSettings",
    "FormSettings",
    "OpenIdSettings",
    "PrivacySettings",
    "Property",
    "PropexoSettings",
    "ServerSettings",
    "Settings",
    "Source",
    "SourceTable",
    "Workbench",
    "load",
    "parse",
    "template",
]


def load(path: Path | None = None, environ: Mapping[str, str] = os.environ) -> Settings:
    """Reads the configuration.

    Without `path` it is the file that $BRIDGE_CONFIG names, else `./bridge.toml` if there is one, else only
    the environment counts. Raises ConfigurationError with every problem there is.
    """
    path = path or _usual_path(environ)
    try:
        return parse(documents.read(path) if path else {}, environ, path)
    except ConfigurationError as error:
        if path is not None:
            raise
        raise ConfigurationError([NO_FILE, *error.problems]) from error


def parse(document: Mapping[str, Any], environ: Mapping[str, str], path: Path | None = None) -> Settings:
    """Validates a document that came from `path`. Raises ConfigurationError with every problem there is."""
    folder = path.parent if path else Path()
    references = documents.References(environ, folder)
    overlaid = {"propexo": {}, **documents.overlay(document, environ)}
    filled_in: dict[str, Any] = references.fill_in(overlaid)
    found = [Problem(dotted(at), message) for at, message in references.problems.items()]
    try:
        values = Document().load(filled_in)
    except ValidationError as error:
        # What could not be filled in has its problem already.
        schema_problems = problems(error.messages, filled_in)
        found += [problem for at, problem in schema_problems if at not in references.problems]
    if found:
        raise ConfigurationError(found)
    return _settings(values, folder, path)


NO_FILE = Problem(
    "bridge.toml",
    "there is none in this folder; `bridge init` writes one, `--config` or BRIDGE_CONFIG names another",
)


def template() -> str:
    """The commented bridge.toml of a new installation: every setting with its default and its unit."""
    return resources.files(__name__).joinpath("template.toml").read_text(encoding="utf-8")


def _usual_path(environ: Mapping[str, str]) -> Path | None:
    named = environ.get("BRIDGE_CONFIG")
    if named:
        return Path(named)
    here = Path("bridge.toml")
    return here if here.exists() else None


def _settings(values: dict[str, Any], folder: Path, path: Path | None) -> Settings:
    return Settings(
        propexo=PropexoSettings(**values["propexo"]),
        server=ServerSettings(**values.get("server", {})),
        privacy=PrivacySettings(**values.get("privacy", {})),
        console=ConsoleSettings(**values.get("console", {})),
        alerts=AlertSettings(**values.get("alerts", {})),
        forms=FormSettings(**values.get("forms", {})),
        properties={key: Property(key=key, **each) for key, each in values.get("properties", {}).items()},
        sources=SourceTable(
            {key: Source(key=key, **each) for key, each in values.get("sources", {}).items()}
        ),
        users={key: ConfiguredUser(key=key, **each) for key, each in values.get("users", {}).items()},
        database_url=values.get("database_url"),
        data_dir=folder / values.get("data_dir", Settings.data_dir),
        mappings_dir=folder / values["mappings_dir"] if "mappings_dir" in values else None,
        path=path,
    )
