"""The rules of the rate limiter: which calls of one Propexo token may go out. Pure functions on a frozen state.

Propexo's own count is the truth: each answer carries it, and the calls that are not answered yet come on top. A minute
of Propexo's begins when an answer shows that the count was reset, not when our clock says so: the clocks differ, and
its beginning is not documented. So a part of the limit is kept back. It is spent only when a minute should be
over, to look whether it is; if it is not, the looks cost nothing but themselves and never a 429.

Permits are granted in blocks and may be used a little later, and answers may be noted late and out of order. A permit
counts as a call from its grant on, until it is answered or returned, or no minute of Propexo's can still hold it.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bridge.propexo.errors import RateLimitedError

MINUTE = timedelta(minutes=1)
RESERVE = 25
"""One call of so many is kept back for looking whether a new minute has begun."""
SLOW_SHARE = 0.8
"""Propexo: from this share of the limit on each answer takes two seconds longer."""
SOON = timedelta(hours=24)
"""Calls for a tour that starts within this time go into the slow zone, whatever else there is to do."""
MOMENT = timedelta(seconds=1)
HELD = timedelta(seconds=10)
"""A permit may be used for so long after its grant."""
ANSWERED = timedelta(seconds=5)
"""Most calls are answered, and unused permits returned, within this time."""

InFlight = tuple[tuple[float, int], ...]
"""How many calls may have gone out by a moment (seconds since 1970), without an answer so far."""


@dataclass(frozen=True)
class RateLimit:
    """What is known of Propexo's count of the calls of one token."""

    per_minute: int
    """The limit by contract, which holds until an answer names another one."""
    window: int
    """Counts Propexo's minutes, as far as we have seen any."""
    began: datetime
    """When, by our clock, the present one began at the earliest that we know."""
    called_at: datetime
    """When the last call went out or was granted."""
    seen: int = 0
    """Propexo's own count in this window, as far as answers showed it."""
    in_flight: InFlight = ()
    allowed: int | None = None
    """Calls per minute as Propexo's headers say; None: they never did."""
    blocked_until: datetime | None = None

    @classmethod
    def new(cls, per_minute: int, now: datetime) -> "RateLimit":
        """The state before the first call."""
        return cls(per_minute, 0, now.replace(second=0, microsecond=0), now)

    @property
    def limit(self) -> int:
        return self.allowed or self.per_minute

    @property
    def spare(self) -> int:
        return min(max(1, self.limit // RESERVE), self.limit - 1)

    @property
    def most(self) -> int:
        """The calls of a minute, but for the spare ones."""
        return self.limit - self.spare

    @property
    def unanswered(self) -> int:
        return sum(calls for _, calls in self.in_flight)

    @property
    def counted(self) -> int:
        """The calls that Propexo has counted, or may have."""
        return self.seen + self.unanswered

    @property
    def is_slow(self) -> bool:
        """Whether the next call is in the slow zone."""
        return self.counted >= self._before_slow

    @property
    def _before_slow(self) -> int:
        return math.ceil(self.limit * SLOW_SHARE) - 1

    def room(self, now: datetime, *, urgent: bool) -> int:
        """How many permits may be granted now. A grant ends where the slow zone begins."""
        if not self.is_slow:
            return self._before_slow - self.counted
        looks = self._probe_allowance(now)
        may_look = looks > 0 and self.seen > self._before_slow + self.spare  # urgent calls went so far
        most = self.most if urgent or may_look else max(1, self._before_slow)
        return most + looks - self.counted

    def _probe_allowance(self, now: datetime) -> int:
        """How much of the spare may be spent by now on looking whether the minute is over: two thirds, then bit by
        bit."""
        late = (now - self.began - MINUTE).total_seconds()
        return 0 if late < 0 else min(self.spare, max(1, int(self.spare * (2 / 3 + late / 120) + 0.001)))


@dataclass(frozen=True)
class Permit:
    """The right to make one call, and what was known when it was taken: so its answer can be understood."""

    use_by: float
    """Seconds since 1970."""
    window: int
    seen: int
    sent_at: datetime
    before: datetime
    """When the call before it went out."""


@dataclass(frozen=True)
class Grant:
    """Some permits, perhaps fewer than were wanted; or none, and why."""

    state: RateLimit
    permits: tuple[Permit, ...] = ()
    refused: RateLimitedError | None = None


@dataclass(frozen=True)
class Answer:
    """A call was answered; None where a header was absent."""

    permit: Permit
    limit: int | None
    remaining: int | None
    at: datetime


@dataclass(frozen=True)
class Unused:
    """A permit is returned: no call was made with it, or none that arrived."""

    permit: Permit


@dataclass(frozen=True)
class Blocked:
    """Propexo refuses everything until this moment."""

    until: datetime


Note = Answer | Unused | Blocked
"""What a worker has to report."""


def apply(state: RateLimit, notes: Iterable[Note]) -> RateLimit:
    """The state after these notes of one worker, in the order in which they were made."""
    for note in notes:
        match note:
            case Answer():
                state = observe(state, note.permit, note.limit, note.remaining, note.at)
            case Unused():
                state = release(state, note.permit)
            case Blocked():
                state = blocked(state, note.until)
    return state


def grant(state: RateLimit, want: int, now: datetime, *, urgent: bool) -> Grant:
    """Grant up to `want` permits; the first is used at once.

    `urgent`: for a tour that starts soon or in a backlog, so that the slow zone may be used.
    """
    if state.blocked_until is not None and now < state.blocked_until:
        return Grant(
            state,
            refused=RateLimitedError(
                "Propexo refused the last call of this minute.", until=state.blocked_until
            ),
        )
    state = renewed(state, now)
    count = min(want, state.room(now, urgent=urgent))
    if count < 1:
        made = f"{state.counted} of {state.limit} calls were made in this minute."
        return Grant(state, refused=RateLimitedError(made, until=_ask_again(state, now, urgent=urgent)))
    first = Permit(now.timestamp(), state.window, state.seen, now, state.called_at)
    held = replace(first, use_by=(now + HELD).timestamp())
    in_flight = _counted_on(_counted_on(state.in_flight, first.use_by, 1), held.use_by, count - 1)
    state = replace(state, in_flight=in_flight, called_at=max(state.called_at, now))
    return Grant(state, (first, *[held] * (count - 1)))


def renewed(state: RateLimit, now: datetime) -> RateLimit:
    """Forget what can no longer count: a block that is over, and a minute without calls or headers."""
    since = (now - MINUTE).timestamp()
    state = replace(state, in_flight=tuple(calls for calls in state.in_flight if calls[0] > since))
    if state.blocked_until is not None and now < state.blocked_until:
        return state
    unheard = state.allowed is None and now >= state.began + MINUTE
    if state.blocked_until is not None or unheard or now >= state.called_at + MINUTE:
        return replace(_begun(state, state.called_at, 0, now), blocked_until=None)
    return state


def observe(
    state: RateLimit, permit: Permit, limit: int | None, remaining: int | None, now: datetime
) -> RateLimit:
    """Follow Propexo's own count: others may spend from the same limit. `now`: when the answer came."""
    state = replace(release(state, permit), called_at=max(state.called_at, permit.sent_at))
    if limit is None or remaining is None:
        return replace(state, seen=state.seen + 1)  # only we count
    state, spent = replace(state, allowed=limit), max(0, limit - remaining)
    is_new = spent <= permit.seen
    if permit.window == state.window and is_new:
        return _begun(state, permit.before, spent, now)
    if permit.window == state.window or (permit.window == state.window - 1 and is_new):
        return replace(state, seen=max(state.seen, spent))
    # It is of an earlier minute, or was just not seen to be of this one: then it is one of this minute's calls.
    return replace(state, seen=min(state.seen + 1, max(limit, state.seen)))


def release(state: RateLimit, permit: Permit) -> RateLimit:
    """The call is in flight no more, or never was."""
    return replace(state, in_flight=_counted_on(state.in_flight, permit.use_by, -1))


def blocked(state: RateLimit, until: datetime) -> RateLimit:
    """No call before this time; a whole minute is our guess, and waits until it cannot be wrong."""
    is_named = until.second or until.microsecond
    return replace(state, blocked_until=until if is_named else state.called_at + MINUTE)


def _begun(state: RateLimit, before: datetime, spent: int, now: datetime) -> RateLimit:
    """A new minute of Propexo's has begun since that call. Where it may be in the rhythm of the old ones, it is."""
    rhythm = state.began + (now - state.began) // MINUTE * MINUTE
    began = rhythm if rhythm > before - 2 * MOMENT else now
    return replace(state, began=began, window=state.window + 1, seen=spent)


def _counted_on(in_flight: InFlight, use_by: float, calls: int) -> InFlight:
    """So many calls more; none where their moment is no longer listed and they are fewer."""
    known = dict(in_flight)
    if calls > 0 or use_by in known:
        known[use_by] = known.get(use_by, 0) + calls
    return tuple(entry for entry in known.items() if entry[1] > 0)


def _ask_again(state: RateLimit, now: datetime, *, urgent: bool) -> datetime:
    """When it is worth to ask again: at the end of the minute, when the next look is due, or when permits may have
    been returned."""
    until = state.began + MINUTE
    while now >= until:
        until += MOMENT if state.in_flight else MINUTE / 3  # while a probe is in flight, the answer is near
    newest = max((use_by for use_by, _ in state.in_flight), default=0.0)
    is_near = newest > (now - ANSWERED).timestamp()
    if is_near and replace(state, in_flight=()).room(now, urgent=urgent) > 0:
        until = now + MOMENT
    return max(min(until, state.called_at + MINUTE), now + MOMENT)
