"""The events that wait for a decision, the soonest tour first, grouped by what one decision settles."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, case, func, literal_column, select
from sqlalchemy.orm import Session, contains_eager, defer

from bridge.console.actor import Actor
from bridge.console.queries.events import EventSummary, row_of
from bridge.delivery.rules.outcomes import Reason
from bridge.models import Event, Status
from bridge.privacy.retention import STARTS_AT
from bridge.settings import Settings
from bridge.settings.records import normalise_name

MOST = 1_000
"""Events that are read; of more, those whose tours start first."""
SOON = timedelta(hours=24)
JUST_BEGUN = timedelta(hours=1)

NAMED = {
    Reason.UNKNOWN_PROPERTY: "property",
    Reason.UNKNOWN_AGENT: "agent",
    Reason.UNKNOWN_UNIT: "unit",
    Reason.UNKNOWN_LEAD_SOURCE: "lead_source",
}
"""The field with the unknown name, by the reason of the event."""
UNREAD_START = "start"
"""Replaces the name in question where the start could not be read."""
STARTS = ("starts_at:", "starts_at_local:")
"""How the detail of an event begins whose start could not be read."""


@dataclass(frozen=True)
class WaitingEvent:
    """An event that waits for a decision."""

    summary: EventSummary
    reason: str
    named: str | None
    """The name in question: of a property, an agent, a unit; or UNREAD_START."""
    starts_at: datetime | None
    """In UTC; wall time of an unknown zone counts as UTC."""

    @property
    def key(self) -> tuple[str, str, str]:
        """Equal where one decision settles both: a name of an agent or a unit means something at a property only."""
        of_property = self.reason != Reason.UNKNOWN_PROPERTY and self.reason in NAMED
        place = (self.summary.property or "") if of_property else ""
        return self.reason, normalise_name(self.named or ""), place


@dataclass(frozen=True)
class WaitingGroup:
    """Events that one decision settles, the soonest tour first."""

    events: tuple[WaitingEvent, ...]

    @property
    def first(self) -> WaitingEvent:
        return self.events[0]

    @property
    def id(self) -> str:
        """For an address, without the name in question: a sender may have put a renter's there."""
        return hashlib.sha256("|".join(self.first.key).encode()).hexdigest()[:16]


def waiting_events(
    session: Session, settings: Settings, actor: Actor, now: datetime, most: int = MOST
) -> list[WaitingEvent]:
    """At most `most` of them, the soonest tour first; an unknown start may be soon."""
    starts: ColumnElement[datetime] = literal_column(STARTS_AT)
    urgency = case(
        (starts.between(now - JUST_BEGUN, now + SOON), 0), (starts.is_(None), 1), (starts > now, 2), else_=3
    )
    query = (
        select(Event, starts)
        .outerjoin(Event.booking)
        .where(Event.status == Status.PARKED, Event.removed_at.is_(None))
        .options(
            contains_eager(Event.booking), defer(Event.body), defer(Event.original_body), defer(Event.answers)
        )
        .order_by(urgency, starts, Event.id)
        .limit(most)
    )
    found = [_waiting(event, start, settings, actor) for event, start in session.execute(query)]
    return sorted(found, key=lambda event: _urgency(event, now))


def count_waiting(session: Session) -> int:
    """How many events wait for a decision, of which at most MOST are counted: by an index, for every page."""
    waiting = select(Event.id).where(Event.status == Status.PARKED, Event.removed_at.is_(None)).limit(MOST)
    return session.scalar(select(func.count()).select_from(waiting.subquery())) or 0


def grouped(events: Iterable[WaitingEvent]) -> list[WaitingGroup]:
    """By key; the groups and their events keep the order of the events."""
    groups: dict[tuple[str, str, str], list[WaitingEvent]] = {}
    for event in events:
        groups.setdefault(event.key, []).append(event)
    return [WaitingGroup(tuple(members)) for members in groups.values()]


NOUNS = {
    Reason.UNKNOWN_PROPERTY: "property",
    Reason.UNKNOWN_AGENT: "agent",
    Reason.UNKNOWN_UNIT: "unit",
    Reason.UNKNOWN_LEAD_SOURCE: "lead source",
}
HEADINGS = {
    Reason.UNMAPPABLE: "The request could not be read as a tour",
    Reason.UNDECODABLE: "The message could not be decoded",
    Reason.SLOT_TAKEN: "The time was taken meanwhile",
    Reason.NEEDS_TIME: "The renter asks for a tour without a time",
    Reason.INVALID_TIME: "The time cannot be meant",
    Reason.START_PASSED: "The tour's start has passed",
    Reason.AMBIGUOUS: "It is not known whether the PMS has the tour",
    Reason.UNCONFIRMED: "The PMS has not confirmed it",
    Reason.PMS_REFUSED: "The PMS refused it",
    Reason.REJECTED: "Propexo refused it",
}


def group_heading(reason: str, named: str | None, place: str | None) -> str:
    """What the events of a group have in common."""
    if named == UNREAD_START:
        return "The date could not be read"
    known = Reason(reason) if reason in list(Reason) else None
    if known in NOUNS:
        at = f" at {place}" if place and known is not Reason.UNKNOWN_PROPERTY else ""
        return f"No {NOUNS[known]}{at} is {f'called “{named}”' if named else 'named'}"
    plain = reason.replace("_", " ").capitalize()
    return HEADINGS.get(known, plain) if known else plain


def _waiting(event: Event, start: datetime | None, settings: Settings, actor: Actor) -> WaitingEvent:
    reason = event.reason or ""
    field = NAMED.get(Reason(reason)) if reason in list(Reason) else None
    named = event.booking.details.get(field, {}).get("value") if field and event.booking else None
    if reason == Reason.UNMAPPABLE and (event.detail or "").startswith(STARTS):
        named = UNREAD_START
    summary = row_of(event, settings, actor)
    exact = summary.tour_at.astimezone(UTC) if summary.tour_at and summary.tour_at.tzinfo else start
    return WaitingEvent(summary, reason, named, exact)


def _urgency(event: WaitingEvent, now: datetime) -> tuple[int, datetime, int]:
    start = event.starts_at
    if start is None:
        return 1, now, event.summary.id
    if start < now - JUST_BEGUN:
        return 3, start, event.summary.id
    return (0 if start <= now + SOON else 2), start, event.summary.id
