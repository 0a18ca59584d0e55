"""Free times of a property, with the reason why others are not free, and those near a tour's requested time."""

from typing import Any

from flask import current_app
from flask_smorest import Blueprint
from marshmallow import RAISE

from bridge.availability.calendar import Calendar
from bridge.availability.rules.slots import kinds_of
from bridge.console.access.guard import current_actor, needs
from bridge.console.actions import times as actions
from bridge.console.api import schemas, schemas_connections
from bridge.console.api.answers import NoSuchRowError, answer_problems
from bridge.console.api.events import ONE, one_event
from bridge.console.api.idempotency import idempotent
from bridge.console.availability.views import REASONS, starts_of_week
from bridge.console.tools import tools
from bridge.errors import UnknownTourKindError
from bridge.events.edit import edit_as_json
from bridge.events.query import configured
from bridge.models import Role

times = Blueprint("api_times", __name__, url_prefix="/api/v1")
answer_problems(times)


@times.route("/availability")
@needs(Role.VIEWER)
@times.arguments(schemas_connections.AvailabilityArguments, location="query", unknown=RAISE)
@times.response(200, schemas_connections.AvailabilitySchema)
def list_availability(query: dict[str, Any]) -> Any:
    """List each start of a week at a property, with what keeps it from being free. May ask Propexo."""
    with tools().database.session() as session:
        place = configured(session, tools().settings, query["property"])
    kinds = kinds_of(place)
    kind = query.get("kind") or next(iter(kinds), "")
    if kind and kind not in kinds:
        raise UnknownTourKindError(kinds)
    days = [
        {
            "date": day,
            "starts": [
                {"start": start.isoformat(), "is_free": obstacle is None, "reason": obstacle and obstacle.value,
                 "sentence": obstacle and REASONS[obstacle]}
                for start, obstacle in starts
            ],
        }
        for day, starts in starts_of_week(place, kind, query.get("first"))
    ]  # fmt: skip
    return {"property": place.key, "kind": kind or None, "days": days}


@times.route(f"{ONE}/times")
@needs(Role.OPERATOR)
@times.response(200, schemas_connections.NearestTimesSchema)
def list_nearest_times(event_id: int) -> Any:
    """List the free times near the one that the tour of an event wants."""
    tools_now = tools().clock()
    with one_event(event_id) as (session, event):
        tour = actions.tour_of(session, tools().settings, tools().sources, event, tools_now)
    found = actions.nearest_times(_calendar(), tour) if tour else None
    if found is None:
        raise NoSuchRowError("The event has no tour at a property with tour times.")
    return {
        "property": found.place.key,
        "kind": found.kind or None,
        "wanted": found.wanted.isoformat(),
        "is_free": found.is_free,
        "nearest": [slot.as_json() for slot in found.nearest],
    }


@times.route(f"{ONE}/times", methods=["POST"])
@needs(Role.OPERATOR)
@idempotent
@times.doc(**{"x-once": True})
@times.arguments(schemas_connections.TimeBody)
@times.response(200, schemas.EditSchema)
def choose_time(body: dict[str, Any], event_id: int) -> Any:
    """Give the tour of an event another time that is free, and run the event again."""
    settings, now = tools().settings, tools().clock()
    with one_event(event_id) as (session, event):
        tour = actions.tour_of(session, settings, tools().sources, event, now)
    if tour is None:
        raise NoSuchRowError("The event has no tour.")
    if not actions.is_free(_calendar(), tour, body["start"]):
        raise actions.TimeGoneError
    with one_event(event_id) as (session, event):
        correction = actions.take_time(session, settings, current_actor(), event, tour, body["start"], now)
    return edit_as_json(correction, queued=True)


def _calendar() -> Calendar:
    found: Calendar = current_app.extensions["calendar"]
    return found
