"""HTTP requests with a limit on time and size, whatever the remote end sends.

The time-outs of requests are for each read; a byte every few seconds would go on for ever. Here a call has a deadline
for connection, headers and body together: when it passes, the socket is shut down.
"""

import contextlib
import heapq
import os
import socket
import threading
import time
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError

PIECE = 8 * 1024
"""Bytes that are unpacked at a time: a thousand times as many may come of them."""


TOO_LATE = "no whole answer before the deadline"


class DeadlinePassed(requests.ReadTimeout):
    """No whole answer before the deadline of the call."""


class AnswerTooLargeError(requests.RequestException):
    """The answer is larger than it may be."""


class _Deadline:
    """Shuts down the connection that a thread uses, once the time has passed."""

    def __init__(self, seconds: float) -> None:
        self.passed = self.ended = False
        self.at = time.monotonic() + seconds
        self._connection: HTTPConnection | None = None
        self._lock = threading.Lock()

    def __lt__(self, other: "_Deadline") -> bool:
        return self.at < other.at

    def __enter__(self) -> Self:
        _of_thread.deadline = self
        _watchdog.add(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        _of_thread.deadline = None
        with self._lock:  # the connection may belong to the next call from here on
            self.ended, self._connection = True, None

    def watch(self, connection: HTTPConnection) -> None:
        """Note the connection. Raises ConnectTimeoutError where it is too late for one."""
        with self._lock:
            self._connection = connection
            if self.passed:
                raise ConnectTimeoutError(connection, "The deadline has passed.")

    def shut_down(self) -> None:
        """End the call, unless it has ended."""
        with self._lock:
            if self.ended:
                return
            self.passed = True
            sock = self._connection.sock if self._connection is not None else None
            if isinstance(sock, socket.socket):
                with contextlib.suppress(OSError):
                    socket.socket.shutdown(
                        sock, socket.SHUT_RDWR
                    )  # not what TLS makes of it: that is not for threads


class _Watchdog:
    """One thread for the deadlines of all calls: a `threading.Timer` would start one for each."""

    def __init__(self) -> None:
        self._deadlines: list[_Deadline] = []
        self._earlier = threading.Condition()
        self._is_running = False

    def add(self, deadline: _Deadline) -> None:
        with self._earlier:
            heapq.heappush(self._deadlines, deadline)
            if not self._is_running:
                self._is_running = True
                threading.Thread(target=self._run, name="deadlines", daemon=True).start()
            elif self._deadlines[0] is deadline:
                self._earlier.notify()

    def _run(self) -> None:
        while True:
            with self._earlier:
                while self._deadlines and self._deadlines[0].ended:
                    heapq.heappop(self._deadlines)
                if not self._deadlines:
                    self._is_running = False
                    return
                left = self._deadlines[0].at - time.monotonic()
                if left > 0:
                    self._earlier.wait(left)
                    continue
                passed = heapq.heappop(self._deadlines)
            passed.shut_down()


_watchdog = _Watchdog()


def _after_fork() -> None:
    """A fork has no thread of its parent's."""
    global _watchdog  # noqa: PLW0603 - of the process
    _watchdog = _Watchdog()


os.register_at_fork(after_in_child=_after_fork)
_of_thread = threading.local()


def _watch(connection: HTTPConnection) -> None:
    deadline: _Deadline | None = getattr(_of_thread, "deadline", None)
    if deadline is not None:
        deadline.watch(connection)


class _Connection(HTTPConnection):
    def request(self, *args: Any, **kwargs: Any) -> None:
        _watch(self)
        super().request(*args, **kwargs)

    def connect(self) -> None:
        super().connect()
        _watch(self)


class _TlsConnection(_Connection, HTTPSConnection):
    """The same over TLS."""


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}


class BoundedSession(requests.Session):
    """A session for one thread: no retries, no redirects, nothing from the environment."""

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False
        for scheme in ("https://", "http://"):
            self.mount(scheme, _Adapter(max_retries=0))

    def get_redirect_target(self, resp: requests.Response) -> str | None:  # noqa: ARG002 - as inherited
        # Even with allow_redirects=False, requests reads `Location`, and a malformed one raises.
        return None


def request(
    session: requests.Session,
    method: str,
    url: str,
    *,
    timeouts: tuple[float, float],
    largest: int,
    **options: Any,
) -> requests.Response:
    """Send a request and return its answer with the whole content, of `largest` bytes at most.

    `timeouts` are seconds: to connect, and for the answer; both together are the deadline. Of an answer that is no
    success, what is too much is cut off.

    Raises:
        DeadlinePassed, AnswerTooLargeError, requests.RequestException
    """
    headers = {**session.headers, **options.pop("headers", {})}
    # Not `session.request`: merging its settings into each request takes a sixth of the time of a call.
    prepared = requests.Request(method, url, headers, **options).prepare()
    return send(session, prepared, timeouts=timeouts, largest=largest)


def send(
    session: requests.Session,
    prepared: requests.PreparedRequest,
    *,
    timeouts: tuple[float, float],
    largest: int,
) -> requests.Response:
    """Send what is prepared already, and else do as `request` does."""
    with _Deadline(sum(timeouts)) as deadline:
        try:
            # Without `proxies`, each request looks for them anew, and these sessions use none.
            answer = session.send(prepared, timeout=timeouts, allow_redirects=False, stream=True, proxies={})
            with contextlib.closing(answer):
                content = b"".join(_pieces(answer, largest))
        except Exception:
            if deadline.passed:
                raise DeadlinePassed(TOO_LATE) from None
            raise
        if deadline.passed:  # headers that end with the connection look complete
            raise DeadlinePassed(TOO_LATE)
    answer._content = content
    return answer


def _pieces(answer: requests.Response, largest: int) -> Iterator[bytes]:
    left = largest
    for piece in answer.iter_content(PIECE):
        if len(piece) > left:
            if answer.ok:
                raise AnswerTooLargeError(f"over {largest} bytes")
            yield piece[:left]
            return
        left -= len(piece)
        yield piece
