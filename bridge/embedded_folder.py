"""The folder of the embedded PostgreSQL, and who may start a server in it."""

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
    if os.geteuid() == 0 and owner != 0 and (name := user_named(owner)) != ROOTS_SERVER:
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


def server_user() -> int:
    """The number of the user as whom the server of this process runs."""
    if os.geteuid() != 0:
        return os.geteuid()
    try:
        return pwd.getpwnam(ROOTS_SERVER).pw_uid
    except KeyError:
        return 0  # it is made at the first start


def user_named(number: int) -> str:
    """The name of a user, or the number where it has none."""
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
