"""The figures of the day: events received and written, tours that are not in the PMS, and the obstacles."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, func, literal_column, select
from sqlalchemy.orm import Session

from bridge.alerts.tours import EventTour, soonest
from bridge.console.actor import Actor
from bridge.console.dates import office_zone
from bridge.console.masking import mask
from bridge.console.status_words import StatusWords, status_of
from bridge.console.today.needs_first import NeedsFirst, needs_first
from bridge.delivery.rules.outcomes import Reason
from bridge.events.query import last_received
from bridge.models import UNFINISHED, Event, IntegrationState, Status
from bridge.monitoring.hourly_counts import counts_since
from bridge.monitoring.storage import oldest_due
from bridge.privacy.retention import STARTS_AT
from bridge.propexo.quota import spent
from bridge.settings import Settings

COUNTED = 10_000
"""More are not counted: they are "more than" that."""
UNKNOWN_FOR = timedelta(days=7)
"""So long an ignored event that may be a tour is counted."""


@dataclass(frozen=True)
class SourceNow:
    """When a source last sent."""

    name: str
    enabled: bool
    last_at: datetime | None

    def since(self, now: datetime) -> timedelta | None:
        return now - self.last_at if self.last_at else None


@dataclass(frozen=True)
class Soonest:
    """The tour that starts next of those that are not in the PMS as they should be."""

    event_id: int
    renter: str
    start: datetime
    """In the time of the property."""
    place: str | None
    words: StatusWords


@dataclass(frozen=True)
class Pause:
    """An integration that is paused."""

    integration_id: str
    names: tuple[str, ...]
    since: datetime
    reason: str | None


@dataclass(frozen=True)
class Today:
    """All figures of the page."""

    zone: ZoneInfo
    """Of the day: that of most properties."""
    received: int
    written: int
    waiting: int
    parked: int
    soonest: Soonest | None
    unread: int
    """Events that need an operator and may be a tour at an unknown time."""
    unknown: int
    """Events of the last days that no rule of their mapping knows: each was ignored, and may be a tour."""
    oldest_due: datetime | None
    """Since when the event waits that is due for the longest; None: nothing is due."""
    sources: tuple[SourceNow, ...]
    budget_used: int
    """Calls of this minute."""
    budget: int
    paused: tuple[Pause, ...]
    first: NeedsFirst

    @property
    def is_all_done(self) -> bool:
        """Whether nothing that may be a tour is open: unreadable, held, unconfirmed or on its way."""
        return not (self.soonest or self.parked or self.waiting or self.paused or self.unknown)


def today(session: Session, settings: Settings, actor: Actor, now: datetime) -> Today:
    """The figures as an actor may see them; each is read through an index."""
    zone = office_zone(settings)
    received, written = _since_midnight(session, now, zone)
    used, allowed = spent(session, settings.propexo.token, settings.propexo.budget_per_minute, now)
    return Today(
        zone=zone,
        received=received,
        written=written,
        waiting=_count(session, UNFINISHED),
        parked=_count(session, (Status.PARKED,)),
        soonest=_soonest(session, settings, actor, now),
        unread=_unread(session),
        unknown=_unknown(session, now),
        oldest_due=oldest_due(session, now),
        sources=tuple(
            SourceNow(source.key, source.enabled, last_received(session, source.key))
            for source in settings.sources.values()
        ),
        budget_used=used,
        budget=allowed,
        paused=tuple(_pauses(session, settings)),
        first=needs_first(session, settings, actor, now),
    )


def _since_midnight(session: Session, now: datetime, zone: ZoneInfo) -> tuple[int, int]:
    midnight = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)
    counted = counts_since(session, midnight, now).values()
    return sum(received for received, _ in counted), sum(written for _, written in counted)


def _count(session: Session, statuses: Sequence[Status]) -> int:
    some = select(Event.id).where(Event.status.in_(statuses)).limit(COUNTED + 1).subquery()
    return session.scalar(select(func.count()).select_from(some)) or 0


def _unread(session: Session) -> int:
    start: ColumnElement[datetime] = literal_column(STARTS_AT)
    some = (
        select(Event.id)
        .outerjoin(Event.booking)
        .where(Event.status == Status.PARKED, start.is_(None))
        .limit(COUNTED + 1)
        .subquery()
    )
    return session.scalar(select(func.count()).select_from(some)) or 0


def _unknown(session: Session, now: datetime) -> int:
    some = (
        select(Event.id)
        .where(
            Event.status == Status.IGNORED,
            Event.reason == Reason.UNKNOWN_EVENT.value,
            Event.received_at > now - UNKNOWN_FOR,
        )
        .limit(COUNTED + 1)
        .subquery()
    )
    return session.scalar(select(func.count()).select_from(some)) or 0


def _soonest(session: Session, settings: Settings, actor: Actor, now: datetime) -> Soonest | None:
    tour: EventTour | None = soonest(session, settings, now)
    if tour is None or tour.start is None:
        return None
    renter = tour.renter if actor.sees_people else mask(tour.renter) or ""
    return Soonest(
        tour.event.id, renter, tour.start.astimezone(tour.zone), tour.place, status_of(tour.event, settings)
    )


def _pauses(session: Session, settings: Settings) -> list[Pause]:
    rows = session.scalars(select(IntegrationState).where(IntegrationState.paused_at.is_not(None)))
    return [
        Pause(
            row.integration_id,
            tuple(
                property_.name or property_.key
                for property_ in settings.properties.values()
                if property_.integration_id == row.integration_id
            ),
            row.paused_at,
            row.reason,
        )
        for row in rows
        if row.paused_at
    ]
