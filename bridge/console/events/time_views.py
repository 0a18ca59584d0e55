"""What an operator does about a tour whose time another one has: the nearest free times, one click each."""

from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, Response, current_app, render_template, request, url_for
from sqlalchemy.orm import Session

from bridge.aliases import aliases_in
from bridge.availability.calendar import Calendar
from bridge.availability.listing import Slot
from bridge.console.access.guard import current_actor, needs
from bridge.console.actions import corrections
from bridge.console.events.event_views import stored
from bridge.console.tools import tools
from bridge.errors import BridgeError, NoTourTimesError, UnknownTourKindError
from bridge.events.edit import at_other_time
from bridge.mapping.conversation import OfferedTimes
from bridge.models import Event, Role, TourLink
from bridge.renter.tour import RenterTour, load
from bridge.settings import Property

other_time = Blueprint("other_time", __name__, url_prefix="/console/events/<int:event_id>/times")


@dataclass(frozen=True)
class NearestTimes:
    """What can be chosen for a tour."""

    place: Property
    kind: str
    wanted: datetime
    is_free: bool
    """Whether the wanted time is free by now: a replay is enough."""
    nearest: tuple[Slot, ...]


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
    if tour is None or start is None or not _is_free(tour, start):
        return Response(_panel(event_id, tour, "This time is not free any more. Choose another one."))
    chosen = OfferedTimes(tour.place.key, tour.kind, (start,))
    try:
        with tools().database.session() as session:
            correction = at_other_time(
                stored(session, event_id), chosen, tools().settings, aliases_in(session)
            )
            corrections.save(session, current_actor(), correction, tools().clock(), again=True)
    except BridgeError as error:
        return Response(_panel(event_id, tour, error.message))
    return Response(headers={"HX-Redirect": url_for("event.show", event_id=event_id)})


def _panel(event_id: int, tour: RenterTour | None, problem: str | None = None) -> str:
    found = _offer(tour) if tour else None
    return render_template("events/times.html", event_id=event_id, offer=found, problem=problem)


def _offer(tour: RenterTour) -> NearestTimes | None:
    try:
        verdict = _calendar().check(
            tour.place, tour.start, tour.kind, length=tour.length, moving=tour.booking_id
        )
    except (NoTourTimesError, UnknownTourKindError):
        return None
    return NearestTimes(tour.place, tour.kind, tour.start, verdict.is_free, verdict.nearest)


def _is_free(tour: RenterTour, start: datetime) -> bool:
    try:
        return (
            _calendar()
            .check(tour.place, start, tour.kind, length=tour.length, moving=tour.booking_id)
            .is_free
        )
    except (NoTourTimesError, UnknownTourKindError):
        return False


def _tour(session: Session, event: Event) -> RenterTour | None:
    source = tools().sources.get(event.source)
    if source is None or event.reference is None:
        return None
    link = TourLink(source=event.source, reference=event.reference)
    return load(session, tools().settings, source, link, tools().clock())


def _calendar() -> Calendar:
    found: Calendar = current_app.extensions["calendar"]
    return found


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else None
