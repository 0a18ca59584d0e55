"""A load generator: keeps a number of connections busy with prepared requests, in one thread and without parsing more
than it must, so that it takes little of the machine that it measures."""

import json
import selectors
import socket
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import click

READ = 65536
MOST_TRIES = 5
"""Connections over which one request is sent before the server counts as broken."""


class UnexpectedAnswerError(Exception):
    """The server answered something else than the benchmark counts on."""


@dataclass
class Result:
    """What one round measured."""

    seconds: float
    latencies: list[float] = field(repr=False)
    """Seconds of each request."""
    own_seconds: float = 0.0
    """Processor time that the generator took itself."""

    @property
    def per_second(self) -> float:
        return len(self.latencies) / self.seconds

    def document(self) -> dict[str, float | int]:
        return {
            "requests": len(self.latencies),
            "per_second": round(self.per_second, 1),
            "p50_ms": percentile(self.latencies, 0.5),
            "p99_ms": percentile(self.latencies, 0.99),
            "generator_busy": round(self.own_seconds / self.seconds, 2),
        }


def post(url: str, body: bytes, headers: Mapping[str, str]) -> bytes:
    """A whole HTTP/1.1 request as bytes."""
    address = urlsplit(url)
    lines = [
        f"POST {address.path} HTTP/1.1",
        f"Host: {address.netloc}",
        f"Content-Length: {len(body)}",
        *(f"{name}: {text}" for name, text in headers.items()),
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def run(url: str, requests: Iterator[bytes], connections: int = 64) -> Result:
    """Send all requests over so many connections, each waiting for an answer before it sends the next.

    Raises:
        UnexpectedAnswerError: one was not answered with 200.
    """
    address = urlsplit(url)
    assert address.hostname  # addresses are ours
    assert address.port
    target = (address.hostname, address.port)
    latencies: list[float] = []
    began, own = time.perf_counter(), time.thread_time()
    with selectors.DefaultSelector() as selector:
        busy = sum(_Connection(target, selector, requests, latencies).send() for _ in range(connections))
        while busy:
            for key, _ in selector.select(timeout=60) or _nothing_came():
                connection: _Connection = key.data
                busy -= not connection.receive()
    return Result(time.perf_counter() - began, latencies, time.thread_time() - own)


def _nothing_came() -> Iterator[tuple[selectors.SelectorKey, int]]:
    raise UnexpectedAnswerError("No answer for a minute.")


class _Connection:
    def __init__(
        self,
        target: tuple[str, int],
        selector: selectors.BaseSelector,
        requests: Iterator[bytes],
        latencies: list[float],
    ) -> None:
        self._target, self._selector = target, selector
        self._requests, self._latencies = requests, latencies
        self._request = b""
        self._answer = b""
        self._began = 0.0
        self._tries = 0
        self._open()

    def _open(self) -> None:
        self._socket = socket.create_connection(self._target)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._selector.register(self._socket, selectors.EVENT_READ, self)

    def _close(self) -> None:
        self._selector.unregister(self._socket)
        self._socket.close()

    def _transmit(self) -> None:
        """Send the request, over another connection where the server has closed this one: it does so with one that is
        idle, and when it recycles a process. An event that was stored all the same is a duplicate then."""
        self._tries += 1
        self._answer = b""
        try:
            self._socket.sendall(self._request)
        except ConnectionError:
            self._retry()

    def _retry(self) -> None:
        if self._tries == MOST_TRIES:
            raise UnexpectedAnswerError(f"{MOST_TRIES} connections were closed without an answer.")
        self._close()
        self._open()
        self._transmit()

    def send(self) -> bool:
        """Send the next request; False: there is none."""
        request = next(self._requests, None)
        if request is None:
            self._close()
            return False
        self._request, self._tries, self._began = request, 0, time.perf_counter()
        self._transmit()
        return True

    def receive(self) -> bool:
        """Take what came, and go on when the answer is whole; False: this connection is done."""
        try:
            came = self._socket.recv(READ)
        except ConnectionError:
            came = b""
        if not came:
            self._retry()
            return True
        self._answer += came
        head, found, body = self._answer.partition(b"\r\n\r\n")
        if not found or len(body) < _length(head):
            return True
        if not head.startswith(b"HTTP/1.1 200"):
            raise UnexpectedAnswerError(self._answer.decode(errors="replace"))
        self._latencies.append(time.perf_counter() - self._began)
        if b"onnection: close" in head:
            self._close()
            self._open()
        return self.send()


def _length(head: bytes) -> int:
    _, found, after = head.lower().partition(b"content-length:")
    return int(after.partition(b"\r\n")[0]) if found else 0


def percentile(seconds: Sequence[float], part: float) -> float:
    """Milliseconds below which this part of the values lies."""
    ordered = sorted(seconds)
    return round(1000 * ordered[min(len(ordered) - 1, int(part * len(ordered)))], 3)


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def print_result(document: Mapping[str, object]) -> None:
    click.echo(json.dumps(document, indent=2))
