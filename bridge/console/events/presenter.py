"""Prepares one event for its page: payload, reading, calls, and what it waits for."""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bridge.aliases import aliases_in, property_named
from bridge.console.actor import Actor
from bridge.console.dates import office_zone
from bridge.console.events.timeline import timeline
from bridge.console.events.tour_card import TourCard, card_of, headline, next_step
from bridge.console.masking import mask, masked
from bridge.console.queries.events import renter_of, tour_at
from bridge.console.status_words import booking_status, pms_name, status_of
from bridge.delivery.rules.outcomes import Reason
from bridge.errors import BridgeError
from bridge.events.detail import mapping_of, story
from bridge.events.dry_run import error_sentence
from bridge.inbound.incoming import RequestMetadata
from bridge.mapping.explanation import explain
from bridge.mapping_checks.explanation import explanation_as_json
from bridge.mapping_checks.preview import preview_event
from bridge.models import UNENCRYPTED_TOUR_FIELDS, Event, Status
from bridge.settings import Property, Settings

MOST_OTHERS = 20
"""Other events of the booking that are listed."""
MOST_RAW = 100_000
"""Characters of a body that are shown."""
CALLS = {
    "create_lead": "Create the lead",
    "update_lead": "Correct the lead",
    "create": "Book the tour",
    "update": "Move the tour",
    "cancel": "Cancel the tour",
}
ADVICE = {
    Reason.UNKNOWN_PROPERTY: "Choose the property. This event and all that wait for the same name are then sent.",
    Reason.UNMAPPABLE: "Each may be a tour: enter what the renter meant, and it is sent.",
}
"""What the console can do itself; for all else the advice of the reason counts."""


def event_details(
    session: Session, event: Event, settings: Settings, actor: Actor, now: datetime
) -> dict[str, Any]:
    """Everything on the page, in its order; without the payload for viewers."""
    detail = story(session, event, settings)
    explanation = explanation_of(event, settings)
    details = event.booking.details if event.booking else {}
    place = settings.properties.get(event.property or "")
    shown = {
        **detail,
        "name": renter_of(details),
        "tour_at": tour_at(details, place, office_zone(settings)),
        "property_name": (place.name or place.key) if place else named_property(event),
        "card": _card(session, event, settings, actor, explanation),
        "next_step": next_step(event.status, pms_name(settings, event.property), detail["advice"]),
        "next_in": event.next_attempt_at - now if event.next_attempt_at else None,
        "status_words": status_of(event, settings),
        "booking_words": _booking_words(event, settings),
        "raw": event.body.decode("utf-8", "replace")[:MOST_RAW],
        "explanation": explanation,
        "problems": [error_sentence(error) for error in detail["reading"].get("errors", ())],
        "others": list(_other_events(session, event, settings)),
    }
    shown["sentences"] = list(_sentences(event, shown, actor))
    shown = masked(actor, shown, "explanation", "problems")
    shown["would_write"] = event.would_write if actor.sees_people else None
    shown["attempts"] = [_attempt(attempt, actor) for attempt in detail["attempts"]]
    shown["booking"] = (
        masked(actor, _booking(detail["booking"], actor), keep=("written",)) if detail["booking"] else None
    )
    shown["timeline"] = timeline(
        event.received_at,
        event.source,
        detail["attempts"],
        detail["history"],
        shown["others"],
        event.occurred_at,
    )
    return shown


def _card(
    session: Session, event: Event, settings: Settings, actor: Actor, explanation: dict[str, Any] | None
) -> TourCard:
    values = known_values(event, explanation)
    place = place_of(session, event, settings, values)
    start, name = tour_at(_as_details(values), place, office_zone(settings)), renter_of(_as_details(values))
    in_pms = event.booking.written if event.booking else None
    held = tour_at({"start": {"value": in_pms}}, place) if in_pms else None
    return card_of(
        values,
        headline(name if actor.sees_people else mask(name), event.action, event.status),
        (place.name or place.key) if place else values.get("property"),
        actor,
        is_known_place=place is not None,
        start=start,
        as_sent=start_as_sent(explanation) if start is None else None,
        start_in_pms=held if held and start and held != start else None,
    )


