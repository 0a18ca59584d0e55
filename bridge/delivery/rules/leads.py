"""The lead of a tour: named by the sender, known to the bridge, found in Propexo, else created and waited for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bridge.delivery.rules.bodies import checked
from bridge.delivery.rules.booking_state import to_request
from bridge.delivery.rules.entities import LeadRow, changed
from bridge.delivery.rules.in_flight import poll_again, resolve_in_flight
from bridge.delivery.rules.outcomes import LOOK_FOR_ID, Reason
from bridge.delivery.rules.people import contact_in, contact_of, lead_of, named
from bridge.delivery.rules.resolve import TourTarget
from bridge.delivery.rules.state import Call, Park, Read, Snapshot, StepDecision, Write
from bridge.keys import contact_key, key
from bridge.mapping.booking import BookingRequest, Contact
from bridge.propexo import client
from bridge.propexo.bodies import lead_body, ten_digits
from bridge.propexo.tours import LeadPerson, PmsLocation


@dataclass(frozen=True)
class NewLead:
    """What a lead is given that has to be created."""

    employee_id: str | None = None
    lead_source_id: str | None = None
    wish: str | None = None
    """What the person asked for, where no appointment will say it."""


@dataclass(frozen=True)
class FoundLead:
    """The lead of a tour."""

    id: str
    person: Contact | None = None
    """As the PMS has it, where that is known."""
    matched_by: str | None = None
    """By what it was found, where it was searched for."""
    refused: str | None = None
    """Who else has the phone, where that did not count as the same person."""


def find_lead(
    snapshot: Snapshot, target: TourTarget, request: BookingRequest, new: NewLead, now: datetime
) -> tuple[Snapshot, FoundLead] | StepDecision:
    """Return the lead of a tour, or what has to happen first to find or create it."""
    place = target.place
    if request.lead_id:
        by_sender = _named(snapshot, place, request.lead_id, now)
        if isinstance(by_sender, StepDecision):
            return by_sender
        snapshot, found = by_sender
        if found:
            return snapshot, found
    contact = contact_key(request.contact.email, request.contact.phone)
    if contact is None:
        detail = (
            f'The sender gives only lead "{request.lead_id}", which Propexo does not know at this property.'
        )
        return StepDecision(Park(Reason.STALE_LINK, detail), snapshot)
    lead = _row(snapshot, place, contact, now)
    snapshot = snapshot.with_event(waiting_on=lead.reference_code)
    was_in_flight = lead.in_flight_attempt_id is not None
    if lead.in_flight_attempt_id is not None:
        made = contact_in(snapshot.attempts[lead.in_flight_attempt_id].request)
        resolved = resolve_in_flight(
            snapshot, lead, place.integration_id, lambda known: _adopt(known, place, request.contact), now
        )
        if isinstance(resolved, StepDecision):
            return resolved
        snapshot, lead = resolved, changed(resolved.leads[lead.key], person=made)
    return _existing_or_new(snapshot, target, lead, request.contact, new, now, was_in_flight=was_in_flight)


def end_begun(
    snapshot: Snapshot, place: PmsLocation, contact: Contact, now: datetime
) -> Snapshot | StepDecision:
    """Bring the write of a lead to its end that the event has begun, although its tour needs no lead any more."""
    name = contact_key(contact.email, contact.phone)
    lead = snapshot.leads.get((place.integration_id, place.property_id, name or ""))
    if lead is None or lead.in_flight_attempt_id is None:
        return snapshot
    if snapshot.attempts[lead.in_flight_attempt_id].event_id != snapshot.event.id:
        return snapshot
    resolved = resolve_in_flight(
        snapshot, lead, place.integration_id, lambda known: _adopt(known, place, contact), now
    )
    if isinstance(resolved, StepDecision) and resolved.snapshot.leads[lead.key].in_flight_attempt_id is None:
        return resolved.snapshot  # the PMS has refused it, which is as well
    return resolved


def _existing_or_new(
    snapshot: Snapshot,
    target: TourTarget,
    lead: LeadRow,
    contact: Contact,
    new: NewLead,
    now: datetime,
    *,
    was_in_flight: bool,
) -> tuple[Snapshot, FoundLead] | StepDecision:
    """The lead that is known or that Propexo finds, else a new one."""
    place = target.place
    match: LeadMatch | None = None
    if lead.lead_id is None and (lead.created or not was_in_flight):
        searched = search(snapshot, place, contact)
        if isinstance(searched, Read):
            return StepDecision(searched, snapshot)
        match = searched
        lead = changed(lead, lead_id=match.lead.id if match.lead else None)
        snapshot = snapshot.with_lead(lead)
    if lead.lead_id is None:
        if lead.created:
            return StepDecision(_wait_for_sync(snapshot, place, lead, now), snapshot)
        return _create(snapshot, target, lead, contact, new, match)
    if match and match.lead:
        person = contact_of(match.lead)
        return snapshot, FoundLead(lead.lead_id, person, match.by, match.refused)
    if lead.person is not None:
        return snapshot, FoundLead(lead.lead_id, lead.person)
    known = _person_of(snapshot, place, lead.lead_id, contact)
    if isinstance(known, Read):
        return StepDecision(known, snapshot)
    return snapshot, FoundLead(lead.lead_id, known)


def _person_of(
    snapshot: Snapshot, place: PmsLocation, lead_id: str, contact: Contact
) -> Contact | Read | None:
    """Who a lead is that was found or made for an earlier event; its own bookings say so, else Propexo does."""
    rows = [row for row in (snapshot.booking, *snapshot.related) if row is not None]
    for row in reversed(rows):
        if row.lead_id == lead_id and (person := lead_of(row)):
            return person
    call = Call.of("get_lead", place.integration_id, lead_id=lead_id)
    if call not in snapshot.answers:
        return Read(call)
    answer: client.PropexoLead | None = snapshot.answers[call]
    if answer is not None:
        return contact_of(answer)
    # Not synced yet: the first of its bookings has made it.
    own = contact_key(contact.email, contact.phone)
    people = (to_request(row.fields).contact for row in snapshot.related)
    return next((person for person in people if contact_key(person.email, person.phone) == own), None)


def _named(
    snapshot: Snapshot, place: PmsLocation, lead_id: str, now: datetime
) -> tuple[Snapshot, FoundLead | None] | StepDecision:
    """The lead that the sender names, if Propexo knows it here: the id may be another system's."""
    lead = _row(snapshot, place, key(f"lead:{lead_id}") or lead_id, now)
    if lead.lead_id is not None:
        person = _person_of(snapshot, place, lead.lead_id, Contact())
        if isinstance(person, Read):
            return StepDecision(person, snapshot)
        return snapshot, FoundLead(lead.lead_id, person)
    call = Call.of("get_lead", place.integration_id, lead_id=lead_id)
    if call not in snapshot.answers:
        return StepDecision(Read(call), snapshot)
    found: client.PropexoLead | None = snapshot.answers[call]
    if found is None or found.property_id not in (None, place.property_id):
        return snapshot, None
    return snapshot.with_lead(changed(lead, lead_id=found.id)), FoundLead(found.id, contact_of(found))


