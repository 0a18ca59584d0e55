"""Several payloads side by side: a column for each event, a row for each value that some event has."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bridge.events.dry_run import error_sentence

FIRST_ROWS = ("event", "action")


@dataclass(frozen=True)
class Column:
    """One event, or a payload that cannot be read."""

    name: str
    values: dict[str, Any]
    problems: tuple[str, ...]


@dataclass(frozen=True)
class ComparedRow:
    """One value of the booking over all columns, in their order."""

    field: str
    values: tuple[Any, ...]


def columns_of(names: Sequence[str], results: Sequence[dict[str, Any]]) -> list[Column]:
    """`results` are those of a reading: of each payload its `events`, or its `problem`."""
    return [
        column for name, result in zip(names, results, strict=True) for column in _of_payload(name, result)
    ]


def compared_rows(columns: Sequence[Column]) -> list[ComparedRow]:
    """What differs and what does not, in the order of the booking; empty values everywhere are left out."""
    fields = dict.fromkeys((*FIRST_ROWS, *(name for column in columns for name in column.values)))
    rows = (ComparedRow(name, tuple(column.values.get(name) for column in columns)) for name in fields)
    return [row for row in rows if any(value is not None for value in row.values)]


def _of_payload(name: str, result: dict[str, Any]) -> Iterator[Column]:
    if "problem" in result:
        yield Column(name, {}, (result["problem"],))
        return
    events = result["events"]
    for number, event in enumerate(events, start=1):
        problems = tuple(error_sentence(error) for error in event["errors"])
        heading = name if len(events) == 1 else f"{name} ({number} of {len(events)})"
        yield Column(heading, _values(event), problems)


def _values(event: dict[str, Any]) -> dict[str, Any]:
    booking = dict(event["booking"] or {})
    contact = booking.pop("contact", None) or {}
    request = event["propexo"]
    values = {
        "event": event["event"],
        "action": event["action"],
        "not forwarded": event["reason"],
        **{name: value for name, value in {**booking, **contact}.items() if name != "action"},
        "Propexo": f"{request['method']} {request['path']}" if request else None,
    }
    return {name: value for name, value in values.items() if value not in (None, "", [], {})}
