"""The person of a booking that is in the PMS was corrected: the lead is corrected, else the notes say it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bridge.delivery.rules.bodies import checked
from bridge.delivery.rules.booking_state import contact_fields
from bridge.delivery.rules.confirmed import confirmed_tour
from bridge.delivery.rules.entities import BookingRow, LeadRow
from bridge.delivery.rules.people import (
    corrections,
    is_somebody_else,
    lead_of,
    named,
    person_of,
    same_email,
    same_phone,
    with_visitor,
)
from bridge.delivery.rules.resolve import TourTarget
from bridge.delivery.rules.state import Park, Snapshot, StepDecision, Write
from bridge.keys import contact_key
from bridge.mapping.booking import Contact
from bridge.propexo.bodies import lead_update_body
from bridge.propexo.tours import LeadPerson, Tour

BODY_FIELD = {"first_name": "first_name", "last_name": "last_name", "email": "email_1", "phone": "phone_1"}


def follow_person(
    snapshot: Snapshot, booking: BookingRow, target: TourTarget, tour: Tour, contact: Contact, now: datetime
) -> StepDecision | tuple[Snapshot, Tour]:
    """Correct the lead of a booking, or return the tour with what its notes say about who comes."""
    lead, person = lead_of(booking), person_of(booking)
    if lead is None or person is None or booking.lead_id is None:
        return snapshot, tour
    before = confirmed_tour(booking)
    if before.visitor is None and not is_somebody_else(lead, contact):
        found, stated = corrections(lead, contact), corrections(person, contact)
        changed = {name: value for name, value in found.items() if name in stated}
        takes_changes = target.place.profile.lead_update is not None
        if changed and takes_changes and not snapshot.lead_update_refused:
            return _correct(snapshot, booking, target, contact, changed)
        snapshot = _know_address(snapshot, booking, target, lead, contact, now)
    return snapshot, with_visitor(tour, lead, contact)


def is_another_person(booking: BookingRow, contact: Contact) -> bool:
    """Whether nothing of who it was written for is left: the appointment is the other person's."""
    person = person_of(booking)
    if person is None or not is_somebody_else(person, contact):
        return False
    return not same_email(person.email, contact.email) and not same_phone(person.phone, contact.phone)


def _correct(
    snapshot: Snapshot,
    booking: BookingRow,
    target: TourTarget,
    contact: Contact,
    changed: Mapping[str, str],
) -> StepDecision:
    place = target.place
    person = LeadPerson(contact.first_name, contact.last_name, contact.email, contact.phone, "")
    fields = [BODY_FIELD[name] for name in changed]
    body = checked(snapshot, lambda: lead_update_body(place, person, fields))
    if isinstance(body, Park):
        return StepDecision(body, snapshot)
    confirmed: dict[str, Any] = dict(booking.confirmed_tour or {})
    confirmed["lead"] = {**(confirmed.get("lead") or {}), **changed}
    confirmed["person"] = contact_fields(contact)
    write = Write(
        "update_lead",
        booking,
        place.integration_id,
        {**body, "lead_id": booking.lead_id},
        {"written": confirmed},
        f"The booking names {named(contact)} with another {_listed(changed)} than its lead.",
    )
    return StepDecision(write, snapshot)


def _listed(names: Mapping[str, str]) -> str:
    words = {"first_name": "first name", "last_name": "last name", "email": "e-mail", "phone": "phone"}
    return " and ".join(words[name] for name in names)


def _know_address(
    snapshot: Snapshot,
    booking: BookingRow,
    target: TourTarget,
    lead: Contact,
    contact: Contact,
    now: datetime,
) -> Snapshot:
    """Let the next tour of a corrected address find this lead: Propexo's cache may not show the correction yet."""
    place, address = target.place, contact_key(contact.email, contact.phone)
    is_its = same_email(lead.email, contact.email) or (
        not contact.email and same_phone(lead.phone, contact.phone)
    )
    if address is None or not is_its:
        return snapshot
    key = (place.integration_id, place.property_id, address)
    if key in snapshot.leads:
        return snapshot
    code = snapshot.code("LD", 1)
    return snapshot.with_lead(LeadRow(*key, code, now, lead_id=booking.lead_id, is_new=True))


def shown(booking: BookingRow) -> str | None:
    """What contradicted the lead of a booking, for its event."""
    lead, person = lead_of(booking), person_of(booking)
    if lead is None or person is None:
        return None
    tour = confirmed_tour(booking)
    if tour.visitor:
        return f"The lead is {named(lead)}; the notes name {named(person)} as the visitor."
    return f"The lead says otherwise; the notes say: {tour.contact}" if tour.contact else None
