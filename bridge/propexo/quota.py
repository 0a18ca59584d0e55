"""The minute budget of one Propexo token, shared by all workers through PostgreSQL."""

import hashlib
from datetime import datetime, timedelta

from sqlalchemy import case, func, update
from sqlalchemy.dialects.postgresql import insert

from bridge.clock import Clock
from bridge.database import Database
from bridge.models import Budget
from bridge.propexo.errors import BudgetExhausted

MINUTE = timedelta(minutes=1)


class SharedQuota:
    """Counts calls per clock minute and stops at the limit, so that Propexo never has to.

    Args:
        per_minute: the contract's limit; lowered or raised by what Propexo's headers say.
    """

    def __init__(self, database: Database, token: str, per_minute: int, clock: Clock) -> None:
        self._database = database
        self._token = hashlib.sha256(token.encode()).hexdigest()
        self._per_minute = per_minute
        self._clock = clock

    def take(self) -> None:
        """Reserve one call in the current minute.

        Raises:
            BudgetExhausted: with the moment at which the next minute begins.
        """
        now = self._clock()
        minute = now.replace(second=0, microsecond=0)
        fresh = insert(Budget).values(token=self._token, minute=minute, used=1, allowed=self._per_minute)
        counted = fresh.on_conflict_do_update(
            index_elements=[Budget.token],
            set_={
                "used": case((Budget.minute < minute, 1), else_=Budget.used + 1),
                "minute": func.greatest(Budget.minute, minute),
            },
        ).returning(Budget.used, Budget.allowed, Budget.blocked_until)
        with self._database.session() as session:
            used, allowed, blocked_until = session.execute(counted).one()
        if blocked_until is not None and blocked_until > now:
            raise BudgetExhausted("Propexo refused the last call of this minute.", until=blocked_until)
        if used > allowed:
            raise BudgetExhausted(f"{allowed} calls were made in this minute.", until=minute + MINUTE)

    def learn(self, limit: int | None, remaining: int | None) -> None:
        """Follow Propexo's own count: others may spend from the same budget."""
        if limit is None or remaining is None:
            return
        spent = max(0, limit - remaining)
        counted = func.greatest(Budget.used, spent)
        changed = (Budget.allowed != limit) | (Budget.used < spent)
        minute = self._clock().replace(second=0, microsecond=0)
        same_minute = (Budget.token == self._token) & (Budget.minute == minute)
        with self._database.session() as session:
            session.execute(update(Budget).where(same_minute & changed).values(allowed=limit, used=counted))

    def exhausted(self, until: datetime) -> None:
        """Nobody calls before this moment."""
        with self._database.session() as session:
            session.execute(update(Budget).where(Budget.token == self._token).values(blocked_until=until))
