"""The status of an event or a tour, with its action and the PMS: "Moved in Entrata", never just "written"."""

from dataclasses import dataclass

from bridge.delivery.rules.outcomes import Reason
from bridge.mapping.booking import Action, TourKind
from bridge.models import BookingState, Event, Status
from bridge.propexo.pms import PROFILES
from bridge.settings import Settings

ACTIONS = {
    Action.BOOK.value: "Book",
    Action.RESCHEDULE.value: "Move",
    Action.CANCEL.value: "Cancel",
    Action.NO_SHOW.value: "No-show",
    Action.REMEMBER.value: "Contact data",
    Action.IGNORE.value: "Nothing",
}
"""What an event asks for, by its action."""
KINDS = {
    TourKind.IN_PERSON.value: "Guided tour",
    TourKind.SELF_GUIDED.value: "Self-guided tour",
    TourKind.VIRTUAL.value: "Video tour",
    TourKind.LEASING.value: "Leasing appointment",
}
"""How people call the kinds of tours."""
_DONE = {Action.BOOK: "Booked in", Action.RESCHEDULE: "Moved in", Action.CANCEL: "Cancelled in"}
_NOT_DONE = {Action.BOOK: "Not in", Action.RESCHEDULE: "Not moved in", Action.CANCEL: "Not cancelled in"}
_ON_THE_WAY = {
    Status.RECEIVED: "In the queue",
    Status.RETRYING: "Retried automatically",
    Status.WAITING: "In progress",
    Status.IGNORED: "Nothing to do",
    Status.DISMISSED: "Marked as done",
}
CANCELLED = "cancelled"
"""The tone of what is done and no longer there: not that of a tour that takes place."""


@dataclass(frozen=True)
class StatusWords:
    """A status as pages show it."""

    text: str
    tone: str
    """A status, or CANCELLED; it chooses the colour."""

    def __str__(self) -> str:
        return self.text


def action_words(action: str | None) -> str:
    """What an event asks for; unknown until it is read."""
    return ACTIONS.get(action or "", "Not read yet" if action is None else str(action))


def event_status(
    status: str, action: str | None, reason: str | None, pms: str, *, in_pms: str | None = None
) -> StatusWords:
    """The status of an event.

    Args:
        pms: its name, or a general word where the property is not known.
        in_pms: what the PMS holds of its booking now: `BookingState`.
    """
    known = Status(status)
    asked = Action(action) if action in list(Action) else None
    if known is Status.WRITTEN:
        return _written(asked, reason, pms, in_pms)
    if known is Status.PARKED:
        return StatusWords(f"{_NOT_DONE.get(asked or Action.BOOK, 'Not in')} {pms}", known)
    if reason == Reason.SHADOW:
        return StatusWords("Shadow mode, not sent", known)
    if known is Status.SUBMITTED:
        return StatusWords(f"Sent, waiting for {pms}", known)
    return StatusWords(_ON_THE_WAY[known], known)


def _written(asked: Action | None, reason: str | None, pms: str, in_pms: str | None) -> StatusWords:
    if reason == Reason.LEAD_ONLY:
        return StatusWords(f"Lead in {pms}, no tour booked", Status.WRITTEN)
    done = f"{_DONE.get(asked, 'Written to') if asked else 'Written to'} {pms}"
    if asked is Action.CANCEL:
        since = ", booked again since" if in_pms == BookingState.BOOKED else ""
        return StatusWords(done + since, CANCELLED)
    if in_pms == BookingState.CANCELLED:
        return StatusWords(f"{done}, cancelled since", CANCELLED)
    return StatusWords(done, Status.WRITTEN)


def booking_status(state: str, in_pms: str, pms: str) -> StatusWords:
    """The state of a tour: what the PMS has, and what is requested where that differs."""
    if in_pms == BookingState.BOOKED:
        if state == BookingState.CANCELLED:
            return StatusWords(f"Booked in {pms}, to be cancelled", Status.WAITING)
        return StatusWords(f"Booked in {pms}", Status.WRITTEN)
    if in_pms == BookingState.CANCELLED:
        again = state == BookingState.BOOKED
        return StatusWords(
            f"Cancelled in {pms}{', to be booked again' if again else ''}",
            Status.WAITING if again else CANCELLED,
        )
    if state == BookingState.CANCELLED:
        return StatusWords(f"Cancelled before it was in {pms}", CANCELLED)
    return StatusWords(f"Not in {pms}", Status.WAITING)


def pms_name(settings: Settings, property_key: str | None) -> str:
    """The name of the PMS of a property."""
    place = settings.properties.get(property_key or "")
    profile = PROFILES.get(place.pms.strip().upper()) if place else None
    return profile.name if profile else "the PMS"


def status_of(event: Event, settings: Settings) -> StatusWords:
    """The status of a stored event."""
    in_pms = event.booking.written_state if event.booking else None
    return event_status(
        event.status, event.action, event.reason, pms_name(settings, event.property), in_pms=in_pms
    )
