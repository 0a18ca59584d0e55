"""What an event says, and the snapshot of a single one."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from bridge.delivery.load import Loader, bodies
from bridge.delivery.rules.entities import EventRow, changed
from bridge.delivery.rules.interpret import interpret
from bridge.delivery.rules.state import Interpretation, Snapshot
from bridge.delivery.storage import queries
from bridge.mapping.sources import MappedSource
from bridge.settings import Settings


def interpreted(event: EventRow, row: Any, source: MappedSource | None) -> Interpretation:
    """What an event says; `row` is of `load.bodies`."""
    return interpret(event, row.body, row.content_type, row.headers, row.query, source)


def snapshot_of(
    connection: Connection, event_id: int, source: MappedSource | None, settings: Settings, now: datetime
) -> Snapshot:
    """The snapshot that the next run of an event would be decided from, were it replayed now."""
    stored = bodies(connection, [event_id])[event_id]
    [row] = queries.EVENT_BY_ID.rows(connection, {"this_event": event_id})
    event = changed(row, seq=row.seq or 0, enrichment=stored.answers)
    return Loader(connection, settings, now).snapshots(
        {event_id: (event, interpreted(event, stored, source))}
    )[event_id]
