"""The process commands, as real processes on a real embedded PostgreSQL."""

import contextlib
import json
import os
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
import requests
from cli.running import CONFIG, PATIENCE, Installation, post_event, until

from bridge.cli.processes import WORKER_NICENESS
from bridge.embedded import MOST_RESTARTS

pytestmark = pytest.mark.processes


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
