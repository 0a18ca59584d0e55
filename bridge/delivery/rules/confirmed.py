"""The tour of a booking as the PMS confirmed it, and what differs from what it is to be."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from bridge.delivery.rules.booking_state import contact_fields
from bridge.delivery.rules.entities import BookingRow
from bridge.delivery.rules.people import lead_of
from bridge.delivery.rules.resolve import TourTarget
from bridge.errors import BridgeError
from bridge.mapping.booking import Contact
from bridge.propexo.bodies import create_body, update_body
from bridge.propexo.carried import MATTERS, not_carried
from bridge.propexo.tours import Tour

BESIDE_THE_TOUR = ("lead", "person", "left")
"""What a confirmed tour keeps besides the tour."""


def as_confirmed(
    target: TourTarget, tour: Tour, lead: Contact | None, person: Contact, left: str | None
) -> dict[str, Any]:
    """What the booking becomes: the tour, who its lead is as far as that is known, who comes, and what is left."""
    written = {**vars(tour), "starts_at": tour.starts_at.isoformat()}
    if lead:
        written |= {"lead": contact_fields(lead), "person": contact_fields(person)}
    if left:
        written["left"] = left
    return {"written": written, "property": target.property.key}


def confirmed_tour(booking: BookingRow) -> Tour:
    """The tour as the PMS confirmed it; without title and notes once they were erased."""
    values = dict(booking.confirmed_tour or {})
    starts_at = datetime.fromisoformat(values["starts_at"])
    values = {name: value for name, value in values.items() if name not in BESIDE_THE_TOUR}
    return Tour(**{"title": None, "notes": None, **values, "starts_at": starts_at})


def as_changed_by_hand(
    booking: BookingRow, target: TourTarget, tour: Tour, contact: Contact, left: str
) -> BookingRow:
    """The booking once an operator has been asked for what no update takes."""
    confirmed = as_confirmed(target, tour, lead_of(booking), contact, left)
    return replace(booking, confirmed_tour=confirmed["written"])


def worth_a_new_one(target: TourTarget, before: Tour, tour: Tour) -> bool:
    """Whether the appointment is better cancelled and created again: another unit, or a change that no update takes."""
    profile = target.place.profile
    if profile.cancel is None or profile.create is None or profile.update is None:
        return False
    default = target.place.defaults.get("unit_id")
    units = {version.unit_id or default for version in (before, tour)}
    takes_unit = "unit_id" in profile.create.fields and "unit_id" not in profile.update.fields
    is_worth = (takes_unit and len(units) > 1) or any(
        what in MATTERS for what in not_carried(profile, before, tour)
    )
    return is_worth and _can_be_made(target, tour)


def _can_be_made(target: TourTarget, tour: Tour) -> bool:
    """Whether the PMS would take it as a new appointment: else a cancel would lose the one that is there."""
    try:
        create_body(target.place, "<lead_id>", tour)
    except BridgeError:
        return False
    return True


def confirmed_as_known(booking: BookingRow, tour: Tour) -> Tour:
    """The tour as the PMS confirmed it; what was erased since, or not kept by an older version, is as in `tour`."""
    kept = booking.confirmed_tour or {}
    unknown = {name: getattr(tour, name) for name in Tour.__dataclass_fields__ if name not in kept}
    return replace(confirmed_tour(booking), **unknown)


def needs_update(target: TourTarget, booking: BookingRow, tour: Tour) -> bool:
    """Whether an update would change anything in the PMS."""
    before = confirmed_tour(booking)
    if tour == before:
        return False
    try:
        return update_body(target.place, tour) != update_body(target.place, before)
    except BridgeError:
        return True  # building the update says what stops it
