"""A backup restores every event, also into a used database, and refuses what it cannot restore."""

import contextlib
import json
import os
from pathlib import Path
from typing import Any

import pytest
from databases import Databases
from sqlalchemy import text
from world import World

from bridge import backup
from bridge.backup_file import CIPHER, BackupError, BackupHeader, Encryption
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


def test_an_encrypted_backup_needs_its_passphrase(
    world: World, own_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = Encryption(CIPHER, os.urandom(16).hex(), n=2**10, r=8, p=1)
    monkeypatch.setattr(Encryption, "new", lambda: quick)  # the same with less work
    world.book()
    before = rows(world.database)
    file = tmp_path / "backup"
    written = backup.write(world.database.url, file, passphrase="horse")
    line, _, content = file.read_bytes().partition(b"\n")
    assert json.loads(line)["revision"] == written.revision
    assert b"PGDMP" not in content
    for passphrase in (None, "donkey"):
        with pytest.raises(BackupError, match="passphrase"):
            backup.read(own_database.url, file, into_used=True, passphrase=passphrase)
    file.write_bytes(line.replace(b'"events": 1', b'"events": 2') + b"\n" + content)
    with pytest.raises(BackupError, match="passphrase"):
        backup.read(own_database.url, file, into_used=True, passphrase="horse")
    assert not rows(own_database)["events"]
    file.write_bytes(line + b"\n" + content)
    assert backup.read(own_database.url, file, into_used=True, passphrase="horse") == written
    assert rows(own_database) == before


def test_a_backup_of_the_version_before_is_restored_into_this_one(
    world: World, own_database: Database, databases: Databases, tmp_path: Path
) -> None:
    """Also into a database that this version has used."""
    world.book()
    world.run()
    world.book()
    world.database.close()
    file, later = tmp_path / "backup", tmp_path / "later"
    backup.write(world.database.url, later)
    with databases.one() as url:
        old = Database(url)
        backup.read(url, later, into_used=True)
        before = rows(old)["events"]
        old.migrate_back()
        old.close()
        written = backup.write(url, file)
    assert written.revision < backup.write(own_database.url, tmp_path / "own").revision
    backup.read(own_database.url, later, into_used=True)
    with own_database.engine.begin() as connection:
        connection.execute(text("UPDATE events SET status = 'parked', reason = 'no_property'"))
    own_database.close()
    assert backup.read(own_database.url, file, into_used=True) == written
    assert own_database.migrate()
    own_database.check_schema()
    assert [tuple(row)[:4] for row in rows(own_database)["events"]] == [tuple(row)[:4] for row in before]


def test_a_folder_keeps_the_newest_backups(database: Database, clock: Any, tmp_path: Path) -> None:
    (tmp_path / "bridge.toml").write_text("# not a backup\n")
    written = []
    for _ in range(3):
        path, _, removed = backup.write_into(database.url, tmp_path, clock(), keep=2)
        written.append(path)
        clock.advance(days=1)
    assert removed == written[:1]
    assert sorted(tmp_path.iterdir()) == sorted([*written[1:], tmp_path / "bridge.toml"])


@pytest.mark.parametrize(("keep", "count"), [(None, 0), (1, 2), (2, 1), (3, 0), (9, 0)])
def test_what_has_expired(keep: int | None, count: int) -> None:
    names = [f"bridge-2026120{day}T030000Z.backup" for day in (2, 1, 3)]
    left = ["bridge-20261201T030000Z.backup.partial", "mine.backup", "bridge-2026.backup"]
    assert backup.expired([*left, *names], keep) == sorted(names, reverse=True)[3 - count :]


def test_a_database_without_tables_is_refused(server_url: str, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="no tables"):
        backup.write(server_url, tmp_path / "backup")
    assert list(tmp_path.iterdir()) == []


def test_the_progress_comes_to_its_end(world: World, own_database: Database, tmp_path: Path) -> None:
    done: dict[str, list[int]] = {}

    @contextlib.contextmanager
    def progress(title: str, total: int) -> Any:
        counted = [total, 0]
        done.setdefault(title, []).extend(counted)

        def advance(count: int) -> None:
            done[title][-1] += count

        yield advance

    world.book()
    backup.write(world.database.url, tmp_path / "backup", progress=progress)
    assert done["Events"] == [1, 1]
    total, reached = done["Tables, kB"]
    assert total / 2 < reached <= total
    backup.read(own_database.url, tmp_path / "backup", into_used=True, progress=progress)
    assert done["Events"] == [1, 1, 1, 1]
    assert done["Restore, kB"][0] > 0
