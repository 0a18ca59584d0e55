"""Slows down password guesses across all processes, without ever locking an account.

A try is counted before its password is looked at, so that many at once are no way around. It is counted for the name at
this address, and for the address: who guesses elsewhere does not keep the owner of a name from signing in. Tries of a
name that has to wait count for the address alone.
"""

import hashlib
from dataclasses import dataclass
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


def keys_of(name: str, address: str | None) -> tuple[str, str]:
    """Under which the failures of a try are counted: the name at this address, and the address."""
    here = address or ""
    return _key("name", f"{name.strip().lower()}\0{here}"), _key("address", here)


def _key(kind: str, text: str) -> str:
    return f"{kind}:{hashlib.sha256(text.encode()).hexdigest()}"


@dataclass(frozen=True)
class Try:
    """One that has been counted, or came too early."""

    keys: tuple[str, str]
    wait: timedelta
    """How long to wait instead; none where the password may be looked at."""
    address_failed_at: datetime | None = None
    """When the last try before this one was counted for the address."""


def take(session: Session, keys: tuple[str, str], now: datetime) -> Try:
    """Count a try as a failure until it `succeeded`, unless it comes too early.

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
    address = next(row for row in found if row.key == keys[1])
    if wait > timedelta():
        if address.last_at + _pause(address) <= now:
            # Only the name waits: a client that tries on is guessing.
            address.failures, address.last_at = address.failures + 1, now
        return Try(keys, wait)
    before = address.last_at
    for row in found:
        row.failures, row.last_at = row.failures + 1, now
    return Try(keys, timedelta(), before)


def succeeded(session: Session, counted: Try) -> None:
    """Forget the failures of a name. Those of its address stay as they were before the try.

    Else one known password would open all others.
    """
    name, address = counted.keys
    session.execute(delete(SignInFailure).where(SignInFailure.key == name))
    as_before = {
        "failures": func.greatest(SignInFailure.failures - 1, 0),
        "last_at": counted.address_failed_at,
    }
    session.execute(update(SignInFailure).where(SignInFailure.key == address).values(as_before))


def _pause(row: SignInFailure) -> timedelta:
    over = row.failures - FREE[row.key.partition(":")[0]]
    return min(LONGEST_WAIT, FIRST_WAIT * (1 << min(over, 16))) if over >= 0 else timedelta()
