"""An appointment that no call can cancel: the tour is booked again first, then an operator cancels the old one."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from bridge.clock import readable
from bridge.delivery.rules.confirmed import confirmed_tour
from bridge.delivery.rules.entities import BookingRow
from bridge.delivery.rules.outcomes import Reason
from bridge.delivery.rules.people import left_of, named, person_of
from bridge.delivery.rules.resolve import TourTarget, target_at
from bridge.delivery.rules.state import Park, Snapshot
from bridge.models import BookingState
from bridge.settings import Settings


def to_cancel_by_hand(booking: BookingRow, settings: Settings) -> str | None:
    """What an operator has to do with the booking's appointment; `None`: its PMS takes cancellations."""
    target = target_at(settings, booking.property_key)
    if isinstance(target, Park) or target.place.profile.cancel is not None or not booking.confirmed_tour:
        return None
    person = person_of(booking)
    whose = f" of {named(person)}" if person else ""
    return (
        f"Cancel the appointment{whose} on {_when(booking, target.property.time_zone)} at "
        f"{target.property.name or target.property.key} in {target.place.profile.name} by hand: "
        f"{target.place.profile.note}"
    )


def to_change_by_hand(target: TourTarget, what: Sequence[str]) -> str:
    """What an operator has to enter, because no update takes it and no call cancels the appointment."""
    name = target.place.profile.name
    return f"{name} takes no other {' and '.join(what)} through Propexo. Change it in {name} by hand."


def handed_over(snapshot: Snapshot, booking: BookingRow, settings: Settings) -> tuple[Snapshot, Park] | None:
    """Report what was booked and what is left to do. After that it is up to the operator, and a replay succeeds."""
    left = left_of(booking)
    if left is None:
        return None
    target = target_at(settings, booking.property_key)
    booked = ""
    if not isinstance(target, Park):
        when = _when(booking, target.property.time_zone)
        booked = f"Booked at {target.property.name or target.property.key} on {when}. "
    confirmed = {name: value for name, value in (booking.confirmed_tour or {}).items() if name != "left"}
    snapshot = snapshot.with_owner(replace(booking, confirmed_tour=confirmed))
    return snapshot, Park(Reason.FINISH_BY_HAND, f"{booked}{left}")


def leave(snapshot: Snapshot, booking: BookingRow, duplicate: BookingRow, left: str) -> Snapshot:
    """Let the booking name what is left of a duplicate, which is then over for the bridge."""
    confirmed: Mapping[str, Any] = booking.confirmed_tour or {}
    sentences = " ".join(filter(None, (left_of(booking), left)))
    snapshot = snapshot.with_owner(replace(booking, confirmed_tour={**confirmed, "left": sentences}))
    over = replace(
        duplicate,
        confirmed_state=BookingState.CANCELLED,
        confirmed_tour=None,
        appointment_id=None,
        appointment_verified=False,
    )
    return snapshot.with_owner(over)


def _when(booking: BookingRow, zone: str) -> str:
    return readable(confirmed_tour(booking).starts_at, zone)
