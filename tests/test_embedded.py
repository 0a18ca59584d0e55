"""PostgreSQL in a folder of ours."""

import contextlib
import os
import pwd
import signal
import time
from pathlib import Path

import psycopg
import pytest

from bridge.database import DatabaseUnavailableError
from bridge.embedded import embedded

pytestmark = pytest.mark.processes

PATIENCE = 30.0
"""Seconds until a condition that does not come true fails a test."""


def test_the_embedded_database_starts_after_a_crash_whose_number_somebody_else_has_now(
    tmp_path: Path,
) -> None:
    with embedded(tmp_path):
        pass
    left = tmp_path / "postgres" / "postmaster.pid"
    left.write_text(f"{os.getpid()}\n{tmp_path}\n")
    (tmp_path / "postgres" / ".handle_pids.json").write_text("[12")
    with embedded(tmp_path) as url, embedded(tmp_path) as again:
        assert url == again
    assert not left.exists()


def test_an_embedded_database_that_is_killed_starts_again_for_all_its_holders(tmp_path: Path) -> None:
    with embedded(tmp_path) as url, embedded(tmp_path):
        first = _number(url)
        os.kill(first, signal.SIGKILL)
        deadline = time.monotonic() + PATIENCE
        while True:
            with contextlib.suppress(psycopg.OperationalError):
                if _number(url) != first:
                    break
            assert time.monotonic() < deadline
            time.sleep(0.1)
        second = _number(url)
        time.sleep(1.5)
        assert _number(url) == second
    assert not (tmp_path / "postgres" / "postmaster.pid").exists()


def _number(url: str) -> int:
    """The process of the server."""
    with psycopg.connect(url) as connection:
        [row] = connection.execute("SELECT pg_read_file('postmaster.pid')").fetchall()
        return int(row[0].partition("\n")[0])


@pytest.mark.skipif(os.geteuid() != 0, reason="only root could take another user's files")
def test_root_does_not_take_the_embedded_server_of_another_user(tmp_path):
    folder = tmp_path / "postgres"
    folder.mkdir()
    os.chown(folder, pwd.getpwnam("nobody").pw_uid, -1)
    with pytest.raises(DatabaseUnavailableError, match="belongs to nobody"), embedded(tmp_path):
        pass
    assert folder.stat().st_uid == pwd.getpwnam("nobody").pw_uid