def _row(snapshot: Snapshot, place: PmsLocation, contact: str, now: datetime) -> LeadRow:
    known = snapshot.leads.get((place.integration_id, place.property_id, contact))
    code = snapshot.code("LD", 2 if contact.startswith("lead:") else 1)
    return known or LeadRow(place.integration_id, place.property_id, contact, code, now, is_new=True)


@dataclass(frozen=True)
class LeadMatch:
    """The result of a search for a person."""

    lead: client.PropexoLead | None
    by: str = ""
    refused: str | None = None
    """The lead with this phone that is a different person."""


def search(snapshot: Snapshot, place: PmsLocation, contact: Contact) -> LeadMatch | Read:
    """By e-mail, then by phone. The newest record wins; a phone can be shared, so names must not contradict.

    Propexo's filter is exact as far as anybody knows: an e-mail is searched as it came, then in lower case.
    """
    email = contact.email or ""
    for spelling in dict.fromkeys(filter(None, (email, email.lower()))):
        hits = _find(snapshot, place, "email", spelling)
        if isinstance(hits, Read):
            return hits
        if hits:
            return LeadMatch(hits[0], "e-mail")
    phone = ten_digits(contact.phone)
    hits = _find(snapshot, place, "phone", phone) if phone else []
    if isinstance(hits, Read):
        return hits
    strangers = [named(contact_of(hit)) for hit in hits if _is_somebody_else(hit, contact)]
    found = next((hit for hit in hits if not _is_somebody_else(hit, contact)), None)
    return LeadMatch(found, "phone", strangers[0] if strangers and not found else None)


def _find(snapshot: Snapshot, place: PmsLocation, name: str, value: str) -> list[client.PropexoLead] | Read:
    where = {"integration_id": place.integration_id, "property_id": place.property_id, name: value}
    call = Call.of("find_leads", place.integration_id, **where)
    hits: list[client.PropexoLead] | None = snapshot.answers.get(call)
    return Read(call) if hits is None else hits


def _adopt(snapshot: Snapshot, place: PmsLocation, contact: Contact) -> Mapping[str, Any] | Read | None:
    found = search(snapshot, place, contact)
    if isinstance(found, Read):
        return found
    return {"lead_id": found.lead.id, "created": True} if found.lead else None


def _create(
    snapshot: Snapshot,
    target: TourTarget,
    lead: LeadRow,
    contact: Contact,
    new: NewLead,
    match: LeadMatch | None = None,
) -> StepDecision:
    place = target.place
    person = LeadPerson(
        contact.first_name, contact.last_name, contact.email, contact.phone, lead.reference_code
    )
    notes = ". ".join(filter(None, (f"Ref {lead.reference_code}", new.wish)))
    body = checked(
        snapshot,
        lambda: lead_body(
            place, person, employee_id=new.employee_id, lead_source_id=new.lead_source_id, notes=notes
        ),
    )
    if isinstance(body, Park):
        return StepDecision(body, snapshot)
    on_confirm = {"id_column": "lead_id" if place.profile.returns_lead_id else None, "created": True}
    note = None
    if match and match.refused:
        note = f"The phone leads to {match.refused}, who has another name and e-mail: {named(contact)} becomes a lead."
    return StepDecision(Write("create_lead", lead, place.integration_id, body, on_confirm, note), snapshot)


def _wait_for_sync(snapshot: Snapshot, place: PmsLocation, lead: LeadRow, now: datetime) -> Any:
    detail = f"The lead is in {place.profile.name}; its id comes to Propexo with the next sync."
    return poll_again(snapshot, LOOK_FOR_ID, Reason.LEAD_ID, detail, now, waiting_on=lead.reference_code)


def _is_somebody_else(hit: client.PropexoLead, contact: Contact) -> bool:
    """A lead of the same phone that is a partner's or a roommate's.

    It has not the same e-mail, and another last name, or another first name and another e-mail.
    """
    if _differ(hit.last_name, contact.last_name):
        return not _same(hit.email, contact.email)
    return _differ(hit.first_name, contact.first_name) and _differ(hit.email, contact.email)


def _same(first: str | None, second: str | None) -> bool:
    return bool(first and second and first.casefold() == second.casefold())


def _differ(first: str | None, second: str | None) -> bool:
    return bool(first and second and first.casefold() != second.casefold())
