"""The configurations of Caddy and nginx, run as they are but for addresses and TLS: what they let through."""

import base64
import contextlib
import hashlib
import hmac
import http.client
import json
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.serving import WSGIRequestHandler, make_server

from bridge.app import PUBLIC_PATHS, create_app
from bridge.database import Database
from bridge.settings import parse

DEPLOY = Path(__file__).parents[2] / "deploy"
KEY = b"a key of twenty-four byt"
PATIENCE = 60.0
DOCUMENT = {
    "propexo": {"token": "t"},
    "server": {"trusted_proxies": 1},
    "sources": {
        "own": {"mapping": "standard_webhooks", "secrets": [f"whsec_{base64.b64encode(KEY).decode()}"]}
    },
}
HEADERS = ("HTTP_HOST", "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO")

pytestmark = pytest.mark.processes


class Quiet(WSGIRequestHandler):
    def log_request(self, *_: object) -> None: ...


@contextlib.contextmanager
def serving(app: Any) -> Iterator[int]:
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Bridge:
    """The application at a public and a private port, and the requests that reached each."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.seen: list[tuple[str, str, dict[str, str]]] = []

    def at(self, name: str) -> Callable[..., Any]:
        def answer(environ: Any, start_response: Any) -> Any:
            headers = {key: environ.get(key, "") for key in HEADERS}
            self.seen.append((name, environ["PATH_INFO"], headers))
            return self.app(environ, start_response)

        return answer


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def caddy(
    folder: Path, port: int, public: int, private: int, *, inside: bool
) -> tuple[list[str], dict[str, str]]:
    networks = "127.0.0.0/8" if inside else "192.0.2.0/24"
    environment = {
        "BRIDGE_HOST": f"http://127.0.0.1:{port}", "CONSOLE_NETWORKS": networks, "HOME": str(folder),
        "BRIDGE_WEB": f"127.0.0.1:{public}", "BRIDGE_PRIVATE": f"127.0.0.1:{private}", "XDG_DATA_HOME": str(folder),
    }  # fmt: skip
    config = folder / "Caddyfile"
    text = (DEPLOY / "compose/Caddyfile").read_text()
    assert "\n{\n" in text
    config.write_text(text.replace("\n{\n", "\n{\n\tadmin off\n", 1))
    return ["caddy", "run", "--adapter", "caddyfile", "--config", str(config)], environment


def nginx(
    folder: Path, port: int, public: int, private: int, *, inside: bool
) -> tuple[list[str], dict[str, str]]:
    text = (DEPLOY / "nginx/bridge.conf").read_text()
    changes = {
        "127.0.0.1:8080": f"127.0.0.1:{public}", "127.0.0.1:8081;\n}": f"127.0.0.1:{private};\n}}",
        "listen 443 ssl": f"listen 127.0.0.1:{port}", "    ssl_certificate /etc/nginx/bridge.pem;\n": "",
        "    ssl_certificate_key /etc/nginx/bridge.key;\n": "",
    }  # fmt: skip
    if not inside:
        changes["        allow 127.0.0.0/8;\n"] = ""
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, new)
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    main = folder / "nginx.conf"
    main.write_text(
        f"daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log; worker_processes 1;"
        f"events {{}} http {{ {temporary} {text} }}"
    )
    folder.chmod(0o755)
    return ["nginx", "-c", str(main), "-p", str(folder), "-e", f"{folder}/error.log", "-g", user()], {}


def user() -> str:
    return "user root;" if os.geteuid() == 0 else ""


@contextlib.contextmanager
def behind(
    proxy: Callable[..., tuple[list[str], dict[str, str]]],
    database: Database,
    folder: Path,
    *,
    inside: bool = True,
) -> Iterator[tuple[int, Bridge]]:
    bridge = Bridge(create_app(parse(DOCUMENT, {}), database))
    port = free_port()
    with serving(bridge.at("public")) as public, serving(bridge.at("private")) as private:
        command, environment = proxy(folder, port, public, private, inside=inside)
        if not shutil.which(command[0]):
            pytest.skip(f"there is no {command[0]}")
        with running(command, environment, folder, lambda: request(port, "GET", "/livez")[0] == 200):
            bridge.seen.clear()
            yield port, bridge


@contextlib.contextmanager
def running(
    command: list[str], environment: dict[str, str], folder: Path, is_ready: Callable[[], bool]
) -> Iterator[None]:
    """A proxy; what it writes is in `output.log` and `error.log`."""
    with (folder / "output.log").open("wb") as output:
        process = subprocess.Popen(
            command, env={"PATH": os.environ["PATH"], **environment}, stdout=output, stderr=output
        )
    try:
        deadline = time.monotonic() + PATIENCE
        while not is_ready():
            assert process.poll() is None
            assert time.monotonic() < deadline
        yield
    finally:
        process.terminate()
        process.wait(PATIENCE)


def request(
    port: int, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        try:
            return answer.status, answer.read()
        except http.client.IncompleteRead as error:  # refused before all of it has been sent
            return answer.status, error.partial
    except OSError:
        return 0, b""
    finally:
        connection.close()


def signed(body: bytes) -> dict[str, str]:
    moment = str(int(time.time()))
    digest = hmac.digest(KEY, b"msg-1." + moment.encode() + b"." + body, hashlib.sha256)
    return {
        "webhook-id": "msg-1", "webhook-timestamp": moment, "content-type": "application/json",
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }  # fmt: skip


@pytest.mark.parametrize("proxy", [caddy, nginx])
def test_from_inside(proxy: Any, database: Database, tmp_path: Path) -> None:
    body = json.dumps({"type": "tour.cancelled", "data": {"booking_id": "B-1"}}, indent=3).encode()
    with behind(proxy, database, tmp_path) as (port, bridge):
        forged = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https"}
        status, answer = request(port, "POST", "/hooks/own", body, signed(body) | forged)
        assert (status, json.loads(answer)["status"]) == (200, "received")
        [(where, path, headers)] = bridge.seen
        assert (where, path, headers["HTTP_HOST"]) == ("public", "/hooks/own", f"127.0.0.1:{port}")
        assert (headers["HTTP_X_FORWARDED_FOR"], headers["HTTP_X_FORWARDED_PROTO"]) == ("127.0.0.1", "http")
        assert request(port, "POST", "/hooks/own", body + b" ", signed(body))[0] == 401
        assert request(port, "POST", "/hooks/own", b"x" * 1_100_000, signed(body))[0] == 413

        bridge.seen.clear()
        assert request(port, "GET", "/console")[0] in {302, 303, 308}
        assert request(port, "GET", "/console/sign-in")[0] == 200
        assert {where for where, _, _ in bridge.seen} == {"private"}


@pytest.mark.parametrize("proxy", [caddy, nginx])
def test_from_outside(proxy: Any, database: Database, tmp_path: Path) -> None:
    with behind(proxy, database, tmp_path, inside=False) as (port, bridge):
        for path in (
            "/console",
            "/console/sign-in",
            "/api/v1/events",
            "/metrics",
            "/hooks/../console/sign-in",
        ):
            assert request(port, "GET", path)[0] in {403, 404}, path
        assert {where for where, _, _ in bridge.seen} <= {"public"}
        for path in PUBLIC_PATHS:
            bridge.seen.clear()
            request(
                port,
                "GET",
                "/.well-known/security.txt" if path == "/.well-known/" else path.removesuffix("/") + "/x",
            )
            assert [where for where, _, _ in bridge.seen] == ["public"], path


@pytest.mark.parametrize("proxy", [caddy, nginx])
def test_no_log_has_the_secret_of_an_address(proxy: Any, tmp_path: Path) -> None:
    """Not even that of a request that finds the bridge away, and not in the address of the page before."""
    port = free_port()
    command, environment = proxy(tmp_path, port, free_port(), free_port(), inside=True)
    if not shutil.which(command[0]):
        pytest.skip(f"there is no {command[0]}")
    with running(command, environment, tmp_path, lambda: request(port, "GET", "/livez")[0] == 502):
        for path in ("/calendar/hush.ics", "/hooks/own/hush", "/hooks/own?token=hush", "/tour/hush"):
            assert request(port, "GET", path, headers={"Referer": "http://x/tour/hush"})[0] == 502, path
    written = "".join(file.read_text() for file in tmp_path.glob("*.log"))
    assert proxy is nginx or "connection refused" in written
    assert "hush" not in written


@pytest.mark.parametrize("proxy", [caddy, nginx])
def test_a_slow_sender_delays_nobody(proxy: Any, database: Database, tmp_path: Path) -> None:
    body = json.dumps({"type": "tour.cancelled", "data": {"booking_id": "B-1"}}).encode()
    with behind(proxy, database, tmp_path) as (port, _), contextlib.ExitStack() as stack:
        for _number in range(50):
            slow = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=PATIENCE))
            slow.sendall(b"POST /hooks/own HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{")
        assert request(port, "POST", "/hooks/own", body, signed(body))[0] == 200
