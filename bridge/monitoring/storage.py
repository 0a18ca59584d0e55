"""Gauges, hourly counts, failed verifications and payload fields in the database: all SQL of this folder."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, case, delete, func, select, text, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, load_only

from bridge.delivery.rules.circuit_breaker import Cause
from bridge.models import (
    UNFINISHED,
    Event,
    Gauge,
    HourlyCount,
    IntegrationState,
    PayloadField,
    RejectionCount,
    Status,
)

# Gauges.


def store_gauges(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Replace the stored gauges by these rows (name, labels, value, at)."""
    new = insert(Gauge).values(rows)
    session.execute(
        new.on_conflict_do_update(
            index_elements=[Gauge.name, Gauge.labels],
            set_={"value": new.excluded.value, "at": new.excluded.at},
        )
    )
    kept = [(row["name"], row["labels"]) for row in rows]
    session.execute(delete(Gauge).where(tuple_(Gauge.name, Gauge.labels).not_in(kept)))


def stored_gauges(session: Session) -> Sequence[Row[str, str, float]]:
    """Name, labels and value of each."""
    return session.execute(select(Gauge.name, Gauge.labels, Gauge.value)).all()


def unfinished_by_status(session: Session) -> dict[str, float]:
    """How many events are in each status that is not an end."""
    counted = select(Event.status, func.count()).where(Event.status.in_(UNFINISHED)).group_by(Event.status)
    return _numbers(session.execute(counted))


def parked_by_reason(session: Session) -> dict[str, float]:
    """How many events are parked for each reason."""
    counted = select(Event.reason, func.count()).where(Event.status == Status.PARKED).group_by(Event.reason)
    return _numbers(session.execute(counted))


def paused_by_cause(session: Session) -> dict[str, float]:
    """How many integrations are paused for each cause."""
    cause = case((IntegrationState.cause.in_(list(Cause)), IntegrationState.cause), else_=Cause.REFUSED.value)
    counted = select(cause, func.count()).where(IntegrationState.paused_at.is_not(None)).group_by(cause)
    return _numbers(session.execute(counted))


def _numbers(rows: Iterable[Row[Any, int]]) -> dict[str, float]:
    return {str(value): number for value, number in rows}


def oldest_due(session: Session, now: datetime) -> datetime | None:
    """When the event became due that has been due the longest; `None`: none is. A deferred event is due from its next
    attempt on."""
    due = func.coalesce(Event.next_attempt_at, Event.replayed_at, Event.received_at)
    return session.scalar(select(func.min(due)).where(Event.status.in_(UNFINISHED), due <= now))


# Hourly counts.

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


def newest_tally(session: Session) -> datetime | None:
    """The last hour that was counted."""
    return session.scalar(select(func.max(HourlyCount.hour)))


def count_hours(session: Session, since: datetime) -> None:
    """Count the events of each source in each hour from `since` on."""
    session.execute(_COUNT, {"since": since})


_SINCE = text("""
    SELECT source, sum(received), sum(written)
    FROM (
        SELECT source, received, written FROM tallies WHERE hour >= :since AND hour < :uncounted
        UNION ALL
        SELECT source, count(*), 0 FROM events WHERE received_at >= :uncounted GROUP BY source
        UNION ALL
        SELECT source, 0, count(*) FROM events
        WHERE ended_at >= :uncounted AND status = 'written' AND removed_at IS NULL GROUP BY source
    ) AS counted
    GROUP BY source
""")


def counts_since(session: Session, since: datetime, uncounted: datetime) -> dict[str, tuple[int, int]]:
    """How many events each source has sent, and how many of its events were written: by the hourly counts, and from
    `uncounted` on by the events themselves."""
    rows = session.execute(_SINCE, {"since": since, "uncounted": max(since, uncounted)})
    return {source: (int(received), int(written)) for source, received, written in rows}


def delete_counts(session: Session, before: datetime) -> None:
    """Delete the counts of events and of failed verifications of earlier hours."""
    session.execute(delete(HourlyCount).where(HourlyCount.hour < before))
    session.execute(delete(RejectionCount).where(RejectionCount.hour < before))


def add_rejections(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add to the counts of failed verifications (hour, source, cause, count, last_at)."""
    added = insert(RejectionCount).values(rows)
    more = {"count": RejectionCount.count + added.excluded.count, "last_at": added.excluded.last_at}
    session.execute(
        added.on_conflict_do_update(
            index_elements=[RejectionCount.hour, RejectionCount.source, RejectionCount.cause], set_=more
        )
    )


# Fields of payloads.

_KEY = (PayloadField.source, PayloadField.event, PayloadField.path, PayloadField.type)
_INSERT = insert(PayloadField.__table__)  # type: ignore[arg-type]  # SQLAlchemy types it more widely than it is
_WIDEN = _INSERT.on_conflict_do_update(
    index_elements=_KEY,
    set_={
        "first_seen": func.least(PayloadField.first_seen, _INSERT.excluded.first_seen),
        "last_seen": func.greatest(PayloadField.last_seen, _INSERT.excluded.last_seen),
    },
)


def unseen_events(session: Session, source: str, limit: int) -> list[Event]:
    """The newest events of a source that came after the last one whose fields are stored."""
    newest = session.scalar(select(func.max(PayloadField.last_seen)).where(PayloadField.source == source))
    query = select(Event).where(Event.source == source, Event.blanked_at.is_(None)).order_by(Event.id.desc())
    if newest is not None:
        query = query.where(Event.received_at > newest)
    query = query.options(
        load_only(Event.source, Event.event, Event.received_at, Event.body, Event.content_type)
    )
    return list(session.scalars(query.limit(limit)))


def store_fields(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store fields, or widen the time in which they were seen."""
    if rows:
        session.connection().execute(_WIDEN, rows)


def delete_fields(session: Session, before: datetime) -> None:
    """Delete the fields that were last seen before a time."""
    session.execute(delete(PayloadField).where(PayloadField.last_seen < before))


def fields_of_source(session: Session, source: str) -> list[PayloadField]:
    """All stored fields of a source."""
    return list(session.scalars(select(PayloadField).where(PayloadField.source == source)))
