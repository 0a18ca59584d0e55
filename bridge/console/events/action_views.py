"""Actions of an operator on one event; each previews its effect."""

import json
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, render_template, request, url_for
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bridge.console.access.guard import current_actor, needs
from bridge.console.actions import aliases, corrections
from bridge.console.actions import events as people
from bridge.console.events.bulk_views import Run, progress
from bridge.console.events.event_views import OUT_OF_BAND, PARTS, page_of, stored
from bridge.console.events.presenter import CALLS, as_json
from bridge.console.flash import Flash, at_once, on_next_page
from bridge.console.tools import tools
from bridge.delivery.rules.outcomes import Reason
from bridge.errors import BridgeError, DecodingError
from bridge.events.dry_run import dry_run, error_sentence
from bridge.events.edit import Correction, payload_of
from bridge.mapping.corrected import CorrectedFields
from bridge.models import Booking, Event, Role, Status
from bridge.settings.records import normalise_name

actions = Blueprint("actions", __name__, url_prefix="/console/events")


@actions.get("/nothing")
@needs(Role.VIEWER)
def nothing() -> str:
    """Closes what was opened."""
    return ""


@actions.get("/<int:event_id>/replay")
@needs(Role.OPERATOR)
def replay(event_id: int) -> str:
    """What would go out."""
    with tools().database.session() as session:
        run = dry_run(session, stored(session, event_id), tools().settings, tools().clock())
        return render_template("events/replay.html", run=run, calls=CALLS)


@actions.post("/<int:event_id>/replay")
@needs(Role.OPERATOR)
def do_replay(event_id: int) -> Response:
    def change(session: Session) -> None:
        people.replay(session, current_actor(), [event_id], tools().clock())

    return _answer(event_id, change, Flash.EVENT_QUEUED)


@actions.get("/<int:event_id>/done")
@needs(Role.OPERATOR)
def done(event_id: int) -> str:
    return render_template("events/done.html", event_id=event_id)


@actions.post("/<int:event_id>/done")
@needs(Role.OPERATOR)
def do_done(event_id: int) -> Response:
    def change(session: Session) -> None:
        note = request.form.get("note", "").strip()
        people.dismiss(session, current_actor(), [event_id], note, tools().clock())

    return _answer(event_id, change, Flash.EVENT_DISMISSED)


@actions.get("/<int:event_id>/property")
@needs(Role.OPERATOR)
def choose_property(event_id: int) -> str:
    with tools().database.session() as session:
        named = aliases.name_of(stored(session, event_id))
        also_waiting = _waiting_for(session, named) - 1 if named else 0
    properties = [
        (property_.key, property_.name or property_.key) for property_ in tools().settings.properties.values()
    ]
    return render_template(
        "events/property.html",
        event_id=event_id,
        named=named,
        also_waiting=also_waiting,
        properties=properties,
    )


@actions.post("/<int:event_id>/property")
@needs(Role.OPERATOR)
def do_choose_property(event_id: int) -> Response:
    """Keeps the sender's name as an alias; then all that wait for it are replayed, a few at a time."""
    actor, settings, chosen = current_actor(), tools().settings, request.form.get("property", "")
    try:
        with tools().database.session() as session:
            found = aliases.choose_property(
                session, settings, actor, stored(session, event_id), chosen, tools().clock()
            )
    except BridgeError as error:
        return Response(render_template("events/correction.html", problem=error.message))
    return progress(Run("replay", tuple(found.ids), len(found.ids), entry=found.bulk.id))


@actions.get("/<int:event_id>/edit")
@needs(Role.OPERATOR)
def edit(event_id: int) -> str:
    with tools().database.session() as session:
        found = stored(session, event_id)
        try:
            payload = as_json(payload_of(found))
        except DecodingError:
            payload = found.body.decode("utf-8", "replace")
        corrected = list(CorrectedFields.of(found.headers).values)
    return render_template("events/edit.html", event_id=event_id, payload=payload, corrected=corrected)


@actions.post("/<int:event_id>/reading")
@needs(Role.OPERATOR)
def reading(event_id: int) -> str:
    """How what is typed would be read."""
    try:
        with tools().database.session() as session:
            correction = _correction(session, event_id)
    except BridgeError as error:
        return render_template("events/correction.html", problem=error.message)
    read = correction.read
    return render_template(
        "events/correction.html",
        changed=correction.changed,
        reading={**read.as_json(), "remarks": read.remarks},
        problems=[error_sentence(error) for error in read.errors],
    )


@actions.post("/<int:event_id>/edit")
@needs(Role.OPERATOR)
def do_edit(event_id: int) -> Response:
    """Save the correction and run the event again; the page is rendered again with the new state."""
    actor, now = current_actor(), tools().clock()
    try:
        with tools().database.session() as session:
            correction = _correction(session, event_id)
            corrections.save(session, actor, correction, now, again=True)
    except BridgeError as error:
        return Response(render_template("events/correction.html", problem=error.message))
    answer = Response(headers={"HX-Redirect": url_for("event.show", event_id=event_id)})
    return on_next_page(answer, Flash.EVENT_SAVED)


class InvalidJsonError(DecodingError):
    """The payload is not JSON."""

    code = "correction_not_json"


def _waiting_for(session: Session, named: str) -> int:
    """How many parked events call their property so."""
    sent_name = func.lower(func.btrim(Booking.details["property"]["value"].astext))
    waiting = (
        select(func.count())
        .select_from(Event)
        .join(Event.booking)
        .where(
            Event.reason == Reason.UNKNOWN_PROPERTY.value,
            Event.status == Status.PARKED.value,
            sent_name == normalise_name(named),
        )
    )
    return session.scalar(waiting) or 0


def _correction(session: Session, event_id: int) -> Correction:
    """What is typed in the form, read. Raises BridgeError."""
    event = stored(session, event_id)
    try:
        payload: Any = json.loads(request.form.get("payload", ""))
    except ValueError as error:
        raise InvalidJsonError(f"This is not JSON yet: {error}.") from error
    return corrections.preview(session, tools().settings, event, payload)


def _answer(event_id: int, change: Callable[[Session], None], flash: Flash) -> Response:
    """Make the change; the answer has a message, and the parts of the page that read differently now."""
    try:
        with tools().database.session() as session:
            stored(session, event_id)
            change(session)
    except BridgeError as error:
        return Response(render_template("events/correction.html", problem=error.message))
    with tools().database.session() as session:
        event = page_of(session, event_id)
        parts = render_template("events/answer.html", event=event, parts=PARTS, oob=OUT_OF_BAND)
    return at_once(Response(parts), flash)
