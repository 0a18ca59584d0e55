"""Counts events by hour and source, for the charts: no page counts events itself."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from bridge.monitoring.storage import count_hours, delete_counts, newest_tally

KEEP = timedelta(days=400)
"""A year, and the month to compare it with."""
HOUR = timedelta(hours=1)


def count(session: Session, now: datetime) -> None:
    """Count the current and the previous hour again, and every hour that was missed while no worker ran."""
    counted = newest_tally(session)
    last = now.replace(minute=0, second=0, microsecond=0) - HOUR
    count_hours(session, min(counted, last) if counted else now - KEEP)


def forget(session: Session, now: datetime) -> None:
    """Remove what is older than any chart shows."""
    delete_counts(session, now - KEEP)
