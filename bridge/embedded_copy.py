"""Whether the folder of the embedded PostgreSQL is a copy that was made while its database ran.

Its parts are from different times, which goes unnoticed until data is missing. After a database has been stopped
any copy is sound. After a crash only the folder itself is, so each start records which one that is: the numbers that
the file system gives to files. A copy has other numbers, on any machine. Names of machines and paths say nothing:
containers get new ones, and folders are moved. Numbers of devices change when a machine starts again.
"""

import contextlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from bridge.embedded_folder import server_user, user_named

RECORD = "bridge-folder.json"
"""In the folder: of which folder its files are."""
MARKERS = (".", "PG_VERSION", "global/pg_control")
"""What PostgreSQL never replaces by a new file."""
IDENTIFIER_LENGTH = 8
"""Bytes at the beginning of `global/pg_control`, which no two databases share."""
STATE = slice(16, 20)
"""The bytes of `global/pg_control` with the state of the database."""
STOPPED = 1
"""The state after an orderly stop: DB_SHUTDOWNED of PostgreSQL."""
WAY_OUT = (
    "Delete the copy, and use `bridge backup` and `bridge restore`; or stop all processes of the original and copy it "
    "again with `cp -a`. If nothing wrote to the original meanwhile (a snapshot of the whole disk, or a folder "
    "moved to another disk after a crash), run `bridge accept-copy`"
)


@dataclass(frozen=True)
class FolderIdentity:
    """Which folder it is, in its file system."""

    numbers: tuple[int, ...]
    """The inodes of MARKERS."""
    changed: int
    """When PG_VERSION was created, or its owner, mode or name changed, in nanoseconds: a copy is later."""

    def is_of(self, other: "FolderIdentity") -> bool:
        """Whether both are of one folder: some file systems renumber files at each mount, but keep the time."""
        return self.numbers == other.numbers or self.changed == other.changed


DAMAGED = FolderIdentity((), 0)
"""Recorded of a copy that was to be accepted, and was found to be damaged: it is no folder's."""


def is_unsound_copy(recorded: FolderIdentity, found: FolderIdentity, *, is_stopped: bool) -> bool:
    """Whether a folder may have parts of different moments: its database was not stopped, and it is another folder."""
    return recorded == DAMAGED or (not is_stopped and not recorded.is_of(found))


def identity_of(folder: Path) -> FolderIdentity:
    """Raises FileNotFoundError: there is no database in the folder."""
    numbers = tuple((folder / marker).stat().st_ino for marker in MARKERS)
    return FolderIdentity(numbers, (folder / "PG_VERSION").stat().st_ctime_ns)


def recorded_identity(folder: Path) -> FolderIdentity | None:
    """What the last start recorded; None: an earlier version made it, or nothing can be read."""
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        return FolderIdentity(tuple(record["numbers"]), record["changed"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def record_identity(folder: Path) -> None:
    """Record that the files of a folder are its own, whose database is about to run; does nothing without one."""
    with contextlib.suppress(FileNotFoundError):
        found = identity_of(folder)
        if found != recorded_identity(folder):
            _write(folder, found)


def _write(folder: Path, identity: FolderIdentity) -> None:
    file = folder / RECORD
    new = file.with_suffix(".new")
    with new.open("w", encoding="utf-8") as opened:
        if os.geteuid() == 0:  # the server runs as another user
            os.fchown(opened.fileno(), folder.stat().st_uid, -1)
        json.dump(asdict(identity), opened)
        opened.flush()
        os.fsync(opened.fileno())
    new.replace(file)


@contextlib.contextmanager
def accepted(folder: Path) -> Iterator[None]:
    """Take a copy for sound; if what follows fails, it is refused, even when its database was stopped since."""
    record_identity(folder)
    try:
        yield
    except BaseException:
        _write(folder, DAMAGED)
        raise


def is_stopped(folder: Path) -> bool:
    """Whether the database was stopped in order, and nothing has started it since."""
    state = (folder / "global/pg_control").read_bytes()[STATE]
    return int.from_bytes(state, "little") == STOPPED and not (folder / "postmaster.pid").exists()


def refuse_copy(folder: Path) -> None:
    """Refuse a copy of the files of a running database; no process may use the folder at the moment.

    Raises:
        ValueError: the folder is such a copy.
        PermissionError: it is a copy whose files the server may not read, as `cp -r` makes one.
    """
    with contextlib.suppress(FileNotFoundError, PermissionError):  # of another owner: below
        recorded = recorded_identity(folder)
        if recorded is None:
            _refuse_copy_beside_original(folder)
        elif is_unsound_copy(recorded, identity_of(folder), is_stopped=is_stopped(folder)):
            raise ValueError(_refusal(f"a copy{_original(folder)}"))
    with contextlib.suppress(FileNotFoundError):
        owner = (folder / "global/pg_control").stat().st_uid
        if owner != (server := server_user()):
            raise PermissionError(
                f"its files belong to {user_named(owner)}, and the server runs as {user_named(server)}, as after "
                f"`cp -r`. If no process used the original meanwhile, run `chown -R {user_named(server)} {folder}`; "
                "else use `bridge backup` and `bridge restore`"
            )


def _refuse_copy_beside_original(folder: Path) -> None:
    """Of a folder without a record only this is known: where the database ran."""
    original = _ran_in(folder)
    if original is not None and _is_another_folder_of(folder, original):
        raise ValueError(_refusal(f"a copy of {original}"))


def _refusal(what: str) -> str:
    return f"it is {what}, made while its database ran: its files are of different moments. {WAY_OUT}"


def _original(folder: Path) -> str:
    original = _ran_in(folder)
    return "" if original in {None, folder} else f" of {original}"


def _ran_in(folder: Path) -> Path | None:
    """The folder in which PostgreSQL was started, if it was not stopped."""
    try:
        return Path((folder / "postmaster.pid").read_text().split("\n")[1])
    except (FileNotFoundError, IndexError):
        return None


def _is_another_folder_of(folder: Path, original: Path) -> bool:
    """Whether `original` is another folder with the same database."""
    if original == folder or not (original / "global/pg_control").exists() or original.samefile(folder):
        return False
    return _identifier(original) == _identifier(folder)


def _identifier(folder: Path) -> bytes:
    with (folder / "global/pg_control").open("rb") as file:
        return file.read(IDENTIFIER_LENGTH)
