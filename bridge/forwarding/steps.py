"""One run of one event: translate, remember, then whatever step brings the PMS closer to what the tour is meant to be.

A run makes at most one write and ends by raising: `Ended` (for good) or `NotYet` (at a later moment, the same
steps again). All that it knows is in the database, so a run can be broken off anywhere.
"""

from dataclasses import asdict
from datetime import datetime
from typing import Any, NoReturn

from sqlalchemy import or_, select

from bridge.errors import BridgeError, DecodingError, UnknownSource
from bridge.forwarding import life
from bridge.forwarding.calls import Calls
from bridge.forwarding.context import Context
from bridge.forwarding.leads import Leads
from bridge.forwarding.outcomes import (
    LOOK_FOR_ID,
    WAIT_FOR_BOOKING,
    WAIT_FOR_EARLIER,
    Ended,
    Ignored,
    NotYet,
    Parked,
    Reason,
)
from bridge.forwarding.reconcile import find_appointment
from bridge.forwarding.resolve import Target, at_property, left_out, start_of, target_of, tour_of
from bridge.forwarding.writing import Write, Writing
from bridge.inbound.decoding import decode
from bridge.keys import contact_key
from bridge.mapping.booking import Action
from bridge.mapping.booking import Booking as Said
from bridge.mapping.paths import Received
from bridge.models import UNFINISHED, Attempt, Booking, BookingState, Event, Status
from bridge.propexo.bodies import OperationName, Tour, cancel_body, create_body, dropped_fields, update_body


