"""One run of one event: translate, remember, then the step that brings the PMS closer to what the tour is meant to be.

A run makes at most one write and ends by raising: `Ended` (for good) or `NotYet` (at a later moment, the same
steps again). All that it knows is in the database, so a run can be broken off anywhere.
"""

from typing import NoReturn

from sqlalchemy import or_, select

from bridge.errors import DecodingError, UnknownSource
from bridge.forwarding import life
from bridge.forwarding.appointments import Appointments, differs
from bridge.forwarding.calls import Calls
from bridge.forwarding.context import Context
from bridge.forwarding.outcomes import (
    WAIT_FOR_BOOKING,
    WAIT_FOR_EARLIER,
    Ended,
    Ignored,
    NotYet,
    Parked,
    Reason,
)
from bridge.forwarding.resolve import target_of, tour_of
from bridge.inbound.decoding import decode
from bridge.keys import contact_key
from bridge.mapping.booking import Action
from bridge.mapping.booking import Booking as Said
from bridge.mapping.paths import Received
from bridge.models import UNFINISHED, Booking, BookingState, Event, Status


class Run:
    """The steps of one event."""

    def __init__(self, context: Context, event: Event) -> None:
        self.context = context
        self.event = event
        self.calls = Calls(context, event)
        self.appointments = Appointments(self.calls)

    def take(self) -> NoReturn:
        """Go as far as one run goes.

        Raises:
            Ended, NotYet: how it ended.
        """
        said = self._translate()
        self._wait_for_earlier()
        with self.context.database.session() as session:
            booking = life.remember(session, self.event, said, self.calls.now())
        self.event.booking_id = booking.id
        for stray in self._strays(booking):
            self._reach_cancelled(self.appointments.settle(stray))
        booking = self.appointments.settle(booking)
        if booking.state == BookingState.CANCELLED:
            self._reach_cancelled(booking)
        else:
            self._reach_booked(booking)
        raise self._done(booking, said.action)

    def _translate(self) -> Said:
        """What the event says; its booking is always there unless it is ignored or cannot be read."""
        try:
            source = self.context.sources[self.event.source]
        except UnknownSource as error:
            told = f'The source "{self.event.source}" is no longer in bridge.toml. Add it again, then replay.'
            raise Parked(Reason.MISCONFIGURED, told) from error
        try:
            payload = decode(self.event.body, self.event.content_type)
        except DecodingError as error:
            raise Parked(Reason.UNDECODABLE, error.message) from error
        translation = source.mapping.translate(Received(payload, self.event.headers))
        self.event.action = translation.action
        if translation.errors:
            raise Parked(Reason.UNMAPPABLE, "; ".join(str(error) for error in translation.errors))
        if translation.booking is None:
            raise Ignored(Reason.NOT_FORWARDED, translation.reason or "")
        return translation.booking

    def _wait_for_earlier(self) -> None:
        """Events of one booking can name different contacts, or none: then their jobs have different locks."""
        event = self.event
        references = [one for one in (event.reference, event.previous_reference) if one]
        same_booking = or_(Event.reference.in_(references), Event.previous_reference.in_(references))
        earlier = select(Event.id, Event.next_attempt_at).where(
            Event.source == event.source,
            Event.id != event.id,
            Event.queue_id < event.queue_id,
            Event.status.in_(UNFINISHED),
            same_booking,
            # It waits for us, not we for it.
            Event.reason.is_distinct_from(Reason.UNKNOWN_BOOKING),
        )
        with self.context.database.session() as session:
            found = session.execute(earlier.limit(1)).first() if references else None
        if found is not None:
            detail = f"Event {found.id} of the same booking is still on its way."
            after = max(filter(None, (self.calls.now(), found.next_attempt_at))) + WAIT_FOR_EARLIER
            raise NotYet(after, Status.WAITING, Reason.EARLIER_EVENT, detail)

    def _strays(self, booking: Booking) -> list[Booking]:
        """Appointments made before it was known that their booking is this one."""
        with self.context.database.session() as session:
            return list(session.scalars(select(Booking).where(Booking.merged_into == booking.id)))

    def _reach_cancelled(self, booking: Booking) -> None:
        if booking.written_state == BookingState.BOOKED:
            self.appointments.cancel(booking)

    def _reach_booked(self, booking: Booking) -> None:
        said = life.said_of(booking.details)
        written = booking.written_state == BookingState.BOOKED
        if not written and not contact_key(said.contact.email, said.contact.phone) and not said.lead_id:
            raise self._wait_for_booking()
        target = target_of(self.context.settings, booking.source, said.property)
        tour = tour_of(self.context.settings, booking.source, said, target, booking.code)
        self.calls.start = tour.starts_at
        if written and booking.property != target.property.key:
            self.appointments.cancel(booking)  # an appointment cannot move to another property
        if written and not differs(target, booking, tour):
            return
        if tour.starts_at <= self.calls.now():
            raise Parked(
                Reason.START_PASSED, f"The tour was to start at {tour.starts_at:%Y-%m-%d %H:%M} UTC."
            )
        if written:
            self.appointments.update(booking, target, tour)
        else:
            self.appointments.create(booking, target, tour, said)

    def _wait_for_booking(self) -> NotYet | Parked:
        if self.calls.looks_for(Reason.UNKNOWN_BOOKING) >= len(WAIT_FOR_BOOKING):
            detail = (
                f'It names booking "{self.event.reference}", which never arrived, and no person to book for.'
            )
            return Parked(Reason.UNKNOWN_BOOKING, detail)
        detail = (
            f'It names booking "{self.event.reference}", which the bridge does not know yet, and no person.'
        )
        return self.calls.look_again(WAIT_FOR_BOOKING, Reason.UNKNOWN_BOOKING, detail)

    def _done(self, booking: Booking, action: Action) -> Ended:
        if self.event.job_id:
            return Ended(Status.WRITTEN)
        if booking.state == BookingState.CANCELLED and action is Action.CANCEL:
            return Ignored(Reason.NOTHING_TO_CANCEL, "No appointment was written for this booking.")
        if life.is_superseded(self.event, action, booking):
            return Ignored(Reason.SUPERSEDED, "A newer event of this booking has decided.")
        return Ignored(Reason.ALREADY_WRITTEN, "The PMS holds exactly this tour.")
