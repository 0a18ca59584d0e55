"""A booking as a last-writer-wins map: the tour that its events ask for, in whatever order they arrived.

Each field keeps the sender's time of the event that set it, and newer values win. So the order of arrival does not
matter, an older event never overwrites, and a cancel that comes first is kept. All functions are pure.
"""

import re
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from bridge.delivery.rules import timeline
from bridge.delivery.rules.entities import BookingRow, EventRow, EventTime, SenderContact, changed
from bridge.delivery.rules.state import Merge, Snapshot
from bridge.keys import contact_key
from bridge.mapping.booking import Action, BookingRequest, Contact
from bridge.mapping.booking_json import booking_from_json, booking_to_json
from bridge.models import BookingState

RANK = {Action.BOOK: 0, Action.RESCHEDULE: 1, Action.CANCEL: 2}
"""Events of the same second: a cancel is later than a reschedule, and that later than a book."""

_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Without characters that are misread or spell words."""

CODE = re.compile(rf"(?<![A-Z0-9])TB-[{_ALPHABET}]{{8}}\b")
"""The reference code of a booking in a text."""

NO_FIELD = {
    "action", "reference", "previous_reference", "occurred_at", "contact", "requested", "starts_at", "starts_at_local",
}  # fmt: skip
MOVED_BY_ALL = ("start", "property")
"""What every source that reports a tour may change; the newest counts."""
LINKED_NOTES = "linked_notes"
"""The notes of another source that reports the same tour."""
CONTACT_FIELDS = ("first_name", "last_name", "email", "phone")


def new_ending() -> str:
    """An unguessable ending of a reference code that survives being typed."""
    number, letters = secrets.randbelow(len(_ALPHABET) ** 8), ""
    for _ in range(8):
        number, digit = divmod(number, len(_ALPHABET))
        letters += _ALPHABET[digit]
    return letters


class Timed(Protocol):
    """An event, stored or loaded."""

    @property
    def occurred_at(self) -> datetime | None: ...
    @property
    def received_at(self) -> datetime: ...


def event_time(event: Timed, action: str | None) -> EventTime:
    """The position of an event in its booking's history."""
    rank = RANK.get(Action(action), 0) if action else 0
    return event.occurred_at or event.received_at, rank


def merge_fields(
    fields: Mapping[str, Any], values: Mapping[str, Any], moment: EventTime, by: str | None = None
) -> Mapping[str, Any]:
    """The fields with these values, each where none is newer. The same object where nothing changes.

    `by`: the source of the event, if the booking is of another source.
    """
    result: dict[str, Any] = {}
    at = moment[0].isoformat()
    for name, value in values.items():
        known = fields.get(name)
        new = {"value": value, "at": at, "rank": moment[1]}
        if by is not None:
            new["by"] = by
        if known is None or (moment >= _set_at(known) and known != new):
            result[name] = new
    return {**fields, **result} if result else fields


def fields_of(request: BookingRequest) -> dict[str, Any]:
    """The fields that a request sets. The start is one field, whichever way it was given."""
    document = booking_to_json(request)
    flat = {**document, **document["contact"]}
    fields = {name: value for name, value in flat.items() if name not in NO_FIELD and value is not None}
    if request.starts_at or request.starts_at_local:
        fields["start"] = {name: document[name] for name in ("starts_at", "starts_at_local")}
    return fields


def to_request(fields: Mapping[str, Any]) -> BookingRequest:
    """The tour as all events of a booking together describe it."""
    values = {name: field["value"] for name, field in fields.items()}
    notes, more = values.get("notes"), values.get(LINKED_NOTES)
    if more and more not in (notes or ""):
        values["notes"] = f"{notes} {more}" if notes else more
    return booking_from_json({**values, "action": Action.BOOK, "reference": ""})


def with_request(booking: BookingRow, request: BookingRequest, moment: EventTime) -> BookingRequest:
    """The tour as it would be if a tentative request were confirmed."""
    return to_request(merge_fields(booking.fields, fields_of(request), moment))


