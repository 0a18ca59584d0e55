"""Counts events by hour and source, for the charts: no page counts events itself."""

from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, text
from sqlalchemy.orm import Session

from bridge.models import RejectionCount, Tally

KEEP = timedelta(days=400)
"""A year, and the month to compare it with."""
HOUR = timedelta(hours=1)

_COUNT = text("""
    WITH counted AS (
        SELECT date_trunc('hour', received_at, 'UTC') AS hour, source,
               count(*) AS received, 0 AS written, 0 AS parked, 0 AS ignored
        FROM events WHERE received_at >= :since GROUP BY 1, 2
        UNION ALL
        SELECT date_trunc('hour', ended_at, 'UTC'), source, 0, count(*) FILTER (WHERE status = 'written'),
               count(*) FILTER (WHERE status = 'parked'), count(*) FILTER (WHERE status = 'ignored')
        FROM events WHERE ended_at >= :since AND removed_at IS NULL GROUP BY 1, 2
    ), gone AS (
        DELETE FROM tallies WHERE hour >= :since AND (hour, source) NOT IN (SELECT hour, source FROM counted)
    )
    INSERT INTO tallies (hour, source, received, written, parked, ignored)
    SELECT hour, source, sum(received), sum(written), sum(parked), sum(ignored) FROM counted GROUP BY 1, 2
    ON CONFLICT (hour, source) DO UPDATE SET received = excluded.received, written = excluded.written,
        parked = excluded.parked, ignored = excluded.ignored
""")


def count(session: Session, now: datetime) -> None:
    """Count the current hour and the one before anew, and whatever was not counted while no worker ran."""
    counted = session.scalar(select(func.max(Tally.hour)))
    last = now.replace(minute=0, second=0, microsecond=0) - HOUR
    since = min(counted, last) if counted else now - KEEP
    session.execute(_COUNT, {"since": since})


def forget(session: Session, now: datetime) -> None:
    """Remove what is older than any chart shows."""
    session.execute(delete(Tally).where(Tally.hour < now - KEEP))
    session.execute(delete(RejectionCount).where(RejectionCount.hour < now - KEEP))
