"""What `bridge check --deploy` decides: whether machine, database and proxy suit the settings. It reads nothing."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from bridge.cli.gunicorn import MOST_CONNECTIONS
from bridge.propexo.preflight import Level, PreflightFinding
from bridge.settings import Settings
from bridge.settings.spelling import is_loopback

MIB = 1024 * 1024
GIB = 1024 * MIB
LEAST_SPACE, ENOUGH_SPACE = GIB, 5 * GIB
WEB_PROCESS, WORKER_PROCESS, POSTGRESQL = 120 * MIB, 140 * MIB, 150 * MIB
"""Resident memory: the first two are those of deploy/bench/memory.py, the third is an allowance."""
OPEN_FILES = 1024
"""A web process holds 500 incomplete requests, its listening sockets and its database connections."""
CLOCK_IS_OFF, CLOCK_IS_WRONG = 5.0, 60.0
"""Seconds. Signatures are valid for some minutes, and tours are compared by the clock."""
WEB_CONNECTIONS = MOST_CONNECTIONS + 2
WORKER_CONNECTIONS = 5
OTHER_CONNECTIONS = 3
"""A migration, a command and a backup at the same time."""


@dataclass(frozen=True)
class MachineFacts:
    """This machine, and the folder of the data."""

    is_root: bool
    may_write: bool
    """The data folder, or where it is not there yet the nearest folder above it."""
    free_bytes: int
    temporary_folder: bool
    """Whether there is a temporary folder that can be written."""
    memory: int
    """Bytes that are available, within the limit of the container."""
    open_files: int
    embedded_version: int | None
    """PostgreSQL's major version in the data folder."""
    port: str
    """Of `server.host` and `server.port`: "free", "bridge" or "taken"."""


@dataclass(frozen=True)
class DatabaseFacts:
    """The external database."""

    may_create: bool
    """Tables in the schema in which they are created."""
    is_replica: bool
    connections: int
    """That the server grants in all."""
    is_encrypted: bool
    clock_ahead: float
    """Seconds by which its clock is ahead of ours."""


@dataclass(frozen=True)
class PublicAnswer:
    """What `public_url` answered to a request for `/livez`."""

    status: int | None
    """None: no answer."""
    reason: str = ""
    is_bridge: bool = False
    saw_https: bool = False


def of_machine(
    settings: Settings, facts: MachineFacts, *, embedded_version: int
) -> Iterator[PreflightFinding]:
    """Whether the bridge can run here as it is configured; `embedded_version` is PostgreSQL's in this installation."""
    embedded = settings.database_url is None
    key = "data_dir"
    if embedded and facts.is_root:
        message = "this is root, and PostgreSQL refuses root; run the bridge as a user of its own, or set database_url"
        yield PreflightFinding("problem", key, message)
    if not facts.may_write:
        level: Level = "problem" if embedded else "warning"
        yield PreflightFinding(
            level, key, f"{settings.data_dir} cannot be written by this user; change its owner"
        )
    elif embedded:
        yield _space(facts.free_bytes)
    if embedded and facts.embedded_version not in {None, embedded_version}:
        message = f"holds PostgreSQL {facts.embedded_version}, and this version of the bridge runs {embedded_version}"
        yield PreflightFinding("problem", key, message)
    if not facts.temporary_folder:
        message = "no temporary folder can be written; mount one at /tmp"
        yield PreflightFinding("problem", "temporary folder", message)
    yield _memory(settings, facts.memory)
    if facts.open_files < OPEN_FILES:
        message = (
            f"a process may open {facts.open_files}; allow at least {OPEN_FILES} (`ulimit -n`, LimitNOFILE=)"
        )
        yield PreflightFinding("warning", "open files", message)
    yield from _port(settings, facts.port)


def _space(free: int) -> PreflightFinding:
    level: Level = "problem" if free < LEAST_SPACE else "warning" if free < ENOUGH_SPACE else "ok"
    return PreflightFinding(level, "disk", f"{free / GIB:.1f} GiB are free for the database")


def memory_needed(settings: Settings) -> int:
    """Bytes that `bridge serve` takes: web processes, a worker, and the embedded PostgreSQL if it is used."""
    own = settings.server.workers * WEB_PROCESS + WORKER_PROCESS
    return own if settings.database_url else own + POSTGRESQL


