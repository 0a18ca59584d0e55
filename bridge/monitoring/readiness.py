"""The readiness check of a web process."""

import threading
import time
from collections.abc import Callable

import psycopg
import structlog

from bridge.database import Database, head, queue_migrations
from bridge.errors import NotReadyError
from bridge.schema_versions import READ, Tables

log = structlog.get_logger(__name__)

PATIENCE = 2
"""Seconds that the database has to answer, less than a probe waits."""
HOLDS_FOR = 1.0
"""Seconds for which a result is reused: anyone can ask, and each check takes a connection."""

OK = "ok"


class Readiness:
    """Checks what a request needs to be stored. Propexo is not checked: when it is away, no event is lost."""

    def __init__(self, database: Database, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._database, self._monotonic = database, monotonic
        self._guard = threading.Lock()
        self._checks: dict[str, str] = {}
        self._looked_at: float | None = None
        self._stopping = False

    def stop(self) -> None:
        """Report not ready from now on, because the process is about to end. Safe in a signal handler."""
        self._stopping = True

    def check(self) -> dict[str, str]:
        """What is checked, each with `ok`.

        Raises:
            NotReadyError: with what is not.
        """
        if self._stopping:
            raise NotReadyError({"process": "is shutting down"})
        with self._guard:
            now = self._monotonic()
            if self._looked_at is None or now - self._looked_at >= HOLDS_FOR:
                self._note(self._look())
                self._looked_at = self._monotonic()
        if any(found != OK for found in self._checks.values()):
            raise NotReadyError(self._checks)
        return self._checks

    def _note(self, found: dict[str, str]) -> None:
        """One line of the log for each change, not for each probe."""
        was_ready = all(state == OK for state in self._checks.values())
        is_ready = all(state == OK for state in found.values())
        if is_ready and not was_ready:
            log.info("ready again")
        elif not is_ready and found != self._checks:
            log.warning("not ready", **found)
        self._checks = found

    def _look(self) -> dict[str, str]:
        """Over a connection of its own: those of the pool may all be waiting for a locked table."""
        checks = {"database": OK, "schema": "unknown", "queue": "unknown"}
        try:
            with psycopg.connect(self._database.url, connect_timeout=PATIENCE, autocommit=True) as connection:
                connection.execute(f"SET statement_timeout = '{PATIENCE}s'")
                checks["schema"] = _schema(connection)
                checks["queue"] = _queue(connection)
        except psycopg.Error as error:
            checks["database"] = f"cannot be reached ({type(error).__name__})"
        return checks


def _schema(connection: psycopg.Connection) -> str:
    try:
        found = Tables.of_row(connection.execute(READ).fetchone())
    except psycopg.errors.UndefinedTable:
        return "is missing: run `bridge migrate`"
    if found.suit(head()):
        return OK
    if found.are_older_than(head()):
        return "is of another version: run `bridge migrate`"
    return "is of a later version, on which this one does not work"


def _queue(connection: psycopg.Connection) -> str:
    try:
        applied = {name for (name,) in connection.execute("SELECT name FROM queue_migrations")}
    except psycopg.errors.UndefinedTable:
        return "is missing: run `bridge migrate`"
    return OK if applied.issuperset(queue_migrations()) else "is of another version: run `bridge migrate`"
