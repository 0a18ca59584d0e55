"""The lead of a tour: named by the sender, known to the bridge, found in Propexo, else created and waited for."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bridge.delivery.rules.bodies import checked
from bridge.delivery.rules.entities import LeadRow
from bridge.delivery.rules.in_flight import poll_again, resolve_in_flight
from bridge.delivery.rules.outcomes import LOOK_FOR_ID, Reason
from bridge.delivery.rules.resolve import TourTarget
from bridge.delivery.rules.state import Call, Decision, Park, Read, Snapshot, Write
from bridge.keys import contact_key, key
from bridge.mapping.booking import Booking as BookingRequest
from bridge.mapping.booking import Contact
from bridge.propexo import client
from bridge.propexo.bodies import Person, Place, lead_body, ten_digits


@dataclass(frozen=True)
class NewLead:
    """What a lead is given that has to be created."""

    employee_id: str | None = None
    lead_source_id: str | None = None
    wish: str | None = None
    """What the person asked for, where no appointment will say it."""


def find_lead(
    snapshot: Snapshot, target: TourTarget, request: BookingRequest, new: NewLead, now: datetime
) -> tuple[Snapshot, str] | Decision:
    """Return the lead's Propexo id, or what has to happen first to find or create it."""
    place = target.place
    if request.lead_id:
        named = _named(snapshot, place, request.lead_id, now)
        if isinstance(named, Decision):
            return named
        snapshot, lead_id = named
        if lead_id:
            return snapshot, lead_id
    contact = contact_key(request.contact.email, request.contact.phone)
    if contact is None:
        detail = f'The sender names nobody but lead "{request.lead_id}", which Propexo does not know at this property.'
        return Decision(Park(Reason.STALE_LINK, detail), snapshot)
    lead = _row(snapshot, place, contact, now)
    snapshot = snapshot.with_event(waiting_on=lead.reference_code)
    was_in_flight = lead.in_flight_attempt_id is not None
    if was_in_flight:
        resolved = resolve_in_flight(
            snapshot, lead, place.integration_id, lambda known: _adopt(known, place, request.contact), now
        )
        if isinstance(resolved, Decision):
            return resolved
        snapshot, lead = resolved, resolved.leads[lead.key]
    return _existing_or_new(snapshot, target, lead, request.contact, new, now, was_in_flight=was_in_flight)


def end_begun(snapshot: Snapshot, place: Place, contact: Contact, now: datetime) -> Snapshot | Decision:
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
    if isinstance(resolved, Decision) and resolved.snapshot.leads[lead.key].in_flight_attempt_id is None:
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
) -> tuple[Snapshot, str] | Decision:
    """The lead that is known or that Propexo finds, else a new one."""
    place = target.place
    if lead.lead_id is None and (lead.created or not was_in_flight):
        found = search(snapshot, place, contact)
        if isinstance(found, Read):
            return Decision(found, snapshot)
        lead = replace(lead, lead_id=found)
        snapshot = snapshot.with_lead(lead)
    if lead.lead_id is not None:
        return snapshot, lead.lead_id
    if lead.created:
        return Decision(_wait_for_sync(snapshot, place, lead, now), snapshot)
    return _create(snapshot, target, lead, contact, new)


def _named(
    snapshot: Snapshot, place: Place, lead_id: str, now: datetime
) -> tuple[Snapshot, str | None] | Decision:
    """The lead that the sender names, if Propexo knows it here: the id may be another system's."""
    lead = _row(snapshot, place, key(f"lead:{lead_id}") or lead_id, now)
    if lead.lead_id is not None:
        return snapshot, lead.lead_id
    call = Call.of("get_lead", place.integration_id, lead_id=lead_id)
    if call not in snapshot.answers:
        return Decision(Read(call), snapshot)
    found: client.Lead | None = snapshot.answers[call]
    if found is None or found.property_id not in (None, place.property_id):
        return snapshot, None
    return snapshot.with_lead(replace(lead, lead_id=found.id)), found.id


def _row(snapshot: Snapshot, place: Place, contact: str, now: datetime) -> LeadRow:
    known = snapshot.leads.get((place.integration_id, place.property_id, contact))
    code = snapshot.code("LD", 2 if contact.startswith("lead:") else 1)
    return known or LeadRow(place.integration_id, place.property_id, contact, code, now, is_new=True)


def search(snapshot: Snapshot, place: Place, contact: Contact) -> str | Read | None:
    """By e-mail, then by phone. The newest record wins; a phone can be shared, so names must not contradict.

    Propexo's filter is exact as far as anybody knows: an e-mail is searched as it came, then in lower case.
    """
    email = contact.email or ""
    for spelling in dict.fromkeys(filter(None, (email, email.lower()))):
        hits = _find(snapshot, place, "email", spelling)
        if isinstance(hits, Read) or hits:
            return hits if isinstance(hits, Read) else hits[0].id
    phone = ten_digits(contact.phone)
    hits = _find(snapshot, place, "phone", phone) if phone else []
    if isinstance(hits, Read):
        return hits
    return next((hit.id for hit in hits if not _is_somebody_else(hit, contact)), None)


def _find(snapshot: Snapshot, place: Place, name: str, value: str) -> list[client.Lead] | Read:
    where = {"integration_id": place.integration_id, "property_id": place.property_id, name: value}
    call = Call.of("find_leads", place.integration_id, **where)
    hits: list[client.Lead] | None = snapshot.answers.get(call)
    return Read(call) if hits is None else hits


def _adopt(snapshot: Snapshot, place: Place, contact: Contact) -> Mapping[str, Any] | Read | None:
    found = search(snapshot, place, contact)
    return {"lead_id": found, "created": True} if isinstance(found, str) else found


def _create(
    snapshot: Snapshot, target: TourTarget, lead: LeadRow, contact: Contact, new: NewLead
) -> Decision:
    place = target.place
    person = Person(contact.first_name, contact.last_name, contact.email, contact.phone, lead.reference_code)
    notes = ". ".join(filter(None, (f"Ref {lead.reference_code}", new.wish)))
    body = checked(
        snapshot,
        lambda: lead_body(
            place, person, employee_id=new.employee_id, lead_source_id=new.lead_source_id, notes=notes
        ),
    )
    if isinstance(body, Park):
        return Decision(body, snapshot)
    on_confirm = {"id_column": "lead_id" if place.profile.returns_lead_id else None, "created": True}
    return Decision(Write("create_lead", lead, place.integration_id, body, on_confirm), snapshot)


def _wait_for_sync(snapshot: Snapshot, place: Place, lead: LeadRow, now: datetime) -> Any:
    detail = f"The lead is in {place.profile.name}; its id comes to Propexo with the next sync."
    return poll_again(snapshot, LOOK_FOR_ID, Reason.LEAD_ID, detail, now, waiting_on=lead.reference_code)


def _is_somebody_else(hit: client.Lead, contact: Contact) -> bool:
    """A lead of the same phone that is a partner's or a roommate's.

    It has not the same e-mail, and another last name, or another first name and another e-mail.
    """
    if _differ(hit.last_name, contact.last_name):
        return not _same(hit.email, contact.email)
    return _differ(hit.first_name, contact.first_name) and _differ(hit.email, contact.email)


def _same(one: str | None, other: str | None) -> bool:
    return bool(one and other and one.casefold() == other.casefold())


def _differ(one: str | None, other: str | None) -> bool:
    return bool(one and other and one.casefold() != other.casefold())
