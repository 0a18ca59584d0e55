"""Calendar feeds of tours, and the correction of a tour field by field."""

from typing import Any

from flask import url_for
from flask_smorest import Blueprint
from marshmallow import RAISE
from webargs.flaskparser import abort

from bridge.console.access import feeds
from bridge.console.access.guard import current_actor, needs
from bridge.console.actions import feeds as feed_actions
from bridge.console.api import schemas
from bridge.console.api import schemas_tours as shown
from bridge.console.api.answers import NoSuchRowError, answer_problems
from bridge.console.api.events import ONE, one_event
from bridge.console.api.fields import LARGEST
from bridge.console.api.idempotency import idempotent
from bridge.console.events.correction_form import FormValues
from bridge.console.events.presenter import explanation_of, start_as_sent
from bridge.console.events.tour_values import place_in, save_tour, shown_values
from bridge.console.queries.record_choices import agent_choices, unit_choices
from bridge.console.tools import tools
from bridge.events.edit import edit_as_json
from bridge.events.query import configured
from bridge.models import Role

tours = Blueprint("api_tours", __name__, url_prefix="/api/v1")
answer_problems(tours)


@tours.route("/calendar-feeds")
@needs(Role.OPERATOR)
@tours.response(200, shown.FeedList)
def list_feeds() -> Any:
    """List the calendar feeds that are not revoked."""
    with tools().database.session() as session:
        return {"feeds": feeds.valid_feeds(session)}


@tours.route("/calendar-feeds", methods=["POST"])
@needs(Role.OPERATOR)
@tours.arguments(shown.FeedBody)
@tours.response(201, shown.NewFeed)
def create_feed(body: dict[str, Any]) -> Any:
    """Make a calendar feed. Its address is answered this once; so an Idempotency-Key counts for nothing here."""
    settings, now, named = tools().settings, tools().clock(), body.get("property")
    with tools().database.session() as session:
        key = configured(session, settings, named).key if named is not None else None
        feed, text = feed_actions.create_feed(session, current_actor(), key, now)
        return {**vars(feed), "address": url_for("calendar_files.feed", text=text, _external=True)}


@tours.route(f"/calendar-feeds/<int(min=1, max={LARGEST}):feed_id>", methods=["DELETE"])
@needs(Role.OPERATOR)
@idempotent
@tours.doc(**{"x-once": True})
@tours.response(204)
def revoke_feed(feed_id: int) -> None:
    """Revoke a calendar feed, from the next request on."""
    try:
        with tools().database.session() as session:
            feed_actions.revoke_feed(session, current_actor(), feed_id, tools().clock())
    except feeds.UnknownFeedError as error:
        raise NoSuchRowError from error


@tours.route(f"{ONE}/fields")
@needs(Role.OPERATOR)
@tours.arguments(shown.TourFieldArguments, location="query", unknown=RAISE)
@tours.response(200, shown.TourFields)
def show_tour_fields(query: dict[str, Any], event_id: int) -> Any:
    """Show the fields of a tour that can be corrected, and the units and agents of its property, or of another."""
    settings, named = tools().settings, query.get("property")
    with one_event(event_id) as (session, event):
        place = place_in(session, settings, event)
        place = configured(session, settings, named) if named is not None else place
        return {
            "fields": shown_values(session, settings, event, place).texts,
            "start_as_sent": start_as_sent(explanation_of(event, settings)),
            "properties": list(settings.properties),
            "units": unit_choices(session, place) if place else [],
            "agents": agent_choices(session, place) if place else [],
        }


@tours.route(f"{ONE}/fields", methods=["POST"])
@needs(Role.OPERATOR)
@idempotent
@tours.doc(**{"x-once": True})
@tours.arguments(shown.TourFieldsBody)
@tours.response(200, schemas.EditSchema)
def correct_tour(body: dict[str, str], event_id: int) -> Any:
    """Correct fields of a tour and run its event again; a field that is left out stays, an empty one is taken away."""
    settings, now = tools().settings, tools().clock()
    with one_event(event_id) as (session, event):
        known = place_in(session, settings, event)
        key = body.get("property", known.key if known else "")
        place = settings.properties.get(key)
        before = shown_values(session, settings, event, place)
        typed = FormValues.of_form({**before.texts, **body})
        checked, correction = save_tour(session, settings, current_actor(), event, typed, before, now)
        if correction is None:
            abort(422, messages={"json": {name: [line] for name, line in checked.errors.items()}})
    return edit_as_json(correction, queued=True)
