"""The job queue: Procrastinate on the bridge's own PostgreSQL."""

import procrastinate
from sqlalchemy.orm import Session

from bridge.database import Database

FORWARD = "forward"
"""The task that takes one event a step further; bridge/forwarding/job.py is its code."""


def queue_app(database: Database, *, worker: bool = False) -> procrastinate.App:
    """Procrastinate's app. A worker needs the asynchronous connector, everybody else the plain one."""
    connector = procrastinate.PsycopgConnector if worker else procrastinate.SyncPsycopgConnector
    return procrastinate.App(connector=connector(conninfo=database.url))


class Queue:
    """Enqueues events."""

    def __init__(self, app: procrastinate.App) -> None:
        self._app = app

    def enqueue(self, session: Session, event_id: int, lock: str) -> int:
        """Queue one event in the session's transaction: it and its job exist together or not at all.

        Jobs with one lock run one at a time, in the order in which they were queued. Returns the job's id.
        """
        raw = session.connection().connection.driver_connection
        task = self._app.configure_task(FORWARD, lock=lock, connection=raw)
        return task.defer(event_id=event_id)
