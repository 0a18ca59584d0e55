"""The processes of the bridge, killed by a test and started again as a service manager would."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil

ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("BRIDGE_")}
THIS_VERSION = Path(__file__).parents[2]
SLOTS = 4
"""Writes that a worker sends at the same time."""
READ_TIMEOUT = 1
"""Seconds that it waits for an answer of Propexo."""
SERVICE_MANAGER = 0.1
"""Seconds after which a process that ended is started again."""


def environment(version: Path) -> dict[str, str]:
    """The variables of a process that runs the bridge of this source tree."""
    return {**ENVIRONMENT, "PYTHONPATH": str(version)}


def free_ports(many: int) -> list[int]:
    """Ports at which nothing listens now."""
    with contextlib.ExitStack() as stack:
        held = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(many)]
        return [each.getsockname()[1] for each in held]


class Member:
    """One process of the fleet, which has a life after its death."""

    def __init__(
        self,
        command: Sequence[str],
        folder: Path,
        endpoint: socket.socket | None,
        version: Path = THIS_VERSION,
    ) -> None:
        self.command, self.folder, self.endpoint, self.version = command, folder, endpoint, version
        self.log = (folder / "log").open("ab")
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, *self.command],
            cwd=self.folder, env=environment(self.version), stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
            pass_fds=[self.endpoint.fileno()] if self.endpoint else [], start_new_session=True,
        )  # fmt: skip

    def signal(self, number: signal.Signals) -> None:
        """To the process and those that it forked."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)

    def kill_a_child(self) -> None:
        """One of those that it started, if it has any yet."""
        with contextlib.suppress(psutil.NoSuchProcess):
            for child in psutil.Process(self.process.pid).children()[:1]:
                child.kill()


class Fleet:
    """Web, workers or serve in a folder with a bridge.toml, started again whenever one of them ends."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.members: dict[str, Member] = {}
        self.version = THIS_VERSION
        """The source tree of those that are started from now on."""
        self.did: Counter[str] = Counter()
        self.died: Callable[[Sequence[psutil.Process]], None] = lambda _: None
        """Called as a process is started again, with the workers that still run."""
        # It stays open while nobody accepts, as a socket of a service manager does.
        self.endpoint = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.endpoint.getsockname()[1]}"
        self._closing = threading.Event()
        self._guard = threading.Lock()
        self._manager = threading.Thread(target=self._restart, daemon=True)
        self._manager.start()

    def web(self, *command: str, name: str = "web", private_port: int | None = None) -> None:
        """`bridge web` at the webhook endpoint, or another command that opens it."""
        bind = ("--bind", f"fd://{self.endpoint.fileno()}")
        private = ("--private-bind", f"127.0.0.1:{private_port}") if private_port else ()
        self.members[name] = Member(
            command or ("-m", "bridge", "web", *bind, *private), self.folder, self.endpoint, self.version
        )

    def serve(self) -> None:
        bind = ("--bind", f"fd://{self.endpoint.fileno()}")
        self.members["serve"] = Member(("-m", "bridge", "serve", *bind), self.folder, self.endpoint)

    def worker(self, name: str = "worker", *command: str) -> None:
        self.members[name] = Member(command or ("-m", "bridge", "worker"), self.folder, None, self.version)

    def stop(self, name: str) -> None:
        """As a person does who brings another version: SIGTERM, and it does not come again."""
        self.did[f"{name} stopped"] += 1
        with self._guard:
            member = self.members.pop(name)
        member.process.terminate()
        member.process.wait()
        member.log.close()

    def kill(self, name: str) -> None:
        self.did[f"{name} killed"] += 1
        self.members[name].signal(signal.SIGKILL)

    def kill_a_child(self, name: str) -> None:
        self.did[f"child of {name} killed"] += 1
        self.members[name].kill_a_child()

    def kill_postgres(self) -> None:
        """The embedded server with all its processes: `kill -9`, as the kernel does when memory ends."""
        self.did["postgres killed"] += 1
        for process in self.processes():
            if "postgres" in process.name():
                process.kill()

    def processes(self) -> list[psutil.Process]:
        """All that runs for this folder: it is their working directory, or PostgreSQL's command line has it."""
        found = []
        for process in psutil.process_iter():
            try:
                if str(self.folder) in process.cwd() and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
            except psutil.Error:
                continue
        return found

    def workers(self) -> list[psutil.Process]:
        """All processes that forward events."""
        found = []
        for process in self.processes():
            with contextlib.suppress(psutil.Error):
                if "worker" in process.cmdline():
                    found.append(process)
        return found

    def _restart(self) -> None:
        while not self._closing.wait(SERVICE_MANAGER):
            with self._guard:
                for name, member in list(self.members.items()):
                    if member.process.poll() is not None:
                        self.did[f"{name} started again"] += 1
                        self.died(self.workers())
                        member.start()

    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace") if (self.folder / "log").exists() else ""

    def close(self) -> None:
        self._closing.set()
        self._manager.join()
        for member in self.members.values():
            member.signal(signal.SIGKILL)
            member.process.wait()
            member.log.close()
        left = self.processes()
        for process in left:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(left, timeout=10)
        self.endpoint.close()
