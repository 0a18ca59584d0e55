"""Sets the stage of a benchmark: PostgreSQL, the bridge's processes, a sandbox, and requests to send."""

import hashlib
import hmac
import itertools
import json
import multiprocessing
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import requests
from load import post
from sqlalchemy import text

from bridge.cli.demo import toml_of
from bridge.cli.processes import WORKER_NICENESS, Children
from bridge.cli.serve import address_of, listen
from bridge.database import Database
from bridge.embedded import OWNER, embedded
from bridge.mapping.catalogue import shipped_folder
from bridge.sandbox.server import SandboxServer
from bridge.sandbox.state import Sandbox
from bridge.settings import Settings, parse

SECRET = "a-signing-key-of-a-benchmark"  # noqa: S105 - of no account
TOKEN = "a-token-of-the-sandbox"  # noqa: S105 - of no account
EVENT_TYPE = "https://api.calendly.com/event_types/BENCH"
NO_BUDGET = 10_000_000
"""Calls per minute."""


@dataclass
class Stage:
    """A database that is migrated, and processes around it; their output goes to `folder/log`."""

    folder: Path
    config: Path
    settings: Settings
    database: Database
    owner: Database
    """The same database as its superuser, for what the role of the bridge may not do."""
    children: Children
    environment: dict[str, str]
    log: Any
    asked: int = 0
    """Transactions in which the benchmark asked something itself."""

    def start_web(self, name: str = "web") -> str:
        """Start a web process; answers its address when it serves."""
        with listen(self.settings, "127.0.0.1:0") as listener:
            fd, address = listener.fileno(), address_of(listener)
            self.children.start(
                name, ["web", "--bind", f"fd://{fd}"], self.environment, pass_fds=[fd], output=self.log
            )
        await_answer(f"{address}/livez")
        return address

    def start_worker(self, name: str = "worker") -> None:
        self.children.start(name, ["worker"], self.environment, output=self.log)

    def start_worker_apart(self) -> None:
        """Start a worker as `bridge serve` does, with connections of a role of its own, which are not counted; return
        when it forwards events."""
        self.execute(f"CREATE ROLE {WORKER_ROLE} SUPERUSER LOGIN")
        environment = {**self.environment, "BRIDGE_DATABASE_URL": signed_in(self.database.url, WORKER_ROLE)}
        self.children.start("worker", ["worker"], environment, output=self.log, niceness=WORKER_NICENESS)
        deadline = time.monotonic() + 120
        while not self.count("SELECT count(*) FROM attempts") and time.monotonic() < deadline:
            time.sleep(0.2)

    @contextmanager
    def workers_resting(self) -> Iterator[None]:
        """Within the block no worker does anything."""
        workers = self.worker_processes()
        for worker in workers:
            worker.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            for worker in workers:
                worker.send_signal(signal.SIGCONT)

    @contextmanager
    def bare_web(self) -> Iterator[str]:
        """A Flask view that only reads the body, under the same gunicorn settings; yields its address."""
        with listen(self.settings, "127.0.0.1:0") as listener:
            fd, address = listener.fileno(), address_of(listener)
            script = Path(__file__).with_name("bare.py")
            process = subprocess.Popen(  # noqa: S603 - our own program
                [sys.executable, script, str(fd), str(self.config)],
                env=self.environment,
                pass_fds=[fd],
                stdout=self.log,
                stderr=self.log,
            )
        try:
            await_answer(f"{address}/nothing")
            yield f"{address}/bare"
        finally:
            process.terminate()
            process.wait()

    def count(self, query: str) -> int:
        return int(self.rows(query)[0][0])

    def setting(self, name: str) -> str:
        """A setting of PostgreSQL."""
        return str(self.rows(f"SHOW {name}")[0][0])

    def rows(self, query: str) -> Sequence[Any]:
        self.asked += 1
        with self.owner.session() as session:
            return session.execute(text(query)).all()

    def execute(self, statement: str) -> None:
        """Run a statement that may stand in no transaction."""
        with self.owner.autocommit.connect() as connection:
            connection.execute(text(statement))

    def transactions(self) -> int:
        """How many transactions PostgreSQL counted so far, the benchmark's own left out; no child may run.

        A connection reports its last transactions when it ends, so this closes its own and waits for the others.
        """
        self.database.close()
        self.owner.close()
        deadline = time.monotonic() + 30
        while self.count(_OTHER_CONNECTIONS) and time.monotonic() < deadline:
            time.sleep(0.05)
        return self.count(_TRANSACTIONS) - self.asked

    def resident(self) -> dict[str, float]:
        """Megabytes that the largest process of each kind holds."""
        largest: dict[str, float] = {}
        for process in self.bridge_processes():
            kind = "worker" if "worker" in process.cmdline() else "web"
            largest[kind] = max(largest.get(kind, 0.0), round(process.memory_info().rss / 1e6, 1))
        return largest

    def processor_seconds(self) -> float:
        """What the processes of the stage, PostgreSQL's among them, have used of the processors so far.

        Left out are workers, the connections of `start_worker_apart`, and the sandbox.
        """
        server = psutil.Process(int((self.folder / "data/postgres/postmaster.pid").read_text().split()[0]))
        connections = {number for (number,) in self.rows(_PIDS_OF_WORKERS)}
        backends = [one for one in server.children(recursive=True) if one.pid not in connections]
        extra = {*multiprocessing.active_children(), *self.worker_processes()}
        left_out = {other.pid for other in extra}
        children = [one for one in psutil.Process().children(recursive=True) if one.pid not in left_out]
        return sum(sum(process.cpu_times()[:2]) for process in {server, *backends, *children})

    def processor_seconds_of(self) -> dict[str, float]:
        """What the workers, PostgreSQL, and this process with its sandbox have used of the processors so far."""
        number = int((self.folder / "data/postgres/postmaster.pid").read_text().split()[0])
        server = psutil.Process(number)
        groups = {
            "workers": self.worker_processes(),
            "postgresql": [server, *server.children(recursive=True)],
            "sandbox": [psutil.Process()],
        }
        return {name: sum(sum(one.cpu_times()[:2]) for one in group) for name, group in groups.items()}

    def worker_processes(self) -> list[psutil.Process]:
        return [process for process in self.bridge_processes() if "worker" in process.cmdline()]

    def bridge_processes(self) -> list[psutil.Process]:
        """The web processes and workers."""
        children = psutil.Process().children(recursive=True)
        return [process for process in children if "bridge" in process.cmdline()]


