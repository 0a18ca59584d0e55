"""The references that the bridge writes into the notes of appointments.

A cancelled booking gets a new one: Propexo keeps cancelled records, and a tour that is booked again must not match
them.
"""

from collections.abc import Collection

from sqlalchemy.orm import Session

from bridge.events.query import earlier_codes
from bridge.models import Booking, BookingState


def codes_in_notes(session: Session, bookings: Collection[Booking]) -> dict[int, str]:
    """By id of the booking: the reference in the notes of its last appointment, also of a cancelled one."""
    codes = {booking.id: booking.code for booking in bookings}
    cancelled = [booking.id for booking in bookings if _is_cancelled(booking)]
    return codes | {id_: earlier[-1] for id_, earlier in earlier_codes(session, cancelled).items()}


def _is_cancelled(booking: Booking) -> bool:
    return booking.state == booking.written_state == BookingState.CANCELLED
