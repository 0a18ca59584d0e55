"""One event for its page: what came, how it was read, what went out, and what it waits for."""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bridge.console.actor import Actor
from bridge.console.masking import mask, masked
from bridge.console.queries.events import renter_of, tour_at
from bridge.console.status_words import booking_status, pms_name, status_of
from bridge.delivery.rules.outcomes import Reason
from bridge.errors import BridgeError
from bridge.events.detail import mapping_of, story
from bridge.events.dry_run import error_sentence
from bridge.inbound.arrivals import Kept
from bridge.mapping.explanation import explain
from bridge.mapping_checks.explanation import explanation_as_json
from bridge.mapping_checks.preview import preview_event
from bridge.models import UNENCRYPTED_TOUR_FIELDS, Event, Status
from bridge.settings import Settings

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
    Reason.UNMAPPABLE: "Fix the values below or the mapping, then replay.",
}
"""What the console can do itself; for all else the advice of the reason counts."""


def event_details(
    session: Session, event: Event, settings: Settings, actor: Actor, now: datetime
) -> dict[str, Any]:
    """All that the page shows, in its order; without what the sender said, for who may not see renters."""
    detail = story(session, event, settings)
    details = event.booking.details if event.booking else {}
    place = settings.properties.get(event.property or "")
    shown = {
        **detail,
        "name": renter_of(details),
        "tour_at": tour_at(details, place),
        "property_name": (place.name or place.key) if place else named_property(event),
        "next_in": event.next_attempt_at - now if event.next_attempt_at else None,
        "status_words": status_of(event, settings),
        "booking_words": _booking_words(event, settings),
        "raw": event.body.decode("utf-8", "replace")[:MOST_RAW],
        "explanation": _explanation(event, settings),
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
    return shown


def as_json(value: Any) -> str:
    """For a person to read: texts as they are."""
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
    """Why it stands where it stands, and what a person does about it."""
    parked = event.status == Status.PARKED
    advice = (ADVICE.get(Reason(event.reason)) if parked and event.reason else None) or detail["advice"]
    if parked and event.reason == Reason.UNKNOWN_PROPERTY:
        yield f"No property is called “{named_property(event)}”."
    elif parked and event.reason == Reason.UNMAPPABLE:
        yield "The payload cannot be read as a tour."
    elif event.detail and event.detail != advice:
        yield event.detail if actor.sees_people else mask(event.detail) or ""
    if advice:
        yield advice


def _explanation(event: Event, settings: Settings) -> dict[str, Any] | None:
    """`None` where the body is not kept, or nothing can read it."""
    if not event.body:
        return None
    kept, answers = Kept(event.headers, event.query), event.answers or {}
    try:
        mapping = mapping_of(settings, event)
        read = preview_event(mapping, event.body, event.content_type, kept, answers, event.delivery_id)
    except BridgeError:
        return None
    return explanation_as_json(explain(mapping, read.received)) if read.received else None


def _booking_words(event: Event, settings: Settings) -> str | None:
    """The present status of its tour, whatever became of this event."""
    found = event.booking
    if found is None:
        return None
    return str(booking_status(found.state, found.written_state, pms_name(settings, found.property)))


def _other_events(session: Session, event: Event, settings: Settings) -> Iterator[dict[str, Any]]:
    if event.booking_id is not None:
        query = select(Event).where(Event.booking_id == event.booking_id, Event.id != event.id)
        for item in session.scalars(query.order_by(Event.id.desc()).limit(MOST_OTHERS)):
            yield {"id": item.id, "words": status_of(item, settings), "received_at": item.received_at}
