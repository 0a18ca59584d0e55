"""The job queue: Procrastinate on the bridge's own PostgreSQL."""

import asyncio
import contextlib
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, LiteralString

import procrastinate
import psycopg
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from sqlalchemy.orm import Session

from bridge.database import REACH, Database

FORWARD = "forward"
"""The task that takes one event a step further; bridge/delivery/job.py is its code."""
LOOK_NOW = "look_now"
"""The task that lets waiting events look before their time; bridge/delivery/waking.py is its code."""


CONNECT_WITHIN = 5.0
"""Seconds that the queue waits for a connection. A worker that has lost its database ends after that, to be started
again; the pool's own half minute would be a pause of all that it does, however soon the database is back."""


@dataclass(frozen=True)
class News:
    """Why some waiting events should look now. It says whose turn it is, and nothing that is taken for true."""

    codes: tuple[str, ...] = ()
    """Bookings and leads of which Propexo has read something, by their codes."""
    job_id: str | None = None
    """A write of which Propexo says that it ended."""
    integration_id: str | None = None
    """An integration whose pause is over, or that has been synced."""
    models: tuple[str, ...] = ()
    """What the sync has read: `leads`, `events`, `leads_to_events`; empty: it is the end of a pause."""
    jobs: tuple[int, ...] = ()
    """Only these jobs of the queue: they were running when the others were told."""
    repeats: int = 0
    """How often it was told before."""


class WorkerConnector(procrastinate.PsycopgConnector):
    """The queue's connections of a worker."""

    def __init__(self, url: str) -> None:
        super().__init__(
            conninfo=url, kwargs=dict(REACH), timeout=CONNECT_WITHIN, configure=_commit_each_statement
        )
        self.lost = asyncio.Event()
        """Set when the database did not take what the worker had to tell."""

    async def execute_query_async(self, query: LiteralString, **arguments: Any) -> None:
        """Say once more what a lost connection did not let the worker say, and else give up.

        These statements have no answer and change nothing when they are repeated. A job whose end is not told would
        keep its lock for as long as its worker lives: so it must not live on.
        """
        for is_last in (False, True):
            try:
                await super().execute_query_async(query, **arguments)
            except ConnectorException as error:
                if not isinstance(error.__cause__, psycopg.OperationalError):
                    raise
                if is_last:
                    self.lost.set()
                    raise
            else:
                return


async def _commit_each_statement(connection: psycopg.AsyncConnection) -> None:
    """Procrastinate says one statement at a time. A worker that is frozen between it and its commit would hold a job's
    row, for which all others wait; and to say BEGIN and COMMIT takes three times as long."""
    await connection.set_autocommit(True)


def queue_app(database: Database, *, worker: bool = False) -> procrastinate.App:
    """Procrastinate's app. A worker needs the asynchronous connector; all others only enqueue, over the connection
    of their session."""
    connector = WorkerConnector(database.url) if worker else procrastinate.SyncPsycopgConnector()
    return procrastinate.App(connector=connector)


class Queue:
    """Enqueues events, and news for them."""

    def __init__(self, app: procrastinate.App) -> None:
        self._app = app

    def enqueue(self, session: Session, event_id: int, lock: str) -> int:
        """Queue one event in the session's transaction: it and its job exist together or not at all.

        Jobs with one lock run one at a time, in the order in which they were queued. Returns the job's id.
        """
        raw = session.connection().connection.driver_connection
        task = self._app.configure_task(FORWARD, lock=lock, connection=raw)
        return task.defer(event_id=event_id)

    def look_now(
        self, session: Session, news: News, *, at: datetime | None = None, once: str | None = None
    ) -> None:
        """Tell news in the session's transaction, at once or at a moment; of several with the same `once` only one."""
        raw = session.connection().connection.driver_connection
        task = self._app.configure_task(LOOK_NOW, queueing_lock=once, schedule_at=at, connection=raw)
        said = {name: value for name, value in asdict(news).items() if value}
        with contextlib.suppress(AlreadyEnqueued), session.begin_nested():
            task.defer(**said)
