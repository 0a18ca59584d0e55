"""One HTTP request to Propexo: nothing retried, no redirect followed, every failure classified."""

import ssl
import threading
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import urlencode, urlsplit

import requests
from requests.exceptions import InvalidJSONError, InvalidURL, ReadTimeout, RequestException
from requests.hooks import default_hooks
from requests.structures import CaseInsensitiveDict
from requests.utils import default_headers, requote_uri
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NameResolutionError,
    NewConnectionError,
    ReadTimeoutError,
)

from bridge import __version__, bounded_http, tracing
from bridge.bounded_http import AnswerTooLargeError
from bridge.clock import Clock
from bridge.errors import ConfigurationError, Problem
from bridge.propexo.answers import decode, error_of
from bridge.propexo.errors import (
    MisconfiguredError,
    Outcome,
    PropexoError,
    RateLimitedError,
    TransientError,
    UnknownOutcomeError,
    classify,
)
from bridge.propexo.rate_limit import Permit

LARGEST_ANSWER = 8 * 1024 * 1024
"""Bytes, unpacked. A page of 250 records has some hundred thousand."""


class Quota(Protocol):
    """The request budget that all processes with one token share."""

    def reserve(self, start: datetime | None) -> Permit | None:
        """A permit for a request of a tour that starts then, or raise RateLimitedError; None: none is needed."""

    def give_back(self, permit: Permit) -> None:
        """No request is made with it."""

    def take(self) -> None:
        """Take the reserved permit for one request, or another one, or raise RateLimitedError."""

    def observe(self, limit: int | None, remaining: int | None) -> None:
        """Record the rate-limit headers of an answer; None if a header is absent."""

    def release(self) -> None:
        """Take back the reservation: the request never left."""

    def block_until(self, until: datetime) -> None:
        """Note that Propexo refuses everything until this moment."""

    def flush(self, *, at_once: bool = False) -> None:
        """Return unused reservations; `at_once`: even if the last request was just made."""


class NoQuota:
    """No budget of our own: for the command line and tests, where one caller sends a few requests."""

    def reserve(self, start: datetime | None) -> Permit | None:  # noqa: ARG002 - of the protocol
        """None is needed."""
        return None

    def give_back(self, permit: Permit) -> None:
        """There is none."""

    def take(self) -> None:
        """Always allow."""

    def observe(self, limit: int | None, remaining: int | None) -> None:
        """Forget it."""

    def release(self) -> None:
        """Forget it."""

    def block_until(self, until: datetime) -> None:
        """Forget it."""

    def flush(self, *, at_once: bool = False) -> None:
        """Nothing is reserved."""