class Run:
    """The steps of one event."""

    def __init__(self, context: Context, event: Event) -> None:
        self.context = context
        self.event = event
        self.calls = Calls(context, event)

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
            self._reach_cancelled(self._settle(stray))
        booking = self._settle(booking)
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
        earlier = select(Event.id).where(
            Event.source == event.source,
            Event.id != event.id,
            Event.queue_id < event.queue_id,
            Event.status.in_(UNFINISHED),
            same_booking,
            # It waits for us, not we for it.
            Event.reason.is_distinct_from(Reason.UNKNOWN_BOOKING),
        )
        with self.context.database.session() as session:
            found = session.scalar(earlier.limit(1)) if references else None
        if found is not None:
            detail = f"Event {found} of the same booking is still on its way."
            raise NotYet(self.calls.now() + WAIT_FOR_EARLIER, Status.WAITING, Reason.EARLIER_EVENT, detail)

    def _settle(self, booking: Booking) -> Booking:
        """Bring a write that is under way to its end before anything else."""
        if booking.open_attempt_id is None:
            return booking
        target = self._written_target(booking)
        self.calls.start = _start_if_known(booking, target)
        writing = Writing(self.calls, target.place.integration_id)
        writing.settle(booking, booking.code, lambda: self._adopt(booking, target))
        return self._reload(booking)

    def _strays(self, booking: Booking) -> list[Booking]:
        """Appointments made before it was known that their booking is this one."""
        with self.context.database.session() as session:
            return list(session.scalars(select(Booking).where(Booking.merged_into == booking.id)))

    def _adopt(self, booking: Booking, target: Target) -> dict[str, Any] | None:
        """The appointment that a create of unknown outcome made."""
        attempt = self._attempt_effect(booking)
        found = find_appointment(self.calls, target.place.integration_id, attempt["lead_id"], booking.code)
        if found is None:
            return None
        return {**attempt, "appointment_id": found.id, "appointment_verified": True}

    def _attempt_effect(self, booking: Booking) -> dict[str, Any]:
        with self.context.database.session() as session:
            effect = dict(session.get_one(Attempt, booking.open_attempt_id).effect or {})
        effect.pop("id_column", None)
        return effect

    def _reload(self, booking: Booking) -> Booking:
        with self.context.database.session() as session:
            return session.get_one(Booking, booking.id)

    # Towards "cancelled"

    def _reach_cancelled(self, booking: Booking) -> None:
        if booking.written_state == BookingState.BOOKED:
            self._cancel(booking)

    def _cancel(self, booking: Booking) -> NoReturn:
        target = self._written_target(booking)
        self.calls.start = _start_if_known(booking, target)
        self.calls.build(
            lambda: cancel_body(target.place, "<appointment_id>")
        )  # what is not offered needs no id
        appointment_id = self._appointment_id(booking, target)
        body = self.calls.build(lambda: cancel_body(target.place, appointment_id))
        effect = {
            "written_state": BookingState.CANCELLED,
            "written": None,
            "appointment_id": None,
            "appointment_verified": False,
            # Propexo keeps cancelled records: booked again, the tour must not be taken for this one.
            "code": life.new_code("TB"),
        }
        propexo = self.context.propexo
        self._write(booking, target, Write("cancel", body, effect, lambda: propexo.cancel_appointment(body)))

    # Towards "booked"

    def _reach_booked(self, booking: Booking) -> None:
        said = life.said_of(booking.details)
        written = booking.written_state == BookingState.BOOKED
        if not written and not self._contact_key(said) and not said.lead_id:
            raise self._wait_for_booking()
        target = target_of(self.context.settings, booking.source, said.property)
        tour = tour_of(self.context.settings, booking.source, said, target, booking.code)
        self.calls.start = tour.starts_at
        if written and booking.property != target.property.key:
            self._cancel(booking)  # an appointment cannot move to another property
        if written and not _differs(target, booking, tour):
            return
        if tour.starts_at <= self.calls.now():
            raise Parked(
                Reason.START_PASSED, f"The tour was to start at {tour.starts_at:%Y-%m-%d %H:%M} UTC."
            )
        if written:
            self._update(booking, target, tour)
        else:
            self._create(booking, target, tour, said)

    def _create(self, booking: Booking, target: Target, tour: Tour, said: Said) -> NoReturn:
        self.calls.build(
            lambda: create_body(target.place, "<lead_id>", tour)
        )  # what is missing shows before a lead is made
        leads = Leads(self.calls, Writing(self.calls, target.place.integration_id), target)
        lead_id = leads.lead_id(said, self._contact_key(said))
        body = self.calls.build(lambda: create_body(target.place, lead_id, tour))
        effect = {
            **_as_written(target, tour),
            "written_state": BookingState.BOOKED,
            "lead_id": lead_id,
            "appointment_verified": False,
            "id_column": "appointment_id" if target.place.profile.returns_appointment_id else None,
        }
        self._note_left_out(said, tour)
        propexo = self.context.propexo
        note = _dropped(target, "create", tour)
        self._write(
            booking, target, Write("create", body, effect, lambda: propexo.create_appointment(body), note)
        )

    def _update(self, booking: Booking, target: Target, tour: Tour) -> NoReturn:
        body = self.calls.build(lambda: update_body(target.place, tour))
        appointment_id = self._appointment_id(booking, target)
        propexo = self.context.propexo
        write = Write(
            "update",
            {**body, "event_id": appointment_id},
            _as_written(target, tour),
            lambda: propexo.update_appointment(appointment_id, body),
            _dropped(target, "update", tour),
        )
        self._write(booking, target, write)

    def _write(self, booking: Booking, target: Target, write: Write) -> NoReturn:
        writing = Writing(self.calls, target.place.integration_id)
        try:
            raise writing.write(booking, write)
        except Parked as parked:
            if parked.reason is Reason.STALE_LINK and booking.appointment_verified:
                self._forget_appointment(booking)
            raise

    def _forget_appointment(self, booking: Booking) -> None:
        """The id leads nowhere: a replay searches for the appointment again."""
        with self.context.database.session() as session:
            row = session.get_one(Booking, booking.id, with_for_update=True)
            row.appointment_id, row.appointment_verified = None, False

    def _appointment_id(self, booking: Booking, target: Target) -> str:
        """The Propexo id of the appointment, made sure of before the first change.

        `created_record_id` may belong to another model, and some PMSs give none: the notes tell.
        """
        if booking.appointment_id and booking.appointment_verified:
            return booking.appointment_id
        place, propexo = target.place, self.context.propexo
        found = None
        if booking.appointment_id:
            candidate = booking.appointment_id
            found = self.calls.read(
                "get_appointment", place.integration_id, lambda: propexo.get_appointment(candidate)
            )
        if found is None or not (booking.lead_id in found.lead_ids or booking.code in (found.notes or "")):
            found = find_appointment(self.calls, place.integration_id, booking.lead_id or "", booking.code)
        if found is None:
            detail = (
                f"The appointment is in {place.profile.name}; its id comes to Propexo with the next sync."
            )
            raise self.calls.look_again(LOOK_FOR_ID, Reason.APPOINTMENT_ID, detail)
        with self.context.database.session() as session:
            row = session.get_one(Booking, booking.id, with_for_update=True)
            row.appointment_id, row.appointment_verified = found.id, True
            session.flush()
            booking.version = row.version
        return found.id

    # The rest

    def _written_target(self, booking: Booking) -> Target:
        """Where the booking was written, or is being written."""
        key = booking.property
        if key is None and booking.open_attempt_id is not None:
            key = self._attempt_effect(booking).get("property")
        found = self.context.settings.properties.get(key or "")
        if found is None:
            detail = f"It was written at `properties.{key}`, which is no longer configured. Add it again, then replay."
            raise Parked(Reason.UNKNOWN_PROPERTY, detail)
        return at_property(self.context.settings, found)

    def _contact_key(self, said: Said) -> str | None:
        return contact_key(said.contact.email, said.contact.phone)

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

    def _note_left_out(self, said: Said, tour: Tour) -> None:
        names = left_out(said, tour)
        if names:
            self.event.detail = f"Sent without {', '.join(names)}: no crosswalk of the property knows it."

    def _done(self, booking: Booking, action: Action) -> Ended:
        if self.event.job_id:
            return Ended(
                Status.WRITTEN,
                None,
                self.event.detail if (self.event.detail or "").startswith("Sent without") else None,
            )
        if booking.state == BookingState.CANCELLED and action is Action.CANCEL:
            return Ignored(Reason.NOTHING_TO_CANCEL, "No appointment was written for this booking.")
        if life.is_superseded(self.event, action, booking):
            return Ignored(Reason.SUPERSEDED, "A newer event of this booking has decided.")
        return Ignored(Reason.ALREADY_WRITTEN, "The PMS holds exactly this tour.")


def _as_written(target: Target, tour: Tour) -> dict[str, Any]:
    return {
        "written": {**asdict(tour), "starts_at": tour.starts_at.isoformat()},
        "property": target.property.key,
    }


def _dropped(target: Target, operation: OperationName, tour: Tour) -> str | None:
    """What Propexo would drop without a word."""
    profile = target.place.profile
    names = dropped_fields(profile, operation, tour)
    return f"{profile.name} does not store {', '.join(names)}." if names else None


def _written_tour(booking: Booking) -> Tour:
    written = dict(booking.written or {})
    return Tour(**{**written, "starts_at": datetime.fromisoformat(written["starts_at"])})


def _differs(target: Target, booking: Booking, tour: Tour) -> bool:
    """Whether an update would tell the PMS anything new."""
    before = _written_tour(booking)
    if tour == before:
        return False
    try:
        return update_body(target.place, tour) != update_body(target.place, before)
    except BridgeError:
        return True  # what stands in the way is told when the update is built


def _start_if_known(booking: Booking, target: Target) -> datetime | None:
    if booking.written:
        return _written_tour(booking).starts_at
    try:
        return start_of(life.said_of(booking.details), target.property)
    except Parked:
        return None
