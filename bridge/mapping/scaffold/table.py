"""Several samples side by side, and which of them are of one booking."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from bridge.mapping.absent import is_absent
from bridge.mapping.paths import DecodedRequest
from bridge.mapping.scaffold.payload_paths import PayloadPath, payload_paths


@dataclass(frozen=True)
class Row:
    """A path and what it finds in each sample, in their order; `None` where that is absent."""

    path: PayloadPath
    values: tuple[Any, ...]

    @property
    def present(self) -> list[Any]:
        return [value for value in self.values if value is not None]

    @property
    def is_complete(self) -> bool:
        return None not in self.values

    def all(self, test: Callable[[Any], bool]) -> bool:
        """Whether there is a value, and each passes the test."""
        return bool(self.present) and all(map(test, self.present))


@dataclass(frozen=True)
class Table:
    """The samples of one sender by path."""

    names: tuple[str, ...]
    """Of the samples."""
    received: tuple[DecodedRequest, ...]
    rows: tuple[Row, ...]

    def where(self, test: Callable[[Row], bool]) -> list[Row]:
        return [row for row in self.rows if test(row)]


def table_of(samples: Sequence[tuple[str, DecodedRequest]]) -> Table:
    """Raises ValueError: a payload has nothing that a path can point at."""
    found = [payload_paths(_first_event(received.payload)) for _, received in samples]
    if not all(found):
        raise ValueError("The body holds no object with values.")
    paths = dict.fromkeys(path for values in found for path in values)
    rows = (Row(path, tuple(_present(values.get(path)) for values in found)) for path in paths)
    return Table(tuple(name for name, _ in samples), tuple(received for _, received in samples), tuple(rows))


def _first_event(payload: Any) -> Any:
    """A body that is a list is a batch: each item is an event, and paths begin inside it."""
    payload = payload[0] if isinstance(payload, list) and payload else payload
    return payload if isinstance(payload, dict) else None


def _present(value: Any) -> Any:
    return None if is_absent(value) else value


def bookings(table: Table, renter: Row | None) -> list[list[int]]:
    """The samples, by index, of each booking: those that name one renter, and those most like them that name none."""
    values = renter.values if renter else (None,) * len(table.names)
    groups: dict[Any, list[int]] = {}
    for index, value in enumerate(values):
        if value is not None:
            groups.setdefault(str(value).casefold(), []).append(index)
    known = list(groups.values()) or [[0]]
    members = {index for group in known for index in group}
    for index in set(range(len(values))) - members:
        max(known, key=lambda group: _likeness(table, index, group[0])).append(index)
    return [sorted(group) for group in known]


def _likeness(table: Table, first: int, second: int) -> int:
    return sum(
        row.values[first] is not None and row.values[first] == row.values[second] for row in table.rows
    )
