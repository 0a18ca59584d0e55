"""Connections with an incomplete request: they wait in the loop of a gunicorn process without a thread."""

import contextlib
import io
import json
import selectors
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any

import structlog

from bridge import metrics
from bridge.cli.framing import Framing
from bridge.errors import RefusedRequestError, RequestTimeoutError

log = structlog.get_logger(__name__)

MOST_CONNECTIONS = 500
"""Of one process; one more, and that which has waited longest is closed."""
MOST_BYTES = 64 * 1024 * 1024
"""That all of them together hold in memory."""
AT_A_TIME = 1024 * 1024
"""Bytes; a request that is already there is read in one go."""
LINGER = 2.0
"""Seconds that a client has to read its answer and close."""
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


@dataclass
class WaitingConnection:
    """One connection."""

    conn: Any
    """Gunicorn's TConn."""
    until: float
    """When it is closed, by the monotonic clock."""
    framing: Framing | None
    """`None`: it has its answer, and what still arrives is thrown away."""

    @property
    def size(self) -> int:
        """Bytes in memory."""
        return len(self.framing.data) if self.framing else 0


class UnreadRequests:
    """All of one process. Everything here runs in the thread of gunicorn's loop and never blocks."""

    def __init__(
        self,
        poller: selectors.BaseSelector,
        seconds: float,
        body_limit: int,
        complete: Callable[[Any], None],
        closed: Callable[[], None],
    ) -> None:
        """Give a request `seconds` to arrive. `complete` takes a connection with a whole request; `closed` is called
        for each that ends here."""
        self._poller, self._seconds, self._limit = poller, seconds, body_limit
        self._complete, self._closed = complete, closed
        self._waiting: dict[int, WaitingConnection] = {}
        """By file descriptor; the first has waited longest."""

    def add(self, conn: Any) -> None:
        """Read the next request of a connection, beginning with what gunicorn has read of it already."""
        conn.sock.setblocking(False)
        with contextlib.suppress(OSError):  # for a write to a client that does not read
            limit = struct.pack("ll", max(1, int(self._seconds)), 0)
            conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)
        waiting = WaitingConnection(conn, time.monotonic() + self._seconds, Framing(self._limit))
        begun = b""
        if conn.parser is not None:
            unreader = conn.parser.unreader
            begun, unreader.buf = unreader.buf.getvalue(), io.BytesIO()
        if (not begun or self._take(waiting, begun)) and self._read(waiting):
            self._wait(waiting)

    def linger(self, conn: Any) -> None:
        """Close a connection once the client has read its answer (RFC 9112, section 9.6)."""
        conn.sock.setblocking(False)
        waiting = WaitingConnection(conn, time.monotonic() + LINGER, None)
        with contextlib.suppress(OSError):
            conn.sock.shutdown(socket.SHUT_WR)
        if self._read(waiting):
            self._wait(waiting)

    def expire(self) -> None:
        """Close what has waited too long."""
        now = time.monotonic()
        for waiting in [waiting for waiting in self._waiting.values() if waiting.until <= now]:
            if waiting.size:
                self._send(waiting, _answer(RequestTimeoutError()))
            self._close(waiting)

    def stop(self) -> None:
        """Wait no longer for requests that have not begun."""
        for waiting in self._waiting.values():
            if not waiting.size:
                waiting.until = min(waiting.until, time.monotonic() + LINGER)

    def _wait(self, waiting: WaitingConnection) -> None:
        self._waiting[waiting.conn.sock.fileno()] = waiting
        self._poller.register(waiting.conn.sock, selectors.EVENT_READ, partial(self._readable, waiting))
        self._make_room()

    def _readable(self, waiting: WaitingConnection, _: Any) -> None:
        if self._waiting.get(waiting.conn.sock.fileno()) is waiting and self._read(waiting):
            self._make_room()

    def _make_room(self) -> None:
        while len(self._waiting) > MOST_CONNECTIONS or self._held() > MOST_BYTES:
            self._close(next(iter(self._waiting.values())))

    def _held(self) -> int:
        return sum(waiting.size for waiting in self._waiting.values())

    def _read(self, waiting: WaitingConnection) -> bool:
        """Take what has arrived; answers whether there is more to wait for."""
        try:
            data = waiting.conn.sock.recv(AT_A_TIME)
        except BlockingIOError:
            return True
        except OSError:
            data = b""
        if not data:
            self._close(waiting)
            return False
        return self._take(waiting, data)

    def _take(self, waiting: WaitingConnection, data: bytes) -> bool:
        framing = waiting.framing
        if framing is None:
            return True
        try:
            if framing.feed(data):
                self._hand_over(waiting, bytes(framing.data))
                return False
        except RefusedRequestError as error:
            self._refuse(waiting, error)
            return True
        if framing.wants_continue:
            framing.wants_continue = False
            self._send(waiting, CONTINUE)
        return True

    def _hand_over(self, waiting: WaitingConnection, data: bytes) -> None:
        self._forget(waiting)
        conn = waiting.conn
        conn.init()  # it makes the parser
        conn.parser.unreader.unread(data)
        conn.data_ready = True
        self._complete(conn)

    def _refuse(self, waiting: WaitingConnection, error: RefusedRequestError) -> None:
        """Answer, and read on for a while: a connection closed with bytes unread loses its answer."""
        metrics.REFUSED.labels(error.code).inc()
        log.info("refused", code=error.code)
        waiting.framing, waiting.until = None, time.monotonic() + LINGER
        self._send(waiting, _answer(error))
        with contextlib.suppress(OSError):
            waiting.conn.sock.shutdown(socket.SHUT_WR)

    def _send(self, waiting: WaitingConnection, data: bytes) -> None:
        with contextlib.suppress(OSError):  # it is small, so that it goes at once or not at all
            waiting.conn.sock.send(data)

    def _forget(self, waiting: WaitingConnection) -> None:
        if self._waiting.pop(waiting.conn.sock.fileno(), None) is not None:
            self._poller.unregister(waiting.conn.sock)

    def _close(self, waiting: WaitingConnection) -> None:
        self._forget(waiting)
        waiting.conn.close()
        self._closed()


def _answer(error: RefusedRequestError) -> bytes:
    """As `bridge.problems` answers, of whatever address."""
    document = {
        "type": "about:blank", "title": error.title, "status": error.status, "detail": error.message,
        "code": error.code,
    }  # fmt: skip
    body = json.dumps(document).encode()
    head = (
        f"HTTP/1.1 {error.status} {HTTPStatus(error.status).phrase}\r\nConnection: close\r\n"
        f"Content-Type: application/problem+json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