@contextmanager
def sandbox() -> Iterator[SandboxServer]:
    """A Propexo in this process that sets no limit and writes at once, with the property of `configuration`."""
    account = Sandbox(budget_per_minute=NO_BUDGET)
    account.add_integration("integration-oakwood", "RENTMANAGER")
    account.add_property("integration-oakwood", "property-oakwood", "Oakwood Flats")
    with SandboxServer(account) as server:
        yield server


@contextmanager
def sandbox_process() -> Iterator[str]:
    """The same in a process of its own, which takes no time from this one; yields its address."""
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=_serve_sandbox, args=(theirs,), daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        process.terminate()
        process.join()


def _serve_sandbox(pipe: Any) -> None:
    with sandbox() as server:
        pipe.send(server.url)
        pipe.poll(None)


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A folder that PostgreSQL can reach, which runs as another user where root starts it."""
    with tempfile.TemporaryDirectory(prefix="bridge-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


@contextmanager
def stage(
    base_url: str = "http://127.0.0.1:1", sources: Sequence[str] = ("calendly",), **server: Any
) -> Iterator[Stage]:
    """A bridge with Calendly sources, in a temporary folder, with a PostgreSQL of its own that syncs to disk."""
    with temporary_folder() as folder, ExitStack() as stack:
        document = configuration(base_url, server, sources)
        config = folder / "bridge.toml"
        config.write_text(toml_of(document))
        database = Database(stack.enter_context(embedded(folder / "data")))
        stack.callback(database.close)
        database.migrate()
        owner = Database(signed_in(database.url, OWNER))
        stack.callback(owner.close)
        log = stack.enter_context((folder / "log").open("wb"))
        children = stack.enter_context(Children())
        environment = {
            **os.environ,
            "BRIDGE_CONFIG": str(config),
            "BRIDGE_DATABASE_URL": database.url,
            "PYTHONPATH": str(ROOT),
        }
        here = Stage(folder, config, parse(document, {}, config), database, owner, children, environment, log)
        try:
            yield here
        except Exception:
            sys.stderr.write((folder / "log").read_text(errors="replace"))
            raise


def signed_in(url: str, role: str) -> str:
    """The URL of the embedded database for another role."""
    return re.sub("//[^@]*@", f"//{role}@", url)


ROOT = Path(__file__).parents[2]
_OTHER_CONNECTIONS = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
"""
WORKER_ROLE = "worker_apart"
_PIDS_OF_WORKERS = f"SELECT pid FROM pg_stat_activity WHERE usename = '{WORKER_ROLE}'"  # noqa: S608 - SQL of ours
_TRANSACTIONS = "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()"


