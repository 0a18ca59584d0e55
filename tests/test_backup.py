"""A backup restores every event, also into a used database, and refuses what it cannot restore."""

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from world import World

from bridge import backup
from bridge.backup import BackupError, BackupHeader
from bridge.database import Database

ROWS = {
    "events": "SELECT id, status, body, delivery_id, ended_at FROM events ORDER BY id",
    "bookings": "SELECT id, code, state FROM bookings ORDER BY id",
    "jobs": "SELECT id, status, lock FROM procrastinate_jobs ORDER BY id",
}


def rows(database: Database) -> Any:
    with database.engine.connect() as connection:
        return {name: connection.execute(text(query)).all() for name, query in ROWS.items()}


def test_every_event_comes_back(world: World, own_database: Database, tmp_path: Path) -> None:
    world.book()
    world.run()
    world.book()
    before = rows(world.database)
    assert len(before["events"]) == 2
    file = tmp_path / "backup"
    written = backup.write(world.database.url, file)
    assert (written.events, file.stat().st_mode & 0o777) == (2, 0o600)
    assert sorted(tmp_path.iterdir()) == [file]

    with pytest.raises(BackupError, match="--replace"):
        backup.read(own_database.url, file, into_used=False)
    with own_database.engine.begin() as connection:
        connection.execute(text("CREATE TABLE of_a_later_version (id bigint)"))
    own_database.close()
    assert backup.read(own_database.url, file, into_used=True) == written
    assert own_database.migrate() == []
    own_database.check_schema()
    assert rows(own_database) == before
    own_database.close()
    assert backup.read(own_database.url, file, into_used=True) == written


def test_a_damaged_backup_changes_nothing(world: World, own_database: Database, tmp_path: Path) -> None:
    world.book()
    file = tmp_path / "backup"
    backup.write(world.database.url, file)
    whole = file.read_bytes()
    before = rows(own_database)
    for damaged in (
        whole[: len(whole) // 2],
        whole[:-1],
        whole[:-9] + b"x" + whole[-8:],
        b"not a backup\n" + whole,
        b"",
    ):
        file.write_bytes(damaged)
        with pytest.raises(BackupError):
            backup.read(own_database.url, file, into_used=True)
        assert rows(own_database) == before


def test_a_later_version_is_refused(database: Database, tmp_path: Path) -> None:
    file = tmp_path / "backup"
    backup.write(database.url, file)
    line, _, content = file.read_bytes().partition(b"\n")
    later = {**json.loads(line), "revision": "9999", "version": "9.0"}
    file.write_bytes(json.dumps(later).encode() + b"\n" + content)
    with file.open("rb") as opened, pytest.raises(BackupError, match=r"9\.0"):
        BackupHeader.read(opened)


def test_a_file_is_never_overwritten(database: Database, tmp_path: Path) -> None:
    file = tmp_path / "backup"
    file.write_text("mine")
    with pytest.raises(BackupError, match="already exists"):
        backup.write(database.url, file)
    assert file.read_text() == "mine"
