"""PostgreSQL in a folder of ours."""

import contextlib
import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from cli.running import CONFIG
from click.testing import CliRunner
from sqlalchemy import text

from bridge.cli import main
from bridge.database import Database, DatabaseUnavailableError
from bridge.database_role import ROLE
from bridge.embedded import LOCALE, OWNER, PARENT_RESTARTS, VERSION, NoDatabaseError, embedded, patiently
from bridge.embedded_acceptance import CopyNotAcceptedError, accept
from bridge.embedded_as_root import closed_folder
from bridge.embedded_copy import RECORD

pytestmark = pytest.mark.processes

PATIENCE = 90.0
"""Seconds until a condition that does not come true fails a test."""


@pytest.fixture
def data(tmp_path: Path, copy_data: Callable[[Path], None]) -> Path:
    """A folder in which it has run before."""
    copy_data(tmp_path / "data")
    return tmp_path / "data"


def test_the_embedded_database_starts_after_a_crash_whose_number_somebody_else_has_now(
    data: Path,
) -> None:
    with embedded(data):
        pass
    left = data / "postgres" / "postmaster.pid"
    left.write_text(f"{os.getpid()}\n{data}/postgres\n")
    (data / "postgres" / ".handle_pids.json").write_text("[12")
    with embedded(data) as url, embedded(data) as again:
        assert url == again
    assert not left.exists()


def test_an_embedded_database_that_is_killed_starts_again_for_all_its_holders(data: Path) -> None:
    with embedded(data) as url, embedded(data):
        first = _number(url, data)
        os.kill(first, signal.SIGKILL)
        deadline = time.monotonic() + PATIENCE
        while True:
            with contextlib.suppress(psycopg.OperationalError, FileNotFoundError):
                if _number(url, data) != first:
                    break
            assert time.monotonic() < deadline
            time.sleep(0.1)
        second = _number(url, data)
        time.sleep(1.5)
        assert _number(url, data) == second
    assert not (data / "postgres" / "postmaster.pid").exists()


def test_a_process_that_begins_while_the_server_is_killed_waits_for_it(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with embedded(data) as url:
        monkeypatch.setenv(PARENT_RESTARTS, "1")  # as a child of `bridge serve` has it
        os.kill(_number(url, data), signal.SIGKILL)
        with embedded(data) as again, psycopg.connect(again) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)


def test_it_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bridge.embedded.COMES_BACK_WITHIN", 0.0)
    with pytest.raises(psycopg.OperationalError):
        patiently(lambda: psycopg.connect("host=/nowhere"))


def _number(url: str, folder: Path) -> int:
    """The process of the server, if it takes connections."""
    psycopg.connect(url).close()
    return int((folder / "postgres" / "postmaster.pid").read_text().partition("\n")[0])


def test_the_role_of_the_bridge_can_do_what_it_needs_and_no_more(tmp_path: Path) -> None:
    with embedded(tmp_path) as url:
        database = Database(url)
        database.migrate()
        database.check_schema()
        with psycopg.connect(url, autocommit=True) as connection:
            for refused in (
                "SELECT pg_read_file('postmaster.pid')",
                "COPY (SELECT 1) TO PROGRAM 'true'",
                "CREATE ROLE another SUPERUSER",
                "ALTER SYSTEM SET fsync = off",
                "SET ROLE postgres",
                "CREATE DATABASE another",
            ):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(refused)
        database.close()


def test_a_folder_of_before_is_handed_over_with_all_that_is_in_it(tmp_path: Path) -> None:
    with embedded(tmp_path, role=OWNER) as url:
        as_before = Database(url)
        as_before.migrate()
        as_before.migrate_back()
        with as_before.session() as session:
            session.execute(text("CREATE TABLE extra (id serial PRIMARY KEY)"))
            session.execute(text("INSERT INTO extra DEFAULT VALUES"))
        as_before.close()
    with embedded(tmp_path) as url:
        database = Database(url)
        assert database.migrate()
        with database.session() as session:
            session.execute(text("INSERT INTO extra DEFAULT VALUES"))
            assert session.scalar(text("SELECT count(*) FROM extra")) == 2
            left = f"SELECT count(*) FROM pg_class WHERE relowner <> '{ROLE}'::regrole AND relnamespace = "
            assert session.scalar(text(left + "'public'::regnamespace")) == 0
        assert database.migrate_back()
        assert database.migrate()
        database.close()


def test_a_new_database_is_the_same_whatever_the_environment_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGSERVER_POSTGRES_VERSION", "16")
    monkeypatch.setenv("LC_ALL", "POSIX")
    with embedded(tmp_path) as url, psycopg.connect(url) as connection:
        [row] = connection.execute("SELECT datcollate, datctype FROM pg_database WHERE datname = 'postgres'")
        assert row == (LOCALE, LOCALE)
        assert connection.info.server_version // 10_000 == VERSION
    assert (os.environ["PGSERVER_POSTGRES_VERSION"], os.environ["LC_ALL"]) == ("16", "POSIX")