def apply_request(
    booking: BookingRow,
    request: BookingRequest,
    moment: EventTime,
    *,
    sets_state: bool = True,
    source: str | None = None,
) -> BookingRow:
    """Merge a request into a booking. Values older than the stored ones are ignored.

    Unless it `sets_state`, the request only adds details: another event says whether there is to be a tour. `source`:
    whose request it is, if not that of the booking's own source.
    """
    fields = booking.fields
    source = source or booking.source
    is_cancel = request.action is Action.CANCEL
    values = {} if is_cancel else fields_of(request)
    if sets_state:
        statement = timeline.Statement(moment, source, values.get("start"), is_cancel)
        fields = timeline.with_statement(fields, statement)
    if not is_cancel:
        if (
            not sets_state
            and booking.desired_state == BookingState.BOOKED
            and not state_decided_since(booking, moment)
        ):
            # A request to move a tour must not move it: it only adds what no event has set.
            values = {name: value for name, value in values.items() if name not in fields}
        fields = _merge_from(fields, values, moment, source if source != booking.source else None)
    if sets_state and (booking.decided_at is None or moment >= (booking.decided_at, booking.decided_rank)):
        state = BookingState.CANCELLED if is_cancel else BookingState.BOOKED
        return changed(
            booking, fields=fields, desired_state=state, decided_at=moment[0], decided_rank=moment[1]
        )
    return changed(booking, fields=fields)


def _merge_from(
    fields: Mapping[str, Any], values: Mapping[str, Any], moment: EventTime, by: str | None
) -> Mapping[str, Any]:
    """The fields with what a source says. One that reports another one's booking moves it, and adds what it lacks."""
    if by is None:
        return merge_fields(fields, values, moment)
    values = {LINKED_NOTES if name == "notes" else name: value for name, value in values.items()}
    for name, value in values.items():
        if name in MOVED_BY_ALL:
            fields = merge_fields(fields, {name: value}, moment)
        elif name not in fields or fields[name].get("by") == by:
            fields = merge_fields(fields, {name: value}, moment, by)
    return fields


def other_renter(booking: BookingRow, contact: Contact) -> tuple[str, str] | None:
    """The renter of a booking and the one that an event names, where nothing about the two is the same.

    They are two people if all that is known of both differs: the names and an e-mail or a phone, or both of those where
    a name is missing. Where one has only an e-mail and the other only a phone, the names must share no part.
    """
    known = Contact(
        *(booking.fields[name]["value"] if name in booking.fields else None for name in CONTACT_FIELDS)
    )
    pairs = [
        (_plain(known.email), _plain(contact.email)),
        (_plain(known.phone), _plain(contact.phone)),
    ]
    compared = [(ours, theirs) for ours, theirs in pairs if ours and theirs]
    names = _full_name(known), _full_name(contact)
    if any(ours == theirs for ours, theirs in compared):
        return None
    if not all(names):
        are_two = len(compared) == len(pairs)
    elif compared:
        are_two = names[0] != names[1]
    else:
        can_be_reached = all(person.email or person.phone for person in (known, contact))
        are_two = can_be_reached and set(names[0].split()).isdisjoint(names[1].split())
    return (_named(known), _named(contact)) if are_two else None


def _plain(text: str | None) -> str:
    return " ".join((text or "").split()).casefold()


def _full_name(contact: Contact) -> str:
    return _plain(f"{contact.first_name or ''} {contact.last_name or ''}")


def _named(contact: Contact) -> str:
    name = " ".join(filter(None, (contact.first_name, contact.last_name)))
    address = contact.email or contact.phone
    return f"{name} ({address})" if name else str(address)


def reapply_edited(
    booking: BookingRow, before: EventTime, request: BookingRequest, after: EventTime
) -> BookingRow:
    """The booking without what an event set before an operator edited it, so that the edit wins.

    What both versions set takes the event's new time, whichever is older; what only the old one set is removed.
    """
    still = set() if request.action is Action.CANCEL else fields_of(request).keys()
    moment = {"at": after[0].isoformat(), "rank": after[1]}
    fields = {
        name: {**field, **moment} if _set_at(field) == before else field
        for name, field in booking.fields.items()
        if name in still or _set_at(field) != before
    }
    booking = changed(booking, fields=timeline.without(fields, before))
    if booking.decided_at is not None and (booking.decided_at, booking.decided_rank) == before:
        return changed(booking, decided_at=after[0], decided_rank=after[1])
    return booking


