"""The appointments in a PMS, matched to our bookings."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from bridge.delivery.rules.booking_state import CODE
from bridge.events.query import bookings_written_at, earlier_codes
from bridge.events.reference_codes import codes_in_notes
from bridge.models import Booking, BookingState
from bridge.propexo.client import Appointment, Propexo
from bridge.settings import Property


class AppointmentOwner(StrEnum):
    """Whose an appointment is."""

    OURS = "ours"
    """A booking of the bridge made it."""
    THEIRS = "theirs"
    """It was created outside the bridge, or its reference was removed from the notes."""
    MISSING = "missing"
    """The bridge has it as booked, and Propexo does not show it: not synced yet, or deleted in the PMS."""


@dataclass(frozen=True)
class OwnBooking:
    """What is needed of a booking to find it in a PMS."""

    id: int
    code: str
    """The reference in the notes of its last appointment, also of a cancelled one."""
    state: str
    """What it is meant to be: booked or cancelled."""
    starts_at: datetime | None
    """As the PMS confirmed it; aware."""
    appointment_id: str | None
    lead_id: str | None
    is_booked: bool
    """Whether the PMS confirmed the tour, and no cancellation since."""
    earlier_codes: tuple[str, ...] = ()
    """The references in the notes of its cancelled appointments, which Propexo keeps."""

    def cancelled(self, code: str) -> "OwnBooking":
        """The booking as it was when the appointment with an earlier reference was cancelled."""
        state = BookingState.CANCELLED.value
        return replace(self, code=code, state=state, starts_at=None, appointment_id=None, is_booked=False)


@dataclass(frozen=True)
class MatchedAppointment:
    """One line: an appointment of the PMS, a booking, or both."""

    match: AppointmentOwner
    starts_at: datetime | None
    """Aware and in the time of the property where a booking says it. Otherwise naive, as Propexo shows it: in which
    zone it shows a moment is not documented."""
    appointment_id: str | None
    lead_id: str | None
    notes: str | None
    last_seen: datetime | None
    """When the PMS last reported it; what is deleted there is not seen any more."""
    booking_id: int | None
    code: str | None
    state: str | None
    """Of the booking."""


def read(
    client: Propexo,
    place: Property,
    own: Sequence[OwnBooking],
    *,
    first: date | None = None,
    last: date | None = None,
) -> list[MatchedAppointment]:
    """List the appointments of a property with our bookings there (`own`), by their start. Raises PropexoError."""
    held = client.list_property_appointments(
        integration_id=place.integration_id, property_id=place.property_id
    )
    rows = match(held, own, ZoneInfo(place.time_zone))
    return [row for row in rows if _is_between(row.starts_at, first, last)]


def own_bookings(session: Session, place: Property) -> list[OwnBooking]:
    """Our bookings that were ever written at a property."""
    written = bookings_written_at(session, place.key)
    codes = codes_in_notes(session, written)
    earlier = earlier_codes(session, codes)
    return [_own(booking, codes[booking.id], tuple(earlier.get(booking.id, ()))) for booking in written]


def _own(booking: Booking, code: str, earlier: tuple[str, ...]) -> OwnBooking:
    start = (booking.written or {}).get("starts_at")
    return OwnBooking(
        booking.id,
        code,
        booking.state,
        datetime.fromisoformat(start) if start else None,
        booking.appointment_id,
        booking.lead_id,
        booking.written_state == BookingState.BOOKED,
        earlier,
    )


def match(held: Iterable[Appointment], own: Sequence[OwnBooking], zone: ZoneInfo) -> list[MatchedAppointment]:
    """Each appointment with its booking, by its id, else by the reference in its notes; then what is missing."""
    by_id = {booking.appointment_id: booking for booking in own if booking.appointment_id}
    by_code = {booking.code: booking for booking in own}
    earlier = {code: booking.cancelled(code) for booking in own for code in booking.earlier_codes}
    rows: list[MatchedAppointment] = []
    found: set[int] = set()
    for appointment in held:
        booking = by_id.get(appointment.id) or _by_notes(appointment.notes, by_code)
        if booking is not None:
            found.add(booking.id)
        rows.append(_row(appointment, booking or _by_notes(appointment.notes, earlier), zone))
    rows += [_row(None, booking, zone) for booking in own if booking.is_booked and booking.id not in found]
    return sorted(rows, key=lambda row: _order(row.starts_at))


def _by_notes(notes: str | None, by_code: Mapping[str, OwnBooking]) -> OwnBooking | None:
    return next((by_code[code] for code in CODE.findall(notes or "") if code in by_code), None)


def _row(appointment: Appointment | None, booking: OwnBooking | None, zone: ZoneInfo) -> MatchedAppointment:
    shown = appointment and (appointment.appointment_datetime or appointment.event_datetime)
    leads = appointment.lead_ids if appointment else ()
    return MatchedAppointment(
        match=AppointmentOwner.MISSING
        if appointment is None
        else AppointmentOwner.OURS
        if booking
        else AppointmentOwner.THEIRS,
        starts_at=booking.starts_at.astimezone(zone)
        if booking and booking.starts_at
        else (shown.replace(tzinfo=None) if shown else None),
        appointment_id=appointment.id if appointment else booking.appointment_id if booking else None,
        lead_id=next(iter(leads), booking.lead_id if booking else None),
        notes=appointment.notes if appointment else None,
        last_seen=appointment.last_seen if appointment else None,
        booking_id=booking.id if booking else None,
        code=booking.code if booking else None,
        state=booking.state if booking else None,
    )


def _order(moment: datetime | None) -> datetime:
    """Wall time at the property; what has no time comes first."""
    return moment.replace(tzinfo=UTC) if moment else datetime.min.replace(tzinfo=UTC)


def _is_between(moment: datetime | None, first: date | None, last: date | None) -> bool:
    if moment is None:
        return first is None and last is None
    return (first is None or moment.date() >= first) and (last is None or moment.date() <= last)