def _memory(settings: Settings, available: int) -> PreflightFinding:
    needed = memory_needed(settings)
    level: Level = "ok" if available >= needed else "warning"
    message = (
        f"{available // MIB} MiB are available; `bridge serve` with these settings takes some {needed // MIB}"
    )
    return PreflightFinding(level, "memory", message)


def _port(settings: Settings, found: str) -> Iterator[PreflightFinding]:
    server = settings.server
    at = f"{server.host}:{server.port}"
    if found == "taken":
        yield PreflightFinding(
            "problem", "server.port", f"another program listens at {at}; choose another port"
        )
    elif found == "bridge":
        yield PreflightFinding("ok", "server.port", f"a bridge answers at {at}")
    if server.private_bind is None and not is_loopback(server.host.strip("[]")):
        message = (
            f"console and API answer at {at} as well; set private_bind, or let a firewall keep others out"
        )
        yield PreflightFinding("warning", "server.host", message)


def of_clock(other: str, ahead: float) -> PreflightFinding:
    """Whether our clock and that of another machine agree."""
    level: Level = (
        "problem" if abs(ahead) > CLOCK_IS_WRONG else "warning" if abs(ahead) > CLOCK_IS_OFF else "ok"
    )
    if level == "ok":
        return PreflightFinding(level, "clock", f"agrees with that of {other}")
    message = f"that of {other} is {abs(ahead):.0f} s {'ahead' if ahead > 0 else 'behind'}; synchronise this machine's"
    return PreflightFinding(level, "clock", message)


def connections_needed(settings: Settings) -> int:
    """Database connections of one web service and one worker, with what commands need beside them."""
    return settings.server.workers * WEB_CONNECTIONS + WORKER_CONNECTIONS + OTHER_CONNECTIONS


def of_database(settings: Settings, facts: DatabaseFacts) -> Iterator[PreflightFinding]:
    """Whether the external database grants what the bridge needs."""
    key = "database_url"
    if facts.is_replica:
        yield PreflightFinding(
            "problem", key, "this server is a replica and takes no writes; name the primary"
        )
    elif not facts.may_create:
        message = "the role may not create tables; `GRANT CREATE ON SCHEMA public TO <role>`"
        yield PreflightFinding("problem", key, message)
    needed = connections_needed(settings)
    level: Level = "ok" if facts.connections >= needed else "problem"
    message = (
        f"the server grants {facts.connections} connections; one machine with these settings takes {needed}"
    )
    yield PreflightFinding(level, "database connections", message)
    host = urlsplit(settings.database_url or "").hostname
    if not facts.is_encrypted and host and not is_loopback(host):
        message = (
            "the connection is not encrypted; add `?sslmode=verify-full` where the server has a certificate"
        )
        yield PreflightFinding("warning", key, message)
    yield of_clock("the database", facts.clock_ahead)


def of_public_url(settings: Settings, answer: PublicAnswer | None) -> Iterator[PreflightFinding]:
    """Whether senders reach the bridge at `public_url`, and the proxy passes their scheme on."""
    key = "server.public_url"
    server = settings.server
    if server.public_url is None:
        message = "is not set: links in alerts and to tours have no address, and mappings that sign it cannot be used"
        yield PreflightFinding("warning", key, message)
        return
    if answer is None:
        return
    if answer.status is None:
        yield PreflightFinding("warning", key, f"does not answer ({answer.reason}); check again once it runs")
    elif 300 <= answer.status < 400:  # noqa: PLR2004 - the redirects of HTTP
        message = f"answers with a redirect ({answer.status}), which senders do not follow"
        yield PreflightFinding("problem", key, message)
    elif not answer.is_bridge:
        message = f"{server.public_url}/livez is not answered by a bridge ({answer.status}); check the proxy"
        yield PreflightFinding("problem", key, message)
    elif server.public_url.startswith("https:") and not answer.saw_https:
        message = "the bridge does not see that requests come over https: let the proxy set X-Forwarded-Proto"
        yield PreflightFinding("problem", "server.trusted_proxies", f"{message}, and set trusted_proxies")
    else:
        yield PreflightFinding("ok", key, "a bridge answers there")
