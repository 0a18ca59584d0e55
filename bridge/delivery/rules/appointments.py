"""The appointment of a booking: created, changed, cancelled, and found again when its id is not known."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from bridge.delivery.rules.bodies import checked
from bridge.delivery.rules.booking_state import to_request
from bridge.delivery.rules.confirmed import as_confirmed, confirmed_tour
from bridge.delivery.rules.entities import AttemptRow, BookingRow
from bridge.delivery.rules.in_flight import by_attribute, poll_again, resolve_in_flight
from bridge.delivery.rules.leads import FoundLead, NewLead, find_lead
from bridge.delivery.rules.outcomes import LOOK_FOR_ID, Reason
from bridge.delivery.rules.people import lead_of, left_of, named, names_differ, with_visitor
from bridge.delivery.rules.resolve import TourTarget, start_of, target_at, unsupported_fields
from bridge.delivery.rules.state import Call, Park, Read, Snapshot, StepDecision, Write
from bridge.delivery.rules.tour_key import tour_key
from bridge.mapping.booking import BookingRequest, Contact
from bridge.models import BookingState
from bridge.propexo.bodies import OperationName, cancel_body, create_body, dropped_fields, update_body
from bridge.propexo.client import Appointment
from bridge.propexo.tours import Tour
from bridge.settings import Settings


def resolve_write(
    snapshot: Snapshot, booking: BookingRow, settings: Settings, now: datetime
) -> Snapshot | StepDecision:
    """Bring the booking's in-flight write to its end, if it has one."""
    if booking.in_flight_attempt_id is None:
        return snapshot
    attempt = snapshot.attempts[booking.in_flight_attempt_id]
    effect = _effect(attempt)
    target = target_at(settings, effect.get("property", booking.property_key))  # perhaps another property
    if isinstance(target, Park):
        return StepDecision(target, snapshot)
    # Of the tour that the write leaves behind; a cancel leaves none.
    written = effect.get("written")
    start = datetime.fromisoformat(written["starts_at"]) if written else start_if_known(booking, target)
    return resolve_in_flight(
        snapshot.having(start=start),
        booking,
        target.place.integration_id,
        lambda known: _adopt(known, booking, target, effect),
        now,
    )


def _effect(attempt: AttemptRow) -> dict[str, Any]:
    """What the booking becomes by a write, without the id of what it makes."""
    return {name: value for name, value in (attempt.on_confirm or {}).items() if name != "id_column"}


def _adopt(
    snapshot: Snapshot, booking: BookingRow, target: TourTarget, effect: Mapping[str, Any]
) -> Mapping[str, Any] | Read | None:
    """The appointment that a create of unknown outcome made."""
    found = find_appointment(snapshot, target, effect["lead_id"], booking)
    if not isinstance(found, Appointment):
        return found
    return {**effect, "appointment_id": found.id, "appointment_verified": True}


def adopt_failed(snapshot: Snapshot, booking: BookingRow, settings: Settings) -> Snapshot | StepDecision:
    """Take over the appointment of a create that failed: a PMS may have written it all the same."""
    create = snapshot.failed_create
    if create is None or booking.may_be_in_pms:
        return snapshot
    effect = _effect(create)
    target = target_at(settings, effect.get("property", booking.property_key))
    if isinstance(target, Park):
        return snapshot
    changes = _adopt(snapshot, booking, target, effect)
    if isinstance(changes, Read):
        return StepDecision(changes, snapshot)
    if changes is None:
        return snapshot
    row = replace(booking, **by_attribute(changes))
    return snapshot.with_owner(row).with_event(propexo_job_id=f"found:{changes['appointment_id']}")


