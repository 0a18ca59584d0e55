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
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, Timeout
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
            # Without `proxies`, each request looks them up again, and these sessions use none.
            answer = session.send(prepared, timeout=timeouts, allow_redirects=False, stream=True, proxies={})
            with contextlib.closing(answer):
                content = b"".join(_pieces(answer.iter_content(PIECE), largest, ok=answer.ok))
        except Exception:
            if deadline.passed:
                raise DeadlinePassed(TOO_LATE) from None
            raise
        if deadline.passed:  # headers that end with the connection look complete
            raise DeadlinePassed(TOO_LATE)
    answer._content = content
    return answer


@dataclass(frozen=True)
class HttpAnswer:
    """An answer with its whole content, unpacked; names of `headers` are found in any case."""

    status_code: int
    headers: Mapping[str, str]
    content: bytes


class Host:
    """Sends prepared requests to one host by urllib3 directly, for one thread.

    What requests does around each of them (cookies, hooks, proxies, redirects) is of no use to an API and takes a
    third of a call's processor time.

    Args:
        url: the scheme, host and port; `user:password@` is not used.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        assert parts.hostname
        if parts.scheme == "https":
            self._pool: HTTPConnectionPool = _TlsPool(
                parts.hostname, parts.port, cert_reqs="CERT_REQUIRED", ca_certs=DEFAULT_CA_BUNDLE_PATH
            )
        else:
            self._pool = _Pool(parts.hostname, parts.port)

    def send(
        self, prepared: requests.PreparedRequest, *, timeouts: tuple[float, float], largest: int
    ) -> HttpAnswer:
        """Do as `bounded_http.send` does.

        Raises:
            DeadlinePassed, AnswerTooLargeError, urllib3.exceptions.HTTPError
        """
        connect, read = timeouts
        with _Deadline(sum(timeouts)) as deadline:
            try:
                answer = self._pool.urlopen(
                    prepared.method or "",
                    prepared.path_url,
                    prepared.body,
                    prepared.headers,
                    retries=False,
                    redirect=False,
                    assert_same_host=False,
                    timeout=Timeout(connect=connect, read=read),
                    preload_content=False,
                )
                with contextlib.closing(answer):
                    ok = answer.status < HTTPStatus.BAD_REQUEST
                    content = b"".join(_pieces(answer.stream(PIECE), largest, ok=ok))
            except Exception:
                if deadline.passed:
                    raise DeadlinePassed(TOO_LATE) from None
                raise
            if deadline.passed:  # headers that end with the connection look complete
                raise DeadlinePassed(TOO_LATE)
        return HttpAnswer(answer.status, answer.headers, content)


def _pieces(pieces: Iterable[bytes], largest: int, *, ok: bool) -> Iterator[bytes]:
    left = largest
    for piece in pieces:
        if len(piece) > left:
            if ok:
                raise AnswerTooLargeError(f"over {largest} bytes")
            yield piece[:left]
            return
        left -= len(piece)
        yield piece
