"""What alerts read from the database, and which ones were sent: all SQL of this folder."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, func, literal_column, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, contains_eager, defer

from bridge.delivery.rules.circuit_breaker import Cause
from bridge.delivery.rules.outcomes import Reason
from bridge.models import UNFINISHED, Alert, Event, HourlyCount, IntegrationState, RejectionCount, Status
from bridge.privacy.retention import STARTS_AT

# The alerts that were sent.


def sent_alerts(session: Session, *, without: str) -> dict[str, Alert]:
    """By key, but this one."""
    return {row.key: row for row in session.scalars(select(Alert).where(Alert.key != without))}


def remember(session: Session, key: str, level: int, state: Any, now: datetime) -> None:
    """Note that an alert was sent at this level. It keeps the time at which it was first sent."""
    values = {"told_at": now, "level": level, "state": state}
    row = insert(Alert).values(key=key, opened_at=now, **values)
    session.execute(row.on_conflict_do_update(index_elements=[Alert.key], set_=values))


def forget(session: Session, keys: Sequence[str]) -> None:
    """Remove alerts that are over."""
    session.execute(delete(Alert).where(Alert.key.in_(keys)))


# Connections.


def failed_verifications(
    session: Session, since: datetime, until: datetime | None = None
) -> list[tuple[str, str, int]]:
    """Source, cause and number of the requests whose verification failed, by full hours."""
    counted = select(RejectionCount.source, RejectionCount.cause, func.sum(RejectionCount.count))
    counted = counted.where(RejectionCount.hour >= since)
    if until is not None:
        counted = counted.where(RejectionCount.hour < until)
    rows = session.execute(counted.group_by(RejectionCount.source, RejectionCount.cause))
    return [(source, cause, int(number)) for source, cause, number in rows]


def paused_integrations(session: Session) -> list[IntegrationState]:
    """Integrations that the bridge has paused, not an operator."""
    halted = IntegrationState.paused_at.is_not(None), IntegrationState.cause != Cause.OPERATOR.value
    return list(session.scalars(select(IntegrationState).where(*halted)))


def waiting_for_calls(session: Session) -> tuple[int, datetime | None]:
    """How many events wait for the rate limit, and since when the oldest of them is due."""
    since = func.min(func.coalesce(Event.replayed_at, Event.received_at))
    waiting = Event.reason == Reason.BUDGET.value, Event.ended_at.is_(None)
    number, oldest = session.execute(select(func.count(), since).where(*waiting)).one()
    return number, oldest


# Counts of the digest.


def hourly_counts(session: Session, begin: datetime, end: datetime) -> list[tuple[str, int, int]]:
    """Of each source the number of events received and written."""
    query = select(HourlyCount.source, func.sum(HourlyCount.received), func.sum(HourlyCount.written))
    query = (
        query.where(HourlyCount.hour >= begin, HourlyCount.hour < end)
        .group_by(HourlyCount.source)
        .order_by(HourlyCount.source)
    )
    return [(source, int(received), int(written)) for source, received, written in session.execute(query)]


def count_events(session: Session, statuses: Sequence[Status]) -> int:
    """How many events have one of these statuses."""
    return session.scalar(select(func.count()).select_from(Event).where(Event.status.in_(statuses))) or 0


# Tours.


def has_parked(session: Session) -> bool:
    """Whether any event is parked."""
    return session.scalar(select(Event.id).where(Event.status == Status.PARKED).limit(1)) is not None


def parked_since(session: Session, since: datetime, limit: int) -> list[Event]:
    """The events that were parked last, with their bookings."""
    query = _events().where(Event.status == Status.PARKED, Event.ended_at > since)
    return list(session.scalars(query.order_by(Event.ended_at.desc()).limit(limit)))


def unsent_events(
    session: Session, earliest: datetime, latest: datetime, batch: int, received_before: datetime | None
) -> Iterator[Event]:
    """Events that are not in the PMS yet and whose tour starts between two times, the soonest first.

    They are read in batches, so that the caller can stop early. The start is that of the rows: a wall time counts as
    UTC. A tour whose event was parked because it had started is left out.
    """
    starts: ColumnElement[datetime] = literal_column(STARTS_AT)
    has_begun = Event.reason.is_not_distinct_from(Reason.START_PASSED.value)
    query = _events().where(
        Event.status.in_([*UNFINISHED, Status.PARKED]), ~has_begun, starts.between(earliest, latest)
    )
    if received_before is not None:
        query = query.where(func.coalesce(Event.replayed_at, Event.received_at) < received_before)
    query = query.order_by(starts, Event.id).execution_options(yield_per=batch)
    yield from session.scalars(query)


def _events() -> Select[Any]:
    """Events with their bookings, without their payloads, which may be megabytes."""
    query = select(Event).outerjoin(Event.booking).options(contains_eager(Event.booking))
    return query.options(defer(Event.body), defer(Event.original_body), defer(Event.answers))
