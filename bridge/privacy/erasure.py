"""Erases a person from the database on request. Delivery ids stay, so that repeated deliveries are recognised."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from phonenumbers import PhoneNumberFormat
from sqlalchemy import Row, Select, delete, or_, select, text, tuple_, update
from sqlalchemy.orm import Session

from bridge import search_index as terms
from bridge.errors import BridgeError
from bridge.inbound.decoding import readable
from bridge.keys import contact_key
from bridge.models import (
    UNENCRYPTED_FIELDS,
    UNENCRYPTED_TOUR_FIELDS,
    UNFINISHED,
    Attempt,
    Booking,
    BookingReference,
    Erasure,
    Event,
    IdempotencyKey,
    KnownContact,
    Lead,
    Status,
)
from bridge.privacy.retention import REMOVED, STARTS_AT

BATCH = 500
"""Rows that are decrypted and searched at a time."""


class InvalidAddressError(BridgeError):
    """This is neither an e-mail address nor a phone number with its country or area code."""

    code = "not_an_address"


class StillOpenError(BridgeError):
    """This person still has unfinished events."""

    code = "still_open"


@dataclass(frozen=True)
class Person:
    """Whom to erase: an e-mail address, or a phone number in E.164."""

    email: str | None = None
    phone: str | None = None

    @classmethod
    def of(cls, email: str | None, phone: str | None, region: str) -> "Person":
        """As a user types it; `region` is the country of a number without one. Raises InvalidAddressError."""
        try:
            if email:
                found = validate_email(email.strip(), check_deliverability=False, test_environment=True)
                return cls(email=found.normalized.lower())
            number = phonenumbers.parse(phone or "", region)
        except (EmailNotValidError, phonenumbers.NumberParseException):
            raise InvalidAddressError from None
        possible = phonenumbers.is_possible_number_with_reason(number)
        if possible != phonenumbers.ValidationResult.IS_POSSIBLE:  # seven digits are possible "only locally"
            raise InvalidAddressError
        return cls(phone=phonenumbers.format_number(number, PhoneNumberFormat.E164))

    @property
    def key(self) -> str:
        """The digest that locks and the receipt contain."""
        return contact_key(self.email, self.phone) or ""

    def is_in(self, words: str) -> bool:
        """Whether a text names the address, in any spelling of a phone number."""
        return self._pattern.search(words) is not None

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        if self.email:
            return re.compile(rf"(?<![\w.+-]){re.escape(self.email)}(?!\.?[\w-])", re.IGNORECASE)
        number = phonenumbers.parse(self.phone or "")
        digits = r"[^\w\"]{0,3}".join(phonenumbers.national_significant_number(number))
        return re.compile(rf"(?<!\d)(?:(?:00)?{number.country_code}[^\w\"]{{0,3}}|0)?{digits}(?!\d)")


@dataclass
class Matches:
    """Where a person was found, by the keys of the rows."""

    events: set[int] = field(default_factory=set)
    bookings: set[int] = field(default_factory=set)
    leads: set[tuple[str, str, str]] = field(default_factory=set)
    known_contacts: set[tuple[str, str]] = field(default_factory=set)

    @property
    def found(self) -> bool:
        return bool(self.events or self.bookings or self.leads or self.known_contacts)


def find(session: Session, person: Person) -> Matches:
    """Search everything that is stored: by digest, and by the words of all events, calls, tours and people.

    All events of a tour of the person are theirs, also those without a contact.
    """
    traces, keys = Matches(), {None, person.key}
    for booking in _rows(session, select(Booking.id, Booking.details, Booking.written)):
        if person.is_in(_words(booking.details, booking.written)):
            traces.bookings.add(booking.id)
            email, phone = (booking.details.get(name, {}).get("value") for name in ("email", "phone"))
            keys |= {contact_key(email, None), contact_key(None, phone)} - {None}
    by_lock = select(Event.id, Event.booking_id).where(Event.lock == person.key)
    for event in session.execute(by_lock):
        traces.events.add(event.id)
        traces.bookings |= {event.booking_id} - {None}
    traces.events |= {event.id for event in _rows(session, _EVENTS) if person.is_in(_all_words(event))}
    calls = select(Attempt.id, Attempt.event_id, Attempt.request, Attempt.effect, Attempt.detail)
    for call in _rows(session, calls):
        if person.is_in(_words(call.request, call.effect, call.detail)):
            traces.events.add(call.event_id)
    traces.events |= set(session.scalars(select(Event.id).where(Event.booking_id.in_(traces.bookings))))
    for lead in session.scalars(select(Lead).where(Lead.contact.in_(keys))):
        traces.leads.add((lead.integration_id, lead.property_id, lead.contact))
    for known in session.execute(select(KnownContact.source, KnownContact.contact_id, KnownContact.details)):
        if person.is_in(_words(known.details)):
            traces.known_contacts.add((known.source, known.contact_id))
    return traces


_EVENTS = select(
    Event.id, Event.content_type, Event.body, Event.original_content_type, Event.original_body, Event.headers,
    Event.query, Event.answers, Event.would_write, Event.detail, Event.history, Event.reference,
    Event.previous_reference,
).where(Event.removed_at.is_(None))  # fmt: skip


def _rows(session: Session, query: Select[Any]) -> Iterator[Row[Any]]:
    """All rows, a batch at a time: the server keeps the rest."""
    yield from session.execute(query, execution_options={"yield_per": BATCH})


def _all_words(event: Row[Any]) -> str:
    bodies = (
        (event.body, event.content_type),
        (event.original_body, event.original_content_type or event.content_type),
    )
    texts = [readable(body, content_type) for body, content_type in bodies if body]
    columns = (event.headers, event.query, event.answers, event.would_write, event.detail, event.history)
    return _words(*texts, *columns, event.reference, event.previous_reference)


def _words(*values: Any) -> str:
    return "\n".join(json.dumps(value, ensure_ascii=False, default=str) for value in values if value)


@dataclass(frozen=True)
class ErasureCounts:
    """What is erased, or would be."""

    events: int
    tours: int
    calls: int
    leads: int
    known_contacts: int


def counts_of(session: Session, traces: Matches) -> ErasureCounts:
    """How many rows there are of each kind."""
    calls = select(Attempt.id).where(_calls_of(traces))
    return ErasureCounts(
        len(traces.events),
        len(traces.bookings),
        len(session.scalars(calls).all()),
        len(traces.leads),
        len(traces.known_contacts),
    )


def blockers(session: Session, traces: Matches, now: datetime) -> list[str]:
    """What has not ended, a sentence each."""
    unended = select(Event.id, Event.status).where(
        Event.id.in_(traces.events), Event.status.in_([*UNFINISHED, Status.PARKED])
    )
    sentences = [
        f"Event {row.id} is {row.status}: "
        + ("dismiss it first." if row.status == Status.PARKED else "what it asks for would not be done.")
        for row in session.execute(unended.order_by(Event.id))
    ]
    to_come = select(Booking.code, Booking.property).where(
        Booking.id.in_(traces.bookings), text(f"{STARTS_AT} > :now"), Booking.state != "cancelled"
    )
    return sentences + [
        f"Tour {row.code} at {row.property or 'an unknown property'} is still to come. Its appointment is in the "
        "PMS, where the bridge erases nothing: cancel it there, or let the sender cancel it."
        for row in session.execute(to_come.order_by(Booking.id), {"now": now})
    ]


def erase_person(session: Session, person: Person, now: datetime, *, force: bool = False) -> Erasure | None:
    """Remove the person in the session's transaction, and answer the receipt; `None` where nothing is known of them.

    Events become keys of deliveries, so that a repetition is a duplicate; tours keep Propexo's id of the appointment
    and no contact, so that it is not made again, and a late cancel reaches it. The answers of the management API that
    are kept for a repetition lose their content, whomever they are about: the repetition still changes nothing.

    Raises:
        StillOpenError: an event has not ended, or a tour is to come, unless `force`; or one is just being written.
    """
    traces = find(session, person)
    if not traces.found:
        return None
    lanes = _lock_lanes(session, traces)
    open_ones = blockers(session, traces, now)
    if open_ones and not force:
        raise StillOpenError("\n".join([*open_ones, "Nothing was erased; --force erases all the same."]))
    counts = counts_of(session, traces)
    ids = {"ids": list(traces.events), "now": now}
    session.execute(text(_LINKS_GONE), {**ids, "bookings": list(traces.bookings)})
    session.execute(update(Booking).where(Booking.id.in_(traces.bookings)).values(open_attempt_id=None))
    session.execute(update(Lead).where(Lead.open_attempt_id.in_(select(Attempt.id).where(_calls_of(traces))))
                    .values(open_attempt_id=None))  # fmt: skip
    session.execute(delete(Attempt).where(_calls_of(traces)))
    session.execute(text(_DISMISSED), {**ids, "unended": [*UNFINISHED, Status.PARKED]})
    session.execute(text(f"UPDATE events SET {REMOVED} WHERE id = ANY(:ids)"), ids)  # noqa: S608 - SQL of ours
    for statement in (_LANES_GONE, _LANES_ANEW):
        session.execute(text(statement), {"lanes": lanes})
    for booking in session.scalars(select(Booking).where(Booking.id.in_(traces.bookings))):
        _anonymise(session, booking, person, now)
    for source, contact_id in traces.known_contacts:
        session.delete(session.get_one(KnownContact, (source, contact_id)))
    for key in traces.leads:
        session.delete(session.get_one(Lead, key))
    session.execute(update(IdempotencyKey).values(answer=None))
    receipt = Erasure(erased_at=now, contact=person.key, forced=bool(open_ones), counts=asdict(counts))
    session.add(receipt)
    session.flush()
    return receipt


def _calls_of(traces: Matches) -> Any:
    return or_(Attempt.event_id.in_(traces.events), Attempt.booking_id.in_(traces.bookings))


def _lock_lanes(session: Session, traces: Matches) -> list[str]:
    """Keep workers from the person's events, and answer the lanes of those that are open.

    Raises StillOpenError: one of them runs, or its write is under way.
    """
    events: Sequence[Event] = session.scalars(
        select(Event).where(Event.id.in_(traces.events)).order_by(Event.id).with_for_update()
    ).all()
    lanes = {event.lock for event in events if event.ended_at is None}
    leased = set(session.scalars(text(_LEASED), {"lanes": sorted(lanes)}))
    owners = (
        select(Booking.open_attempt_id).where(Booking.id.in_(traces.bookings)),
        select(Lead.open_attempt_id).where(
            tuple_(Lead.integration_id, Lead.property_id, Lead.contact).in_(traces.leads)
        ),
    )
    writing = set(
        session.scalars(select(Attempt.event_id).where(or_(*(Attempt.id.in_(owner) for owner in owners))))
    )
    for event in events:
        runs = event.ended_at is None and event.lock in leased
        if runs or (event.id in writing and event.status in UNFINISHED):
            raise StillOpenError(
                f"Event {event.id} is just being written to the PMS. Nothing was erased; try again when it has ended."
            )
    session.expunge_all()
    return sorted(lanes)


_LINKS_GONE = """DELETE FROM tour_links WHERE (source, reference) IN (
    SELECT source, reference FROM events WHERE id = ANY(:ids) AND reference IS NOT NULL
    UNION SELECT source, reference FROM booking_references WHERE booking_id = ANY(:bookings))"""
"""The renter's links to the tours."""
_LEASED = """
    WITH held AS MATERIALIZED (SELECT lane, lease, due_at FROM lanes WHERE lane = ANY(:lanes) ORDER BY lane FOR UPDATE)
    SELECT lane FROM held WHERE lease IS NOT NULL AND due_at > now()"""
