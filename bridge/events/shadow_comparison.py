"""What shadow events would have written, beside what the PMS holds of the same tours from another integration. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from bridge.delivery.rules.booking_state import to_request
from bridge.mapping.booking import Action
from bridge.propexo.records import Appointment


class ShadowMatch(StrEnum):
    """What the PMS holds of a tour that shadow mode has not written."""

    SAME = "same"
    """An appointment of this renter at this time."""
    THIS_TIME = "this_time"
    """An appointment at this time; Propexo does not say whose it is."""
    OTHER_TIME = "other_time"
    """An appointment of this renter at another time."""
    ABSENT = "absent"
    """Nothing of either."""


class CancelledAtPms(StrEnum):
    """What the list says of a cancelled tour. Propexo holds no status; it keeps what the PMS has removed, and only the
    time at which the PMS last reported it stays the same."""

    GONE = "gone"
    """Not listed at this time, or not reported any more while other appointments were."""
    REPORTED = "reported"
    """Reported after the cancellation: it may be marked as cancelled there, or not."""
    NOT_SYNCED = "not_synced"
    """Propexo has heard nothing of the property's appointments since the cancellation."""


@dataclass(frozen=True)
class ShadowTour:
    """What one shadow event would have written."""

    event_id: int
    action: str | None
    kinds: tuple[str, ...]
    """create_lead, create and so on, in their order."""
    end: str
    """How the decision ended: write, park, wait, ignore or written."""
    detail: str | None
    """Why, where it did not end in a write."""
    starts_at: datetime | None
    property_key: str | None
    reference: str | None
    name: str | None
    email: str | None
    phone: str | None
    received_at: datetime | None = None
    """When its event came."""

    @property
    def is_cancel(self) -> bool:
        return self.action == Action.CANCEL


@dataclass(frozen=True)
class ComparedTour:
    """A tour beside the appointment that was found for it."""

    match: ShadowMatch
    starts_at: datetime | None
    """Of the appointment, as Propexo shows it: naive."""
    cancelled: CancelledAtPms | None = None
    """Of a cancellation."""

    @property
    def agrees(self) -> bool | None:
        """Whether the PMS holds what the event asks for; `None`: the list does not show it."""
        if self.cancelled is not None:
            return True if self.cancelled is CancelledAtPms.GONE else None
        return self.match in (ShadowMatch.SAME, ShadowMatch.THIS_TIME)


def tour_of(
    event_id: int,
    action: str | None,
    property_key: str | None,
    reference: str | None,
    record: Mapping[str, Any],
    received_at: datetime | None = None,
) -> ShadowTour:
    """The tour of a stored record (delivery/rules/shadow.py)."""
    booking, end, start = record.get("booking"), record["end"], record.get("starts_at")
    contact = to_request(booking["fields"]).contact if booking else None
    name = " ".join(filter(None, (contact.first_name, contact.last_name))) if contact else ""
    return ShadowTour(
        event_id,
        action,
        tuple(write["kind"] for write in record["writes"]),
        end["step"],
        end["detail"],
        datetime.fromisoformat(start) if start else None,
        property_key,
        reference,
        name or None,
        contact.email if contact else None,
        contact.phone if contact else None,
        received_at,
    )


def newest_of_each(tours: Iterable[ShadowTour]) -> set[int]:
    """The events that speak for their booking: the newest of each. `tours` begin with the newest."""
    seen: dict[str, int] = {}
    for tour in tours:
        seen.setdefault(tour.reference or f"event {tour.event_id}", tour.event_id)
    return set(seen.values())


def compare(tour: ShadowTour, held: Sequence[Appointment], zone: ZoneInfo) -> ComparedTour:
    """The appointment that is most likely this tour.

    In which zone Propexo shows a moment is not documented: a start counts as the same in the property's time or UTC.
    """
    named = [appointment for appointment in held if _names(appointment, tour)]
    at_this_time = [appointment for appointment in held if _is_at(appointment, tour.starts_at, zone)]
    both = [appointment for appointment in named if appointment in at_this_time]
    if tour.is_cancel and tour.starts_at is None:
        both = named  # which of the renter's tours is meant is not known
    for match, found in (
        (ShadowMatch.SAME, both),
        (ShadowMatch.OTHER_TIME, [] if tour.is_cancel and at_this_time else named),
        (ShadowMatch.THIS_TIME, at_this_time),
    ):
        if found:
            cancelled = _cancelled(tour, match, found[0], held) if tour.is_cancel else None
            return ComparedTour(match, _shown(found[0]), cancelled)
    return ComparedTour(ShadowMatch.ABSENT, None, CancelledAtPms.GONE if tour.is_cancel else None)


def _cancelled(
    tour: ShadowTour, match: ShadowMatch, found: Appointment, held: Sequence[Appointment]
) -> CancelledAtPms:
    """By when the PMS has reported the appointment last, and the others."""
    if match is ShadowMatch.OTHER_TIME:
        return CancelledAtPms.GONE
    since = tour.received_at
    if since is None or (found.last_seen and found.last_seen > since):
        return CancelledAtPms.REPORTED
    is_synced = any(other.last_seen and other.last_seen > since for other in held)
    return CancelledAtPms.GONE if is_synced else CancelledAtPms.NOT_SYNCED


def _names(appointment: Appointment, tour: ShadowTour) -> bool:
    """Whether the notes of an appointment name the renter."""
    notes = " ".join((appointment.notes or "").split()).casefold()
    return any(text.casefold() in notes for text in (tour.email, tour.phone, tour.name) if text)


def _is_at(appointment: Appointment, start: datetime | None, zone: ZoneInfo) -> bool:
    shown = _shown(appointment)
    if shown is None or start is None:
        return False
    return shown in (start.astimezone(zone).replace(tzinfo=None), start.replace(tzinfo=None))


def _shown(appointment: Appointment) -> datetime | None:
    shown = appointment.appointment_datetime or appointment.event_datetime
    return shown.replace(tzinfo=None) if shown else None
