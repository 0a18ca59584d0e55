"""The page of one event, from what came to what became of it."""

import hashlib
from typing import Any

from flask import Blueprint, Response, abort, render_template, request
from markupsafe import Markup
from sqlalchemy.orm import Session

from bridge.console.access.guard import current_actor, needs
from bridge.console.events.telling import telling
from bridge.console.tools import tools
from bridge.delivery.rules.outcomes import Reason
from bridge.events.edit import REPAIRABLE
from bridge.models import Event, Role, Status

event = Blueprint("event", __name__, url_prefix="/console/events/<int:event_id>")

CORRECTED_FIRST = (Reason.UNMAPPABLE, Reason.UNDECODABLE)
OUT_OF_BAND = Markup(' hx-swap-oob="true"')
"""Lets a part of an answer take the place of the part of the page with its id."""
LIVE = ("status", "sentences", "next_attempt_at", "attempts", "booking", "history", "actions")
"""What can read differently while a page is open."""


@event.get("")
@needs(Role.VIEWER)
def show(event_id: int) -> str:
    with tools().database.session() as session:
        return render_template("events/event.html", told=page_of(session, event_id))


@event.get("/live")
@needs(Role.VIEWER)
def live(event_id: int) -> Response:
    """What has changed since the page was made; 204: nothing."""
    with tools().database.session() as session:
        told = page_of(session, event_id)
        if told["version"] == request.args.get("version"):
            return Response(status=204)
        return Response(render_template("events/event_live.html", told=told, oob=OUT_OF_BAND))


def stored(session: Session, event_id: int) -> Event:
    """Answers 404 where there is none, or no longer."""
    found = session.get(Event, event_id)
    if found is None or found.removed_at is not None:
        abort(404, f"There is no event {event_id}, or it is no longer kept.")
    return found


def page_of(session: Session, event_id: int) -> dict[str, Any]:
    """All that the page shows, and its `version`."""
    found = stored(session, event_id)
    told = telling(session, found, tools().settings, current_actor(), tools().clock())
    told["actions"] = _actions(found) if current_actor().may(Role.OPERATOR) else []
    others = [(one.id, one.status) for one in told["others"]]
    seen = repr(([told[name] for name in LIVE], others))
    told["version"] = hashlib.blake2b(seen.encode(), digest_size=8).hexdigest()
    return told


def _actions(found: Event) -> list[dict[str, str]]:
    """What a person can do about it now; the first is what helps most likely."""
    kept, parked = found.blanked_at is None, found.status == Status.PARKED
    unknown = parked and found.reason == Reason.UNKNOWN_PROPERTY
    choose = [("deeds.choose_property", "Choose the property")] if unknown else []
    taken = parked and found.reason == Reason.SLOT_TAKEN
    choose += [("other_time.offer", "Choose another time")] if taken else []
    replay = [("deeds.replay", "Replay")] if Status(found.status).ended else []
    correct = [("deeds.edit", "Correct and replay")] if found.status in REPAIRABLE else []
    again = correct + replay if found.reason in CORRECTED_FIRST else replay + correct
    done = [("deeds.done", "Mark as done")] if parked else []
    offered = [*([*choose, *again] if kept else []), *done]
    return [{"view": view, "words": words} for view, words in offered]
