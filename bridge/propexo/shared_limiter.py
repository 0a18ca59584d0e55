"""The rate limiter that all workers share: one row of PostgreSQL for each token, and the rules of `rate_limit`.

pyrate-limiter's bucket for PostgreSQL cannot do this. It counts its own calls in a sliding window by the database's
clock, locks a whole table and rejects concurrent callers, and has no place for another one's count, for a
limit that changes or for a refusal until a moment. One row here does.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from bridge.database import Database
from bridge.models import Budget
from bridge.propexo import rate_limit
from bridge.propexo.rate_limit import Grant, Note, RateLimit


class SharedLimiter:
    """Grants calls as long as Propexo will allow them, and no further.

    Args:
        per_minute: the limit by contract, until Propexo's headers say another one.
        backlog: whether many events wait; then the slow zone is used, too.
    """

    def __init__(
        self,
        database: Database,
        token: str,
        per_minute: int,
        backlog: Callable[[Session], bool] = lambda _: False,
    ) -> None:
        self._database = database
        self._token = _digest(token)
        self._per_minute = per_minute
        self._backlog = backlog

    def exchange(self, notes: Sequence[Note], want: int, now: datetime, *, is_soon: bool = False) -> Grant:
        """Take these notes into account and grant up to `want` permits, in one short transaction.

        In the slow zone a tour that starts soon gets a permit for itself only, unless there is a backlog.
        """
        with self._database.session() as session:
            row = self._row(session, now)
            state = rate_limit.apply(self._state(row), notes)
            granted = Grant(state)
            if want:
                urgent = is_soon
                if rate_limit.renewed(state, now).is_slow:
                    has_backlog = self._backlog(session)
                    urgent = is_soon or has_backlog
                    want = want if has_backlog else 1
                granted = rate_limit.grant(state, want, now, urgent=urgent)
            _store(row, granted.state)
        return granted

    def _row(self, session: Session, now: datetime) -> Budget:
        """The row, locked. A power cut may cost its last changes: they are worth a minute, and no wait for the disk."""
        session.execute(text("SET LOCAL synchronous_commit = off"))
        return session.get(Budget, self._token, with_for_update=True) or self._new(session, now)

    def _new(self, session: Session, now: datetime) -> Budget:
        new = RateLimit.new(self._per_minute, now)
        row = insert(Budget).values(
            token=self._token, window=new.window, began=new.began, called_at=now, seen=new.seen, in_flight=[]
        )
        session.execute(row.on_conflict_do_nothing())
        return session.get_one(Budget, self._token, with_for_update=True)

    def _state(self, row: Budget) -> RateLimit:
        return _state(row, self._per_minute)


def spent(session: Session, token: str, per_minute: int, now: datetime) -> tuple[int, int]:
    """The calls of this minute that Propexo has counted or may have, and how many it allows; nothing is locked."""
    row = session.get(Budget, _digest(token))
    if row is None:
        return 0, per_minute
    state = _state(row, per_minute)
    if state.blocked_until is not None and now < state.blocked_until:
        return state.limit, state.limit
    return rate_limit.renewed(state, now).counted, state.limit


def _state(row: Budget, per_minute: int) -> RateLimit:
    return RateLimit(
        per_minute=per_minute,
        window=row.window,
        began=row.began,
        called_at=row.called_at,
        seen=row.seen,
        in_flight=tuple(Counter(row.in_flight).items()),
        allowed=row.allowed,
        blocked_until=row.blocked_until,
    )


def _store(row: Budget, state: RateLimit) -> None:
    row.window, row.began, row.called_at, row.seen = state.window, state.began, state.called_at, state.seen
    row.in_flight = list(Counter(dict(state.in_flight)).elements())
    row.allowed, row.blocked_until = state.allowed, state.blocked_until


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
