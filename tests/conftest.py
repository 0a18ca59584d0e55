"""The fixtures of all tests: a clock that the test moves, real PostgreSQL, and the whole bridge around a sandbox.

`BRIDGE_TEST_DATABASE_URL` uses another server than the embedded one; its role must be allowed to create databases.
"""

import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import structlog
from sqlalchemy import text
from world import SenderApi, World

from bridge.database import Database
from bridge.embedded import embedded
from bridge.sandbox.server import SandboxServer
from bridge.sandbox.state import Sandbox


@pytest.fixture(autouse=True)
def logs() -> None:
    """Print the log, whatever a test before has configured, with short tracebacks: long ones take seconds."""
    structlog.reset_defaults()
    structlog.configure(
        processors=[structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
    )


def pytest_addoption(parser: pytest.Parser) -> None:
    """How long the runs of `pytest -m chaos` are."""
    events = int(os.environ.get("BRIDGE_CHAOS_EVENTS", "16"))
    parser.addoption("--chaos-events", type=int, default=events, help="events of each run of tests/chaos")
    parser.addoption("--chaos-seed", type=int, default=1, help="another seed is another run")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """The figures of the runs of tests/chaos."""
    for ended in ("passed", "failed"):
        for report in terminalreporter.getreports(ended):
            for name, figures in report.user_properties:
                if name == "chaos":
                    terminalreporter.write_line(f"{report.nodeid.rpartition('::')[2]}: {figures}")


class ManualClock:
    """A clock that stands still until the test moves it."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **span: float) -> None:
        self.now += timedelta(**span)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 11, 24, 15, 0, tzinfo=UTC))


SHARED_MEMORY = Path("/dev/shm")
MEMORY = SHARED_MEMORY if SHARED_MEMORY.is_dir() and shutil.disk_usage(SHARED_MEMORY).free > 2e9 else None
"""Where there is room in memory, a database is copied there in a tenth of the time that a disk takes."""


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """A PostgreSQL server, whose databases are the tests' own."""
    external = os.environ.get("BRIDGE_TEST_DATABASE_URL")
    if external:
        yield external
        return
    # Not pytest's own folder: another session of root closes it to the user as whom PostgreSQL then runs.
    with (
        tempfile.TemporaryDirectory(prefix="bridge-test-", dir=MEMORY) as folder,
        embedded(Path(folder)) as url,
    ):
        with psycopg.connect(url, autocommit=True) as connection:
            # A test's data need not survive a power cut.
            connection.execute("ALTER SYSTEM SET fsync = off")
            connection.execute("SELECT pg_reload_conf()")
        yield url


TEST_CLOCK = """
    CREATE SCHEMA test_clock;
    CREATE TABLE test_clock.moment AS SELECT CAST(NULL AS timestamptz) AS now;
    CREATE FUNCTION test_clock.now() RETURNS timestamptz STABLE LANGUAGE sql AS
        'SELECT coalesce((SELECT moment.now FROM test_clock.moment), pg_catalog.now())'
"""
"""What `now()` answers in the database of a test that lets it stand; see world.py."""


@pytest.fixture(scope="session")
def template(server_url: str) -> Iterator[str]:
    """A migrated empty database, copied for each test."""
    name = f"bridge_template_{os.getpid()}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        database = Database(named(server_url, name))
        database.migrate()
        with database.session() as session:
            session.execute(text(TEST_CLOCK))
        database.close()
        yield name
        connection.execute(f"DROP DATABASE {name}")


@pytest.fixture
def database(server_url: str, template: str) -> Iterator[Database]:
    """A migrated database of this test's own."""
    name = f"bridge_test_{os.getpid()}_{next(_numbers)}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        database = Database(named(server_url, name))
        yield database
        database.close()
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


_numbers = itertools.count()


def named(url: str, database: str) -> str:
    """The URL of another database on the same server."""
    address, _, query = url.partition("?")
    return f"{address.rpartition('/')[0]}/{database}" + (f"?{query}" if query else "")


@pytest.fixture
def sender_api() -> Iterator[SenderApi]:
    api = SenderApi()
    yield api
    api.close()


@pytest.fixture
def vendor() -> str:
    return "RENTMANAGER"


@pytest.fixture
def world(database: Database, clock: Any, vendor: str) -> Iterator[World]:
    sandbox = Sandbox(clock, slow_zone_seconds=0, write_seconds=2, budget_per_minute=1000)
    with SandboxServer(sandbox) as server:
        world = World(database, sandbox, server.url, clock, vendor)
        yield world
        world.close()
