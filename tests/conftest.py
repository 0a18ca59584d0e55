"""The fixtures of all tests: a clock that the test moves, real PostgreSQL, and the whole bridge around a sandbox.

`BRIDGE_TEST_DATABASE_URL` uses another server than the embedded one; its role must be allowed to create databases.
"""

import gc
import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import hypothesis
import once
import psycopg
import pytest
import structlog
from databases import Databases, SharedDatabase
from propexo_contract.contract import exchange_problems
from world import SenderApi, World

from bridge.database import Database
from bridge.embedded import OWNER, embedded
from bridge.sandbox.seen import SeenRequest
from bridge.sandbox.server import SandboxServer
from bridge.sandbox.state import Sandbox

# How long an example takes is not judged, and a run of CI fails for what was changed, not for what was drawn.
hypothesis.settings.register_profile("random", deadline=None)
hypothesis.settings.register_profile("same", deadline=None, derandomize=True, max_examples=40)
hypothesis.settings.load_profile("same")
once.share()
SHORT = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)


@pytest.fixture(autouse=True)
def logs() -> None:
    """Print the log, whatever a test before has configured, with short tracebacks: long ones take seconds."""
    structlog.reset_defaults()
    structlog.configure(processors=[SHORT])


def pytest_addoption(parser: pytest.Parser) -> None:
    """How long the runs of `pytest -m chaos` are."""
    events = int(os.environ.get("BRIDGE_CHAOS_EVENTS", "16"))
    parser.addoption("--chaos-events", type=int, default=events, help="events of each run of tests/chaos")
    parser.addoption("--chaos-seed", type=int, default=1, help="another seed is another run")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Real processes take their time on a busy machine."""
    for item in items:
        for marker, seconds in PATIENCE.items():
            if item.get_closest_marker(marker) and not item.get_closest_marker("timeout"):
                item.add_marker(pytest.mark.timeout(seconds))


def pytest_collection_finish() -> None:
    """What is imported by now stays: the garbage collector need not look through it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


PATIENCE = {"processes": 900, "bench": 1800}
"""Seconds until a test of this kind is broken off."""


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


def open_to_server(folder: Path) -> Path:
    """Let the user as whom PostgreSQL runs where the tests run as root pass a folder."""
    folder.chmod(folder.stat().st_mode | stat.S_IXGRP | stat.S_IXOTH)
    return folder


@pytest.fixture
def tmp_path(tmp_path: Path) -> Path:
    """Pytest's folder of a test, which PostgreSQL can reach."""
    if os.geteuid() == 0:
        for folder in (*list(tmp_path.parents)[:3], tmp_path):
            open_to_server(folder)
    return tmp_path


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 11, 24, 15, 0, tzinfo=UTC))


SHARED_MEMORY = Path("/dev/shm")
MEMORY = SHARED_MEMORY if SHARED_MEMORY.is_dir() and shutil.disk_usage(SHARED_MEMORY).free > 2e9 else None
"""Where there is room in memory, a database is copied there in a tenth of the time that a disk takes."""


FOR_TESTS = {
    "fsync": "off",  # a test's data need not survive a power cut
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "checkpoint_timeout": "1h",
    "max_wal_size": "4GB",
    "jit": "off",
    "plan_cache_mode": "force_generic_plan",
    "track_counts": "off",
    "update_process_title": "off",
}


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
        embedded(open_to_server(Path(folder)), role=OWNER) as url,
    ):
        with psycopg.connect(url, autocommit=True) as connection:
            for name, value in FOR_TESTS.items():
                connection.execute(f"ALTER SYSTEM SET {name} = '{value}'")
            connection.execute("SELECT pg_reload_conf()")
        yield url


@pytest.fixture(scope="session")
def _made_data() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="bridge-data-", dir=MEMORY) as folder:
        with embedded(open_to_server(Path(folder))) as url:
            database = Database(url)
            database.migrate()
            database.close()
        yield Path(folder)


@pytest.fixture
def copy_data(_made_data: Path) -> Callable[[Path], None]:
    """`copy_data(data_dir)`: the embedded PostgreSQL of an installation that has run before.

    To copy it takes a tenth of the time of making it.
    """
    return lambda to: subprocess.run(["cp", "-a", str(_made_data), str(to)], check=True)


@pytest.fixture(scope="session")
def databases(server_url: str) -> Iterator[Databases]:
    """Makes migrated empty databases."""
    with Databases(server_url) as made:
        yield made


@pytest.fixture(scope="session")
def shared_database(databases: Databases) -> Iterator[SharedDatabase]:
    """The database that the tests of this process use one after the other."""
    shared = SharedDatabase(databases)
    yield shared
    shared.close()


@pytest.fixture
def database(shared_database: SharedDatabase) -> Iterator[Database]:
    """A migrated database without rows. What a test leaves in it is gone before the next one."""
    yield shared_database.lend()
    shared_database.take_back()


@pytest.fixture
def own_database(databases: Databases) -> Iterator[Database]:
    """A migrated database of this test's own, for whoever changes its tables, or lets processes loose on it."""
    with databases.one() as url:
        database = Database(url)
        yield database
        database.close()


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
    violations: list[str] = []

    def watch(seen: SeenRequest, answer: Any) -> None:
        status = None if answer is None else seen.status
        violations.extend(exchange_problems(seen.method, seen.path, seen.query, seen.body, status, answer))

    sandbox.observe = watch
    with SandboxServer(sandbox) as server:
        world = World(database, sandbox, server.url, clock, vendor)
        yield world
        world.close()
    assert violations == [], "Propexo's contract is violated"
