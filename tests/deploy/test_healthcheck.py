"""deploy/container/healthcheck.py finds the address that the bridge uses, and reports what /readyz answers."""

import importlib.util
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from bridge.settings import ServerSettings

SCRIPT = Path(__file__).parents[2] / "deploy/container/healthcheck.py"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("healthcheck", SCRIPT)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("command", "server", "environment", "expected"),
    [
        (["bridge", "serve"], {}, {}, ("127.0.0.1", ServerSettings.port)),
        (["python", "/opt/bridge/bin/bridge", "web"], {"host": "0.0.0.0", "port": 8000}, {}, ("127.0.0.1", 8000)),
        (["bridge", "web"], {"port": 8000}, {"BRIDGE_SERVER__PORT": "9000"}, ("127.0.0.1", 9000)),
        (["bridge", "web", "--bind", "[::]:8443"], {"port": 8000}, {}, ("::1", 8443)),
        (["bridge", "web", "--bind=10.0.0.7:8443"], {}, {}, ("10.0.0.7", 8443)),
        (["bridge", "worker"], {"metrics_port": 9464, "host": "::"}, {}, ("::1", 9464)),
        (["bridge", "worker"], {}, {}, None),
        (["bridge", "migrate"], {}, {}, None),
    ],
)  # fmt: skip
def test_address(script: ModuleType, command: Any, server: Any, environment: Any, expected: Any) -> None:
    assert script.address(command, server, environment) == expected


class Answers(BaseHTTPRequestHandler):
    """A /readyz that answers what the test wants."""

    status = 200
    seen: list[tuple[str, str]]

    def do_GET(self) -> None:
        type(self).seen.append((self.path, self.headers["Host"]))
        self.send_response(self.status)
        self.end_headers()
        self.wfile.write(json.dumps({"detail": "The schema is missing."}).encode())

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def answering() -> Iterator[tuple[type[Answers], int]]:
    kind = type("Kind", (Answers,), {"seen": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), kind) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield kind, server.server_port
        server.shutdown()
        thread.join()


def check(folder: Path, port: int) -> subprocess.CompletedProcess[str]:
    """As the image runs it: alone, without what is installed, with the settings of the bridge."""
    config = folder / "bridge.toml"
    config.write_text(f"[server]\nport = {port}\n")
    return subprocess.run(
        [sys.executable, "-I", "-S", SCRIPT, "web"],
        check=False, capture_output=True, text=True, env={"BRIDGE_CONFIG": str(config)},
    )  # fmt: skip


def test_exit_codes(answering: tuple[type[Answers], int], tmp_path: Path) -> None:
    kind, port = answering
    assert check(tmp_path, port).returncode == 0
    kind.status = 503
    result = check(tmp_path, port)
    assert (result.returncode, result.stdout) == (1, "/readyz answers 503: The schema is missing.\n")
    assert kind.seen == [("/readyz", "localhost")] * 2


def test_nobody_answers(tmp_path: Path) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        port = server.server_port
    result = check(tmp_path, port)
    assert result.returncode == 1
    assert "does not answer" in result.stdout
