"""When a booking was to start, by the senders' clocks: what two sources say of one tour is compared by it.

A booking keeps each statement that booked, moved or cancelled it. Between two statements it is *active* with one start,
or not. The result is the same in whatever order the statements came.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bridge.delivery.rules.entities import BookingRow, EventTime
from bridge.models import BookingState

FIELD = "timeline"
"""Among the fields of a booking."""
MOST_STATEMENTS = 40
"""Of one booking; the oldest are forgotten."""
START_OF_TIME = "0001-01-01T00:00:00+00:00"

Start = Mapping[str, str | None]
"""`starts_at` or `starts_at_local`, as the fields of a booking have it."""


@dataclass(frozen=True)
class Statement:
    """What a source reported at a moment: a start, or a cancellation."""

    moment: EventTime
    source: str
    start: Start | None
    """`None`: it leaves the start as it is."""
    is_cancel: bool = False

    def as_json(self) -> dict[str, Any]:
        return {
            "at": self.moment[0].isoformat(),
            "rank": self.moment[1],
            "source": self.source,
            "start": self.start,
            "cancel": self.is_cancel,
        }


@dataclass(frozen=True)
class Span:
    """A time in which a booking was active with one start."""

    begins: EventTime
    ends: EventTime | None
    source: str
    """The source of the start."""
    start: Start

    def overlaps(self, other: "Span") -> bool:
        """Whether both were active at some moment."""
        return (self.ends is None or other.begins < self.ends) and (
            other.ends is None or self.begins < other.ends
        )


def with_statement(fields: Mapping[str, Any], statement: Statement) -> Mapping[str, Any]:
    """The fields of a booking with one more statement. The same object where it is known."""
    return _with(fields, [*_read(fields), statement])


def union(fields: Mapping[str, Any], other_fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """The fields with the statements of another booking."""
    return _with(fields, [*_read(fields), *_read(other_fields)])


def without(fields: Mapping[str, Any], moment: EventTime) -> Mapping[str, Any]:
    """The fields without the values of this moment, which an operator has corrected."""
    known = _read(fields)
    return _with(fields, [statement for statement in known if statement.moment != moment], most=len(known))


def statements_of(booking: BookingRow) -> Sequence[Statement]:
    """The reports about a booking, the oldest first; for bookings older than timelines, only the last one."""
    known = _read(booking.fields)
    if known or booking.decided_at is None:
        return known
    start = booking.fields.get("start", {}).get("value")
    is_cancel = booking.desired_state == BookingState.CANCELLED
    return [Statement((booking.decided_at, booking.decided_rank), booking.source, start, is_cancel)]


def sources_of(booking: BookingRow) -> list[str]:
    """The sources that have spoken of a booking, the first one first."""
    return list(dict.fromkeys(statement.source for statement in statements_of(booking)))


def spans_of(statements: Sequence[Statement]) -> Iterator[Span]:
    """The times in which these statements make a tour, each with its start."""
    start: Start | None = None
    for statement, following in zip(statements, [*statements[1:], None], strict=True):
        start = statement.start or start
        if not statement.is_cancel and start is not None:
            yield Span(statement.moment, following.moment if following else None, statement.source, start)


def _read(fields: Mapping[str, Any]) -> list[Statement]:
    return [
        Statement(
            (datetime.fromisoformat(entry["at"]), entry["rank"]),
            entry["source"],
            entry["start"],
            entry["cancel"],
        )
        for entry in fields.get(FIELD, {}).get("value", ())
    ]


def _with(
    fields: Mapping[str, Any], statements: Sequence[Statement], *, most: int = MOST_STATEMENTS
) -> Mapping[str, Any]:
    ordered = sorted({_key(statement): statement for statement in statements}.values(), key=_key)[-most:]
    if ordered == _read(fields):
        return fields
    # It is no saying of one moment: a time that every event comes after keeps it out of comparisons.
    value = [statement.as_json() for statement in ordered]
    return {**fields, FIELD: {"value": value, "at": START_OF_TIME, "rank": 0}}


def _key(statement: Statement) -> tuple[Any, ...]:
    start = tuple(sorted((name, text or "") for name, text in (statement.start or {}).items()))
    return (*statement.moment, statement.source, statement.is_cancel, start)
