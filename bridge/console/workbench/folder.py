"""The files of a mapping in `mappings_dir`: read, and written so that each is whole at every moment."""

import contextlib
import importlib.util
import os
import secrets
from collections.abc import Sequence
from pathlib import Path

from bridge.console.workbench.changes import FileChange


def refusal_of(folder: Path | None) -> str | None:
    """Why nothing can be written into this `mappings_dir`, as a sentence; None where it can."""
    if folder is None:
        return "There is no folder to save into: set `mappings_dir` in bridge.toml, or download the file."
    if not folder.is_dir():
        return (
            f"There is no folder `{folder}` (`mappings_dir` in bridge.toml): create it, or download the file."
        )
    samples = folder / "samples"
    if not all(os.access(each, os.W_OK | os.X_OK) for each in (folder, samples) if each.exists()):
        return (
            f"The web process cannot write into `{folder}`: mount it writable for its user, or download the file "
            "and put it there."
        )
    return None


def files_of(folder: Path, name: str) -> dict[str, bytes]:
    """The files of a mapping and its samples, by their names below the folder. Raises OSError."""
    samples = [file for file in sorted((folder / "samples" / name).glob("*")) if file.is_file()]
    file = folder / f"{name}.py"
    found = [*samples, *([file] if file.is_file() else [])]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def write(folder: Path, changes: Sequence[FileChange]) -> None:
    """Write them in their order. Raises OSError; then those before it are written."""
    for change in changes:
        path = folder / change.name
        if change.after is None:
            path.unlink(missing_ok=True)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, change.after)
        if path.suffix == ".py":  # Python recognises an outdated one by its size and the second only
            Path(importlib.util.cache_from_source(str(path))).unlink(missing_ok=True)


def _replace(path: Path, content: bytes) -> None:
    """Never half of it: a file beside it takes its place at once, with the permissions that it has."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    mode = path.stat().st_mode & 0o777 if path.exists() else None
    try:
        with beside.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if mode is not None:
            beside.chmod(mode)
        beside.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)
        raise