def configuration(
    base_url: str, server: dict[str, Any], sources: Sequence[str] = ("calendly",)
) -> dict[str, Any]:
    """The bridge.toml of a benchmark, as a document."""
    return {
        "propexo": {"token": TOKEN, "base_url": base_url, "budget_per_minute": NO_BUDGET},
        "server": server,
        "properties": {
            "oakwood": {
                "integration_id": "integration-oakwood",
                "property_id": "property-oakwood",
                "pms": "RENTMANAGER",
                "time_zone": "America/Chicago",
                "tour_hours": "00:00-24:00",
                "aliases": [EVENT_TYPE],
                "defaults": {"employee_id": "employee-demo", "duration_minutes": 30},
            }
        },
        "sources": {
            name: {"mapping": "calendly", "property": "oakwood", "secrets": [SECRET]} for name in sources
        },
    }


def await_answer(url: str) -> None:
    """Wait until a server answers anything."""
    deadline = time.monotonic() + 120
    while True:
        try:
            requests.get(url, timeout=60)
        except (requests.ConnectionError, requests.Timeout):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return


_numbers = itertools.count()


def bookings(url: str, count: int) -> list[bytes]:
    """Signed requests of Calendly, 2 KB each, every one a new tour of a new person."""
    return [signed(url, "invitee.created") for _ in range(count)]


def no_shows(url: str, count: int) -> list[bytes]:
    """Likewise, of people who did not come: a worker reads them, and no PMS hears of it."""
    return [signed(url, "invitee_no_show.created") for _ in range(count)]


def signed(url: str, event: str) -> bytes:
    count = next(_numbers)
    number, phone = f"{os.getpid()}-{count}", f"+1 512 {200 + count // 10_000 % 800} {count % 10_000:04}"
    body = json.dumps(invitee(number, phone) | {"event": event}, separators=(",", ":")).encode()
    seconds = str(int(time.time()))
    signature = hmac.new(SECRET.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Calendly",
        "Accept": "*/*",
        "Calendly-Webhook-Signature": f"t={seconds},v1={signature}",
    }
    return post(url, body, headers)


def invitee(number: str, phone: str) -> dict[str, Any]:
    """The body of a booking by a new person, for the day after tomorrow."""
    body: dict[str, Any] = json.loads(_SAMPLE)
    payload = body["payload"]
    payload |= {
        "uri": f"https://api.calendly.com/scheduled_events/BENCH{number}/invitees/BENCH{number}",
        "email": f"renter-{number}@example.com",
        "rescheduled": False,
        "old_invitee": None,
        "tracking": {},
        "text_reminder_number": None,
        "questions_and_answers": [{"question": "Phone number", "answer": phone, "position": 0}],
    }
    start = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(days=2)
    times = {"start_time": start.isoformat(), "end_time": (start + timedelta(minutes=30)).isoformat()}
    payload["scheduled_event"] |= {"event_type": EVENT_TYPE, **times}
    body["created_at"] = datetime.now(UTC).isoformat()
    return body


_SAMPLE = (shipped_folder() / "samples" / "calendly" / "invitee.created.json").read_text()