def place_of(session: Session, event: Event, settings: Settings, values: dict[str, Any]) -> Property | None:
    """The property of an event: as its run resolved it, else as it would be resolved now."""
    if event.property:
        return settings.properties.get(event.property)
    source = settings.sources.get(event.source)
    name = values.get("property") or (source.property if source else None)
    return property_named(settings, str(name), aliases_in(session)) if name else None


def known_values(event: Event, explanation: dict[str, Any] | None) -> dict[str, Any]:
    """What is known of the tour: by all events of its booking; where there is none yet, by what can be read."""
    if event.booking is not None:
        values = {name: entry["value"] for name, entry in event.booking.details.items() if "value" in entry}
        return {**(values.pop("start", None) or {}), **values}
    fields = explanation["fields"] if explanation else {}
    read = {name: found["value"] for name, found in fields.items() if found["value"] is not None}
    whole = read.pop("full_name", None)
    names = whole if isinstance(whole, dict) else {}
    return {"first_name": names.get("first"), "last_name": names.get("last"), **read}


def start_as_sent(explanation: dict[str, Any] | None) -> str | None:
    """What the sender wrote where the start could not be read."""
    for name in ("starts_at", "starts_at_local"):
        for refused in explanation["fields"].get(name, {}).get("refused", ()) if explanation else ():
            return quoted(str(refused["found"]))
    return None


def quoted(found: str) -> str:
    """What a mapping found, in the quotes of a page."""
    is_text = len(found) > 1 and found[0] == found[-1] and found[0] in "'\""
    return f"“{found[1:-1]}”" if is_text else found


def _as_details(values: dict[str, Any]) -> dict[str, Any]:
    """Values as the details of a booking have them."""
    start = {name: values.get(name) for name in ("starts_at", "starts_at_local")}
    return {"start": {"value": start}, **{name: {"value": value} for name, value in values.items()}}


def as_json(value: Any) -> str:
    """For people: texts as they are."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2, default=str)


def named_property(event: Event) -> str | None:
    """What the sender calls the property."""
    return event.booking.details.get("property", {}).get("value") if event.booking else None


def _attempt(attempt: dict[str, Any], actor: Actor) -> dict[str, Any]:
    kind = str(attempt["kind"])
    return {**masked(actor, attempt), "words": CALLS.get(kind, kind.replace("_", " ").capitalize())}


def _booking(booking: dict[str, Any], actor: Actor) -> dict[str, Any]:
    written = booking["written"]
    if actor.sees_people or not written:
        return booking
    return {
        **booking,
        "written": {name: value for name, value in written.items() if name in UNENCRYPTED_TOUR_FIELDS},
    }


def _sentences(event: Event, detail: dict[str, Any], actor: Actor) -> Iterator[str]:
    """Why it has its status, and what an operator can do about it."""
    parked = event.status == Status.PARKED
    advice = (ADVICE.get(Reason(event.reason)) if parked and event.reason else None) or detail["advice"]
    if parked and event.reason == Reason.UNKNOWN_PROPERTY:
        yield f"No property is called “{named_property(event)}”."
    elif parked and event.reason == Reason.UNMAPPABLE:
        yield "The payload cannot be read as a tour."
    elif event.detail and event.detail != advice:
        yield event.detail if actor.sees_people else mask(event.detail) or ""
    if advice and parked:
        yield advice


def explanation_of(event: Event, settings: Settings) -> dict[str, Any] | None:
    """`None` where the body is not kept, or nothing can read it."""
    if not event.body:
        return None
    metadata, answers = RequestMetadata(event.headers, event.query), event.answers or {}
    try:
        mapping = mapping_of(settings, event)
        read = preview_event(mapping, event.body, event.content_type, metadata, answers, event.delivery_id)
    except BridgeError:
        return None
    return explanation_as_json(explain(mapping, read.received)) if read.received else None


def _booking_words(event: Event, settings: Settings) -> str | None:
    """The present status of its tour, independent of this event's."""
    found = event.booking
    if found is None:
        return None
    return str(booking_status(found.state, found.written_state, pms_name(settings, found.property)))


def _other_events(session: Session, event: Event, settings: Settings) -> Iterator[dict[str, Any]]:
    if event.booking_id is not None:
        query = select(Event).where(Event.booking_id == event.booking_id, Event.id != event.id)
        for item in session.scalars(query.order_by(Event.id.desc()).limit(MOST_OTHERS)):
            yield {"id": item.id, "words": status_of(item, settings), "received_at": item.received_at}
