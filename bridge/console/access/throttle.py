"""Guessing passwords takes longer and longer, counted for all processes; nobody is shut out for good."""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from bridge.models import SignInFailure

FREE = {"name": 5, "address": 20}
"""So many failures in a row cost nothing: people mistype, and an office shares one address."""
FIRST_WAIT = timedelta(seconds=2)
LONGEST_WAIT = timedelta(minutes=15)
FORGOTTEN_AFTER = timedelta(days=1)


def keys_of(name: str, address: str | None) -> list[str]:
    """Under which the failures of a try are counted: the name, and where it comes from."""
    told = {"name": name.strip().lower(), "address": address or ""}
    return [f"{kind}:{hashlib.sha256(text.encode()).hexdigest()}" for kind, text in told.items()]


def wait_of(session: Session, keys: Sequence[str], now: datetime) -> timedelta:
    """How long the next try has to wait; it is not looked at before."""
    found = session.scalars(select(SignInFailure).where(SignInFailure.key.in_(keys)))
    return max((row.last_at + _pause(row) - now for row in found), default=timedelta())


def failed(session: Session, keys: Sequence[str], now: datetime) -> None:
    """Count a try that failed."""
    session.execute(delete(SignInFailure).where(SignInFailure.last_at < now - FORGOTTEN_AFTER))
    for key in keys:
        row = insert(SignInFailure).values(key=key, failures=1, last_at=now)
        again = {"failures": SignInFailure.failures + 1, "last_at": now}
        session.execute(row.on_conflict_do_update(index_elements=[SignInFailure.key], set_=again))


def succeeded(session: Session, keys: Sequence[str]) -> None:
    """Forget the failures of a name; those of the address stay, else one known password would open all others."""
    session.execute(delete(SignInFailure).where(SignInFailure.key == keys[0]))


def _pause(row: SignInFailure) -> timedelta:
    over = row.failures - FREE[row.key.partition(":")[0]]
    return min(LONGEST_WAIT, FIRST_WAIT * (1 << min(over, 16))) if over >= 0 else timedelta()
