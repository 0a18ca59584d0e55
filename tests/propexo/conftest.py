"""A far end that answers what a test tells it to, over a real socket."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from bridge.propexo.client import Propexo

TOKEN = "tok-7f3a9kq2-not-for-logs"
NOW = datetime(2026, 5, 1, 12, 30, 15, tzinfo=UTC)


@dataclass
class Request:
    method: str
    path: str
    query: dict[str, str]
    headers: Message
    body: Any


@dataclass
class FarEnd:
    """Answers come in order; the last one stays."""

    url: str
    requests: list[Request] = field(default_factory=list)
    answers: list[tuple[int, bytes, dict[str, str]]] = field(default_factory=list)

    def answer(self, status: int = 200, body: Any = b"", **headers: str) -> "FarEnd":
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers.append((status, content, named))
        return self

    @property
    def last(self) -> Request:
        return self.requests[-1]


@pytest.fixture
def far_end() -> Iterator[FarEnd]:
    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            split = urlsplit(self.path)
            content = self.rfile.read(int(self.headers.get("content-length") or 0))
            query = {name: ",".join(values) for name, values in parse_qs(split.query).items()}
            body = json.loads(content) if content else None
            end.requests.append(Request(self.command, split.path, query, self.headers, body))
            status, answer, headers = end.answers.pop(0) if len(end.answers) > 1 else end.answers[0]
            self.send_response(status)
            for name, value in {"content-length": str(len(answer)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_POST = do_PUT = handle_any  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Keep the test output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    end = FarEnd(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield end
    server.shutdown()
    thread.join()
    server.server_close()


@dataclass
class Ledger:
    """A quota that writes down what it is told."""

    taken: int = 0
    released: int = 0
    learnt: list[tuple[int | None, int | None]] = field(default_factory=list)
    until: datetime | None = None

    def take(self) -> None:
        self.taken += 1

    def observe(self, limit: int | None, remaining: int | None) -> None:
        self.learnt.append((limit, remaining))

    def release(self) -> None:
        self.released += 1

    def block_until(self, until: datetime) -> None:
        self.until = until


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


@pytest.fixture
def connect(ledger: Ledger) -> Callable[[str], Propexo]:
    """Make a client for an address, with short time-outs and a clock that stands still."""

    def client_for(url: str) -> Propexo:
        return Propexo(url, TOKEN, quota=ledger, clock=lambda: NOW, connect_timeout=0.2, read_timeout=0.2)

    return client_for


@pytest.fixture
def propexo(far_end: FarEnd, ledger: Ledger) -> Propexo:
    return Propexo(far_end.url, TOKEN, quota=ledger, clock=lambda: NOW, connect_timeout=5, read_timeout=5)


@contextmanager
def raw_server(behave: Callable[[socket.socket], None]) -> Iterator[str]:
    """Accept one connection, read its request and do something else than answer."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                behave(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        thread.join()


@pytest.fixture(name="raw_server")
def _raw_server() -> Callable[[Callable[[socket.socket], None]], Any]:
    return raw_server
