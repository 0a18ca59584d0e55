"""The recorded requests of a mapping: `samples/<mapping>/<name>.json`, each a body as it was sent.

`<name>.booking.json` beside it is the expected booking, and where they matter `<name>.headers.json`,
`<name>.query.json` (the parameters of the address) and `<name>.details.json` (what the sender's API answered, by the
names of the mapping's `details`). Bodies that are the same in two encodings (`<name>.json`, `<name>.form`) share them.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bridge.errors import ConfigurationError, Problem

CONTENT_TYPES = {
    ".json": "application/json",
    ".form": "application/x-www-form-urlencoded",
    ".xml": "text/xml",
}
"""By the ending of the file; `<name>.headers.json` says it for all others."""
BESIDE = (".booking.json", ".headers.json", ".query.json", ".details.json")
"""The endings of the files beside the body."""


@dataclass(frozen=True)
class Sample:
    """One recorded request."""

    path: Path

    @property
    def name(self) -> str:
        """The name of the file without its ending."""
        return self.path.stem

    @property
    def body(self) -> bytes:
        content = self.content(self.path)
        if content is None:
            raise FileNotFoundError(self.path)
        return content

    def content(self, file: Path) -> bytes | None:
        """What a file of this sample holds; `None` where there is no such file. Raises OSError."""
        try:
            return file.read_bytes()
        except FileNotFoundError:
            return None

    @property
    def headers(self) -> dict[str, str]:
        """The headers that matter, by lower-case names. Raises ConfigurationError."""
        content_type = self._content_type()
        headers = {"content-type": content_type} if content_type else {}
        return headers | {name.lower(): str(value) for name, value in self._table(".headers.json").items()}

    @property
    def query(self) -> dict[str, str]:
        """The parameters of the address. Raises ConfigurationError."""
        return {name: str(value) for name, value in self._table(".query.json").items()}

    @property
    def details(self) -> dict[str, Any]:
        """What the sender's API answered. Raises ConfigurationError."""
        return self._table(".details.json")

    @property
    def booking(self) -> Path:
        """The file with the booking that it must give: an object, or a list of them for a batch."""
        return self._beside(".booking.json")

    def expected(self) -> Any:
        """The content of that file. Raises ConfigurationError."""
        return self._read(self.booking)

    @property
    def has_booking(self) -> bool:
        """Whether a booking is written down for it."""
        return self.content(self.booking) is not None

    def _content_type(self) -> str | None:
        """By the ending of the file; a multipart body begins with its boundary."""
        if self.path.name.endswith((".multipart", ".multipart.txt")):
            boundary = self.body.partition(b"\r\n")[0].strip().decode("ascii", "replace").removeprefix("--")
            return f'multipart/form-data; boundary="{boundary}"'
        name = self.path.name.removesuffix(".txt")
        known = (types for ending, types in CONTENT_TYPES.items() if name.endswith(ending))
        return next(known, None)

    def _table(self, ending: str) -> dict[str, Any]:
        beside = self._beside(ending)
        recorded = {} if self.content(beside) is None else self._read(beside)
        if not isinstance(recorded, dict):
            raise ConfigurationError([Problem(str(beside), "is not an object with a value for each name")])
        return recorded

    def _beside(self, ending: str) -> Path:
        return self.path.with_name(self.name + ending)

    def _read(self, file: Path) -> Any:
        problem = "is missing; write there what `bridge translate` shows as `booking`, or use --accept"
        try:
            content = self.content(file)
            if content is not None:
                return json.loads(content)
        except (OSError, ValueError) as error:
            problem = f"cannot be read as JSON: {error}"
        raise ConfigurationError([Problem(str(file), problem)])


@dataclass(frozen=True)
class UnsavedSample(Sample):
    """A sample that need not be on disk: its files by their names."""

    files: Mapping[str, bytes] = field(default_factory=dict)

    def content(self, file: Path) -> bytes | None:
        return self.files.get(file.name)

    def having(self, files: Mapping[str, bytes]) -> "UnsavedSample":
        """The same sample with these files instead of its own of the same names."""
        return UnsavedSample(self.path, {**self.files, **files})


def samples_in(folder: Path) -> list[Sample]:
    """The samples of a folder, in the order of their names; none where there is no such folder."""
    return [Sample(file) for file in _files(folder) if not file.name.endswith(BESIDE)]


def orphans_in(folder: Path) -> list[Path]:
    """Expected bookings and headers that belong to no sample."""
    names = {sample.name for sample in samples_in(folder)}
    beside = ((file, ending) for file in _files(folder) for ending in BESIDE if file.name.endswith(ending))
    return [file for file, ending in beside if file.name.removesuffix(ending) not in names]


def _files(folder: Path) -> Iterable[Path]:
    visible = (file for file in folder.glob("*") if file.is_file() and not file.name.startswith("."))
    return sorted(visible)
