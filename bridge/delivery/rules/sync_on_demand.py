"""Whether to ask Propexo for a sync now: where a PMS gives no id, a tour waits for the next one.

All functions are pure. A sync costs records and Propexo discourages many, so one is asked for only when a tour that
waits would start before the next expected sync, and at most once per integration in a while.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bridge.delivery.rules.outcomes import Reason

MODEL_OF = {Reason.LEAD_ID: "leads", Reason.APPOINTMENT_ID: "events"}
"""What an event waits for -> the data model whose sync brings it."""
MARGIN = timedelta(hours=1)
"""A sync takes its time, and after it the tour is still to be written: so long before its start it must have begun."""
LOOKS = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 3, 5, 8, 13, 21, 30))
"""After these times it is checked whether a sync that was asked for has ended."""


@dataclass(frozen=True)
class Waiter:
    """An event that waits for an id which only a sync brings."""

    model: str
    """leads or events."""
    start: datetime | None
    """Of its tour."""


def next_sync(last_completed: datetime | None, every: timedelta, now: datetime) -> datetime:
    """When the next sync is expected; one that is overdue, or of which nothing is known, a whole interval from now."""
    expected = last_completed + every if last_completed else None
    return expected if expected and expected > now else now + every


def is_soon(waiter: Waiter, expected: datetime, now: datetime) -> bool:
    """Whether the tour of a waiter starts before a sync that is expected then could help it."""
    return waiter.start is not None and now < waiter.start <= expected + MARGIN


def models_to_sync(
    waiters: Collection[Waiter],
    *,
    last_completed: datetime | None,
    asked_at: datetime | None,
    now: datetime,
    every: timedelta,
    pause: timedelta,
) -> Sequence[str]:
    """The models to ask for now, in alphabetical order; none if no tour needs it, or a sync was just asked for."""
    if asked_at is not None and now - asked_at < pause:
        return ()
    expected = next_sync(last_completed, every, now)
    return sorted({waiter.model for waiter in waiters if is_soon(waiter, expected, now)})


def is_look_due(asked_at: datetime, looked_at: datetime | None, now: datetime) -> bool:
    """Whether it is time to check if the sync that was asked for has ended."""
    since = looked_at if looked_at and looked_at > asked_at else asked_at
    return any(since < asked_at + look <= now for look in LOOKS)