_DISMISSED = """UPDATE events SET status = 'dismissed', reason = NULL, ended_at = :now, next_attempt_at = NULL
    WHERE id = ANY(:ids) AND status = ANY(:unended)"""
_LANES_GONE = """DELETE FROM lanes WHERE lane = ANY(:lanes)
    AND NOT EXISTS (SELECT FROM events WHERE lock = lane AND ended_at IS NULL)"""
"""A lane is named by the digest of an address."""
_LANES_ANEW = (
    """UPDATE lanes SET ready = true, rank = 0, lease = NULL, due_at = now() WHERE lane = ANY(:lanes)"""
)
"""What a worker whose lease has ended still brings does not count."""


def _anonymise(session: Session, booking: Booking, person: Person, now: datetime) -> None:
    """Keep what the appointment needs, and drop who it is for."""
    written = booking.written or {}
    terms.keep(session, {booking.id: ()})
    booking.details = {name: texts for name, texts in booking.details.items() if name in UNENCRYPTED_FIELDS}
    booking.written = {name: written[name] for name in UNENCRYPTED_TOUR_FIELDS if name in written} or None
    if not (booking.written and datetime.fromisoformat(booking.written["starts_at"]) > now):
        booking.lead_id = booking.tour_key = None
        booking.details.pop("lead_id", None)
    names = select(BookingReference).where(BookingReference.booking_id == booking.id)
    for name in session.scalars(names):
        if person.is_in(name.reference):
            session.delete(name)
