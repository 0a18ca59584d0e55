"""Correct a tour by a form: the fields of the booking with the choices that exist, checked one by one."""

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, render_template, request, url_for
from sqlalchemy.orm import Session

from bridge.console.access.guard import current_actor, needs
from bridge.console.dates import office_zone
from bridge.console.events.correction_form import CheckedForm, FormValues
from bridge.console.events.event_views import stored
from bridge.console.events.presenter import explanation_of, known_values, start_as_sent
from bridge.console.events.tour_values import place_in, save_tour, shown_values
from bridge.console.flash import Flash, on_next_page
from bridge.console.queries.record_choices import RecordChoice, agent_choices, unit_choices
from bridge.console.status_words import KINDS
from bridge.console.tools import tools
from bridge.errors import BridgeError
from bridge.models import Event, Role
from bridge.settings import Property

correct = Blueprint("correct", __name__, url_prefix="/console/events/<int:event_id>/correct")


@dataclass(frozen=True)
class TourForm:
    """The form of one event."""

    event_id: int
    typed: FormValues
    place: Property | None
    units: list[RecordChoice]
    agents: list[RecordChoice]
    as_sent: str | None
    """What could not be read as a start."""
    checked: CheckedForm = CheckedForm()  # noqa: RUF009 - frozen
    problem: str | None = None
    focuses: bool = True
    """Whether the user opened it; one that opens with its page leaves the focus alone."""


@correct.get("")
@needs(Role.OPERATOR)
def form(event_id: int) -> str:
    """The form with what is known of the tour."""
    with tools().database.session() as session:
        event = stored(session, event_id)
        place = place_in(session, tools().settings, event)
        shown = _values(_known(event), place)
        return _page(session, event, shown, place, focuses="quiet" not in request.args)


@correct.post("/choices")
@needs(Role.OPERATOR)
def choices(event_id: int) -> str:
    """The same form for another property: its units, its agents, and its clock; what was typed stays."""
    with tools().database.session() as session:
        event = stored(session, event_id)
        before = tools().settings.properties.get(request.form.get("clock_of", ""))
        place = tools().settings.properties.get(request.form.get("property", ""))
        typed, known = FormValues.of_form(request.form), _known(event)
        shown, here = _values(known, before), _values(known, place)
        texts = {**typed.texts, "unit": "", "agent": ""}
        if all(typed[name] == shown[name] for name in ("date", "time")):
            texts |= {name: here[name] for name in ("date", "time")}
        return _page(session, event, FormValues(texts), place, focuses=False)


@correct.post("")
@needs(Role.OPERATOR)
def save(event_id: int) -> Response:
    """Save what differs and run the event again; else the form comes back with an error at each field."""
    settings, now, typed = tools().settings, tools().clock(), FormValues.of_form(request.form)
    place = settings.properties.get(typed["property"])
    clock_of = settings.properties.get(request.form.get("clock_of", ""))
    try:
        with tools().database.session() as session:
            event = stored(session, event_id)
            shown = shown_values(session, settings, event, clock_of)
            checked, correction = save_tour(session, settings, current_actor(), event, typed, shown, now)
            if correction is None:
                return Response(_page(session, event, typed, place, checked=checked))
    except BridgeError as error:
        with tools().database.session() as session:
            return Response(_page(session, stored(session, event_id), typed, place, problem=error.message))
    answer = Response(headers={"HX-Redirect": url_for("event.show", event_id=event_id)})
    return on_next_page(answer, Flash.EVENT_SAVED)


def _page(session: Session, event: Event, typed: FormValues, place: Property | None, **more: Any) -> str:
    return render_template(
        "events/correct.html",
        form=TourForm(
            event.id,
            typed,
            place,
            unit_choices(session, place) if place else [],
            agent_choices(session, place) if place else [],
            start_as_sent(explanation_of(event, tools().settings)),
            **more,
        ),
        kinds=KINDS,
        properties=tools().settings.properties.values(),
    )


def _values(known: dict[str, Any], place: Property | None) -> FormValues:
    return FormValues.of_tour(known, place, office_zone(tools().settings))


def _known(event: Event) -> dict[str, Any]:
    return known_values(event, explanation_of(event, tools().settings))
