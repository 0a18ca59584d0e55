"""One run of one event: translate, remember, then the step that brings the PMS closer to what the tour is meant to be.

A run makes at most one write and ends by raising: `Ended` (for good) or `NotYet` (at a later moment, the same
steps again). All that it knows is in the database, so a run can be broken off anywhere.
"""

from typing import NoReturn

from bridge.delivery import life, requested
from bridge.delivery.appointments import Appointments, differs
from bridge.delivery.calls import Calls
from bridge.delivery.context import Context
from bridge.delivery.earlier import wait_for_earlier
from bridge.delivery.lookups import Lookups
from bridge.delivery.outcomes import (
    WAIT_FOR_BOOKING,
    Ended,
    Ignored,
    NotYet,
    Parked,
    Reason,
)
from bridge.delivery.reading import Reading
from bridge.delivery.resolve import property_of, start_of, target_of, tour_of
from bridge.keys import contact_key
from bridge.mapping.booking import Action
from bridge.mapping.booking import Booking as Said
from bridge.models import Booking, BookingState, Event, Status


class Run:
    """The steps of one event."""

    def __init__(self, context: Context, event: Event, *, is_unread: bool = False) -> None:
        self.context = context
        self.event = event
        self.calls = Calls(context, event, is_unread=is_unread)
        self.appointments = Appointments(self.calls)

    def take(self) -> NoReturn:
        """Go as far as one run goes.

        Raises:
            Ended, NotYet: how it ended.
        """
        default = self.context.settings.sources.get(self.event.source)
        self.event.property = default.property if default else None
        reading = Reading(self.calls)
        if reading.action in (Action.BOOK, Action.RESCHEDULE, Action.CANCEL):
            wait_for_earlier(self.calls, "booking", life.named_by(self.event))
        said = reading.said()
        asked_only = said.requested and not requested.is_booked_at_once(reading.source)
        booking, strays = self._hear(said, decides=not asked_only)
        self.event.booking_id = booking.id
        self.event.property = property_of(
            self.context.settings, self.event.source, booking, self.context.aliases
        )
        if asked_only:
            requested.take_up(self.calls, reading.source, booking, said)
        for stray in strays:
            self._reach_cancelled(self.appointments.settle(stray))
        booking = self.appointments.settle(booking)
        if booking.state == BookingState.CANCELLED:
            self._reach_cancelled(booking)
        else:
            self._reach_booked(booking)
        raise self._done(booking, said.action)

    def _hear(self, said: Said, *, decides: bool) -> tuple[Booking, list[Booking]]:
        """The booking, which has heard the event, and the rows that turned out to be the same booking."""
        with self.context.database.single() as session:
            known = life.recall(session, self.event, said, decides=decides)
        if known:
            return known[0], known[1:]
        with self.context.database.session() as session:
            booking = life.remember(session, self.event, said, self.calls.now(), decides=decides)
            return booking, life.merged_into(session, booking.id)

    def _reach_cancelled(self, booking: Booking) -> None:
        if booking.written_state == BookingState.BOOKED:
            self.appointments.cancel(booking)

    def _reach_booked(self, booking: Booking) -> None:
        said = life.said_of(booking.details)
        written = booking.written_state == BookingState.BOOKED
        if not written and not contact_key(said.contact.email, said.contact.phone) and not said.lead_id:
            raise self._wait_for_booking(said)
        target = target_of(self.context.settings, booking.source, said.property, self.context.aliases)
        self.calls.start = start_of(said, target.property)
        look_up = Lookups(self.calls, target.place).find
        tour, self.calls.unknown = tour_of(
            self.context.settings, booking.source, said, target, booking.code, look_up
        )
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

    def _wait_for_booking(self, said: Said) -> NotYet | Parked:
        """For the event that says who it is about: an earlier one of the booking, or one of the person."""
        named, reason = f'booking "{self.event.reference}"', Reason.UNKNOWN_BOOKING
        if said.contact_id:
            named, reason = f'person "{said.contact_id}"', Reason.UNKNOWN_CONTACT
        if self.calls.looks_for(reason) >= len(WAIT_FOR_BOOKING):
            return Parked(
                reason, f"It names {named}, of which nothing ever arrived, and no person to book for."
            )
        detail = f"It names {named}, which the bridge does not know yet, and no e-mail or phone."
        return self.calls.look_again(WAIT_FOR_BOOKING, reason, detail)

    def _done(self, booking: Booking, action: Action) -> Ended:
        if self.event.job_id:
            return Ended(Status.WRITTEN)
        if booking.state == BookingState.CANCELLED and action is Action.CANCEL:
            return Ignored(Reason.NOTHING_TO_CANCEL, "No appointment was written for this booking.")
        if life.is_superseded(self.event, action, booking):
            return Ignored(Reason.SUPERSEDED, "A newer event of this booking has decided.")
        return Ignored(Reason.ALREADY_WRITTEN, "The PMS holds exactly this tour.")
