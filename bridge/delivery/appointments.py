"""The appointment of a booking: created, changed, cancelled, and found again when its id is not known."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any, NoReturn

from bridge.delivery import life
from bridge.delivery.calls import Calls
from bridge.delivery.leads import Leads
from bridge.delivery.open_writes import open_attempt
from bridge.delivery.outcomes import LOOK_FOR_ID, Parked, Reason
from bridge.delivery.reconcile import find_appointment
from bridge.delivery.resolve import Target, Unknown, at_property, not_taken, start_of
from bridge.delivery.writing import Write, Writing
from bridge.errors import BridgeError
from bridge.keys import contact_key
from bridge.mapping.booking import Booking as Said
from bridge.models import Booking, BookingState
from bridge.propexo.bodies import (
    OperationName,
    Tour,
    cancel_body,
    create_body,
    dropped_fields,
    update_body,
)


class Appointments:
    """The writes of one event to the appointment of its booking."""

    def __init__(self, calls: Calls) -> None:
        self.calls = calls

    def settle(self, booking: Booking) -> Booking:
        """Bring a write that is under way to its end before anything else."""
        if booking.open_attempt_id is None:
            return booking
        with self.calls.context.database.single() as session:
            attempt = open_attempt(session, booking)
        effect = {name: value for name, value in (attempt.effect or {}).items() if name != "id_column"}
        # It may be on its way to another property.
        target = self._target_at(effect.get("property", booking.property))
        # Of the tour that the open write leaves behind; a cancel leaves none.
        written = effect.get("written")
        self.calls.start = (
            datetime.fromisoformat(written["starts_at"]) if written else _start_if_known(booking, target)
        )
        writing = Writing(self.calls, target.place.integration_id)
        writing.settle(booking, attempt, booking.code, lambda: self._adopt(booking, target, effect))
        return self._reload(booking)

    def _adopt(self, booking: Booking, target: Target, effect: dict[str, Any]) -> dict[str, Any] | None:
        """The appointment that a create of unknown outcome made."""
        found = find_appointment(self.calls, target.place.integration_id, effect["lead_id"], booking.code)
        if found is None:
            return None
        return {**effect, "appointment_id": found.id, "appointment_verified": True}

    def _reload(self, booking: Booking) -> Booking:
        with self.calls.context.database.single() as session:
            return session.get_one(Booking, booking.id)

    def cancel(self, booking: Booking) -> NoReturn:
        """Send its cancellation. Raises NotYet, Parked."""
        target = self._target_at(booking.property)
        self.calls.start = _start_if_known(booking, target)
        # What is not offered needs no id, and nobody waits for one.
        self.calls.build(lambda: cancel_body(target.place, "<appointment_id>"))
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
        propexo = self.calls.context.propexo
        self._write(booking, target, Write("cancel", body, effect, lambda: propexo.cancel_appointment(body)))

    def create(self, booking: Booking, target: Target, tour: Tour, said: Said) -> NoReturn:
        """Find or make the lead, then send the appointment. Raises NotYet, Parked."""
        # What is missing shows before a lead is made.
        self.calls.build(lambda: create_body(target.place, "<lead_id>", tour))
        leads = Leads(self.calls, Writing(self.calls, target.place.integration_id), target)
        lead_id = leads.lead_id(
            said,
            contact_key(said.contact.email, said.contact.phone),
            employee_id=tour.employee_id,
            lead_source_id=tour.lead_source_id,
        )
        body = self.calls.build(lambda: create_body(target.place, lead_id, tour))
        effect = {
            **_as_written(target, tour),
            "written_state": BookingState.BOOKED,
            "lead_id": lead_id,
            "appointment_verified": False,
            "id_column": "appointment_id" if target.place.profile.returns_appointment_id else None,
        }
        propexo = self.calls.context.propexo
        note = _lost(target, "create", tour, said, self.calls.unknown)
        self._write(
            booking, target, Write("create", body, effect, lambda: propexo.create_appointment(body), note)
        )

    def update(self, booking: Booking, target: Target, tour: Tour) -> NoReturn:
        """Send the whole tour anew. Raises NotYet, Parked."""
        body = self.calls.build(lambda: update_body(target.place, tour))
        appointment_id = self._appointment_id(booking, target)
        propexo = self.calls.context.propexo
        write = Write(
            "update",
            {**body, "event_id": appointment_id},
            _as_written(target, tour),
            lambda: propexo.update_appointment(appointment_id, body),
            _lost(target, "update", tour),
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
        with self.calls.context.database.session() as session:
            row = session.get_one(Booking, booking.id, with_for_update=True)
            row.appointment_id, row.appointment_verified = None, False

    def _appointment_id(self, booking: Booking, target: Target) -> str:
        """The Propexo id of the appointment, made sure of before the first change.

        `created_record_id` may belong to another model, and some PMSs give none: the notes tell.
        """
        if booking.appointment_id and booking.appointment_verified:
            return booking.appointment_id
        self.calls.event.awaits = booking.code
        place, propexo = target.place, self.calls.context.propexo
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
        with self.calls.context.database.session() as session:
            row = session.get_one(Booking, booking.id, with_for_update=True)
            row.appointment_id, row.appointment_verified = found.id, True
            session.flush()
            booking.version = row.version
        return found.id

    def _target_at(self, key: str | None) -> Target:
        """Where the booking was written, or is being written."""
        found = self.calls.context.settings.properties.get(key or "")
        if found is None:
            detail = f"It was written at `properties.{key}`, which is no longer configured. Add it again, then replay."
            raise Parked(Reason.UNKNOWN_PROPERTY, detail)
        return at_property(self.calls.context.settings, found)


def _as_written(target: Target, tour: Tour) -> dict[str, Any]:
    return {
        "written": {**asdict(tour), "starts_at": tour.starts_at.isoformat()},
        "property": target.property.key,
    }


def _lost(
    target: Target,
    operation: OperationName,
    tour: Tour,
    said: Said | None = None,
    unknown: Mapping[str, Unknown] | None = None,
) -> str | None:
    """What will not stand in the PMS although the sender said it; Propexo would drop it without a word."""
    profile = target.place.profile
    dropped = {*dropped_fields(profile, operation, tour), *(not_taken(said, profile) if said else ())}
    names = ", ".join(map(str, (unknown or {}).values()))
    told = (
        [f"{profile.name} does not store {', '.join(sorted(dropped))} with an appointment."]
        if dropped
        else []
    )
    told += [f"Not in bridge.toml, and not exactly once in Propexo: {names}."] if names else []
    return " ".join(told) or None


def _written_tour(booking: Booking) -> Tour:
    written = dict(booking.written or {})
    return Tour(
        **{"title": None, "notes": None, **written, "starts_at": datetime.fromisoformat(written["starts_at"])}
    )


def differs(target: Target, booking: Booking, tour: Tour) -> bool:
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
