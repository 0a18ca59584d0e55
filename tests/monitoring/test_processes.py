"""The metrics of real processes: what each has counted is in one scrape, whoever answers it."""

import base64
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from bridge import __version__
from bridge.inbound.signatures import Request
from bridge.mapping.catalogue import Catalogue

pytestmark = pytest.mark.processes

PATIENCE = 120.0
"""Seconds until a condition that does not come true fails a test."""
SECRET = f"whsec_{base64.b64encode(b'a key of twenty-four byt').decode()}"
CONFIG = f"""
[propexo]
token = "token"
base_url = "http://127.0.0.1:9"
[server]
workers = 2
metrics_port = PORT
[properties.oakwood]
integration_id = "cintegration"
property_id = "cproperty"
pms = "ENTRATA"
time_zone = "America/Chicago"
[sources.widget]
mapping = "standard_webhooks"
secrets = ["{SECRET}"]
property = "oakwood"
"""
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("BRIDGE_")} | {
    "PYTHONPATH": str(Path(__file__).parents[2])
}


Start = Callable[..., tuple[subprocess.Popen[str], str]]


@pytest.fixture
def start(tmp_path: Path, copy_data: Callable[[Path], None]) -> Iterator[Start]:
    """Starts `bridge ...`, and answers the process and the address that it names."""
    copy_data(tmp_path / "bridge-data")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (tmp_path / "bridge.toml").write_text(CONFIG.replace("PORT", str(port)))
    running: list[subprocess.Popen[str]] = []

    def begin(*args: str) -> tuple[subprocess.Popen[str], str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "bridge", *args],
            cwd=tmp_path, env={**ENVIRONMENT, "TMPDIR": str(tmp_path)},
            stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        running.append(process)
        assert process.stderr
        for line in process.stderr:
            if found := re.search(r"http://[\d.]+:\d+", line):
                return process, found[0]
        pytest.fail("it named no address")

    yield begin
    for process in running:
        process.terminate()
        process.wait(PATIENCE)
        assert process.stderr
        process.stderr.close()


def samples(url: str, metric: str) -> dict[str, float]:
    """The samples of a metric by the values of their labels."""
    text = requests.get(f"{url}/metrics", timeout=PATIENCE).text
    return {
        ",".join(sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == metric
    }


def reported(url: str) -> set[str]:
    """The names of all metrics of a scrape."""
    text = requests.get(f"{url}/metrics", timeout=PATIENCE).text
    return {line.split()[2] for line in text.splitlines() if line.startswith("# HELP")}


def documented_metrics() -> set[str]:
    document = Path(__file__).parents[2] / "deploy/metrics.md"
    return set(re.findall(r"^\| `(bridge_\w+)` \|", document.read_text(encoding="utf-8"), re.MULTILINE))


def until(condition: Callable[[], bool]) -> None:
    """Returns as soon as it is so."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.05)


def post(url: str, number: int) -> None:
    """One tour, over a connection of its own: any of the processes may take it."""
    body = b'{"type": "tour.cancelled", "timestamp": "2031-11-24T15:00:00Z", "data": {"booking_id": "B-1"}}'
    scheme = Catalogue().get("standard_webhooks").schema.signature
    assert scheme is not None
    headers = scheme.sign_request(Request({}, body), [SECRET], datetime.now(UTC), f"msg_{number}").headers
    sent = {**headers, "Content-Type": "application/json", "Connection": "close"}
    assert requests.post(f"{url}/hooks/widget", data=body, headers=sent, timeout=PATIENCE).ok


def test_one_scrape_shows_what_two_web_processes_and_the_worker_counted(start: Start, tmp_path: Path) -> None:
    killed = tmp_path / "bridge-metrics-99999999-left"  # by a process that could not clear it away
    killed.mkdir()
    serve, url = start("serve", "--bind", "127.0.0.1:0")
    for number in range(20):
        post(url, number)
    assert samples(url, "bridge_events_received_total") == {"widget": 20}
    assert samples(url, "bridge_inbound_request_duration_seconds_count") == {"": 20}
    assert not killed.exists()
    # A cancel of a tour that nobody knows: the worker has nothing to do but to say so.
    until(lambda: samples(url, "bridge_events_ended_total")["ignored"] == 20)
    assert len(list(tmp_path.glob("bridge-metrics-*/counter_*.db"))) >= 3
    assert reported(url) == documented_metrics()
    ready = requests.get(f"{url}/readyz", timeout=PATIENCE).json()
    assert (ready["status"], ready["version"]) == ("ready", __version__)
    serve.send_signal(signal.SIGTERM)
    assert serve.wait(PATIENCE) == 0
    assert list(tmp_path.glob("bridge-metrics-*")) == []


def test_counts_go_on_when_a_process_dies_and_one_that_is_asked_to_stop_says_so(start: Start) -> None:
    web, url = start("web", "--bind", "127.0.0.1:0")
    for number in range(6):
        post(url, number)
    first = psutil.Process(web.pid).children()
    first[0].kill()
    until(lambda: bool({one.pid for one in psutil.Process(web.pid).children()} - {one.pid for one in first}))
    for number in range(6, 12):
        post(url, number)
    assert samples(url, "bridge_events_received_total") == {"widget": 12}
    with requests.Session() as session:  # of which the connection stays open
        assert session.get(f"{url}/readyz", timeout=PATIENCE).status_code == 200
        web.send_signal(signal.SIGTERM)
        seen = []

        def is_over() -> bool:
            try:
                seen.append(session.get(f"{url}/readyz", timeout=PATIENCE).status_code)
            except requests.ConnectionError:
                return True
            return 503 in seen

        until(is_over)
    assert set(seen) <= {200, 503}
    assert web.wait(PATIENCE) == 0


def test_a_worker_by_itself_answers_at_its_own_port(start: Start) -> None:
    worker, url = start("worker")
    assert requests.get(f"{url}/livez", timeout=PATIENCE).ok
    assert reported(url) == documented_metrics()
    until(lambda: samples(url, "bridge_gauges_timestamp_seconds")[""] > 0)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(PATIENCE) == 0
