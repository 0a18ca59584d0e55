"""Actions on a tour whose time is taken: the nearest free times, one click each."""

from datetime import datetime

from flask import Blueprint, Response, current_app, render_template, request, url_for
from sqlalchemy.orm import Session

from bridge.availability.calendar import Calendar
from bridge.console.access.guard import current_actor, needs
from bridge.console.actions import times
from bridge.console.events.event_views import stored
from bridge.console.flash import Flash, on_next_page
from bridge.console.tools import tools
from bridge.errors import BridgeError
from bridge.models import Event, Role
from bridge.renter.tour import RenterTour

other_time = Blueprint("other_time", __name__, url_prefix="/console/events/<int:event_id>/times")


@other_time.get("")
@needs(Role.OPERATOR)
def offer(event_id: int) -> str:
    with tools().database.session() as session:
        event = stored(session, event_id)
        tour = _tour(session, event)
    return _panel(event_id, tour)


@other_time.post("")
@needs(Role.OPERATOR)
def take(event_id: int) -> Response:
    """Give the tour the chosen time, and run its event again."""
    with tools().database.session() as session:
        tour = _tour(session, stored(session, event_id))
    start = _moment(request.form.get("start", ""))
    if tour is None or start is None or not times.is_free(_calendar(), tour, start):
        return Response(_panel(event_id, tour, "This time is not free any more. Choose another one."))
    settings, now = tools().settings, tools().clock()
    try:
        with tools().database.session() as session:
            event = stored(session, event_id)
            times.take_time(session, settings, current_actor(), event, tour, start, now)
    except BridgeError as error:
        return Response(_panel(event_id, tour, error.message))
    answer = Response(headers={"HX-Redirect": url_for("event.show", event_id=event_id)})
    return on_next_page(answer, Flash.TIME_CHOSEN)


def _panel(event_id: int, tour: RenterTour | None, problem: str | None = None) -> str:
    found = times.nearest_times(_calendar(), tour) if tour else None
    return render_template("events/times.html", event_id=event_id, offer=found, problem=problem)


def _tour(session: Session, event: Event) -> RenterTour | None:
    return times.tour_of(session, tools().settings, tools().sources, event, tools().clock())


def _calendar() -> Calendar:
    found: Calendar = current_app.extensions["calendar"]
    return found


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else None
