"""When a tour begins and ends: by the value, by its key, and by what changes when the tour moves."""

import re
from collections.abc import Sequence

from bridge.mapping.scaffold.renter import agreeing
from bridge.mapping.scaffold.table import Row, Table
from bridge.mapping.scaffold.value_types import is_zone, moment_of

_STARTS = re.compile(
    r"(^|_)(starts?|starting|begins?|from|showtime|slot)(_|$)|scheduled_(at|for|start)"
    r"|(tour|appointment|visit|showing|booking|meeting)_(at|time|date|day|when|datetime|date_time)$"
)
_NOT_STARTS = re.compile(
    r"(^|_)(ends?|until|to|created?|creat\w+|updat\w+|modif\w+|cancel\w*|sent|due|birth\w*|dob|mov\w+|occup\w+|expir\w+"
    r"|timestamp|last|old|previous|original|request\w*|submit\w*|received|triggered)(_|$)"
)
_PARTS = {"date": re.compile(r"(^|_)(date|day)$"), "time": re.compile(r"(^|_)(time|hour|slot)$")}


def starts_of(table: Table, booking: Sequence[int]) -> list[Row]:
    """The rows that may be the start; one is certain. `booking`: the samples of one booking, in which a start that
    moves comes before one that stays."""
    rows = agreeing(table.where(lambda row: _kind(row) in ("instant", "local") and _is_start(row)))
    moving = [row for row in rows if len({row.values[index] for index in booking} - {None}) > 1]
    return agreeing(moving) if moving else rows


def _is_start(row: Row) -> bool:
    if row.path.topic:
        return row.path.topic == "tour_start"
    return bool(_STARTS.search("_".join(row.path.words[-2:]))) and not _NOT_STARTS.search(row.path.name)


def parts_of(table: Table) -> tuple[Row, Row] | None:
    """A date and a time in two values of one object."""
    found = {
        kind: table.where(
            lambda row, kind=kind, pattern=pattern: (
                _kind(row) == kind  # type: ignore[misc]
                and bool(pattern.search(row.path.name))
                and not _NOT_STARTS.search(row.path.name)
            )
        )
        for kind, pattern in _PARTS.items()
    }
    dates, times = found["date"], found["time"]
    if len(dates) == 1 and len(times) == 1 and dates[0].path.parent == times[0].path.parent:
        return dates[0], times[0]
    return None


def is_instant(row: Row) -> bool:
    return _kind(row) == "instant"


def zones_of(table: Table, start: Row) -> tuple[list[Row], bool]:
    """The zones beside a start without offset, and whether the first is that of the start.

    It is where nothing else is beside them, as in `{"start": {"dateTime": ..., "timeZone": ...}}`; else it may be the
    zone of the renter's clock.
    """
    beside = table.where(lambda row: row.path.parent == start.path.parent and row is not start)
    zones = [row for row in beside if row.all(is_zone) and "zone" in row.path.name]
    return zones, len(zones) == len(beside) == 1 and bool(start.path.parent)


def end_of(table: Table, start: Row) -> Row | None:
    """The end beside the start, written in the same way."""
    names = {start.path.flat.replace("start", "end"), re.sub("from$", "to", start.path.flat)}
    rows = table.where(lambda row: row.path.flat in names and row is not start and _kind(row) == _kind(start))
    return rows[0] if len(rows) == 1 else None


def _kind(row: Row) -> str | None:
    kinds = {moment_of(value) for value in row.present}
    return kinds.pop() if len(kinds) == 1 else None
