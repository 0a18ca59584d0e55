"""A tour as its renter sees it: what all its events ask for, those that no worker has read yet included."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from bridge.aliases import Aliases, aliases_in, property_named
from bridge.delivery.rules.booking_state import apply_request, event_time, new_booking, to_request
from bridge.delivery.rules.entities import BookingRow
from bridge.delivery.rules.interpret import received_as
from bridge.delivery.storage.rows import booking_row
from bridge.errors import DecodingError
from bridge.mapping.booking import BookingRequest
from bridge.mapping.sources import MappedSource
from bridge.models import BookingState, Event, Status, TourLink
from bridge.renter.storage import booking_of, events_of
from bridge.settings import Property, Settings

USUAL_MINUTES = 30
"""Of a tour without a given length."""


@dataclass(frozen=True)
class RenterTour:
    """One tour, for its renter."""

    place: Property
    booking_id: int | None
    """`None`: no worker has read it yet."""
    start: datetime
    """In the zone of the property."""
    length: timedelta
    kind: str
    first_name: str | None
    is_cancelled: bool
    is_confirmed: bool
    """The PMS has it as it is shown."""
    needs_attention: bool
    """The office has to check it first."""
    changes: int
    """How often something was asked for since it was booked."""

    @property
    def end(self) -> datetime:
        return self.start + self.length

    @property
    def version(self) -> str:
        """Changes with everything that a renter could want to change."""
        state = "cancelled" if self.is_cancelled else self.start.astimezone(UTC).isoformat()
        return f"{self.changes} {state}"


def load(
    session: Session, settings: Settings, source: MappedSource, link: TourLink, now: datetime
) -> RenterTour | None:
    """The tour of a link; `None` where nothing is known of its time or property (any more)."""
    booking = booking_of(session, link.source, link.reference)
    events = events_of(session, link.source, link.reference, booking)
    row = booking_row(booking) if booking else new_booking(link.source, "", now)
    row = with_events(row, events, source)
    request = to_request(row.fields)
    place = place_of(settings, source, request, aliases_in(session))
    start = start_of(request, place) if place else None
    if place is None or start is None:
        return None
    confirmed = (row.confirmed_tour or {}).get("starts_at") if row.is_in_pms else None
    minutes = request.duration_minutes or place.defaults.get("duration_minutes") or USUAL_MINUTES
    live = [event for event in events if event.status != Status.IGNORED]
    return RenterTour(
        place=place,
        booking_id=booking.id if booking else None,
        start=start,
        length=timedelta(minutes=minutes),
        kind=str(request.kind or "in_person"),
        first_name=request.contact.first_name,
        is_cancelled=row.desired_state == BookingState.CANCELLED,
        is_confirmed=confirmed is not None and datetime.fromisoformat(confirmed) == start,
        needs_attention=any(event.status == Status.PARKED for event in live),
        changes=max(len(live) - 1, 0),
    )


def with_events(row: BookingRow, events: Iterable[Event], source: MappedSource) -> BookingRow:
    """A booking as it will be once its open events were processed. Pure."""
    for event in events:
        if Status(event.status).ended and event.booking_id is not None:
            continue
        request = request_of(event, source)
        if request is not None:
            row = apply_request(
                row,
                request,
                event_time(event, request.action),
                sets_state=not request.requested,
            )
    return row


def request_of(event: Event, source: MappedSource) -> BookingRequest | None:
    """What a stored event asks for; `None` where it cannot be read or asks for nothing."""
    if not event.body or event.status in (Status.IGNORED, Status.DISMISSED):
        return None
    try:
        received = received_as(event.body, event.content_type, event.headers, event.query, event.answers)
    except DecodingError:
        return None
    return source.reading(event.headers).mapping.translate(received).booking


def place_of(
    settings: Settings, source: MappedSource, request: BookingRequest, aliases: Aliases
) -> Property | None:
    """The property that the booking names, else the source's own."""
    named = request.property or source.settings.property
    return property_named(settings, named, aliases) if named else None


def start_of(request: BookingRequest, place: Property) -> datetime | None:
    """The start in the zone of the property."""
    zone = ZoneInfo(place.time_zone)
    if request.starts_at is not None:
        return request.starts_at.astimezone(zone)
    local = request.starts_at_local
    return local.replace(tzinfo=zone) if local else None