class Transport:
    """Sends one request at a time and answers the decoded body of a success."""

    def __init__(
        self,
        base_url: str,
        token: str,
        *,
        quota: Quota,
        clock: Clock,
        timeouts: tuple[float, float],
    ) -> None:
        self._base_url, self._token = _checked(base_url, token)
        self._headers: CaseInsensitiveDict[str] = CaseInsensitiveDict(
            {
                **default_headers(),
                "Authorization": f"Bearer {self._token}",
                "Accept": "application/json",
                "User-Agent": f"propexo-bridge/{__version__}",
            }
        )
        self._quota, self._clock, self._timeouts = quota, clock, timeouts
        self._own = threading.local()  # each thread has its own connection

    def reserve(self, start: datetime | None) -> Permit | None:
        """A permit for one call; see `Propexo.reserve`."""
        return self._quota.reserve(start)

    def give_back(self, permit: Permit) -> None:
        """No call is made with it."""
        self._quota.give_back(permit)

    def flush_rate_limit(self, *, at_once: bool = False) -> None:
        """Return what is reserved and not used; `at_once`: even if the last request was just made."""
        self._quota.flush(at_once=at_once)

    def request(self, method: str, path: str, *, params: Mapping[str, Any], body: Any = None) -> Any:
        """Send, and return the JSON of a 2xx (or its text). Anything else raises a PropexoError.

        Everything but a GET is a write: if its fate is not known, UnknownOutcomeError is raised.
        """
        host = urlsplit(self._base_url).hostname or ""
        attributes = {"http.request.method": method, "server.address": host, "url.path": path}
        with tracing.span(f"{method} Propexo", tracing.SpanKind.CLIENT, attributes) as span:
            try:
                return self._request(method, path, params, body)
            except PropexoError as error:
                if span is not None:
                    span.set_attribute("error.type", error.code)
                raise

    def _request(self, method: str, path: str, params: Mapping[str, Any], body: Any) -> Any:
        self._quota.take()
        name = f"{method} {path}"
        try:
            prepared = self._prepared(method, path, params, body)
            answer = self._host().send(prepared, timeouts=self._timeouts, largest=LARGEST_ANSWER)
        except (RequestException, HTTPError, ValueError) as error:
            if _has_not_left(error):
                self._quota.release()
            # `from None`: the texts of these exceptions hold the whole address, e-mail and phone included.
            raise _no_answer(name, error, write=method != "GET") from None
        headers = answer.headers
        self._quota.observe(
            _count(headers.get("x-ratelimit-limit")), _count(headers.get("x-ratelimit-remaining"))
        )
        if classify(answer.status_code) is Outcome.SUBMITTED:
            return decode(answer.content)
        refusal = error_of(
            name, answer.status_code, headers, answer.content, now=self._clock(), secret=self._token
        )
        if isinstance(refusal, RateLimitedError):
            self._quota.block_until(refusal.until)
        raise refusal

    def _prepared(
        self, method: str, path: str, params: Mapping[str, Any], body: Any
    ) -> requests.PreparedRequest:
        """A request to the address that was checked at the start: to prepare it in full takes a sixth of a call."""
        prepared = requests.PreparedRequest()
        prepared.method, prepared.hooks = method, default_hooks()
        prepared.url = self._base_url + requote_uri(path)
        if given := {name: value for name, value in params.items() if value is not None}:
            prepared.url += "?" + urlencode(given)
        prepared.headers = self._headers.copy()
        prepared.prepare_body(None, None, json=body)
        return prepared

    def _host(self) -> bounded_http.Host:
        host: bounded_http.Host | None = getattr(self._own, "host", None)
        if host is None:
            host = self._own.host = bounded_http.Host(self._base_url)
        return host


def _checked(base_url: str, token: str) -> tuple[str, str]:
    problems = []
    parts = urlsplit(base_url)
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.query or parts.fragment:
        problems.append(Problem("propexo.base_url", "expected an address such as https://api.propexo.com"))
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        problems.append(
            Problem("propexo.token", "is empty or has a space, a line break or a character that no token has")
        )
    if problems:
        raise ConfigurationError(problems)
    return base_url.rstrip("/"), token


_NEVER_LEFT: tuple[tuple[type[Exception], str], ...] = (
    (NameResolutionError, "the host was not found"),
    (NewConnectionError, "the host refused, or cannot be reached"),  # a kind of ConnectTimeoutError, so first
    (ConnectTimeoutError, "no connection within the time-out"),
    (ssl.SSLCertVerificationError, "the certificate of the host is not valid"),
)


def _no_answer(name: str, error: Exception, *, write: bool) -> PropexoError:
    """Tell a request that never left from one that may have arrived."""
    causes = list(_causes(error))

    def among(*kinds: type[Exception]) -> bool:
        return any(isinstance(cause, kinds) for cause in causes)

    for kind, why in _NEVER_LEFT:
        if among(kind):
            return TransientError(f"{name} was not sent: {why}.", sent=False)
    last = type(causes[-1]).__name__
    if among(InvalidURL, InvalidJSONError):
        return MisconfiguredError(f"{name} was not sent: it cannot be put into a request ({last}).")
    if among(AnswerTooLargeError):
        what = f"the answer has more than {LARGEST_ANSWER} bytes"
    elif among(ReadTimeout, ReadTimeoutError):
        what = "no answer within the time-out"
    else:
        what = "the connection broke"
    if write:
        return UnknownOutcomeError(f"{name}: {what} after the request went out ({last}).")
    return TransientError(f"{name}: {what} ({last}).", sent=False)


def _has_not_left(error: Exception) -> bool:
    kinds = (*(kind for kind, _ in _NEVER_LEFT), InvalidURL, InvalidJSONError)
    return any(isinstance(cause, kinds) for cause in _causes(error))


def _causes(error: BaseException) -> Iterator[BaseException]:
    """What requests and urllib3 wrapped: `args` of the one, `reason` of the other."""
    yield error
    for cause in (getattr(error, "reason", None), *error.args):
        if isinstance(cause, BaseException):
            yield from _causes(cause)


def _count(value: str | None) -> int | None:
    try:
        return int(value) if value is not None else None
    except ValueError:
        return None
