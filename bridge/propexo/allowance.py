"""The permits that one process holds in memory, so that a call usually costs no SQL.

Permits are taken from the shared limiter in blocks, each in one exchange that also reports what came of the calls
before. What lies unused is returned, so that another process can use it.
"""

import threading
from collections import deque
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import structlog
from sqlalchemy.exc import SQLAlchemyError

from bridge.clock import Clock
from bridge.propexo import rate_limit
from bridge.propexo.rate_limit import MOMENT, Answer, Blocked, Grant, Note, Permit, RateLimit, Unused

log = structlog.get_logger(__name__)

OF_MINUTE = 6
"""A block is at most this share of a minute's calls: what may be called in ten seconds."""
OF_LARGE_LIMIT = 20_000
"""With a very large limit a block may exceed the slots: this share of a minute's calls is used up in 3 ms."""


class Limiter(Protocol):
    """Grants permits to all processes."""

    def exchange(self, notes: Sequence[Note], want: int, now: datetime, *, is_soon: bool = False) -> Grant:
        """Take the notes of one process into account, and grant it up to `want` permits."""


class Allowance:
    """Hands out the permits of a process; may be shared between threads.

    Args:
        per_minute: the limit by contract.
        slots: how many calls the process makes at the same time.
    """

    def __init__(self, limiter: Limiter, per_minute: int, clock: Clock, slots: int) -> None:
        self._limiter, self._clock, self._slots = limiter, clock, slots
        self._exchanging = threading.Lock()
        """Held during an exchange: who else needs a permit waits for its block."""
        self._guard = threading.Lock()
        """Of all that follows; never held while the database is asked."""
        now = clock()
        self._known = RateLimit.new(per_minute, now)
        """The shared state as the last exchange left it, with what was answered to this process since."""
        self._held: deque[Permit] = deque()
        self._notes: list[Note] = []
        self._taken_at = now
        self._is_due = False
        """Something was learnt that the permits in memory do not allow for: an exchange comes before the next call."""

    def acquire(self, *, is_soon: bool = False) -> Permit:
        """Take a permit for one call now; `is_soon`: for a tour that starts soon.

        Raises RateLimitedError with the moment at which it is worth to ask again.
        """
        permit = self._from_memory()
        if permit is None:
            with self._exchanging:
                permit = self._from_memory() or self._from_limiter(is_soon=is_soon)
        return permit

    def observe(self, permit: Permit, limit: int | None, remaining: int | None) -> None:
        """Note what the headers of an answer say."""
        with self._guard:
            before = self._known
            self._notes.append(Answer(permit, limit, remaining, self._clock()))
            self._known = after = rate_limit.apply(before, self._notes[-1:])
            is_overdrawn = after.seen + len(self._held) > after.most  # others spend from it as well
            if after.window != before.window or after.limit != before.limit or is_overdrawn:
                self._is_due = True

    def release(self, permit: Permit) -> None:
        """Note that the call did not go out."""
        with self._guard:
            self._notes.append(Unused(permit))

    def block(self, until: datetime) -> None:
        """Propexo refuses all calls: no thread makes another one before this moment."""
        with self._guard:
            self._notes.append(Blocked(until))
            self._is_due = True
        self.flush(at_once=True)

    def flush(self, *, at_once: bool = False) -> None:
        """Report, and return all permits, unless they are in use: the last one was taken within a second.

        While the database is away, this is left to the next exchange.
        """
        with self._guard:
            is_idle = self._clock() - self._taken_at >= MOMENT
            if not (at_once or is_idle or self._is_due) or not (self._notes or self._held):
                return
        with self._exchanging:
            try:
                self._exchange(0)
            except SQLAlchemyError as error:
                log.warning("the rate limiter cannot be reached", error=type(error).__name__)

    def _from_memory(self) -> Permit | None:
        with self._guard:
            now = self._clock()
            if self._is_due or not self._held or self._held[0].use_by <= now.timestamp():
                return None  # what is too old is returned in the exchange
            known, use_by = self._known, self._held.popleft().use_by
            permit = Permit(use_by, known.window, known.seen, sent_at=now, before=self._taken_at)
            self._taken_at = now
            return permit

    def _from_limiter(self, *, is_soon: bool) -> Permit:
        granted = self._exchange(self._block_size(), is_soon=is_soon)
        if granted.refused is not None:
            raise granted.refused
        return granted.permits[0]

    def _block_size(self) -> int:
        allowed = self._known.allowed or 0  # a large limit has to be confirmed by Propexo
        return max(1, min(self._slots, self._known.limit // OF_MINUTE), allowed // OF_LARGE_LIMIT)

    def _exchange(self, want: int, *, is_soon: bool = False) -> Grant:
        """Report everything, return all permits in memory and get a new block, whose first permit is used at once."""
        now = self._clock()
        with self._guard:
            notes = [*self._notes, *map(Unused, self._held)]
            self._notes, self._is_due = [], False
            self._held.clear()
        try:
            granted = self._limiter.exchange(notes, want, now, is_soon=is_soon)
        except BaseException:
            with self._guard:
                self._notes[:0] = notes
            raise
        with self._guard:
            self._known = granted.state
            self._held.extend(granted.permits[1:])
            if granted.permits:
                self._taken_at = now
        return granted