def cancel(snapshot: Snapshot, booking: BookingRow, settings: Settings, now: datetime) -> StepDecision:
    """Cancel the booking's appointment."""
    target = target_at(settings, booking.property_key)
    if isinstance(target, Park):
        return StepDecision(target, snapshot)
    snapshot = snapshot.having(start=start_if_known(booking, target))
    # What is not offered needs no id, and nothing waits for one.
    body = checked(snapshot, lambda: cancel_body(target.place, "<appointment_id>"))
    if isinstance(body, Park):
        return StepDecision(body, snapshot)
    verified = verify_id(snapshot, booking, target, now)
    if isinstance(verified, StepDecision):
        return verified
    snapshot, booking, appointment_id = verified
    on_confirm = {
        "written_state": BookingState.CANCELLED.value,
        "written": None,
        "appointment_id": None,
        "appointment_verified": False,
        # Propexo keeps cancelled records: booked again, the tour must not be taken for this one.
        "code": snapshot.code("TB", 3),
    }
    body = {**body, "event_id": appointment_id}
    return StepDecision(Write("cancel", booking, target.place.integration_id, body, on_confirm), snapshot)


def create(
    snapshot: Snapshot,
    booking: BookingRow,
    target: TourTarget,
    tour: Tour,
    request: BookingRequest,
    now: datetime,
    *,
    left: str | None = None,
) -> StepDecision:
    """Find or make the lead, then create the appointment.

    `left`: what an operator has to cancel by hand once it is booked, because its PMS takes no cancellations.
    """
    body = checked(snapshot, lambda: create_body(target.place, "<lead_id>", tour))
    if isinstance(body, Park):
        return StepDecision(body, snapshot)  # what is missing shows before a lead is made
    new = NewLead(employee_id=tour.employee_id, lead_source_id=tour.lead_source_id)
    found = find_lead(snapshot, target, request, new, now)
    if isinstance(found, StepDecision):
        return found
    snapshot, lead = found
    named_tour = with_visitor(tour, lead.person, request.contact)
    if named_tour != tour:
        tour = named_tour
        body = checked(snapshot, lambda: create_body(target.place, lead.id, named_tour))
        if isinstance(body, Park):
            return StepDecision(body, snapshot)
    body = {**body, "lead_id": lead.id}
    on_confirm = {
        **as_confirmed(target, tour, lead.person or request.contact, request.contact, left),
        "written_state": BookingState.BOOKED.value,
        "lead_id": lead.id,
        "appointment_verified": False,
        "id_column": "appointment_id" if target.place.profile.returns_appointment_id else None,
    }
    notes = (_match_note(lead, request.contact), _dropped_note(snapshot, target, "create", tour, request))
    note = " ".join(filter(None, notes)) or None
    key = tour_key(snapshot, booking, lead.id, target.property.key, tour.starts_at)
    write = Write("create", booking, target.place.integration_id, body, on_confirm, note, key)
    return StepDecision(write, snapshot)


def _match_note(lead: FoundLead, contact: Contact) -> str | None:
    """How the lead was found, and what contradicts it."""
    sentences = [f"The lead was found by its {lead.matched_by}."] if lead.matched_by else []
    if lead.person and names_differ(lead.person, contact):
        sentences.append(f"It is {named(lead.person)}; the notes name {named(contact)} as the visitor.")
    return " ".join(sentences) or None


def update(
    snapshot: Snapshot,
    booking: BookingRow,
    target: TourTarget,
    tour: Tour,
    contact: Contact,
    now: datetime,
    *,
    left: str | None = None,
) -> StepDecision:
    """Send the whole tour again. `left`: as of `create`, what the update does not take."""
    body = checked(snapshot, lambda: update_body(target.place, tour))
    if isinstance(body, Park):
        return StepDecision(body, snapshot)
    verified = verify_id(snapshot, booking, target, now)
    if isinstance(verified, StepDecision):
        return verified
    snapshot, booking, appointment_id = verified
    body = {**body, "event_id": appointment_id}
    note = _dropped_note(snapshot, target, "update", tour)
    place = target.place
    left = " ".join(filter(None, (left_of(booking), left))) or None
    confirmed = as_confirmed(target, tour, lead_of(booking), contact, left)
    key = tour_key(snapshot, booking, booking.lead_id, target.property.key, tour.starts_at)
    write = Write("update", booking, place.integration_id, body, confirmed, note, key)
    return StepDecision(write, snapshot)


