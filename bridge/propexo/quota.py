"""The minute budget of one Propexo token, shared by all workers through PostgreSQL.

Propexo's own count is the truth: each answer tells it, and to it come the calls that are not answered yet. A minute of
Propexo's begins when an answer shows that the count began anew, not when our clock says so: the clocks differ, and
nobody documents when its minute begins. So a part of the budget is kept back. It is spent only when a minute should be
over, to look whether it is; if it is not, the looks cost nothing but themselves and never a 429.

pyrate-limiter's bucket for PostgreSQL cannot do this. It counts its own calls in a sliding window by the database's
clock, locks a whole table and turns away whoever comes meanwhile, and has no place for another one's count, for a
limit that changes or for a refusal until a moment. One row here does.
"""

import hashlib
import math
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NoReturn

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from bridge.clock import Clock
from bridge.database import Database
from bridge.models import Budget
from bridge.propexo.errors import BudgetExhausted

MINUTE = timedelta(minutes=1)
SPARE = 25
"""One call of so many is kept back for looking whether a new minute has begun."""
SLOW_SHARE = 0.8
"""Propexo: from this share of the budget on each answer takes two seconds longer."""
SOON = timedelta(hours=24)
"""Calls for a tour that starts within this time go into the slow zone, whatever else there is to do."""
MOMENT = timedelta(seconds=1)

Start = Callable[[], datetime | None]

_start: ContextVar[Start] = ContextVar("start", default=lambda: None)


@contextmanager
def calls_for(start: Start) -> Iterator[None]:
    """Let the budget know for which tour the calls within are made: `start` is asked anew at each."""
    token = _start.set(start)
    try:
        yield
    finally:
        _start.reset(token)


@dataclass(frozen=True)
class _Call:
    """What was known when a call was allowed, to tell what its answer means."""

    window: int
    seen: int
    at: float
    before: datetime
    """When the call before it was allowed."""


_TAKE_FROM_PLENTY = text("""
    WITH before AS (SELECT token, called_at FROM budget WHERE token = :token FOR UPDATE),
    quick AS (SELECT set_config('synchronous_commit', 'off', true))
    UPDATE budget SET called_at = :now, in_flight = in_flight || to_jsonb(CAST(:at AS float8))
    FROM before, quick WHERE budget.token = before.token AND budget.blocked_until IS NULL
    AND :now < budget.called_at + interval '1 minute'
    AND budget.seen + jsonb_array_length(budget.in_flight) < ceil(budget.allowed * CAST(:slow_share AS float8)) - 1
    RETURNING budget."window", budget.seen, before.called_at AS before
""")

_COUNT_ON = text("""
    WITH quick AS (SELECT set_config('synchronous_commit', 'off', true))
    UPDATE budget SET seen = greatest(seen, :spent), in_flight = coalesce(in_flight - (
        SELECT CAST(place AS int) - 1 FROM jsonb_array_elements(in_flight) WITH ORDINALITY AS call (at, place)
        WHERE at = to_jsonb(CAST(:at AS float8)) LIMIT 1), in_flight)
    FROM quick WHERE token = :token AND "window" = :window AND allowed = :limit AND :spent > :seen
    RETURNING token
""")
"""Both need no wait for the disk; see `_row`."""


