"""The sources of a process: those of bridge.toml, and those of the database as they were read last."""

from collections.abc import ItemsView, Iterator, KeysView, Mapping, ValuesView
from typing import TypeVar

Row = TypeVar("Row")


class SourceTable(Mapping[str, Row]):
    """Sources by name. `show` replaces them atomically; an iteration in progress sees the former ones."""

    def __init__(self, configured: Mapping[str, Row]) -> None:
        self.configured: Mapping[str, Row] = dict(configured)
        """Those of bridge.toml, as it says."""
        self._shown = self.configured

    def show(self, sources: Mapping[str, Row]) -> None:
        """From now on these are the sources."""
        self._shown = dict(sources)

    def __getitem__(self, name: str) -> Row:
        return self._shown[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._shown)

    def __len__(self) -> int:
        return len(self._shown)

    def keys(self) -> KeysView[str]:
        return self._shown.keys()

    def values(self) -> ValuesView[Row]:
        return self._shown.values()

    def items(self) -> ItemsView[str, Row]:
        return self._shown.items()

    def __repr__(self) -> str:
        return repr(self._shown)
