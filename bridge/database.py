"""PostgreSQL, as every process of the bridge uses it, and its migrations."""

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry

from bridge.encryption import set_keys
from bridge.errors import BridgeError, SchemaOutdatedError, SchemaTooNewError
from bridge.migrations.living_workers import refuse_living_workers
from bridge.schema_versions import READ, Tables, comment

MIGRATIONS = Path(__file__).parent / "migrations"
MIGRATION_LOCK = 0x6272_6467
"""Key of the advisory lock under which one process at a time migrates ("brdg")."""
ASK_FOR_LOCK_EVERY = 0.1
"""Seconds."""
PREVIOUS = "0004"
"""The revision of the tables of the version before this one."""

CONNECT_OPTIONS: dict[str, Any] = {
    "connect_timeout": 5,  # seconds
    "tcp_user_timeout": 10_000,  # milliseconds; a server that vanished without a word
    "application_name": "propexo-bridge",
}
"""How every connection of the bridge is opened, the queue's as well."""


PING_AFTER_IDLE = 1.0
"""Seconds without use after which a connection is asked whether it still lives."""


class DatabaseUnavailableError(BridgeError):
    """The database cannot be reached. Check `database_url`, and that the server runs and accepts connections."""

    code = "database_unavailable"


def driver_of(connection: Connection) -> "psycopg.Connection[Any]":
    """The psycopg connection below one of SQLAlchemy, in the same transaction: for what would cost twice above it."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    return driver


class Database:
    """The engine and its sessions.

    Args:
        url: `postgresql://...`
        pool_size: connections that this process may hold; one per thread that works.
        statement_timeout: seconds after which the server breaks a statement off, also one that waits for a lock.
        encryption_keys: `privacy.encryption_keys`.
    """

    def __init__(
        self,
        url: str,
        *,
        pool_size: int = 10,
        statement_timeout: float | None = None,
        encryption_keys: Sequence[str] = (),
    ) -> None:
        self.url = plain_url(url)
        self.engine: Engine = create_engine(
            self.url.replace("postgresql://", "postgresql+psycopg://", 1),
            pool_size=pool_size,
            max_overflow=2,
            pool_timeout=5,
            hide_parameters=True,  # an error must not contain values of a renter
            connect_args=dict(CONNECT_OPTIONS),
        )
        event.listen(self.engine, "checkin", _note_use)
        event.listen(self.engine, "checkout", _ask_after_idleness)
        set_keys(self.engine, encryption_keys)
        if statement_timeout is not None:
            event.listen(self.engine, "connect", _set("statement_timeout", statement_timeout))
        self.sessions = sessionmaker(self.engine, expire_on_commit=False)
        self.autocommit: Engine = self.engine.execution_options(isolation_level="AUTOCOMMIT")
        """For statements that each stand for themselves."""
        self._single = sessionmaker(self.autocommit, expire_on_commit=False)

    @contextlib.contextmanager
    def session(self) -> Iterator[Session]:
        """A session whose work is committed at the end, or undone by an exception."""
        with self.sessions.begin() as session:
            yield session

    @contextlib.contextmanager
    def autocommit_session(self) -> Iterator[Session]:
        """A session for one question or one change: each statement is its own transaction, and costs one round trip
        where a transaction around it would cost three."""
        with self._single() as session:
            yield session
            session.flush()

    def close(self) -> None:
        self.engine.dispose()

    def set_idle_timeout(self, seconds: float) -> None:
        """From now on the server ends a transaction that is idle for so many seconds: a process that is frozen in the
        middle of one must not hold locks that all others wait for."""
        event.listen(self.engine, "connect", _set("idle_in_transaction_session_timeout", seconds))
        self.engine.dispose()

    def migrate(self) -> list[str]:
        """Bring the schema to this version; safe to repeat and to run from several places at once.

        Returns what was done, one phrase each; empty when there was nothing to do, as on the tables of a later version
        on which this one works.

        Raises:
            SchemaTooNewError: this version does not work on them.
        """
        with self._migrating() as connection:
            found = tables(connection)
            if not found.are_older_than(head()) and found.revision != head():
                _refuse_unsuitable(found)
                return []
            return _migrate_queue(connection) + _move_tables(connection, "upgrade", head())

    def migrate_back(self) -> list[str]:
        """Return the tables to what the version before this one works on. All processes must have stopped.

        Returns what was done, as `migrate` does.

        Raises:
            WorkersRunningError: a worker has not stopped.
        """
        with self._migrating() as connection:
            if tables(connection).revision != head():
                return []
            refuse_living_workers(connection)
            return _move_tables(connection, "downgrade", PREVIOUS)

    @contextlib.contextmanager
    def _migrating(self) -> Iterator[Connection]:
        """A connection of the one process that may migrate.

        Who waits asks again and again: one long statement would hold a snapshot, for which an index that is built
        beside running transactions waits.
        """
        key = {"key": MIGRATION_LOCK}
        with self.engine.connect() as connection:
            while not connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), key):
                connection.rollback()
                time.sleep(ASK_FOR_LOCK_EVERY)
            connection.commit()
            try:
                yield connection
            finally:
                connection.rollback()
                connection.execute(text("SELECT pg_advisory_unlock(:key)"), key)
                connection.commit()

    def check_schema(self) -> None:
        """Refuse to work on the tables of another version, except of a later one that lets this one work on them.

        Raises:
            SchemaOutdatedError: `bridge migrate` is needed.
            SchemaTooNewError: this version is too old for them.
        """
        with self.engine.connect() as connection:
            _refuse_unsuitable(tables(connection))
            if _queue_migrations_left(connection):
                raise SchemaOutdatedError


def _note_use(_connection: object, record: ConnectionPoolEntry) -> None:
    record.info["used_at"] = time.monotonic()


def _ask_after_idleness(connection: psycopg.Connection, record: ConnectionPoolEntry, _proxy: object) -> None:
    """The server may have gone while a connection was idle. A connection in steady use notices that anyway."""
    used_at = record.info.get("used_at")
    if used_at is None or time.monotonic() - used_at < PING_AFTER_IDLE:
        return
    try:
        connection.execute("")
        connection.rollback()
    except psycopg.Error as error:
        raise DisconnectionError from error  # the pool tries another one


def _set(name: str, seconds: float) -> Callable[[psycopg.Connection, object], None]:
    def limit(connection: psycopg.Connection, _record: object) -> None:
        connection.execute("SELECT set_config(%s, %s, false)", [name, f"{seconds * 1000:.0f}ms"])
        connection.commit()

    return limit


def plain_url(url: str) -> str:
    """The URL in libpq's spelling, as psycopg and Procrastinate take it."""
    return f"postgresql://{url.partition('://')[2]}"


