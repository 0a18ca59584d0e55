"""Systemd keeps the listening socket over a restart: a request that comes in between waits for the new process."""

import http.client
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PATIENCE = 240.0
"""Seconds that a request waits for a process that starts."""

pytestmark = pytest.mark.processes


@contextmanager
def web(folder: Path, listener: socket.socket) -> Iterator[subprocess.Popen[bytes]]:
    """A web process with the socket of systemd."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BRIDGE_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "bridge", "web", "--bind", f"fd://{listener.fileno()}"],
        cwd=folder, pass_fds=[listener.fileno()], env={**environment, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    try:
        yield process
    finally:
        process.terminate()
        process.wait(PATIENCE)


def get(port: int) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request("GET", "/livez")
        return connection.getresponse().status
    finally:
        connection.close()


def test_no_request_is_lost_over_a_restart(tmp_path: Path) -> None:
    (tmp_path / "bridge.toml").write_text('[propexo]\ntoken = "t"\n[server]\nworkers = 1\n')
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        port = listener.getsockname()[1]
        with web(tmp_path, listener):
            assert get(port) == 200
        statuses: list[int] = []
        waiting = [threading.Thread(target=lambda: statuses.append(get(port))) for _ in range(20)]
        for thread in waiting:
            thread.start()
        with web(tmp_path, listener):
            for thread in waiting:
                thread.join()
        assert statuses == [200] * 20
