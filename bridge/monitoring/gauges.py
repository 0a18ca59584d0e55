"""Finds out what only the database can tell, for scrapes and pages to read: how much waits, and for how long."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, case, delete, func, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from bridge.alerts.tours import soonest
from bridge.delivery.rules.circuit_breaker import Cause
from bridge.delivery.rules.outcomes import Reason
from bridge.events.query import last_received
from bridge.models import UNFINISHED, Event, Gauge, IntegrationState, Status
from bridge.propexo.quota import spent
from bridge.settings import Settings


@dataclass(frozen=True)
class Value:
    """One gauge with its labels, as it is now."""

    name: str
    value: float
    labels: tuple[tuple[str, str], ...] = ()

    @property
    def key(self) -> str:
        """The labels as they stand in the table."""
        return json.dumps(dict(self.labels), sort_keys=True)


def refresh(session: Session, settings: Settings, now: datetime) -> None:
    """Write down what the gauges are now; those of sources that are gone go."""
    rows = [
        {"name": figure.name, "labels": figure.key, "value": figure.value, "at": now}
        for figure in look(session, settings, now)
    ]
    new = insert(Gauge).values(rows)
    session.execute(
        new.on_conflict_do_update(
            index_elements=[Gauge.name, Gauge.labels],
            set_={"value": new.excluded.value, "at": new.excluded.at},
        )
    )
    kept = [(row["name"], row["labels"]) for row in rows]
    session.execute(delete(Gauge).where(tuple_(Gauge.name, Gauge.labels).not_in(kept)))


def look(session: Session, settings: Settings, now: datetime) -> Iterator[Value]:
    """All gauges of metrics.GAUGES, with all values of their labels."""
    yield from _queue(session)
    oldest = oldest_due(session, now)
    yield Value("bridge_oldest_due_age_seconds", (now - oldest).total_seconds() if oldest else 0)
    yield from _parked(session)
    yield from _last_events(session, settings)
    yield Value("bridge_soonest_unsent_start_timestamp_seconds", _soonest_unsent(session, settings, now))
    used, limit = spent(session, settings.propexo.token, settings.propexo.budget_per_minute, now)
    yield Value("bridge_budget_used_calls", used)
    yield Value("bridge_budget_limit_calls", limit)
    yield from _paused(session)
    yield Value("bridge_gauges_timestamp_seconds", now.timestamp())


def _each(name: str, label: str, values: Iterable[str], found: dict[str, float]) -> Iterator[Value]:
    for value in values:
        yield Value(name, found.get(str(value), 0), ((label, str(value)),))


def _numbers(session: Session, counted: Select[Any, int]) -> dict[str, float]:
    return {str(value): number for value, number in session.execute(counted)}


def _queue(session: Session) -> Iterator[Value]:
    counted = select(Event.status, func.count()).where(Event.status.in_(UNFINISHED)).group_by(Event.status)
    yield from _each("bridge_queue_events", "status", UNFINISHED, _numbers(session, counted))


def oldest_due(session: Session, now: datetime) -> datetime | None:
    """Since when the event waits that is due for the longest. What waits for a moment to come is due from then on."""
    due = func.coalesce(Event.next_attempt_at, Event.replayed_at, Event.received_at)
    return session.scalar(select(func.min(due)).where(Event.status.in_(UNFINISHED), due <= now))


def _parked(session: Session) -> Iterator[Value]:
    counted = select(Event.reason, func.count()).where(Event.status == Status.PARKED).group_by(Event.reason)
    yield from _each("bridge_parked_events", "reason", Reason, _numbers(session, counted))


def _last_events(session: Session, settings: Settings) -> Iterator[Value]:
    for source in settings.sources:
        last = last_received(session, source)
        at = last.timestamp() if last else 0
        yield Value("bridge_last_event_timestamp_seconds", at, (("source", source),))


def _soonest_unsent(session: Session, settings: Settings, now: datetime) -> float:
    tour = soonest(session, settings, now)
    return tour.start.timestamp() if tour and tour.start else 0


def _paused(session: Session) -> Iterator[Value]:
    cause = case((IntegrationState.cause.in_(list(Cause)), IntegrationState.cause), else_=Cause.REFUSED.value)
    counted = select(cause, func.count()).where(IntegrationState.paused_at.is_not(None)).group_by(cause)
    yield from _each("bridge_paused_integrations", "cause", Cause, _numbers(session, counted))