class SharedQuota:
    """Allows calls as long as Propexo will, and no further.

    Args:
        per_minute: the contract's limit, until Propexo's headers say another one.
        backlog: whether many events wait; then the slow zone is used, too.
    """

    def __init__(
        self,
        database: Database,
        token: str,
        per_minute: int,
        clock: Clock,
        backlog: Callable[[Session], bool] = lambda _: False,
    ) -> None:
        self._database = database
        self._token = _digest(token)
        self._per_minute = per_minute
        self._clock = clock
        self._backlog = backlog
        self._mine = threading.local()  # a thread makes one call at a time

    def take(self) -> None:
        """Reserve one call.

        Raises:
            BudgetExhausted: with the moment at which it is worth to ask again.
        """
        now = self._clock()
        if not self._take_from_plenty(now):
            self._take(now)

    def _take_from_plenty(self, now: datetime) -> bool:
        """Far from the slow zone, in a minute that goes on, a call is only counted: one statement, so that the row
        is locked for no longer than the database needs."""
        asked = {"token": self._token, "now": now, "at": now.timestamp(), "slow_share": SLOW_SHARE}
        with self._database.single() as session:
            taken = session.execute(_TAKE_FROM_PLENTY, asked).one_or_none()
        if taken is None:
            return False
        self._mine.call = _Call(taken.window, taken.seen, now.timestamp(), taken.before)
        return True

    def _take(self, now: datetime) -> None:
        """Near the limit, or where a minute may have begun, all that is known decides."""
        with self._database.session() as session:
            row = self._row(session)
            self._renew(row, now)
            limit = row.allowed or self._per_minute
            spare = min(max(1, limit // SPARE), limit - 1)
            most, slow = limit - spare, math.ceil(limit * SLOW_SHARE)
            counted = row.seen + len(row.in_flight)
            if counted >= slow - 1 and not (self._is_soon(now) or self._backlog(session)):
                most = max(1, slow - 1)
            if counted >= most + _looks(row, spare, now):
                _refuse(row, limit, now)
            self._mine.call = _Call(row.window, row.seen, now.timestamp(), row.called_at)
            row.in_flight = [*row.in_flight, now.timestamp()]
            row.called_at = now

    def learn(self, limit: int | None, remaining: int | None) -> None:
        """Follow Propexo's own count: others may spend from the same budget."""
        if limit is not None and remaining is not None and self._count_on(limit, limit - remaining):
            return
        with self._database.session() as session:
            row = self._row(session)
            call = self._answered(row)
            if limit is None or remaining is None:
                row.seen += 1  # nobody counts but we
                return
            row.allowed, spent = limit, max(0, limit - remaining)
            if call.window == row.window and spent <= call.seen:
                self._begin(row, call.before, spent)
            elif call.window == row.window or spent <= call.seen:
                row.seen = max(row.seen, spent)  # else it tells of the minute before

    def _count_on(self, limit: int, spent: int) -> bool:
        """Note an answer of the minute in which its call was allowed, if it tells nothing but a higher count."""
        call: _Call = self._mine.call
        told = {"token": self._token, "limit": limit, "spent": spent, **vars(call)}
        with self._database.single() as session:
            return session.execute(_COUNT_ON, told).one_or_none() is not None

    def release(self) -> None:
        """The call never left: nobody has counted it."""
        with self._database.session() as session:
            self._answered(self._row(session))

    def exhausted(self, until: datetime) -> None:
        """Nobody calls before this moment; a whole minute is our guess, and waits until it cannot be wrong."""
        with self._database.session() as session:
            row = self._row(session)
            row.blocked_until = until if until.second or until.microsecond else row.called_at + MINUTE

    def _is_soon(self, now: datetime) -> bool:
        start = _start.get()()
        return start is not None and start - now <= SOON

    def _row(self, session: Session) -> Budget:
        """The row, locked. A power cut may cost its last changes: they are worth a minute, and no wait for the disk."""
        session.execute(text("SET LOCAL synchronous_commit = off"))
        return session.get(Budget, self._token, with_for_update=True) or self._new(session)

    def _new(self, session: Session) -> Budget:
        now = self._clock()
        row = insert(Budget).values(
            token=self._token, window=0, began=_whole_minute(now), called_at=now, seen=0, in_flight=[]
        )
        session.execute(row.on_conflict_do_nothing())
        return session.get_one(Budget, self._token, with_for_update=True)

    def _renew(self, row: Budget, now: datetime) -> None:
        """Forget what can no longer count."""
        if row.blocked_until is not None and now < row.blocked_until:
            raise BudgetExhausted("Propexo refused the last call of this minute.", until=row.blocked_until)
        row.in_flight = [at for at in row.in_flight if at > (now - MINUTE).timestamp()]
        unheard = row.allowed is None and now >= row.began + MINUTE
        if row.blocked_until is not None or unheard or now >= row.called_at + MINUTE:
            row.blocked_until = None
            self._begin(row, row.called_at, 0)

    def _begin(self, row: Budget, before: datetime, spent: int) -> None:
        """A new minute of Propexo's has begun since that call. Where it may be in the rhythm of the old ones, it is."""
        now = self._clock()
        rhythm = row.began + (now - row.began) // MINUTE * MINUTE
        row.began = rhythm if rhythm > before - 2 * MOMENT else now
        row.window += 1
        row.seen = spent

    def _answered(self, row: Budget) -> _Call:
        call: _Call = self._mine.call
        if call.at in row.in_flight:
            left = list(row.in_flight)
            left.remove(call.at)
            row.in_flight = left
        return call


def spent(session: Session, token: str, per_minute: int, now: datetime) -> tuple[int, int]:
    """The calls of this minute that Propexo has counted or may have, and how many it allows; nothing is locked."""
    row = session.get(Budget, _digest(token))
    if row is None:
        return 0, per_minute
    limit = row.allowed or per_minute
    if row.blocked_until is not None and now < row.blocked_until:
        return limit, limit
    lately = [at for at in row.in_flight if at > (now - MINUTE).timestamp()]
    seen = 0 if now >= row.called_at + MINUTE else row.seen
    return seen + len(lately), limit


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _looks(row: Budget, spare: int, now: datetime) -> int:
    """How much of the spare may be spent by now on looking whether the minute is over: two thirds, then bit by bit."""
    late = (now - row.began - MINUTE).total_seconds()
    return 0 if late < 0 else min(spare, max(1, int(spare * (2 / 3 + late / 120) + 0.001)))


def _refuse(row: Budget, limit: int, now: datetime) -> NoReturn:
    """Say when it is worth to ask again: at the end of the minute, or when the next look is due."""
    until = row.began + MINUTE
    while now >= until:
        until += MOMENT if row.in_flight else MINUTE / 3  # while somebody looks, the answer is near
    made = f"{row.seen + len(row.in_flight)} of {limit} calls were made in this minute."
    raise BudgetExhausted(made, until=max(min(until, row.called_at + MINUTE), now + MOMENT))


def _whole_minute(now: datetime) -> datetime:
    return now.replace(second=0, microsecond=0)
