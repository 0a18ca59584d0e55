"""The rate limit of one Propexo token as the calls of a worker see it: see `allowance` and `shared_limiter`."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from bridge.clock import Clock
from bridge.database import Database
from bridge.propexo.allowance import Allowance
from bridge.propexo.errors import RateLimitedError
from bridge.propexo.rate_limit import SOON, Permit
from bridge.propexo.shared_limiter import SharedLimiter, spent

__all__ = ["SharedQuota", "calls_for", "spent"]

Start = Callable[[], datetime | None]
MayGo = Callable[[], bool]

AWAY = timedelta(seconds=1)
"""Calls pause for this long after the database could not be reached."""

_start: ContextVar[Start] = ContextVar("start", default=lambda: None)
_may_go: ContextVar[MayGo] = ContextVar("may_go", default=lambda: True)
_reserved: ContextVar[Permit | None] = ContextVar("reserved", default=None)


@contextmanager
def calls_for(start: Start, may_go: MayGo = lambda: True, reserved: Permit | None = None) -> Iterator[None]:
    """Let the rate limiter know for which tour the calls within are made: `start` is called for each.

    `may_go`: whether a call that has its permit may still go out, which may have taken long. `reserved`: the permit of
    the first call.
    """
    tokens = _start.set(start), _may_go.set(may_go)
    reservation = _reserved.set(reserved)
    try:
        yield
    finally:
        _start.reset(tokens[0])
        _may_go.reset(tokens[1])
        _reserved.reset(reservation)


class SharedQuota:
    """Allows calls as long as Propexo will, and no further; shared by the threads of this process and by all others.

    Args:
        per_minute: the limit by contract, until Propexo's headers say another one.
        backlog: whether many events wait; then the slow zone is used, too.
        slots: how many calls this process makes at the same time.
    """

    def __init__(
        self,
        database: Database,
        token: str,
        per_minute: int,
        clock: Clock,
        backlog: Callable[[Session], bool] = lambda _: False,
        slots: int = 1,
    ) -> None:
        limiter = SharedLimiter(database, token, per_minute, backlog)
        self._allowance = Allowance(limiter, per_minute, clock, slots)
        self._clock = clock
        self._of_thread = threading.local()  # a thread makes one call at a time

    def reserve(self, start: datetime | None) -> Permit:
        """A permit for one call, for a tour that starts then; to be used within `calls_for`, or given back.

        Raises:
            RateLimitedError: with the moment at which it is worth to ask again.
        """
        is_soon = start is not None and start - self._clock() <= SOON
        try:
            return self._allowance.acquire(is_soon=is_soon)
        except SQLAlchemyError as error:
            reason = "The rate limiter cannot be reached."
            raise RateLimitedError(reason, until=self._clock() + AWAY) from error

    def give_back(self, permit: Permit) -> None:
        """No call is made with it."""
        self._allowance.release(permit)

    def take(self) -> None:
        """Take the permit that is reserved for this call, or one of those that are left.

        Raises:
            RateLimitedError: with the moment at which it is worth to ask again.
        """
        self._of_thread.permit = _reserved.get() or self.reserve(_start.get()())
        _reserved.set(None)
        if not _may_go.get()():
            self.release()
            raise RateLimitedError("It came too late to be sent.", until=self._clock())

    def observe(self, limit: int | None, remaining: int | None) -> None:
        """Follow Propexo's own count: others may spend from the same limit."""
        self._allowance.observe(self._permit, limit, remaining)

    def release(self) -> None:
        """The call never left, so Propexo has not counted it."""
        self._allowance.release(self._permit)

    def block_until(self, until: datetime) -> None:
        """No call before this time; the permits of all threads become invalid immediately."""
        self._allowance.block(until)

    def flush(self, *, at_once: bool = False) -> None:
        """Return unused permits and report answers; `at_once`: even if the last call was just made."""
        self._allowance.flush(at_once=at_once)

    @property
    def _permit(self) -> Permit:
        permit: Permit = self._of_thread.permit
        return permit