@cache
def head() -> str:
    """The revision of the tables of this version: that of the newest migration, which begins the name of its file."""
    return max(file.name for file in MIGRATIONS.glob("versions/[0-9]*.py")).partition("_")[0]


def tables(connection: Connection) -> Tables:
    """What the database says of its tables."""
    if not inspect(connection).has_table("alembic_version"):
        return Tables()
    row = connection.execute(text(READ)).first()
    return Tables.of_row((row[0], row[1]) if row else None)


def _refuse_unsuitable(found: Tables) -> None:
    """Raises SchemaOutdatedError, SchemaTooNewError."""
    if found.are_older_than(head()):
        raise SchemaOutdatedError
    if not found.suit(head()):
        raise SchemaTooNewError


def _move_tables(connection: Connection, move: str, revision: str) -> list[str]:
    """Let Alembic `upgrade` or `downgrade` the tables. It is imported here: 8 MB that only a migration needs."""
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    before = tables(connection).revision
    connection.rollback()  # a migration may have parts that stand in no transaction
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    getattr(command, move)(config, revision)
    after = tables(connection).revision
    if after is not None:
        module = ScriptDirectory.from_config(config).get_revision(after).module
        connection.execute(text(comment(getattr(module, "works_from", after))))
    connection.commit()
    return [] if before == after else [f"tables: {before or 'none'} -> {after}"]


@cache
def queue_migrations() -> Sequence[str]:
    """The names of the migrations of this version's queue."""
    return tuple(sorted(file.name for file in (_queue_scripts() / "migrations").glob("*.sql")))


def _queue_scripts() -> Path:
    """The folder of Procrastinate's SQL, found without importing it: a web process does not need it."""
    package = find_spec("procrastinate")
    assert package is not None  # a dependency
    assert package.origin is not None  # it is a package of files
    return Path(package.origin).parent / "sql"


def _queue_migrations_left(connection: Connection) -> list[str]:
    if not inspect(connection).has_table("queue_migrations"):
        return list(queue_migrations())
    applied = set(connection.scalars(text("SELECT name FROM queue_migrations")))
    return [name for name in queue_migrations() if name not in applied]


def _migrate_queue(connection: Connection) -> list[str]:
    """Procrastinate ships its schema and its migrations as SQL files but does not note which ran; we do."""
    left = _queue_migrations_left(connection)
    if not left:
        return []
    folder = _queue_scripts()
    raw = connection.connection.driver_connection
    assert raw is not None  # a live connection was just used
    fresh = not inspect(connection).has_table("procrastinate_events")
    scripts = [folder / "schema.sql"] if fresh else [folder / "migrations" / name for name in left]
    for script in scripts:
        raw.execute(script.read_text())
    connection.execute(text("CREATE TABLE IF NOT EXISTS queue_migrations (name text PRIMARY KEY)"))
    connection.execute(text("INSERT INTO queue_migrations VALUES (:name)"), [{"name": name} for name in left])
    connection.commit()
    return ["queue: created" if fresh else f"queue: {len(left)} migrations"]
