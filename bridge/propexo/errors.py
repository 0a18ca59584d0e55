"""Every answer of Propexo, classified.

    PropexoError                outcome, status, detail, issues, retry_after
    ├── RejectedError           400, 405, 422            an operator must change something
    ├── UnauthorizedError       401, 403                 the operator must change something
    ├── NotFoundError           404, 410                 the record is not there
    ├── PropexoConflictError    409
    ├── TransientError          408, 425, 5xx, no connection    `sent`: may the request have arrived?
    ├── UnknownOutcomeError     sent, and no usable answer
    ├── RateLimitedError        429                      `until`: when the budget is back
    └── MisconfiguredError      everything else

Propexo documents 200, 400, 405 and 429 only; the other lines are how the bridge chooses to act on them.
The docstring of a class is the first sentence of its message.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from http import HTTPStatus
from typing import ClassVar

from bridge.errors import BridgeError


class Outcome(StrEnum):
    """What one call to Propexo came to."""

    SUBMITTED = "submitted"
    """A write was queued and its job id is known. It is not *written* before write-status says so."""
    READ = "read"
    REJECTED = "rejected"
    UNAUTHORIZED = "unauthorized"
    STALE = "stale"
    CONFLICT = "conflict"
    TRANSIENT = "transient"
    UNKNOWN = "unknown"
    BUDGET = "budget"
    MISCONFIGURED = "misconfigured"


_BY_STATUS = {
    400: Outcome.REJECTED,
    401: Outcome.UNAUTHORIZED,
    403: Outcome.UNAUTHORIZED,
    404: Outcome.STALE,
    405: Outcome.REJECTED,
    408: Outcome.TRANSIENT,
    409: Outcome.CONFLICT,
    410: Outcome.STALE,
    422: Outcome.REJECTED,
    425: Outcome.TRANSIENT,
    429: Outcome.BUDGET,
}


def classify(status: int, *, write: bool = True) -> Outcome:
    """Tell what an HTTP status means; total over every integer.

    A success of a write is SUBMITTED only if the body also names a job; the client looks after that.
    """
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return Outcome.SUBMITTED if write else Outcome.READ
    if HTTPStatus.INTERNAL_SERVER_ERROR <= status < 600:  # noqa: PLR2004 - the end of the 5xx
        return Outcome.TRANSIENT
    return _BY_STATUS.get(status, Outcome.MISCONFIGURED)


@dataclass(frozen=True)
class Issue:
    """One thing that Propexo, or our own check before sending, found wrong with a body."""

    path: str
    """Where in the body, dotted; empty for the body as a whole."""
    message: str
    code: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


class PropexoError(BridgeError):
    """A call to Propexo failed."""

    code = "propexo"
    outcome: ClassVar[Outcome]

    def __init__(
        self,
        detail: str | None = None,
        *,
        status: int | None = None,
        issues: Sequence[Issue] = (),
        retry_after: float | None = None,
    ) -> None:
        self.status = status
        """The HTTP status, or None when there was no answer."""
        self.detail = detail or ""
        """A description of this failure, without the token and the query of the address."""
        self.issues = list(issues)
        self.retry_after = retry_after
        """Seconds after which Propexo asks to retry, if it gave any."""
        sentence = (type(self).__doc__ or "").strip()
        super().__init__(f"{sentence} {self.detail}".strip())


class RejectedError(PropexoError):
    """Propexo rejected this request; nothing was queued."""

    code, outcome = "rejected", Outcome.REJECTED


class UnauthorizedError(PropexoError):
    """Propexo does not accept the token. Check `propexo.token` and that it may use this integration."""

    code, outcome = "unauthorized", Outcome.UNAUTHORIZED


class NotFoundError(PropexoError):
    """Propexo does not know this record, or no longer does."""

    code, outcome = "stale", Outcome.STALE


class PropexoConflictError(PropexoError):
    """Propexo reports a conflict with what is already there."""

    code, outcome = "conflict", Outcome.CONFLICT


class TransientError(PropexoError):
    """Propexo is not available at the moment."""

    code, outcome = "transient", Outcome.TRANSIENT

    def __init__(
        self,
        detail: str | None = None,
        *,
        sent: bool,
        status: int | None = None,
        issues: Sequence[Issue] = (),
        retry_after: float | None = None,
    ) -> None:
        self.sent = sent
        """The request may have arrived: a create must look for its own trace before it is sent again."""
        super().__init__(detail, status=status, issues=issues, retry_after=retry_after)


class UnknownOutcomeError(PropexoError):
    """It is not known whether Propexo queued this write. Search for it before you send it again."""

    code, outcome = "unknown_outcome", Outcome.UNKNOWN


class RateLimitedError(PropexoError):
    """The request budget of this minute is used up; nothing was queued."""

    code, outcome = "budget", Outcome.BUDGET

    def __init__(
        self,
        detail: str | None = None,
        *,
        until: datetime,
        status: int | None = None,
        issues: Sequence[Issue] = (),
        retry_after: float | None = None,
    ) -> None:
        self.until = until
        """The moment (UTC) at which the next request may be sent."""
        super().__init__(detail, status=status, issues=issues, retry_after=retry_after)


class MisconfiguredError(PropexoError):
    """This is not how Propexo answers. Check `propexo.base_url` and any proxy in between."""

    code, outcome = "misconfigured", Outcome.MISCONFIGURED
