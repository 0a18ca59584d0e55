"""Events: lists, details and actions."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import current_app
from flask_smorest import Blueprint
from marshmallow import RAISE
from sqlalchemy.orm import Session

from bridge.console.access.guard import current_actor, needs
from bridge.console.actions import corrections
from bridge.console.actions import events as actions
from bridge.console.api import schemas
from bridge.console.api.answers import NoSuchRowError, answer_problems, linked
from bridge.console.api.fields import LARGEST
from bridge.console.api.idempotency import idempotent
from bridge.console.queries import events as queries
from bridge.console.tools import tools
from bridge.events.detail import story
from bridge.events.edit import edit_as_json
from bridge.events.query import Selection, kept_event
from bridge.models import Event, Role
from bridge.widget.desk import WidgetFormDesk

events = Blueprint("api_events", __name__, url_prefix="/api/v1")
answer_problems(events)
ONE = f"/events/<int(min=1, max={LARGEST}):event_id>"


@contextmanager
def one_event(event_id: int) -> Iterator[tuple[Session, Event]]:
    """A stored event that is not a tombstone. Raises NoSuchRowError."""
    with tools().database.session() as session:
        event = kept_event(session, event_id)
        if event is None:
            raise NoSuchRowError
        yield session, event


def selection_of(query: dict[str, Any]) -> Selection:
    """What the arguments select."""
    return Selection(
        statuses=tuple(query["status"]),
        reasons=tuple(query["reason"]),
        sources=tuple(query["source"]),
        property=query.get("property"),
        since=query.get("since"),
        until=query.get("until"),
        request_id=query.get("request"),
    )


@events.route("/events")
@needs(Role.VIEWER)
@events.arguments(schemas.EventArguments, location="query", unknown=RAISE)
@events.response(200, schemas.EventPage)
def list_events(query: dict[str, Any]) -> Any:
    """List events, the newest first."""
    with tools().database.session() as session:
        page = queries.page(
            session,
            tools().settings,
            current_actor(),
            selection_of(query),
            search=query.get("search"),
            cursor=query.get("cursor"),
            limit=query["limit"],
        )
    return linked(page)


@events.route(ONE)
@needs(Role.VIEWER)
@events.response(200, schemas.Story)
def show_event(event_id: int) -> Any:
    """Show an event with its full history."""
    with one_event(event_id) as (session, event):
        return queries.full_story(session, tools().settings, current_actor(), event)


@events.route(f"{ONE}/payload")
@needs(Role.OPERATOR)
@events.response(200, schemas.Payload)
def show_payload(event_id: int) -> Any:
    """Show the payload as it arrived."""
    with one_event(event_id) as (session, event):
        return story(session, event, tools().settings)


@events.route(f"{ONE}/tour-link", methods=["POST"])
@needs(Role.OPERATOR)
@idempotent
@events.doc(**{"x-once": True})
@events.response(200, schemas.TourLinkSchema)
def issue_tour_link(event_id: int) -> Any:
    """Answer the address at which the renter moves or cancels the tour of an event; always the same."""
    with one_event(event_id) as (_, event):
        if event.reference is None:
            raise NoSuchRowError
        source, reference = event.source, event.reference
    desk: WidgetFormDesk = current_app.extensions["forms"]
    return desk.tour_addresses(source, reference)


@events.route("/events/replay/dry-run", methods=["POST"])
@needs(Role.OPERATOR)
@events.arguments(schemas.Ids)
@events.response(200, schemas.DryRunList)
def dry_run_events(body: dict[str, Any]) -> Any:
    """Show what a replay would send, and how that differs from last time. Nothing changes."""
    with tools().database.session() as session:
        found = actions.dry_runs(session, tools().settings, body["ids"], tools().clock())
    return {"events": [run.as_json() for run in found]}


@events.route("/events/select", methods=["POST"])
@needs(Role.OPERATOR)
@events.arguments(schemas.SelectionBody)
@events.response(200, schemas.ChosenSchema)
def select_events(body: dict[str, Any]) -> Any:
    """Answer the ids of all ended events of a selection: parked ones unless it names statuses. Nothing changes."""
    with tools().database.session() as session:
        return actions.choose(session, tools().settings, selection_of(body))


@events.route("/events/replay", methods=["POST"])
@needs(Role.OPERATOR)
@idempotent
@events.doc(**{"x-once": True})
@events.arguments(schemas.ReplayBody)
@events.response(200, schemas.Queued)
def replay_events(body: dict[str, Any]) -> Any:
    """Run events again; what is written already is not written twice."""
    actor, now = current_actor(), tools().clock()
    with tools().database.session() as session:
        if body["status"]:
            queued = actions.replay_chosen(session, actor, body["ids"], body["status"], now)
        else:
            queued = actions.replay(session, actor, body["ids"], now)
    return {"queued": queued}


@events.route("/events/dismiss", methods=["POST"])
@needs(Role.OPERATOR)
@idempotent
@events.doc(**{"x-once": True})
@events.arguments(schemas.DismissBody)
@events.response(200, schemas.Dismissed)
def dismiss_events(body: dict[str, Any]) -> Any:
    """Mark parked events as done."""
    with tools().database.session() as session:
        done = actions.dismiss(session, current_actor(), body["ids"], body["note"], tools().clock())
    return {"dismissed": done}


@events.route(f"{ONE}/edit/preview", methods=["POST"])
@needs(Role.OPERATOR)
@events.arguments(schemas.EditPreviewBody)
@events.response(200, schemas.EditSchema)
def preview_edit(body: dict[str, Any], event_id: int) -> Any:
    """Show how a corrected payload would be read. Nothing is saved."""
    with one_event(event_id) as (session, event):
        return edit_as_json(
            corrections.preview(session, tools().settings, event, body["payload"]), queued=False
        )


@events.route(f"{ONE}/edit", methods=["POST"])
@needs(Role.OPERATOR)
@idempotent
@events.doc(**{"x-once": True})
@events.arguments(schemas.EditBody)
@events.response(200, schemas.EditSchema)
def edit_event(body: dict[str, Any], event_id: int) -> Any:
    """Correct the payload of a parked, ignored or dismissed event, and run it again."""
    with one_event(event_id) as (session, event):
        correction = corrections.preview(session, tools().settings, event, body["payload"])
        corrections.save(
            session, current_actor(), correction, tools().clock(),
            again=body["replay"], force=body["force"],
        )  # fmt: skip
    return edit_as_json(correction, queued=body["replay"])
