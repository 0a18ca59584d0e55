"""What no two bookings may share: the lead, property and start of an appointment in the PMS, or on its way there.

Two workers can decide at the same moment, each without the booking that the other one makes. The key is stored with the
write, and the database refuses it twice: who is second loads again, now with the booking that has it.
"""

from datetime import UTC, datetime

from bridge.delivery.rules.entities import BookingRow
from bridge.delivery.rules.state import Snapshot

_NUMBER = "#"
"""Comes before the number of a further tour."""


def tour_key(
    snapshot: Snapshot, booking: BookingRow, lead_id: str | None, property_key: str, starts_at: datetime
) -> str | None:
    """The key of an appointment that is about to be written; `None`: its lead is unknown.

    A person can have several tours at one time, such as an agent's of two units. One that was compared with those that
    are known, and is none of them, has a number.
    """
    if not lead_id:
        return None
    base = _base(lead_id, property_key, starts_at)
    if _is_of(booking.tour_key, base):
        return booking.tour_key
    known = (*snapshot.related, *snapshot.bookings, *snapshot.duplicates)
    held = {row.tour_key for row in known if row.id != booking.id}
    number = 1
    while (key := base if number == 1 else f"{base}{_NUMBER}{number}") in held:
        number += 1
    return key


def kept_key(booking: BookingRow) -> str | None:
    """The key of a booking that is stored: of a write on its way, or of the appointment in the PMS, else none."""
    if booking.tour_key is None or booking.in_flight_attempt_id is not None:
        return booking.tour_key
    tour = booking.confirmed_tour or {}
    if not booking.is_in_pms or "starts_at" not in tour:
        return None
    starts_at = datetime.fromisoformat(tour["starts_at"])
    base = _base(booking.lead_id or "", booking.property_key or "", starts_at)
    return booking.tour_key if _is_of(booking.tour_key, base) else None


def _base(lead_id: str, property_key: str, starts_at: datetime) -> str:
    return f"{property_key}|{lead_id}|{starts_at.astimezone(UTC).isoformat()}"


def _is_of(key: str | None, base: str) -> bool:
    return key is not None and (key == base or key.startswith(base + _NUMBER))
