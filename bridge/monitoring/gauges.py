"""Gauges that come from the database: how many events wait, and for how long. A worker stores them for scrapes."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from bridge.alerts.tours import soonest
from bridge.delivery.rules.circuit_breaker import Cause
from bridge.delivery.rules.outcomes import Reason
from bridge.events.query import last_received
from bridge.models import UNFINISHED
from bridge.monitoring.storage import (
    oldest_due,
    parked_by_reason,
    paused_by_cause,
    store_gauges,
    unfinished_by_status,
)
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
        """The labels as they are stored."""
        return json.dumps(dict(self.labels), sort_keys=True)


def refresh(session: Session, settings: Settings, now: datetime) -> None:
    """Store the current gauges, and delete those of sources that no longer exist."""
    rows = [
        {"name": figure.name, "labels": figure.key, "value": figure.value, "at": now}
        for figure in look(session, settings, now)
    ]
    store_gauges(session, rows)


def look(session: Session, settings: Settings, now: datetime) -> Iterator[Value]:
    """All gauges of metrics.GAUGES, with all values of their labels."""
    yield from _each("bridge_queue_events", "status", UNFINISHED, unfinished_by_status(session))
    oldest = oldest_due(session, now)
    yield Value("bridge_oldest_due_age_seconds", (now - oldest).total_seconds() if oldest else 0)
    yield from _each("bridge_parked_events", "reason", Reason, parked_by_reason(session))
    yield from _last_events(session, settings)
    yield Value("bridge_soonest_unsent_start_timestamp_seconds", _soonest_unsent(session, settings, now))
    used, limit = spent(session, settings.propexo.token, settings.propexo.budget_per_minute, now)
    yield Value("bridge_budget_used_calls", used)
    yield Value("bridge_budget_limit_calls", limit)
    yield from _each("bridge_paused_integrations", "cause", Cause, paused_by_cause(session))
    yield Value("bridge_gauges_timestamp_seconds", now.timestamp())


def _each(name: str, label: str, values: Iterable[str], found: dict[str, float]) -> Iterator[Value]:
    for value in values:
        yield Value(name, found.get(str(value), 0), ((label, str(value)),))


def _last_events(session: Session, settings: Settings) -> Iterator[Value]:
    for source in settings.sources:
        last = last_received(session, source)
        at = last.timestamp() if last else 0
        yield Value("bridge_last_event_timestamp_seconds", at, (("source", source),))


def _soonest_unsent(session: Session, settings: Settings, now: datetime) -> float:
    tour = soonest(session, settings, now)
    return tour.start.timestamp() if tour and tour.start else 0
