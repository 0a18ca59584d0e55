"""Which folders of the embedded PostgreSQL are refused as copies of a running one."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from bridge.embedded_copy import (
    DAMAGED,
    RECORD,
    FolderIdentity,
    accepted,
    identity_of,
    is_stopped,
    is_unsound_copy,
    record_identity,
    recorded_identity,
    refuse_copy,
)
from bridge.embedded_folder import server_user

OWN = FolderIdentity((11, 12, 13), 1_700_000_000_000_000_000)
LATER = OWN.changed + 1
IN_PRODUCTION, STOPPED = 6, 1


@pytest.mark.parametrize(
    ("found", "is_stopped", "is_refused"),
    [
        (OWN, True, False),
        (OWN, False, False),  # a crash
        (FolderIdentity(OWN.numbers, LATER), False, False),  # a crash, then `chown -R` before the next start
        (
            FolderIdentity((7, 8, 9), OWN.changed),
            False,
            False,
        ),  # a file system that numbers files at each mount
        (FolderIdentity((7, 8, 9), LATER), True, False),  # a copy of a stopped one
        (FolderIdentity((7, 8, 9), LATER), False, True),
        (FolderIdentity((11, 8, 9), LATER), False, True),  # a number that is the same by chance
        (FolderIdentity((7, 12, 13), LATER), False, True),  # hard links in another folder
    ],
)
def test_a_copy_is_refused_unless_its_database_was_stopped(
    found: FolderIdentity, is_stopped: bool, is_refused: bool
) -> None:
    assert is_unsound_copy(OWN, found, is_stopped=is_stopped) is is_refused
    assert is_unsound_copy(DAMAGED, found, is_stopped=is_stopped)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What is looked at, as a database leaves it that is killed."""
    made = tmp_path / "data" / "postgres"
    (made / "global").mkdir(parents=True)
    (made / "PG_VERSION").write_text("18\n")
    write_state(made, IN_PRODUCTION)
    give_to_server(made)
    record_identity(made)
    return made


def give_to_server(folder: Path) -> None:
    """As the folders of PostgreSQL are where root runs the tests."""
    for path in (folder, *folder.rglob("*")):
        os.chown(path, server_user(), -1)


def write_state(folder: Path, state: int) -> None:
    """As PostgreSQL does: over what is there."""
    control = folder / "global/pg_control"
    control.touch()
    with control.open("r+b") as file:
        file.write(b"identity" + bytes(8) + state.to_bytes(4, "little"))


def copy(folder: Path, *options: str) -> Path:
    to = folder.parent.with_name("copy")
    subprocess.run(["cp", *options, folder.parent, to], check=True)
    give_to_server(to)
    return to / folder.name


@pytest.mark.parametrize("options", [["-r"], ["-a"], ["-al"]])
def test_a_copy_is_refused_wherever_the_original_is(folder: Path, options: list[str]) -> None:
    copied = copy(folder, *options)
    with pytest.raises(ValueError, match=r"made while its database ran.*bridge backup.*bridge accept-copy"):
        refuse_copy(copied)
    refuse_copy(folder)
    shutil.rmtree(folder)  # as on another machine
    with pytest.raises(ValueError, match="made while its database ran"):
        refuse_copy(copied)
    with accepted(copied):
        pass
    refuse_copy(copied)


def test_a_folder_that_moved_is_the_same(folder: Path) -> None:
    refuse_copy(folder.rename(folder.with_name("moved")))


def test_a_folder_whose_owner_and_mode_changed_is_the_same(folder: Path) -> None:
    for path in folder.rglob("*"):
        path.chmod(path.stat().st_mode ^ 0o010)
    assert identity_of(folder).changed != OWN.changed
    refuse_copy(folder)


def test_a_copy_of_a_stopped_database_is_taken_and_recorded(folder: Path) -> None:
    write_state(folder, STOPPED)
    copied = copy(folder, "-a")
    refuse_copy(copied)
    (copied / "postmaster.pid").write_text(f"1\n{folder}\n")  # copied before the stop, the state after it
    with pytest.raises(ValueError, match=f"copy of {folder}, made while"):
        refuse_copy(copied)
    (copied / "postmaster.pid").unlink()
    record_identity(copied)
    write_state(copied, IN_PRODUCTION)
    refuse_copy(copied)


def test_what_fails_after_it_was_accepted_is_refused_again(folder: Path) -> None:
    copied = copy(folder, "-a")

    def fail() -> None:
        with accepted(copied):
            refuse_copy(copied)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    write_state(copied, STOPPED)
    with pytest.raises(ValueError, match="made while its database ran"):
        refuse_copy(copied)


@pytest.mark.parametrize("record", ["", "{", "[]", '{"numbers": 5, "changed": 1}', "{}"])
def test_a_record_that_cannot_be_read_refuses_nothing(folder: Path, record: str) -> None:
    (folder / RECORD).write_text(record)
    assert recorded_identity(folder) is None
    refuse_copy(folder)
    record_identity(folder)
    assert recorded_identity(folder) == identity_of(folder)


def test_the_record_is_written_once(folder: Path) -> None:
    assert json.loads((folder / RECORD).read_text())["numbers"][0] == folder.stat().st_ino
    written = (folder / RECORD).stat().st_ino
    record_identity(folder)
    assert (folder / RECORD).stat().st_ino == written
    assert [path.name for path in folder.iterdir() if path.suffix == ".new"] == []


def test_nothing_is_recorded_where_no_database_is(tmp_path: Path) -> None:
    record_identity(tmp_path)
    assert list(tmp_path.iterdir()) == []
    refuse_copy(tmp_path)


def test_the_state_of_a_database(folder: Path) -> None:
    assert not is_stopped(folder)
    write_state(folder, STOPPED)
    assert is_stopped(folder)
