"""`bridge events replay --parked`: release all events that wait for the same thing."""

import sys
from collections.abc import Iterator, Sequence

import click
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from bridge.cli.base import confirm, say
from bridge.cli.tables import plain, show_table
from bridge.clock import utc_now
from bridge.database import Database
from bridge.forwarding import job
from bridge.forwarding.story import Selection, find_ids, summary
from bridge.models import Event, Status
from bridge.queue import Queue, queue_app
from bridge.settings import Settings

BATCH = 500
"""Events that are released in one transaction."""


def replay_parked(
    database: Database, settings: Settings, selection: Selection, *, dry_run: bool, yes: bool
) -> None:
    """Queue all parked events of the selection again, the oldest first, or only list them.

    Raises:
        UnknownProperty: the selection names none that is configured.
        click.Abort: the person at the terminal said no.
    """
    with database.session() as session:
        ids = find_ids(session, settings, selection)
    batches = [ids[start : start + BATCH] for start in range(0, len(ids), BATCH)]
    if dry_run:
        _show(database, settings, batches)
        say(f"{_counted(len(ids))} would be queued again.")
        return
    if ids and sys.stdin.isatty():
        confirm(f"Replay {_counted(len(ids))}?", yes)
    queue = Queue(queue_app(database))
    released = sum(_release(database, queue, batch) for batch in batches)
    click.echo(f"{_counted(released)} queued again.")


def _release(database: Database, queue: Queue, ids: Sequence[int]) -> int:
    """Those that are still parked, in one transaction; answers how many."""
    parked = select(Event).where(Event.id.in_(ids), Event.status == Status.PARKED).order_by(Event.id)
    with database.session() as session:
        events = list(session.scalars(parked.with_for_update()))
        for event in events:
            job.replay(session, queue, event, utc_now())
    return len(events)


def _show(database: Database, settings: Settings, batches: Sequence[Sequence[int]]) -> None:
    columns = ("id", "received_at", "source", "reference", "property", "reason", "detail")
    headings = [column.removesuffix("_at").capitalize() for column in columns]
    rows = [event for batch in batches for event in _summaries(database, settings, batch)]
    show_table(headings, [[plain(row[column]) for column in columns] for row in rows])


def _summaries(database: Database, settings: Settings, ids: Sequence[int]) -> Iterator[dict[str, object]]:
    chosen = select(Event).where(Event.id.in_(ids)).order_by(Event.id).options(joinedload(Event.booking))
    with database.session() as session:
        yield from (summary(event, settings) for event in session.scalars(chosen))


def _counted(number: int) -> str:
    return "1 event" if number == 1 else f"{number} events"
