"""Which events come before, after or between those of a booking: stored, and not ended yet."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from bridge.delivery.rules.entities import EventRow
from bridge.delivery.rules.interpret import moment_of, person_key, received_as
from bridge.delivery.rules.state import Snapshot
from bridge.delivery.storage import queries
from bridge.delivery.storage.rows import EVENT
from bridge.errors import DecodingError
from bridge.mapping.booking import Action
from bridge.mapping.sources import MappedSource

MOST_LINKS = 5
"""Readings of stored events that move a booking from one reference to the next; one where none is overtaken."""


def columns_of(pairs: Sequence[tuple[str, str]], first: str, second: str) -> dict[str, list[str]]:
    """Pairs as two arrays."""
    return {first: [pair for pair, _ in pairs], second: [two for _, two in pairs]}


def add_order(connection: Connection, snapshots: dict[int, Snapshot]) -> None:
    """Earlier events of the same booking or person that have not ended, and later ones that speak for it."""
    by_booking = {
        id_: snapshot.event.references for id_, snapshot in snapshots.items() if snapshot.event.references
    }
    related = _add_chains(connection, snapshots, by_booking)
    by_person = {
        id_: [name] for id_, snapshot in snapshots.items() if (name := person_key(snapshot.interpretation))
    }
    for id_, predecessor in _predecessors(connection, snapshots, by_booking, related).items():
        snapshots[id_] = snapshots[id_].having(predecessor=predecessor)
    for id_, predecessor in _predecessors(connection, snapshots, by_person).items():
        snapshots[id_] = snapshots[id_].having(person_predecessor=predecessor)
    for id_, snapshot in snapshots.items():
        source = snapshot.interpretation.source
        if source and source.mapping.coalesce and snapshot.interpretation.action != Action.IGNORE:
            snapshots[id_] = snapshot.having(newer=_newer_event(connection, snapshot.event, source))


def _predecessors(
    connection: Connection,
    snapshots: Mapping[int, Snapshot],
    references: Mapping[int, Sequence[str]],
    related: Iterable[Any] | None = None,
) -> dict[int, int]:
    """By event the first open one before it that has one of its references; `related` are read already."""
    if not references:
        return {}
    pairs = sorted({(snapshots[id_].event.source, name) for id_, of in references.items() for name in of})
    named: dict[tuple[str, str], list[Any]] = {}
    if related is None:
        related = queries.PREDECESSORS.rows(connection, columns_of(pairs, "sources", "names"))
    for row in related:
        for name in {row.reference, row.previous_reference}:
            named.setdefault((row.source, name), []).append(row)
    found = {}
    for id_, names in references.items():
        event = snapshots[id_].event
        rows = [row for name in names for row in named.get((event.source, name), ())]
        before = [row for row in rows if row.id != id_ and row.seq < event.seq]
        if before:
            found[id_] = min(before, key=lambda row: row.seq).id
    return found


def _add_chains(
    connection: Connection, snapshots: dict[int, Snapshot], references: Mapping[int, Sequence[str]]
) -> list[Any]:
    """Find the references that stored events which have not ended connect with the event's own, over any number."""
    chains = {id_: set(names) for id_, names in references.items()}
    asked: set[tuple[str, str]] = set()
    rows: list[Any] = []
    linked: dict[tuple[str, str], set[str]] = {}
    for _ in range(MOST_LINKS):
        pairs = {(snapshots[id_].event.source, name) for id_, names in chains.items() for name in names}
        if not pairs - asked:
            break
        columns = columns_of(sorted(pairs - asked), "sources", "names")
        found = queries.PREDECESSORS.rows(connection, columns)
        rows += found
        asked |= pairs
        for row in found:
            own = {row.reference, row.previous_reference} - {None}
            for name in own:
                linked.setdefault((row.source, name), set()).update(own)
        for id_, names in chains.items():
            pending = list(names)
            while pending:
                new = linked.get((snapshots[id_].event.source, pending.pop()), set()) - names
                names.update(new)
                pending += new
    for id_, names in chains.items():
        snapshots[id_] = snapshots[id_].having(chain=tuple(sorted(names - set(references[id_]))))
    return rows


def _newer_event(connection: Connection, event: EventRow, source: MappedSource) -> int | None:
    """An open event of the same booking that happened later, and changes something."""
    this = {"this_source": event.source, "this_reference": event.reference, "this_event": event.id}
    for row in queries.NEWER.rows(connection, this):
        other = EventRow(**{name: getattr(row, name) for name in EVENT})
        if moment_of(other) <= moment_of(event):
            continue
        try:
            received = received_as(row.body, row.content_type, row.headers, row.query, row.answers)
        except DecodingError:
            continue
        if source.mapping.decide(received).action is not Action.IGNORE:
            return other.id
    return None
