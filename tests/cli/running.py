"""Bridges as real processes: their configuration, their start and end, and an event that is posted to them."""

import base64
import hashlib
import hmac
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from queue import Empty, SimpleQueue

import psutil
import pytest
import requests

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
