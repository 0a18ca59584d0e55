"""The folder of the embedded PostgreSQL, and who may start a server in it."""

import contextlib
import os
import pwd
import sys
from pathlib import Path

import psutil

VERSION = 18
"""The major version of PostgreSQL in the wheel that is used, whatever PGSERVER_POSTGRES_VERSION says."""
OLDER = (16,)
"""Those of which the wheel brings a server as well, and can bring a folder to VERSION."""
LOCALE = "C.UTF-8" if sys.platform == "linux" else "C"
"""Of a new database, whatever the environment says: an order of texts that no update of the system changes."""
ROOTS_SERVER = "pgserver"
"""The user as whom the wheel runs the server of root."""
IDENTIFIER_LENGTH = 8
"""Bytes at the beginning of `global/pg_control`, which no two databases share."""


def version_of(folder: Path) -> str | None:
    """The major version of PostgreSQL that made a folder; None: there is none in it."""
    try:
        return (folder / "PG_VERSION").read_text().strip()
    except FileNotFoundError:
        return None


def refuse_another_version(folder: Path) -> None:
    """PostgreSQL reads only the files of its own major version."""
    found = version_of(folder)
    if found is None or found == str(VERSION):
        return
    if found in map(str, OLDER):
        raise ValueError(
            f"the folder is of PostgreSQL {found}, and this version of the bridge uses {VERSION}. Stop all processes, "
            "then run `bridge upgrade-database`"
        )
    raise ValueError(
        f"the folder is of PostgreSQL {found}, and this version of the bridge brings {VERSION}. Start a server "
        f"of version {found} on it, copy the data with pg_dump to a new database, and set database_url to it; "
        "or go back to the version of the bridge that made the folder"
    )


def refuse_another_users(folder: Path) -> None:
    """Root would take the files from the user whose server runs on them."""
    owner = folder.stat().st_uid
    if os.geteuid() == 0 and owner != 0 and (name := _user_named(owner)) != ROOTS_SERVER:
        raise PermissionError(f"the folder belongs to {name}; run the command as that user")


def refuse_nameless_user() -> None:
    """PostgreSQL looks for the name of its user, which a container that runs as any number does not have."""
    try:
        pwd.getpwuid(os.geteuid())
    except KeyError:
        raise PermissionError(
            f"user {os.geteuid()} has no entry in /etc/passwd, which PostgreSQL needs; run as a user that has one (in "
            "the image: 10001), or set database_url"
        ) from None


def refuse_copy(folder: Path) -> None:
    """A copy of the files of a running database has parts of different moments; nobody notices until data is missing.

    Raises:
        ValueError: the folder is such a copy.
        PermissionError: it is a copy whose files the server may not read, as `cp -r` makes one.
    """
    with contextlib.suppress(FileNotFoundError):
        original = Path((folder / "postmaster.pid").read_text().split("\n")[1])
        if _is_another_folder_of(folder, original):
            raise ValueError(
                f"it is a copy of {original}, made while its database ran: its files are of different moments. Delete "
                f"the copy, and use `bridge backup` and `bridge restore`; or stop all processes of {original} and copy "
                "the folder again with `cp -a`"
            )
    with contextlib.suppress(FileNotFoundError):
        owner = (folder / "global/pg_control").stat().st_uid
        if owner != (server := _server_user()):
            raise PermissionError(
                f"its files belong to {_user_named(owner)}, and the server runs as {_user_named(server)}, as after "
                f"`cp -r`. If no process used the original meanwhile, run `chown -R {_user_named(server)} {folder}`; "
                "else use `bridge backup` and `bridge restore`"
            )


def _is_another_folder_of(folder: Path, original: Path) -> bool:
    """Whether `original` is another folder with the same database."""
    if original == folder or not (original / "global/pg_control").exists() or original.samefile(folder):
        return False
    return _identifier(original) == _identifier(folder)


def _identifier(folder: Path) -> bytes:
    with (folder / "global/pg_control").open("rb") as file:
        return file.read(IDENTIFIER_LENGTH)


def _server_user() -> int:
    """The number of the user as whom the server of this process runs."""
    if os.geteuid() != 0:
        return os.geteuid()
    try:
        return pwd.getpwnam(ROOTS_SERVER).pw_uid
    except KeyError:
        return 0  # it is made at the first start


def _user_named(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"user {number}"


def server_process(folder: Path) -> int | None:
    """The process of the server, if it runs."""
    try:
        number = int((folder / "postmaster.pid").read_text().partition("\n")[0])
        process = psutil.Process(number)
        is_ours = str(folder) in process.cmdline() and process.status() != psutil.STATUS_ZOMBIE
    except (FileNotFoundError, ValueError, psutil.Error):
        return None
    return number if is_ours else None
