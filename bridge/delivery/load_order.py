"""Which other events of a booking or a person come before an event, or speak for it."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    Connection,
    and_,
    or_,
    select,
)

from bridge.delivery.entities import (
    EventRow,
)
from bridge.delivery.interpret import moment_of, received_as
from bridge.delivery.outcomes import WAITS_FOR_LATER
from bridge.delivery.rows import EVENT, labelled
from bridge.delivery.state import Snapshot
from bridge.errors import DecodingError
from bridge.mapping.booking import Action
from bridge.mapping.sources import Source
from bridge.models import (
    Event,
)

MOST_NEWER = 50


def predecessors(
    connection: Connection, snapshots: Mapping[int, Snapshot], references: Mapping[int, Sequence[str]]
) -> dict[int, int]:
    """By event the first open one before it that has one of its references."""
    if not references:
        return {}
    conditions = [
        and_(
            Event.source == snapshots[id_].event.source,
            or_(Event.reference.in_(names), Event.previous_reference.in_(names)),
        )
        for id_, names in references.items()
    ]
    found = connection.execute(
        select(Event.id, Event.seq, Event.source, Event.reference, Event.previous_reference)
        .where(
            Event.ended_at.is_(None),
            or_(*conditions),
            or_(Event.reason.is_(None), Event.reason.not_in(WAITS_FOR_LATER)),
        )
        .order_by(Event.seq)
    ).all()
    return {
        id_: first
        for id_, names in references.items()
        if (first := _first_before(snapshots[id_].event, names, found)) is not None
    }


def newer_event(connection: Connection, event: EventRow, source: Source) -> int | None:
    """An open event of the same booking that happened later, and changes something."""
    columns = [
        *labelled(EVENT),
        Event.body,
        Event.content_type,
        Event.headers,
        Event.query,
        Event.answers,
    ]
    later = select(*columns).where(
        Event.source == event.source,
        Event.reference == event.reference,
        Event.ended_at.is_(None),
        Event.id != event.id,
    )
    for row in connection.execute(later.limit(MOST_NEWER)):
        values = row._mapping
        other = EventRow(**{name: values[name] for name in EVENT})
        if moment_of(other) <= moment_of(event):
            continue
        try:
            received = received_as(row.body, row.content_type, row.headers, row.query, row.answers)
        except DecodingError:
            continue
        if source.mapping.decide(received).action is not Action.IGNORE:
            return other.id
    return None


def _first_before(event: EventRow, names: Sequence[str], others: Sequence[Any]) -> int | None:
    for other in others:
        is_same = other.source == event.source and (
            other.reference in names or other.previous_reference in names
        )
        if is_same and other.id != event.id and other.seq < event.seq:
            return int(other.id)
    return None
