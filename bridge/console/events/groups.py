"""The groups of events that wait for the same decision, as the page and the API show them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from bridge.console.actions.groups import CORRECTED_BY
from bridge.console.actor import Actor
from bridge.console.events.presenter import ADVICE, explanation_of, known_values, start_as_sent
from bridge.console.masking import mask
from bridge.console.phones import readable_phone
from bridge.console.queries.action_needed import (
    UNREAD_START,
    WaitingEvent,
    WaitingGroup,
    group_heading,
    grouped,
    waiting_events,
)
from bridge.console.queries.events import renter_of
from bridge.console.queries.record_choices import RecordChoice, agent_choices, unit_choices
from bridge.delivery.rules.outcomes import Reason
from bridge.events.detail import advice_for
from bridge.models import Event
from bridge.settings import Settings

SHOWN = 5
"""Events of a group that are shown until the user asks for all."""


@dataclass(frozen=True)
class ShownEvent:
    """A line of a group."""

    waiting: WaitingEvent
    renter: str | None
    phone: str | None
    start_as_sent: str | None


@dataclass(frozen=True)
class ShownGroup:
    """A group as the page shows it."""

    group: WaitingGroup
    heading: str
    advice: str | None
    lines: list[ShownEvent]
    field: str | None
    """What one choice settles: property, agent or unit."""
    choices: list[RecordChoice]

    @property
    def id(self) -> str:
        return self.group.id

    @property
    def reason(self) -> str:
        return self.group.first.reason

    @property
    def ids(self) -> list[int]:
        """Of all its events, the soonest tour first."""
        return [event.summary.id for event in self.group.events]

    @property
    def size(self) -> int:
        return len(self.group.events)


def shown_groups(
    session: Session, settings: Settings, actor: Actor, now: datetime, asked: str | None = None
) -> tuple[list[ShownGroup], int]:
    """The groups, or the one that is asked for with all its events; and how many events wait in all."""
    groups = grouped(waiting_events(session, settings, actor, now))
    chosen = [group for group in groups if asked is None or group.id == asked]
    shown = [_shown(session, settings, actor, group, whole=asked is not None) for group in chosen]
    return shown, sum(len(group.events) for group in groups)


def _shown(
    session: Session, settings: Settings, actor: Actor, group: WaitingGroup, *, whole: bool
) -> ShownGroup:
    first = group.first
    field = choice_of(group)
    return ShownGroup(
        group,
        group_heading(first.reason, as_seen(actor, first.named), first.summary.property_name),
        ADVICE.get(Reason(first.reason)) or advice_for(first.reason) if first.reason else None,
        [
            shown_event(session, settings, actor, waiting)
            for waiting in (group.events if whole else group.events[:SHOWN])
        ],
        field,
        _choices(session, settings, field, first.summary.property),
    )


def choice_of(group: WaitingGroup) -> str | None:
    """What one choice settles for the whole group: property, agent or unit."""
    if group.first.reason == Reason.UNKNOWN_PROPERTY:
        return "property" if group.first.named else None
    return CORRECTED_BY.get(group.first.reason)


def _choices(session: Session, settings: Settings, field: str | None, key: str | None) -> list[RecordChoice]:
    places = settings.properties
    if field == "property":
        return [RecordChoice(place.key, place.name or place.key) for place in places.values()]
    place = places.get(key or "")
    if place is None or field is None:
        return []
    return agent_choices(session, place) if field == "agent" else unit_choices(session, place)


def shown_event(session: Session, settings: Settings, actor: Actor, waiting: WaitingEvent) -> ShownEvent:
    """Of an event without a booking, what can be read of it."""
    summary = waiting.summary
    if summary.booking_id is not None:
        return ShownEvent(waiting, summary.renter, summary.phone, None)
    event = session.get_one(Event, summary.id)
    explanation = explanation_of(event, settings)
    values: dict[str, Any] = known_values(event, explanation)
    renter = renter_of({name: {"value": value} for name, value in values.items()})
    texts = (renter, readable_phone(values.get("phone")), start_as_sent(explanation))
    return ShownEvent(waiting, *(as_seen(actor, text) for text in texts))


def as_seen(actor: Actor, text: str | None) -> str | None:
    """A text of the sender's, which may name the renter."""
    return text if actor.sees_people or text == UNREAD_START else mask(text)
