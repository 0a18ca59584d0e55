"""What `bridge check --deploy` reads of machine, database and proxy. It changes nothing."""

import contextlib
import email.utils
import os
import resource
import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import requests
from sqlalchemy import text

from bridge.cli import deployment
from bridge.cli.base import connect
from bridge.cli.deployment import DatabaseFacts, MachineFacts, PublicAnswer
from bridge.clock import Clock, utc_now
from bridge.database import DatabaseUnavailableError
from bridge.embedded_folder import VERSION, version_of
from bridge.propexo.preflight import PreflightFinding
from bridge.settings import Settings

PATIENCE = 5.0
"""Seconds for an answer."""
MOST_READ = 200
"""Bytes of an answer."""
CGROUP = Path("/sys/fs/cgroup")
DATABASE = """
SELECT coalesce(has_schema_privilege(coalesce(current_schema(), 'public'), 'CREATE'), false),
       pg_is_in_recovery(),
       current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int,
       coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false),
       extract(epoch FROM clock_timestamp())::float
"""


def deployment_findings(
    settings: Settings, *, offline: bool, clock: Clock = utc_now
) -> Iterator[PreflightFinding]:
    """All findings; without the network if `offline`."""
    yield from deployment.of_machine(settings, machine_facts(settings), embedded_version=VERSION)
    if offline:
        yield from deployment.of_public_url(settings, None)
        return
    with contextlib.suppress(DatabaseUnavailableError):  # reported by the check of the database
        if settings.database_url:
            yield from deployment.of_database(settings, database_facts(settings, clock))
    ahead = clock_of(settings.propexo.base_url, clock)
    if ahead is not None:
        yield deployment.of_clock("Propexo", ahead)
    url = settings.server.public_url
    yield from deployment.of_public_url(settings, public_answer(url) if url else None)


def machine_facts(settings: Settings) -> MachineFacts:
    """This machine as it is."""
    folder = next(
        path for path in (settings.data_dir.resolve(), *settings.data_dir.resolve().parents) if path.exists()
    )
    return MachineFacts(
        is_root=os.geteuid() == 0,
        may_write=os.access(folder, os.W_OK | os.X_OK),
        free_bytes=shutil.disk_usage(folder).free,
        temporary_folder=_has_temporary_folder(),
        memory=available_memory(psutil.virtual_memory().available, CGROUP),
        open_files=_most_open_files(),
        embedded_version=_version_of(settings.data_dir / "postgres"),
        port=port_state(settings.server.host, settings.server.port),
    )


def available_memory(of_machine: int, cgroup: Path) -> int:
    """Bytes that this process and others may still take, within the limit of a container."""
    with contextlib.suppress(OSError, ValueError):
        limit = int((cgroup / "memory.max").read_text())
        used = int((cgroup / "memory.current").read_text())
        return min(of_machine, limit - used)
    return of_machine


def _has_temporary_folder() -> bool:
    try:
        return os.access(tempfile.gettempdir(), os.W_OK | os.X_OK)
    except FileNotFoundError:
        return False


def _most_open_files() -> int:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return deployment.OPEN_FILES if soft == resource.RLIM_INFINITY else soft


def _version_of(folder: Path) -> int | None:
    with contextlib.suppress(OSError, ValueError):
        return int(version_of(folder) or "")
    return None


def port_state(host: str, port: int) -> str:
    """Whether an address is "free", answered by a "bridge", or "taken" by something else."""
    at = "127.0.0.1" if host in {"0.0.0.0", "::"} else host.strip("[]")  # noqa: S104 - read, not listened at
    try:
        socket.create_connection((at, port), timeout=PATIENCE).close()
    except OSError:
        return "free"
    return "bridge" if public_answer(f"http://{f'[{at}]' if ':' in at else at}:{port}").is_bridge else "taken"


def database_facts(settings: Settings, clock: Clock) -> DatabaseFacts:
    """The external database. Raises DatabaseUnavailableError."""
    with connect(settings) as opened, opened.session() as session:
        may_create, is_replica, connections, is_encrypted, now = session.execute(text(DATABASE)).one()
        return DatabaseFacts(may_create, is_replica, connections, is_encrypted, now - clock().timestamp())


def public_answer(url: str) -> PublicAnswer:
    """What `/livez` answers at an address."""
    try:
        with requests.get(f"{url}/livez", timeout=PATIENCE, allow_redirects=False, stream=True) as answer:
            is_bridge = answer.status_code == requests.codes.ok and b'"alive"' in answer.raw.read(MOST_READ)
            return PublicAnswer(
                answer.status_code, "", is_bridge, "Strict-Transport-Security" in answer.headers
            )
    except requests.RequestException as error:
        return PublicAnswer(None, type(error).__name__)


def clock_of(url: str, clock: Clock) -> float | None:
    """Seconds by which the clock of an HTTP server is ahead of ours, by its `Date`; `None`: it does not say."""
    try:
        with requests.head(url, timeout=PATIENCE, allow_redirects=False) as answer:
            date = email.utils.parsedate_to_datetime(answer.headers.get("Date", ""))
    except (requests.RequestException, ValueError):
        return None
    return date.timestamp() - clock().timestamp()
