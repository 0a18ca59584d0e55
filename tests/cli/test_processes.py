"""The process commands, as real processes on a real embedded PostgreSQL."""

import base64
import contextlib
import hashlib
import hmac
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Empty, SimpleQueue

import click
import psutil
import psycopg
import pytest
import requests
from click.testing import CliRunner

from bridge.cli import COMMANDS, main
from bridge.cli.processes import WORKER_NICENESS, Children
from bridge.embedded import MOST_RESTARTS

pytestmark = pytest.mark.processes

PATIENCE = 240.0
"""Seconds until a condition that does not come true fails a test."""
KEY = b"a key of twenty-four byt"
CONFIG = f"""
[propexo]
token = "token"
base_url = "http://127.0.0.1:9"
[properties.oakwood]
integration_id = "cintegration"
property_id = "cproperty"
pms = "ENTRATA"
time_zone = "America/Chicago"
[sources.widget]
mapping = "standard_webhooks"
secrets = ["whsec_{base64.b64encode(KEY).decode()}"]
property = "oakwood"
"""
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("BRIDGE_")} | {
    "PYTHONPATH": str(Path(__file__).parents[2])
}


class Running:
    """One `bridge ...` and what it says."""

    def __init__(self, folder: Path, *args: str, options: tuple[str, ...] = ()) -> None:
        """`options` are Python's."""
        self.process = subprocess.Popen(
            [sys.executable, *options, "-m", "bridge", *args],
            cwd=folder, env=ENVIRONMENT, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.stated: list[str] = []
        self._lines: SimpleQueue[str] = SimpleQueue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr
        for line in self.process.stderr:
            self._lines.put(line)

    def wait_for(self, words: str) -> str:
        """The line with these words."""
        while not any(words in line for line in self.stated):
            try:
                self.stated.append(self._lines.get(timeout=PATIENCE))
            except Empty:
                pytest.fail(f"nobody said {words!r}, only {self.stated}")
        return next(line for line in self.stated if words in line)

    def url(self) -> str:
        """The address, once it answers."""
        url = self.wait_for("Listening on").split()[-1]
        assert requests.get(f"{url}/livez", timeout=PATIENCE).ok
        return url

    def end(self, number: signal.Signals | None = None) -> int:
        """Send a signal, if one is given, and wait for the end; answers the exit code."""
        if number:
            self.process.send_signal(number)
        return self.process.wait(PATIENCE)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self._reader.join()
        self.process.stderr.close()
        while not self._lines.empty():
            self.stated.append(self._lines.get())
        sys.stdout.writelines(self.stated)  # pytest shows it where a test fails


class Installation:
    """A folder with a bridge.toml."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "bridge.toml").write_text(CONFIG)
        self.started: list[Running] = []

    def start(self, *args: str, options: tuple[str, ...] = ()) -> Running:
        self.started.append(Running(self.folder, *args, options=options))
        return self.started[-1]

    def run(self, *args: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "bridge", *args],
            check=False, cwd=self.folder, env=ENVIRONMENT, capture_output=True, text=True, timeout=PATIENCE,
        )  # fmt: skip

    def processes(self) -> list[psutil.Process]:
        """Everything that runs for this folder: PostgreSQL's command line has it, the rest runs in it."""
        found = []
        for process in psutil.process_iter():
            try:
                if str(self.folder) in process.cwd() and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
            except psutil.Error:
                continue
        return found


@pytest.fixture
def installation(new_installation: Installation, copy_data: Callable[[Path], None]) -> Installation:
    """One that has run before."""
    copy_data(new_installation.folder / "bridge-data")
    return new_installation


@pytest.fixture
def new_installation(tmp_path: Path) -> Iterator[Installation]:
    made = Installation(tmp_path)
    yield made
    for running in made.started:
        running.close()
    for left in made.processes():  # after a failure: PostgreSQL, whose holder was killed
        left.kill()


def until(condition: Callable[[], bool]) -> None:
    """Returns as soon as it is so."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.1)  # the processes that it waits for want the processor


def post_event(url: str, timeout: float = PATIENCE) -> dict[str, object]:
    """One tour that is always the same, signed now."""
    body = json.dumps(
        {"type": "tour.booked", "timestamp": "2026-11-24T15:00:00Z", "data": {"booking_id": "B-1"}}
    )
    moment = str(int(time.time()))
    signed = hmac.digest(KEY, f"msg-1.{moment}.{body}".encode(), hashlib.sha256)
    headers = {
        "webhook-id": "msg-1",
        "webhook-timestamp": moment,
        "webhook-signature": f"v1,{base64.b64encode(signed).decode()}",
        "content-type": "application/json",
    }
    answer = requests.post(f"{url}/hooks/widget", data=body, headers=headers, timeout=timeout)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_serve_takes_events_and_stops_with_all_it_started(new_installation: Installation) -> None:
    installation = new_installation
    first = installation.start("serve", "--bind", "127.0.0.1:0")
    url = first.url()
    stored = post_event(url)
    beside = installation.run("migrate")  # another process that holds the embedded database for a moment
    assert (beside.returncode, beside.stdout) == (0, "nothing to do\n")
    assert post_event(url)["duplicate"]
    first.wait_for("Forwarding events")
    assert first.end(signal.SIGTERM) == 0
    assert installation.processes() == []

    second = installation.start("serve", "--bind", "127.0.0.1:0")
    kept = post_event(second.url())
    assert (kept["id"], kept["duplicate"]) == (stored["id"], True)
    assert second.end(signal.SIGINT) == 0
    assert installation.processes() == []


HALF = [
    b"",
    b"POST /hooks/widget HTTP/1.1\r\nHost: x\r\nX-A: ",
    b"POST /hooks/widget HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{",
    b"POST /hooks/widget HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
]
"""What a slow client has sent so far."""


def test_a_web_process_that_drains_accepts_and_is_not_ready(installation: Installation) -> None:
    config = installation.folder / "bridge.toml"
    config.write_text(CONFIG + "[server]\ndrain = 3600\nworkers = 1\n")
    web = installation.start("web", "--bind", "127.0.0.1:0")
    url = web.url()
    assert requests.get(f"{url}/readyz", timeout=PATIENCE).status_code == 200
    web.process.send_signal(signal.SIGTERM)
    until(lambda: requests.get(f"{url}/readyz", timeout=PATIENCE).status_code == 503)
    assert post_event(url)["id"]
    assert web.end(signal.SIGTERM) == 0


def test_a_web_process_ends_when_it_has_drained(installation: Installation) -> None:
    config = installation.folder / "bridge.toml"
    config.write_text(CONFIG + "[server]\ndrain = 0.2\nworkers = 1\n")
    web = installation.start("web", "--bind", "127.0.0.1:0")
    web.url()
    assert web.end(signal.SIGTERM) == 0


def test_half_sent_requests_take_no_thread(installation: Installation) -> None:
    with (installation.folder / "bridge.toml").open("a") as file:
        file.write("[server]\nworkers = 1\nthreads = 2\nrequest_timeout = 3\n")
    url = installation.start("web", "--bind", "127.0.0.1:0").url()
    port = int(url.rpartition(":")[2])
    with contextlib.ExitStack() as stack:
        slow = [
            stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=PATIENCE))
            for _ in range(60)
        ]
        for number, connection in enumerate(slow):
            connection.sendall(HALF[number % len(HALF)])
        assert post_event(url)["status"] == "received"
        answers = [_until_closed(connection) for connection in slow]
    begun = [answer for number, answer in enumerate(answers) if HALF[number % len(HALF)]]
    assert all(b" 408 " in answer and b"request_timeout" in answer for answer in begun)
    assert requests.get(f"{url}/livez", timeout=PATIENCE).ok


def test_a_malformed_body_is_answered_once_and_the_connection_closed(installation: Installation) -> None:
    url = installation.start("web", "--bind", "127.0.0.1:0").url()
    with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), timeout=PATIENCE) as connection:
        connection.sendall(
            b"POST /hooks/widget HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n-2\r\n{}"
        )
        answer = _until_closed(connection)
    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["code"] == "malformed_request"


def _until_closed(connection: socket.socket) -> bytes:
    answer = b""
    with contextlib.suppress(ConnectionError):
        while data := connection.recv(65536):
            answer += data
    return answer


def test_serve_imports_nothing_from_the_folder_where_it_starts(installation: Installation) -> None:
    (installation.folder / "jmespath.py").write_text("raise SystemExit('planted')")
    running = installation.start("serve", "--bind", "127.0.0.1:0", options=("-P",))  # as `bridge serve` does
    running.url()
    assert running.end(signal.SIGTERM) == 0


def test_serve_starts_postgresql_again_until_it_has_ended_too_often(installation: Installation) -> None:
    running = installation.start("serve", "--bind", "127.0.0.1:0")
    url = running.url()
    for _ in range(MOST_RESTARTS):
        kill_postgres(installation)
        until(lambda: is_accepting(url))
    kill_postgres(installation)
    assert running.end() == 1
    assert "postgres/log says why" in running.wait_for("for the fourth time in ten minutes")
    assert installation.processes() == []


def kill_postgres(installation: Installation) -> None:
    pid = installation.folder / "bridge-data" / "postgres" / "postmaster.pid"
    os.kill(int(pid.read_text().partition("\n")[0]), signal.SIGKILL)


def test_the_worker_of_serve_gives_way_to_the_web_processes(installation: Installation) -> None:
    serve = installation.start("serve", "--bind", "127.0.0.1:0")
    serve.wait_for("Forwarding events")
    niceness = {False: set[int](), True: set[int]()}
    for child in psutil.Process(serve.process.pid).children(recursive=True):
        threads = {os.getpriority(os.PRIO_PROCESS, thread.id) for thread in child.threads()}
        niceness["worker" in child.cmdline()] |= threads
    own = os.getpriority(os.PRIO_PROCESS, 0)
    assert niceness == {False: {own}, True: {max(own, WORKER_NICENESS)}}
    assert serve.end(signal.SIGTERM) == 0


def test_the_console_answers_at_an_address_of_its_own(installation: Installation) -> None:
    serve = installation.start("serve", "--bind", "127.0.0.1:0", "--private-bind", "127.0.0.1:0")
    private = serve.wait_for("Console, API and metrics on").split()[-1]
    public = serve.url()
    assert post_event(public)["status"] == "received"
    for path in ("/metrics", "/console/sign-in"):
        assert requests.get(f"{private}{path}", timeout=PATIENCE).status_code == 200
        forged = {"Host": private.removeprefix("http://")}
        assert requests.get(f"{public}{path}", timeout=PATIENCE, headers=forged).status_code == 404
    assert serve.end(signal.SIGTERM) == 0


def is_accepting(url: str) -> bool:
    with contextlib.suppress(AssertionError, requests.RequestException):
        return bool(post_event(url, PATIENCE / 8)["id"])
    return False


def test_nothing_outlives_a_serve_that_is_killed(installation: Installation) -> None:
    serve = installation.start("serve", "--bind", "127.0.0.1:0")
    serve.wait_for("Forwarding events")
    assert len(installation.processes()) > 3
    serve.end(signal.SIGKILL)  # perhaps before its children are ready for signals
    until(lambda: not installation.processes())


def test_serve_ends_when_one_of_its_processes_does(installation: Installation) -> None:
    serve = installation.start("serve", "--bind", "127.0.0.1:0")
    serve.wait_for("Forwarding events")
    worker = next(each for each in psutil.Process(serve.process.pid).children() if "worker" in each.cmdline())
    worker.kill()
    assert serve.end() == 1
    assert "worker ended unexpectedly (killed by SIGKILL)" in serve.wait_for("ended unexpectedly")
    assert installation.processes() == []


def test_web_and_worker_bring_the_embedded_database_themselves(new_installation: Installation) -> None:
    installation = new_installation
    web = installation.start("web", "--bind", "127.0.0.1:0")
    worker = installation.start("worker")
    url = web.url()
    worker.wait_for("Forwarding events")
    assert web.end(signal.SIGTERM) == 0
    assert worker.end(signal.SIGTERM) == 0
    assert installation.processes() == []
    with pytest.raises(requests.ConnectionError):
        requests.get(url, timeout=PATIENCE)


@pytest.fixture
def empty_database(server_url: str) -> Iterator[str]:
    """The URL of a database without a table."""
    name = f"bridge_empty_{os.getpid()}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        yield re.sub(r"/\w+(\?|$)", rf"/{name}\1", server_url, count=1)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_an_external_database_is_migrated_by_its_command_only(tmp_path: Path, empty_database: str) -> None:
    config = tmp_path / "bridge.toml"
    config.write_text(f'database_url = "{empty_database}"\n' + CONFIG)
    for command in (["serve", "--bind", "127.0.0.1:0"], ["web", "--bind", "127.0.0.1:0"], ["worker"]):
        reported = CliRunner().invoke(main, [*command, "--config", str(config)])
        assert reported.exit_code == 1
        assert reported.stderr.count("\n") == 1
        assert "`bridge migrate`" in reported.stderr
    first = CliRunner().invoke(main, ["migrate", "--config", str(config)])
    assert "queue: created" in first.stdout
    assert "tables: none -> " in first.stdout
    again = CliRunner().invoke(main, ["migrate", "--config", str(config)])
    assert again.stdout == "nothing to do\n"


@pytest.mark.parametrize("command", ["serve", "web", "worker"])
def test_a_wrong_configuration_is_reported_in_one_line_per_problem(command: str, tmp_path: Path) -> None:
    config = tmp_path / "bridge.toml"
    config.write_text(CONFIG.replace("ENTRATA", "").replace("America/Chicago", "CST"))
    reported = CliRunner().invoke(main, [command, "--config", str(config)])
    assert reported.exit_code == 1
    assert reported.stdout == ""
    assert [line.split(":")[0] for line in reported.stderr.splitlines()] == [
        "properties.oakwood.pms",
        "properties.oakwood.time_zone",
    ]


@pytest.mark.parametrize("command", ["serve", "web", "worker"])
def test_a_source_that_cannot_work_stops_the_start(command: str, tmp_path: Path) -> None:
    config = tmp_path / "bridge.toml"
    config.write_text(CONFIG.replace("whsec_", "whsec_!"))
    reported = CliRunner().invoke(main, [command, "--config", str(config)])
    assert reported.exit_code == 1
    assert reported.stderr.startswith("sources.widget.secrets: ")
    assert base64.b64encode(KEY).decode() not in reported.stderr
    assert not (tmp_path / "bridge-data").exists()


def test_a_database_that_is_not_there_is_reported_without_a_traceback(tmp_path: Path) -> None:
    config = tmp_path / "bridge.toml"
    config.write_text('database_url = "postgresql://user:hush@127.0.0.1:1/bridge"\n' + CONFIG)
    reported = CliRunner().invoke(main, ["worker", "--config", str(config)])
    assert reported.exit_code == 1
    assert reported.stderr.startswith("The database cannot be reached.")
    assert reported.stderr.count("\n") == 1
    assert "hush" not in reported.stderr


def test_a_port_that_is_taken_is_reported_before_anything_starts(tmp_path: Path) -> None:
    config = tmp_path / "bridge.toml"
    config.write_text(CONFIG)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        reported = CliRunner().invoke(main, ["serve", "--config", str(config), "--bind", address])
    assert reported.exit_code == 1
    assert "Address already in use" in reported.stderr
    assert not (tmp_path / "bridge-data").exists()


@pytest.mark.parametrize(
    "bind", ["8080", "127.0.0.1:", "127.0.0.1:99999", "localhost:http", "fd://999", "fd://x"]
)
def test_an_address_that_is_none_is_wrong_usage(bind: str, tmp_path: Path) -> None:
    config = tmp_path / "bridge.toml"
    config.write_text(CONFIG)
    reported = CliRunner().invoke(main, ["web", "--config", str(config), "--bind", bind])
    assert reported.exit_code == 2
    assert "--bind" in reported.stderr


def test_a_child_that_does_not_stop_is_killed() -> None:
    with Children(stop_within=0.1) as children:
        children.start("sandbox", ["sandbox", "--port", "0"], ENVIRONMENT)
        child = psutil.Process().children()[0]
        child.suspend()
    assert not child.is_running()


def commands(
    command: click.Command, name: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield name, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for each in command.list_commands(context):
            inner = command.get_command(context, each)
            assert inner
            yield from commands(inner, (*name, each))


def test_every_level_explains_itself() -> None:
    for name, command in commands(main):
        reported = CliRunner().invoke(main, [*name, "--help"])
        assert reported.exit_code == 0, name
        assert command.help, name
        if len(name) == 1:
            assert COMMANDS[name[0]][1] == command.get_short_help_str(limit=200)


def test_the_list_of_commands_does_not_import_them() -> None:
    script = """
import sys
from bridge.cli import main
main(["--help"], standalone_mode=False)
print(list(sys.modules))
"""
    reported = subprocess.run(
        [sys.executable, "-c", script], env=ENVIRONMENT, capture_output=True, text=True, check=True
    )
    assert "translate" in reported.stdout
    for heavy in ("sqlalchemy", "gunicorn", "flask", "bridge.cli.serve"):
        assert f"'{heavy}'" not in reported.stdout
