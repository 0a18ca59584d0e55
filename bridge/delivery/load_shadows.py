"""What the shadow events of a booking have recorded, for the next one."""

from typing import Any

from sqlalchemy import Connection

from bridge.delivery.order import columns_of
from bridge.delivery.rules.shadow import is_shadow
from bridge.delivery.rules.state import Snapshot
from bridge.delivery.storage import queries
from bridge.settings import Settings


def add_shadows(connection: Connection, settings: Settings, snapshots: dict[int, Snapshot]) -> None:
    """The newest record of each booking. No statement is made where no source is in shadow mode."""
    watched = {id_: snapshot for id_, snapshot in snapshots.items() if is_shadow(settings, snapshot.event)}
    pairs = sorted({(each.event.source, name) for each in watched.values() for name in each.named_by})
    if not pairs:
        return
    newest: dict[tuple[str, str], Any] = {}
    rows = queries.SHADOWS.rows(connection, columns_of(pairs, "sources", "names"))
    for row in sorted(rows, key=lambda row: row.seq or 0):
        newest |= {(row.source, name): row for name in (row.reference, row.previous_reference) if name}
    for id_, snapshot in watched.items():
        names = [(snapshot.event.source, name) for name in snapshot.named_by]
        found = [newest[name] for name in names if name in newest and newest[name].id != id_]
        if found:
            last = max(found, key=lambda row: row.seq or 0)
            snapshots[id_] = snapshot.having(shadow=last.would_write)
