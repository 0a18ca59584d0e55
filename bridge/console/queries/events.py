"""Lists of events, as pages and API show them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from bridge.console.actor import Actor
from bridge.console.dates import office_zone
from bridge.console.masking import mask, masked
from bridge.console.phones import readable_phone
from bridge.console.queries.paging import LIMIT, Page, before_of, cursor_of
from bridge.console.queries.searching import events_found
from bridge.console.status_words import StatusWords, status_of
from bridge.events.detail import advice_for, story
from bridge.events.query import PATIENCE, Selection, find_events
from bridge.models import Event, Role, Status
from bridge.settings import Property, Settings


@dataclass(frozen=True)
class EventSummary:
    """One line of a list of events, as the actor who asked may see it."""

    id: int
    received_at: datetime
    source: str
    event: str | None
    action: str | None
    reference: str | None
    """The sender's id of the tour."""
    renter: str | None
    """The name, else the e-mail or the phone."""
    phone: str | None
    """As people of its country write it."""
    tour_at: datetime | None
    """The start in the time of the property; naive where the property is not known and the sender gave wall time."""
    property: str | None
    property_name: str | None
    property_named: str | None
    """What the sender calls the property."""
    status: str
    status_words: StatusWords
    """The status with the action and the PMS."""
    reason: str | None
    sentence: str | None
    """What happened; for a user who may not see renters, what to do about it."""
    next_attempt_at: datetime | None
    ended_at: datetime | None
    replays: int
    booking_id: int | None


def page(
    session: Session,
    settings: Settings,
    actor: Actor,
    selection: Selection,
    *,
    search: str | None = None,
    cursor: str | None = None,
    limit: int = LIMIT,
    patience: float | None = PATIENCE,
) -> Page[EventSummary]:
    """The newest events first.

    `search` is the text of a search; `patience`, in seconds, limits how long rare events are looked for, after which a
    page is short and not the last; `None`: as long as it takes. Raises UnknownPropertyError, UnknownCursorError.
    """
    before = before_of(cursor)
    if search and search.strip():
        found_ids = events_found(session, settings, search, people=actor.may(Role.OPERATOR))
        both = found_ids if selection.ids is None else tuple(set(found_ids) & set(selection.ids))
        selection = replace(selection, ids=both)
    found = find_events(session, settings, selection, limit, before=before, patience=patience)
    return Page([row_of(event, settings, actor) for event in found.rows], cursor_of(found.before))


def full_story(session: Session, settings: Settings, actor: Actor, event: Event) -> dict[str, Any]:
    """One event with its full history, as the actor may see it."""
    detail = {**story(session, event, settings), "status_text": status_of(event, settings).text}
    shown = masked(actor, detail, "history", "booking", "content_type")
    if actor.sees_people:
        return shown
    personal = ("reference", "previous_reference", "delivery_id", "detail")
    attempts = [{**attempt, "detail": None, "request": None} for attempt in detail["attempts"]]
    return {**shown, **dict.fromkeys(personal), "attempts": attempts}


def rows(session: Session, settings: Settings, actor: Actor, ids: Sequence[int]) -> list[EventSummary]:
    """These events as they are now, the newest first; those that are gone are left out."""
    found = find_events(session, settings, Selection(ids=tuple(ids)), len(ids)) if ids else None
    return [row_of(event, settings, actor) for event in found.rows] if found else []


def row_of(event: Event, settings: Settings, actor: Actor) -> EventSummary:
    """One event as a line."""
    details = event.booking.details if event.booking else {}
    place = settings.properties.get(event.property or "")
    named = details.get("property", {}).get("value")
    renter, phone = renter_of(details), readable_phone(details.get("phone", {}).get("value"))
    advice = None if event.status == Status.DISMISSED else advice_for(event.reason)
    return EventSummary(
        id=event.id,
        received_at=event.received_at.astimezone(UTC),
        source=event.source,
        event=event.event,
        action=event.action,
        reference=event.reference if actor.sees_people else None,
        renter=renter if actor.sees_people else mask(renter),
        phone=phone if actor.sees_people else mask(phone),
        tour_at=tour_at(details, place, office_zone(settings)),
        property=event.property,
        property_name=(place.name or place.key) if place else event.property,
        property_named=named if actor.sees_people else mask(named),
        status=event.status,
        status_words=status_of(event, settings),
        reason=event.reason,
        sentence=(event.detail or advice) if actor.sees_people else advice,
        next_attempt_at=event.next_attempt_at,
        ended_at=event.ended_at,
        replays=event.replays,
        booking_id=event.booking_id,
    )


def renter_of(details: dict[str, Any]) -> str | None:
    """Who a booking is for: the name, else an address."""
    values = {name: field["value"] for name, field in details.items()}
    name = " ".join(filter(None, (values.get("first_name"), values.get("last_name"))))
    return name or values.get("email") or values.get("phone")


def tour_at(details: dict[str, Any], place: Property | None, office: tzinfo = UTC) -> datetime | None:
    """When the tour starts, in the time of its property; in that of the office where that is not known."""
    start = details.get("start", {}).get("value") or {}
    zone = ZoneInfo(place.time_zone) if place else None
    if start.get("starts_at"):
        return datetime.fromisoformat(start["starts_at"]).astimezone(zone or office)
    if start.get("starts_at_local"):
        return datetime.fromisoformat(start["starts_at_local"]).replace(tzinfo=zone)
    return None
