"""Guessing passwords takes longer and longer, counted for all processes; nobody is shut out for good.

A try is counted before its password is looked at, so that many at once are no way around. It is counted for the name at
this address, and for the address: who guesses elsewhere does not keep the owner of a name from signing in.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from bridge.models import SignInFailure

FREE = {"name": 5, "address": 20}
"""So many failures in a row cost nothing: people mistype, and an office shares one address."""
FIRST_WAIT = timedelta(seconds=2)
LONGEST_WAIT = timedelta(minutes=15)
FORGOTTEN_AFTER = timedelta(days=1)


def keys_of(name: str, address: str | None) -> list[str]:
    """Under which the failures of a try are counted: the name at this address, and the address."""
    here = address or ""
    counted = {"name": f"{name.strip().lower()}\0{here}", "address": here}
    return [f"{kind}:{hashlib.sha256(text.encode()).hexdigest()}" for kind, text in counted.items()]


def take(session: Session, keys: Sequence[str], now: datetime) -> timedelta:
    """Count a try as a failure until it `succeeded`. Return how long to wait instead, where it is too early for one.

    To be committed before the password is looked at.
    """
    session.execute(delete(SignInFailure).where(SignInFailure.last_at < now - FORGOTTEN_AFTER))
    rows = [{"key": key, "failures": 0, "last_at": now} for key in sorted(keys)]
    session.execute(insert(SignInFailure).values(rows).on_conflict_do_nothing())
    found = session.scalars(
        select(SignInFailure)
        .where(SignInFailure.key.in_(keys))
        .order_by(SignInFailure.key)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    wait = max((row.last_at + _pause(row) - now for row in found), default=timedelta())
    if wait > timedelta():
        return wait
    for row in found:
        row.failures, row.last_at = row.failures + 1, now
    return timedelta()


def succeeded(session: Session, keys: Sequence[str]) -> None:
    """Forget the failures of a name. Those of its address stay, else one known password would open all others."""
    name, address = keys
    session.execute(delete(SignInFailure).where(SignInFailure.key == name))
    one_less = func.greatest(SignInFailure.failures - 1, 0)
    session.execute(update(SignInFailure).where(SignInFailure.key == address).values(failures=one_less))


def _pause(row: SignInFailure) -> timedelta:
    over = row.failures - FREE[row.key.partition(":")[0]]
    return min(LONGEST_WAIT, FIRST_WAIT * (1 << min(over, 16))) if over >= 0 else timedelta()
