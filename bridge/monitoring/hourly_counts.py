"""Counts events by hour and source: a page counts only what has come since."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from bridge.monitoring import storage
from bridge.monitoring.storage import count_hours, delete_counts, newest_tally

KEEP = timedelta(days=400)
"""A year, and the month to compare it with."""
HOUR = timedelta(hours=1)


def count(session: Session, now: datetime) -> None:
    """Count the current and the previous hour again, and every hour that was missed while no worker ran."""
    count_hours(session, _uncounted(session, now) or now - KEEP)


def counts_since(session: Session, since: datetime, now: datetime) -> dict[str, tuple[int, int]]:
    """How many events each source has sent since then, and how many of its events were written; none is missing."""
    return storage.counts_since(session, since, _uncounted(session, now) or since)


def _uncounted(session: Session, now: datetime) -> datetime | None:
    """From where on the counts may lack events: the previous hour, or an earlier one if no worker has counted since."""
    counted = newest_tally(session)
    return min(counted, now.replace(minute=0, second=0, microsecond=0) - HOUR) if counted else None


def forget(session: Session, now: datetime) -> None:
    """Remove what is older than any chart shows."""
    delete_counts(session, now - KEEP)
