"""What needs an operator first: the groups of *Action needed* with the soonest tours."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from bridge.console.actor import Actor
from bridge.console.events.groups import as_seen, choice_of, shown_event
from bridge.console.queries.action_needed import (
    UNREAD_START,
    WaitingEvent,
    WaitingGroup,
    group_heading,
    grouped,
    waiting_events,
)
from bridge.delivery.rules.outcomes import Reason
from bridge.settings import Settings

SHOWN = 3
"""Groups."""
READ = 100
"""Events that are read for them, those with the soonest tours: the figures are asked again every few seconds."""


@dataclass(frozen=True)
class FirstGroup:
    """One line: the events that one decision settles."""

    event_id: int
    """Of the soonest tour; so are the next three."""
    renter: str | None
    action: str | None
    place: str | None
    starts_at: datetime | None
    """In the time of its property."""
    heading: str
    to_do: str
    is_one_choice: bool
    """Whether one choice settles them all."""
    size: int
    group_id: str


@dataclass(frozen=True)
class NeedsFirst:
    """The first groups."""

    groups: tuple[FirstGroup, ...]
    is_part: bool
    """Whether more events wait than were read: a group may have more of them."""


def needs_first(session: Session, settings: Settings, actor: Actor, now: datetime) -> NeedsFirst:
    """As the page Action needed orders and groups them, and as an actor may see them."""
    events = waiting_events(session, settings, actor, now, READ)
    first = (_shown(session, settings, actor, group) for group in grouped(events)[:SHOWN])
    return NeedsFirst(tuple(first), is_part=len(events) == READ)


def _shown(session: Session, settings: Settings, actor: Actor, group: WaitingGroup) -> FirstGroup:
    first = group.first
    summary, field = first.summary, choice_of(group)
    return FirstGroup(
        summary.id,
        shown_event(session, settings, actor, first).renter,
        summary.action,
        summary.property_name,
        summary.tour_at,
        group_heading(first.reason, as_seen(actor, first.named), summary.property_name),
        _to_do(first, field),
        field is not None,
        len(group.events),
        group.id,
    )


def _to_do(first: WaitingEvent, field: str | None) -> str:
    """The words of the button."""
    if first.named == UNREAD_START:
        return "Enter the date"
    if first.reason == Reason.SLOT_TAKEN:
        return "Choose a time"
    return f"Choose the {field}" if field else "Look at it"
