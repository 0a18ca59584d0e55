"""The page of one event: tour, actions, history and technical details."""

import hashlib
from typing import Any

from flask import Blueprint, Response, abort, render_template, request
from markupsafe import Markup
from sqlalchemy.orm import Session

from bridge.console.access.guard import current_actor, needs
from bridge.console.events.presenter import event_details
from bridge.console.tools import tools
from bridge.delivery.rules.outcomes import Reason
from bridge.events.edit import REPAIRABLE
from bridge.events.query import kept_event
from bridge.models import Event, Role, Status

event = Blueprint("event", __name__, url_prefix="/console/events/<int:event_id>")

FORM_FIRST = (Reason.UNMAPPABLE, Reason.NEEDS_TIME, Reason.INVALID_TIME)
"""Where only a correction helps: the form is open when the page is."""
OUT_OF_BAND = Markup(' hx-swap-oob="true"')
"""Lets a part of an answer take the place of the part of the page with its id."""
PARTS = {
    "head": ("card",),
    "state": ("status_words", "next_step", "next_attempt_at"),
    "tour": ("card", "booking", "booking_words"),
    "actions": ("actions", "sentences"),
    "history": ("timeline",),
    "payload": ("event", "occurred_at", "reference", "content_type", "headers", "payload", "raw", "original"),
    "mapping": ("reading", "explanation", "problems"),
    "calls": ("attempts",),
}
"""The parts of the page, each a template, with what they show: all of it can change while the page is open."""


@event.get("")
@needs(Role.VIEWER)
def show(event_id: int) -> str:
    with tools().database.session() as session:
        return render_template("events/event.html", event=page_of(session, event_id))


@event.get("/live")
@needs(Role.VIEWER)
def live(event_id: int) -> Response:
    """The parts that have changed since the page was made; 204: none."""
    shown = request.args.get("version", "").split("-")
    with tools().database.session() as session:
        details = page_of(session, event_id)
        now = details["version"].split("-")
        known = len(shown) == len(now)
        parts = [part for at, part in enumerate(PARTS) if not known or shown[at] != now[at]]
        if not parts:
            return Response(status=204)
        return Response(
            render_template("events/event_live.html", event=details, parts=parts, oob=OUT_OF_BAND)
        )


def stored(session: Session, event_id: int) -> Event:
    """Answers 404 where there is none, or no longer."""
    found = kept_event(session, event_id)
    if found is None:
        abort(404, f"There is no event {event_id}, or it is no longer kept.")
    return found


def page_of(session: Session, event_id: int) -> dict[str, Any]:
    """All that the page shows, and its `version`."""
    found = stored(session, event_id)
    kept = found.blanked_at is None
    details = event_details(session, found, tools().settings, current_actor(), tools().clock())
    details["actions"] = _actions(found) if current_actor().may(Role.OPERATOR) else []
    details["opens_form"] = bool(details["actions"]) and found.reason in FORM_FIRST and _is_correctable(found)
    details["can_edit"] = current_actor().may(Role.OPERATOR) and found.status in REPAIRABLE and kept
    details["version"] = "-".join(_digest([details.get(name) for name in names]) for names in PARTS.values())
    return details


def _digest(values: list[Any]) -> str:
    return hashlib.blake2b(repr(values).encode(), digest_size=6).hexdigest()


def _is_correctable(found: Event) -> bool:
    """Whether the form can correct it: what cannot be decoded has no fields."""
    return found.status in REPAIRABLE and found.reason != Reason.UNDECODABLE


def _actions(found: Event) -> list[dict[str, str]]:
    """What an operator can do about it now, the most likely remedy first."""
    kept, parked = found.blanked_at is None, found.status == Status.PARKED
    unknown = parked and found.reason == Reason.UNKNOWN_PROPERTY
    choose = [("actions.choose_property", "Choose the property")] if unknown else []
    taken = parked and found.reason == Reason.SLOT_TAKEN
    choose += [("other_time.offer", "Choose another time")] if taken else []
    replay = [("actions.replay", "Replay")] if Status(found.status).ended else []
    correct = [("correct.form", "Correct")] if _is_correctable(found) else []
    again = correct + replay if found.reason in FORM_FIRST else replay + correct
    done = [("actions.done", "Mark as done")] if parked else []
    offered = [*([*choose, *again] if kept else []), *done]
    return [{"view": view, "words": words} for view, words in offered]
