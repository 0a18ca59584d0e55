"""Periodic tasks that run once across all workers: Procrastinate on the bridge's own PostgreSQL.

Deliveries are no such tasks: their queue is bridge/queue.py.
"""

import procrastinate
import psycopg

from bridge.database import CONNECT_OPTIONS, Database

CONNECT_WITHIN = 5.0
"""Seconds that the tasks wait for a connection. A worker that has lost its database restarts them after that."""


def periodic_app(database: Database) -> procrastinate.App:
    """Procrastinate's app, still without tasks."""
    connector = procrastinate.PsycopgConnector(
        conninfo=database.url,
        kwargs=dict(CONNECT_OPTIONS),
        timeout=CONNECT_WITHIN,
        configure=_commit_each_statement,
    )
    return procrastinate.App(connector=connector)


async def _commit_each_statement(connection: psycopg.AsyncConnection) -> None:
    """Procrastinate runs one statement at a time. A worker that is frozen between it and its commit would hold a row
    for which all others wait; and to send BEGIN and COMMIT takes three times as long."""
    await connection.set_autocommit(True)
