"""The references of bookings as they stand in the notes of appointments.

A cancel draws a new one: Propexo keeps cancelled records, and a tour that is booked again must not be taken for them.
"""

from collections.abc import Collection, Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from bridge.models import Booking, BookingState, EarlierCode


def codes_in_notes(session: Session, bookings: Collection[Booking]) -> dict[int, str]:
    """By id of the booking: the reference in the notes of its last appointment, also of a cancelled one."""
    codes = {booking.id: booking.code for booking in bookings}
    cancelled = [booking.id for booking in bookings if _is_cancelled(booking)]
    return codes | {id_: earlier[-1] for id_, earlier in earlier_codes(session, cancelled).items()}


def earlier_codes(session: Session, booking_ids: Iterable[int]) -> dict[int, list[str]]:
    """By id of the booking: the references of its cancelled appointments, the oldest first."""
    found: dict[int, list[str]] = {}
    ids = list(booking_ids)
    if ids:
        query = select(EarlierCode).where(EarlierCode.booking_id.in_(ids)).order_by(EarlierCode.id)
        for row in session.scalars(query):
            found.setdefault(row.booking_id, []).append(row.code)
    return found


def _is_cancelled(booking: Booking) -> bool:
    return booking.state == booking.written_state == BookingState.CANCELLED