def _set_at(field: Mapping[str, Any]) -> EventTime:
    return datetime.fromisoformat(field["at"]), field["rank"]


def is_superseded(event: EventRow, action: str | None, booking: BookingRow) -> bool:
    """Whether a newer event of the booking has set its state."""
    return booking.decided_at is not None and event_time(event, action) < (
        booking.decided_at,
        booking.decided_rank,
    )


def state_decided_since(booking: BookingRow, moment: EventTime) -> bool:
    """Whether an event of this time or later has decided that the tour takes place, or does not."""
    return booking.decided_at is not None and moment <= (booking.decided_at, booking.decided_rank)


def new_booking(source: str, code: str, now: datetime) -> BookingRow:
    """A booking of which nothing is known and nothing is in the PMS."""
    return BookingRow(None, source, code, now)


def find_booking(snapshot: Snapshot, now: datetime) -> Snapshot:
    """The booking that the event's references name, or a new one; rows that turn out to be one are merged."""
    if not snapshot.bookings:
        return snapshot.having(booking=new_booking(snapshot.event.source, snapshot.code("TB", 0), now))
    booking, *later = snapshot.bookings
    duplicates, merges = list(snapshot.duplicates), list(snapshot.merges)
    for other in later:
        booking, gone = merge_bookings(booking, other)
        assert booking.id is not None  # both are stored
        assert gone.id is not None
        merges.append(Merge(booking.id, gone.id, gone.version, is_deleted=not gone.may_be_in_pms))
        if gone.may_be_in_pms:
            cancelled = changed(gone, desired_state=BookingState.CANCELLED, merged_into=booking.id)
            duplicates.append(cancelled)
    return snapshot.having(booking=booking, duplicates=tuple(duplicates), merges=tuple(merges))


def merge_bookings(first: BookingRow, second: BookingRow) -> tuple[BookingRow, BookingRow]:
    """The row that stays, with what both know, and the one that goes.

    A cancel or a move came before the event that links their ids. Newer values win. Where both may be in the PMS, the
    appointment of the newer booking stays.
    """
    newer, older = sorted((first, second), key=_last_change, reverse=True)
    kept, gone = (older, newer) if older.may_be_in_pms and not newer.may_be_in_pms else (newer, older)
    return fold(kept, gone), gone


def fold(kept: BookingRow, gone: BookingRow) -> BookingRow:
    """The one row with what the other knows besides; the newer of the two decides whether there is to be a tour."""
    fields = timeline.union(kept.fields, gone.fields)
    for name, field in gone.fields.items():
        if name != timeline.FIELD:
            speaker = field.get("by") or gone.source
            by = speaker if speaker != kept.source else None
            fields = _merge_from(fields, {name: field["value"]}, _set_at(field), by)
    newer = max((kept, gone), key=_last_change)
    return changed(
        kept,
        fields=fields,
        desired_state=newer.desired_state,
        decided_at=newer.decided_at,
        decided_rank=newer.decided_rank,
    )


def _last_change(booking: BookingRow) -> EventTime:
    return booking.decided_at or booking.created_at, booking.decided_rank


def contact_fields(contact: Contact) -> dict[str, str]:
    """The fields of a contact that have a value."""
    return {name: value for name in CONTACT_FIELDS if (value := getattr(contact, name))}


def fill_in(request: BookingRequest, known: SenderContact | None) -> BookingRequest:
    """The request with what is known of the person behind its id; what it says itself stays."""
    if known is None:
        return request
    person = Contact(**{name: field["value"] for name, field in known.fields.items()})
    return changed(request, contact=changed(person, **contact_fields(request.contact)))


def contact_code(source: str, contact_id: str) -> str:
    """What an event waits on that names a person by an id: a digest, because the id may be an address.

    Ids that differ in case only share it: that wakes one event too many, which looks and waits on.
    """
    return (contact_key(f"{source}|{contact_id}", None) or "").replace("contact:", "person:")
