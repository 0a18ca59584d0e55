"""Move a tour whose time is taken to one of the nearest free times, and run its event again."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from bridge.aliases import aliases_in
from bridge.availability.calendar import Calendar
from bridge.availability.listing import Slot
from bridge.console.actions import corrections
from bridge.console.actor import Actor
from bridge.errors import BridgeError, NoTourTimesError, UnknownTourKindError
from bridge.events.edit import Correction, at_other_time
from bridge.mapping.conversation import OfferedTimes
from bridge.mapping.sources import Sources
from bridge.models import Event, TourLink
from bridge.renter.tour import RenterTour, load
from bridge.settings import Property, Settings


class TimeGoneError(BridgeError):
    """This time is not free any more. Choose another one."""

    code = "time_gone"


@dataclass(frozen=True)
class NearestTimes:
    """What can be chosen for a tour."""

    place: Property
    kind: str
    wanted: datetime
    is_free: bool
    """Whether the wanted time is free by now: a replay is enough."""
    nearest: tuple[Slot, ...]


def tour_of(
    session: Session, settings: Settings, sources: Sources, event: Event, now: datetime
) -> RenterTour | None:
    """The tour of an event; `None`: it has none."""
    source = sources.get(event.source)
    if source is None or event.reference is None:
        return None
    link = TourLink(source=event.source, reference=event.reference)
    return load(session, settings, source, link, now)


def nearest_times(calendar: Calendar, tour: RenterTour) -> NearestTimes | None:
    """The free times near the one that a tour wants; `None`: its property offers no times."""
    try:
        verdict = calendar.check(
            tour.place, tour.start, tour.kind, length=tour.length, moving=tour.booking_id
        )
    except (NoTourTimesError, UnknownTourKindError):
        return None
    return NearestTimes(tour.place, tour.kind, tour.start, verdict.is_free, verdict.nearest)


def is_free(calendar: Calendar, tour: RenterTour, start: datetime) -> bool:
    """Whether a tour can have this time."""
    try:
        verdict = calendar.check(tour.place, start, tour.kind, length=tour.length, moving=tour.booking_id)
    except (NoTourTimesError, UnknownTourKindError):
        return False
    return verdict.is_free


def take_time(
    session: Session,
    settings: Settings,
    actor: Actor,
    event: Event,
    tour: RenterTour,
    start: datetime,
    now: datetime,
) -> Correction:
    """Give the tour a time that `is_free`, and run its event again.

    Raises as `corrections.save`.
    """
    chosen = OfferedTimes(tour.place.key, tour.kind, (start,))
    correction = at_other_time(event, chosen, settings, aliases_in(session))
    corrections.save(session, actor, correction, now, again=True)
    return correction