def verify_id(
    snapshot: Snapshot, booking: BookingRow, target: TourTarget, now: datetime
) -> tuple[Snapshot, BookingRow, str] | StepDecision:
    """The Propexo id of the appointment, made sure of before the first change.

    `created_record_id` may belong to another model, and some PMSs give none: the notes tell.
    """
    if booking.appointment_id and booking.appointment_verified:
        return snapshot, booking, booking.appointment_id
    snapshot = snapshot.with_event(waiting_on=booking.reference_code)
    place = target.place
    known: Appointment | None = None
    if booking.appointment_id:
        call = Call.of("get_appointment", place.integration_id, event_id=booking.appointment_id)
        if call not in snapshot.answers:
            return StepDecision(Read(call), snapshot)
        known = snapshot.answers[call]
    found: Appointment | Read | None = known
    if known is None or not _is_its(known, booking):
        found = find_appointment(snapshot, target, booking.lead_id or "", booking)
    if isinstance(found, Read):
        return StepDecision(found, snapshot)
    if found is None and snapshot.refused_changes:
        code = booking.reference_code
        detail = f"Propexo does not know the appointment, and no other one of the lead has reference {code}."
        return StepDecision(Park(Reason.STALE_LINK, detail), snapshot)
    if found is None:
        detail = f"The appointment is in {place.profile.name}; its id comes to Propexo with the next sync."
        code = booking.reference_code
        wait = poll_again(snapshot, LOOK_FOR_ID, Reason.APPOINTMENT_ID, detail, now, waiting_on=code)
        return StepDecision(wait, snapshot)
    booking = replace(booking, appointment_id=found.id, appointment_verified=True)
    return snapshot.with_owner(booking), booking, found.id


def _is_its(found: Appointment, booking: BookingRow) -> bool:
    return booking.lead_id in found.lead_ids or booking.reference_code in (found.notes or "")


def find_appointment(
    snapshot: Snapshot, target: TourTarget, lead_id: str, booking: BookingRow
) -> Appointment | Read | None:
    """The appointment of a lead that carries our reference in its notes."""
    integration_id = target.place.integration_id
    call = Call.of("list_appointments", integration_id, integration_id=integration_id, lead_id=lead_id)
    if call not in snapshot.answers:
        return Read(call)
    appointments: list[Appointment] = snapshot.answers[call]
    code = booking.reference_code
    found = next(
        (appointment for appointment in appointments if appointment.notes and code in appointment.notes), None
    )
    return found or _created_by_its_job(snapshot, integration_id, lead_id)


def _created_by_its_job(snapshot: Snapshot, integration_id: str, lead_id: str) -> Appointment | Read | None:
    """The appointment whose id was not read when the write log confirmed its create, and whose notes were lost."""
    create = snapshot.last_create
    if (
        create is None
        or create.job_id is None
        or create.write_log_state is None
        or not (create.on_confirm or {}).get("id_column")
    ):
        return None
    status = Call.of("write_status", integration_id, job_id=create.job_id)
    if status not in snapshot.answers:
        return Read(status)
    record_id = snapshot.answers[status].created_record_id
    if record_id is None:
        return None
    call = Call.of("get_appointment", integration_id, event_id=record_id)
    if call not in snapshot.answers:
        return Read(call)
    found: Appointment | None = snapshot.answers[call]
    return found if found and lead_id in found.lead_ids else None


def _dropped_note(
    snapshot: Snapshot,
    target: TourTarget,
    operation: OperationName,
    tour: Tour,
    request: BookingRequest | None = None,
) -> str | None:
    """What will not be in the PMS although the sender named it; Propexo would drop it without a word."""
    profile = target.place.profile
    unsupported = unsupported_fields(request, profile) if request else []
    dropped = sorted({*dropped_fields(profile, operation, tour), *unsupported})
    unknown = ", ".join(map(str, snapshot.unknown.values())) if request else ""
    sentences = []
    if dropped:
        sentences.append(f"{profile.name} does not store {', '.join(dropped)} with an appointment.")
    if unknown:
        sentences.append(f"Not in bridge.toml, and not exactly once in Propexo: {unknown}.")
    return " ".join(sentences) or None


def start_if_known(booking: BookingRow, target: TourTarget) -> datetime | None:
    """When the tour starts: as the PMS has it, else as its events say."""
    if booking.confirmed_tour:
        return confirmed_tour(booking).starts_at
    start = start_of(to_request(booking.fields), target.property)
    return None if isinstance(start, Park) else start
