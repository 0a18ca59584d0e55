"""The links of renters, and the events and booking of a tour: all SQL of this folder."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, false, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from bridge.models import Booking, BookingReference, Event, TourLink


def add_link(
    session: Session, digest: str, source: str, reference: str, language: str, now: datetime
) -> None:
    """Store a link, unless it is there."""
    row = {
        "digest": digest,
        "source": source,
        "reference": reference,
        "language": language,
        "created_at": now,
    }
    session.execute(insert(TourLink).values(row).on_conflict_do_nothing())


def link_with(session: Session, digest: str) -> TourLink | None:
    """The link with this digest, also a revoked one."""
    return session.scalar(select(TourLink).where(TourLink.digest == digest))


def booking_of(session: Session, source: str, reference: str) -> Booking | None:
    """The booking with this reference, or the one that it was merged into."""
    known = select(Booking).join(BookingReference, BookingReference.booking_id == Booking.id)
    booking = session.scalar(
        known.where(BookingReference.source == source, BookingReference.reference == reference)
    )
    while booking is not None and booking.merged_into is not None:
        booking = session.get(Booking, booking.merged_into)
    return booking


def events_of(session: Session, source: str, reference: str, booking: Booking | None) -> Sequence[Event]:
    """All events of a tour, the oldest first by the sender's clock."""
    names = {reference}
    if booking is not None:
        other_names = select(BookingReference.reference).where(
            BookingReference.booking_id == booking.id, BookingReference.source == source
        )
        names |= set(session.scalars(other_names))
    is_named = or_(Event.reference.in_(names), Event.previous_reference.in_(names))
    is_of_tour = or_(
        and_(Event.source == source, is_named),
        Event.booking_id == booking.id if booking is not None else false(),
    )
    found = session.scalars(select(Event).where(is_of_tour, Event.removed_at.is_(None)))
    return sorted(found, key=lambda event: (event.occurred_at or event.received_at, event.id))
