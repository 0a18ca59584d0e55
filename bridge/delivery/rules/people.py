"""Who comes to a tour, and who its lead in the PMS is: the same person, a corrected one, or another person.

A lead that the e-mail finds may be a partner's, a parent's or an agent's. It stays the lead, and the notes of the
appointment name the visitor. A booking whose own person is corrected corrects its lead.
"""

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import phonenumbers

from bridge.delivery.rules.booking_state import CONTACT_FIELDS
from bridge.delivery.rules.entities import BookingRow, changed
from bridge.mapping.booking import Contact
from bridge.propexo import client
from bridge.propexo.text import truncate
from bridge.propexo.tours import Tour

LONGEST_NAME = 60
"""Characters of a visitor's name in the notes: the reference must have its place behind it."""
_DIGITS = 10
"""Of a phone number that are compared: PMSs write it with and without the country."""


def contact_of(lead: client.PropexoLead) -> Contact:
    """The person of a lead, as Propexo has it."""
    return Contact(lead.first_name, lead.last_name, lead.email, lead.phone)


def contact_in(body: Mapping[str, Any] | None) -> Contact | None:
    """The person in the body of a write that made or changed a lead."""
    if not body:
        return None
    return Contact(body.get("first_name"), body.get("last_name"), body.get("email_1"), body.get("phone_1"))


def lead_of(booking: BookingRow) -> Contact | None:
    """The person of the booking's lead, as the PMS had it when the booking was written last."""
    known = (booking.confirmed_tour or {}).get("lead")
    return Contact(**{name: known.get(name) for name in CONTACT_FIELDS}) if known else None


def with_visitor(tour: Tour, lead: Contact | None, contact: Contact) -> Tour:
    """The tour with the sentences about its person that the lead does not say."""
    if lead is None:
        return tour
    return changed(tour, visitor=visitor_note(lead, contact), contact=contact_note(lead, contact))


def person_of(booking: BookingRow) -> Contact | None:
    """Who the booking was for when it was written last."""
    known = (booking.confirmed_tour or {}).get("person")
    return Contact(**{name: known.get(name) for name in CONTACT_FIELDS}) if known is not None else None


def left_of(booking: BookingRow) -> str | None:
    """What an operator has to cancel by hand, unless that was reported already."""
    left: str | None = (booking.confirmed_tour or {}).get("left")
    return left


def same_email(first: str | None, second: str | None) -> bool:
    """Whether both are given and equal but for their case."""
    return bool(first and second and first.lower() == second.lower())


def same_phone(first: str | None, second: str | None) -> bool:
    """Whether both are given and equal, however they are written."""
    ours, theirs = _last_digits(first), _last_digits(second)
    return bool(ours and ours == theirs)


def names_differ(first: Contact, second: Contact) -> bool:
    """Whether the first or the last names contradict each other; initials and missing ones do not."""
    return any(_parts_differ(first, second))


def is_somebody_else(lead: Contact, visitor: Contact) -> bool:
    """Whether a booking that was of the lead's person is now of another one: a correction changes less."""
    first, last = _parts_differ(lead, visitor)
    same_address = same_email(lead.email, visitor.email) and same_phone(lead.phone, visitor.phone)
    return first and last and not same_address


def corrections(lead: Contact, contact: Contact) -> dict[str, str]:
    """What the contact says and the lead has otherwise, or not at all, by the name of the contact's field."""
    found: dict[str, str] = {}
    for name in ("first_name", "last_name"):
        ours, theirs = getattr(contact, name), getattr(lead, name)
        if ours and _plain(ours) != _plain(theirs):
            found[name] = ours
    if contact.email and not same_email(contact.email, lead.email):
        found["email"] = contact.email
    if contact.phone and not same_phone(contact.phone, lead.phone):
        found["phone"] = contact.phone
    return found


def visitor_note(lead: Contact, contact: Contact) -> str | None:
    """Who comes, where the lead has another name."""
    if not names_differ(lead, contact):
        return None
    name = " ".join(filter(None, (contact.first_name, contact.last_name)))
    email = None if same_email(lead.email, contact.email) else contact.email
    parts = (truncate(name, LONGEST_NAME), readable_phone(contact.phone), email)
    return f"Visitor: {', '.join(filter(None, parts))}."


def contact_note(lead: Contact, contact: Contact) -> str | None:
    """How to reach who comes, where the lead has the same name and another phone or e-mail, or none."""
    if names_differ(lead, contact):
        return None
    fixed = corrections(lead, contact)
    sentences = []
    if "phone" in fixed:
        sentences.append(f"Phone {readable_phone(contact.phone)}.")
    if "email" in fixed:
        sentences.append(f"E-mail {contact.email}.")
    return " ".join(sentences) or None


def readable_phone(phone: str | None) -> str | None:
    """A phone number as people write it: `+1 303 555 0188`."""
    if not phone:
        return None
    try:
        number = phonenumbers.parse(phone)
    except phonenumbers.NumberParseException:
        return phone
    written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    return written.replace("-", " ")


def named(contact: Contact) -> str:
    """A person in a sentence."""
    name = " ".join(filter(None, (contact.first_name, contact.last_name)))
    return name or contact.email or contact.phone or "a person without a name"


def _parts_differ(first: Contact, second: Contact) -> tuple[bool, bool]:
    """Whether the first names, and whether the last names contradict each other."""
    ours = {_plain(first.first_name), _plain(first.last_name)}
    if ours == {_plain(second.first_name), _plain(second.last_name)}:
        return False, False  # also where they changed places
    return _contradict(first.first_name, second.first_name), _contradict(first.last_name, second.last_name)


def _contradict(first: str | None, second: str | None) -> bool:
    ours, theirs = _plain(first), _plain(second)
    return bool(ours and theirs) and not (ours.startswith(theirs) or theirs.startswith(ours))


@lru_cache(maxsize=4096)
def _plain(name: str | None) -> str:
    """A name without case, accents and punctuation."""
    letters = unicodedata.normalize("NFKD", name or "")
    return "".join(letter for letter in letters if letter.isalnum()).casefold()


def _last_digits(phone: str | None) -> str:
    return re.sub(r"\D", "", phone or "")[-_DIGITS:]