@pytest.mark.parametrize(
    ("version", "way_out"), [("16", "`bridge upgrade-database`"), ("15", r"pg_dump.*database_url")]
)
def test_a_folder_of_another_major_version_is_refused_with_the_way_out(
    version: str, way_out: str, tmp_path: Path
) -> None:
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "PG_VERSION").write_text(f"{version}\n")
    with (
        pytest.raises(DatabaseUnavailableError, match=rf"PostgreSQL {version}.*{way_out}"),
        embedded(tmp_path),
    ):
        pass


def test_a_copy_of_a_running_database_is_refused_until_it_is_accepted(data: Path, tmp_path: Path) -> None:
    copy, moved, never_recorded = tmp_path / "copy", tmp_path / "moved", tmp_path / "before"
    with embedded(data) as url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 1 AS number")
        os.kill(_number(url, data), signal.SIGSTOP)  # one moment, as in a snapshot
        subprocess.run(["cp", "-a", data, copy], check=True)
        subprocess.run(["cp", "-a", data, never_recorded], check=True)
        os.kill(int((data / "postgres/postmaster.pid").read_text().split()[0]), signal.SIGCONT)
    (never_recorded / "postgres" / RECORD).unlink()
    for refused in (copy, never_recorded):
        with (
            pytest.raises(DatabaseUnavailableError, match=rf"copy of {data}/postgres.*bridge accept-copy"),
            embedded(refused),
        ):
            pass
    data.rename(moved)  # as if the copy was on another machine
    with pytest.raises(DatabaseUnavailableError, match="made while its database ran"), embedded(copy):
        pass
    (tmp_path / "bridge.toml").write_text(f'data_dir = "{copy}"\n{CONFIG}')
    command = ["accept-copy", "--yes", "--config", str(tmp_path / "bridge.toml")]
    done = CliRunner().invoke(main, command)
    assert (done.exit_code, "Accepted: 0 events" in done.output) == (0, True), done.output
    for whole in (moved, copy):
        with embedded(whole) as url, psycopg.connect(url) as connection:
            assert connection.execute("SELECT number FROM kept").fetchone() == (1,)


def test_a_damaged_copy_is_not_accepted(data: Path, tmp_path: Path) -> None:
    with embedded(data, role=OWNER) as url, psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE damaged AS SELECT 1 AS number; CHECKPOINT")
        [place] = connection.execute("SELECT pg_relation_filepath('damaged')").fetchone() or ()
        subprocess.run(["cp", "-a", data, tmp_path / "copy"], check=True)
    with (tmp_path / "copy/postgres" / place).open("r+b") as file:
        file.seek(100)
        file.write(b"damage")
    with pytest.raises(CopyNotAcceptedError, match="bridge restore"):
        accept(tmp_path / "copy")
    with pytest.raises(DatabaseUnavailableError, match="it is a copy"), embedded(tmp_path / "copy"):
        pass
    with embedded(data), pytest.raises(CopyNotAcceptedError, match="runs"):
        accept(data)
    with pytest.raises(NoDatabaseError):
        accept(tmp_path)


@pytest.mark.skipif(os.geteuid() != 0, reason="another user's copy has the same owner")
def test_a_copy_with_another_owner_is_refused_with_the_way_out(data: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    subprocess.run(["cp", "-r", data, copy], check=True)
    with pytest.raises(DatabaseUnavailableError, match=r"belong to root.*chown -R pgserver"), embedded(copy):
        pass
    subprocess.run(["chown", "-R", "pgserver", copy / "postgres"], check=True)
    with embedded(copy) as url:
        psycopg.connect(url).close()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root could take another user's files")
def test_root_does_not_take_the_embedded_server_of_another_user(tmp_path):
    folder = tmp_path / "postgres"
    folder.mkdir()
    os.chown(folder, pwd.getpwnam("nobody").pw_uid, -1)
    with pytest.raises(DatabaseUnavailableError, match="belongs to nobody"), embedded(tmp_path):
        pass
    assert folder.stat().st_uid == pwd.getpwnam("nobody").pw_uid


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL as another user")
def test_as_root_the_mode_of_no_folder_is_changed(tmp_path: Path) -> None:
    above = tmp_path / "closed" / "data"
    above.mkdir(parents=True)
    above.chmod(0o711)
    above.parent.chmod(0o700)
    with (
        pytest.raises(DatabaseUnavailableError, match=rf"{above.parent} is closed.*chmod a\+x"),
        embedded(above),
    ):
        pass
    above.parent.chmod(0o711)
    folders = [above, *above.parents, Path(sys.prefix)]
    before = [folder.stat().st_mode for folder in folders]
    with embedded(above) as url, psycopg.connect(url):
        pass
    assert [folder.stat().st_mode for folder in folders] == before


@pytest.mark.parametrize(
    ("mode", "user", "groups", "is_closed"),
    [
        (0o711, 12345, [], False),
        (0o710, 12345, [], True),
        (0o700, 12345, [os.getegid()], True),
        (0o710, 12345, [os.getegid()], False),
        (0o701, 12345, [os.getegid()], True),
        (0o100, os.geteuid(), [], False),
        (0o011, os.geteuid(), [os.getegid()], True),
    ],
)
def test_a_folder_is_closed_to_those_whom_its_mode_keeps_out(
    tmp_path: Path, mode: int, user: int, groups: list[int], is_closed: bool
) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    folder.chmod(mode)
    os.chown(folder, -1, os.getegid())
    assert closed_folder([folder], user, groups) == (folder if is_closed else None)
