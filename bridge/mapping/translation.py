"""Translates the loaded fields of a mapping into one Booking, or into the problems that prevent it."""

from collections.abc import Collection, Sequence
from collections.abc import Mapping as Dictionary
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bridge.errors import FieldError
from bridge.mapping.actions import Decision
from bridge.mapping.booking import Action, BookingRequest, Contact
from bridge.mapping.fields import Field, LocalTime, Match, minutes_between

BOOKING_FIELDS = (
    frozenset(BookingRequest.__dataclass_fields__)
    | frozenset(Contact.__dataclass_fields__)
    | {"full_name", "ends_at", "ends_at_local"}
) - {"action", "contact", "requested"}
"""What a mapping may declare."""

SUFFICIENT_WITHOUT = frozenset(
    {
        "email", "phone", "first_name", "last_name", "full_name", "ends_at", "ends_at_local",
        "duration_minutes", "occurred_at", "title", "notes", "agent", "lead_source", "unit", "status", "priority",
    }
)  # fmt: skip
"""Fields whose unreadable value does not cost the tour: it goes out without, and the notes say what stood there."""

START = ("starts_at", "starts_at_local")
END = ("ends_at", "ends_at_local")
IDS = frozenset({"reference", "previous_reference", "contact_id", "lead_id", "property", "unit", "agent"})
REFERENCES = frozenset({"reference", "previous_reference", "contact_id", "lead_id"})
PERSON = ("email", "phone", "lead_id", "contact_id")


def person_reference(contact_id: str) -> str:
    """The reference of an event that describes a person and names no booking."""
    return f"person:{contact_id}"


@dataclass(frozen=True)
class Envelope:
    """What the webhook endpoint reads of an event, without judging the rest. All of it may be absent."""

    event: str | None = None
    delivery_id: str | None = None
    occurred_at: datetime | None = None
    reference: str | None = None
    """Of the booking; of an event that only says who a person is, `person_reference` of the sender's id of them."""
    previous_reference: str | None = None
    email: str | None = None
    phone: str | None = None
    """Read only where there is no e-mail."""


@dataclass(frozen=True)
class Translation:
    """What a payload means."""

    event: str | None
    delivery_id: str | None
    action: Action
    reason: str | None = None
    """Why nothing is forwarded, when `action` is ignore."""
    booking: BookingRequest | None = None
    errors: tuple[FieldError, ...] = ()
    is_unknown: bool = False
    """Whether it is ignored because no rule of the mapping knows the event."""


def optional_fields(decision: Decision) -> frozenset[str]:
    """Fields whose unreadable value does not stop what is asked for."""
    action = decision.action
    if action in (Action.CANCEL, Action.NO_SHOW):
        return BOOKING_FIELDS - {"reference"}  # the booking that it names knows the rest
    if action is Action.REMEMBER:
        return BOOKING_FIELDS - {"contact_id"}
    # A wish may be "any evening": the person who answers it reads the words in the notes.
    return SUFFICIENT_WITHOUT.union(START) if decision.requested else SUFFICIENT_WITHOUT


def in_their_fields(
    values: Dictionary[str, Any], found: Dictionary[str, list[Match]], fields: Dictionary[str, Field]
) -> dict[str, Any]:
    """The values with each time where it belongs: an instant that a wall-time field read is `starts_at`, and the end of
    a range such as `10:30 AM - 11:00 AM` is the end."""
    placed = dict(values)
    for wall, instant in (("starts_at_local", "starts_at"), ("ends_at_local", "ends_at")):
        if placed.get(wall) and placed[wall].tzinfo is not None:
            moment = placed.pop(wall)
            placed[instant] = placed.get(instant) or moment
    if placed.get("duration_minutes") or placed.get("ends_at") or placed.get("ends_at_local"):
        return placed
    for name in START:
        field = fields.get(name)
        if values.get(name) and isinstance(field, LocalTime) and (end := field.end_of(found[name])):
            placed["duration_minutes"] = minutes_between(values[name], end)
    return placed


def resolve_start(
    values: Dictionary[str, Any], errors: Dictionary[str, FieldError], fields: Dictionary[str, Field]
) -> dict[str, FieldError]:
    """The errors without that of a start which the other field could read at the same path.

    A sender whose customers write the time as they like is read as an instant and as wall time; one of them fits.
    """
    kept = dict(errors)
    for name, other in (START, START[::-1], END, END[::-1]):
        if (
            name in kept
            and (values.get(other) or values.get(name))
            and fields[name].shares_a_path_with(fields[other])
        ):
            del kept[name]
    return kept


def missing_fields(
    decision: Decision,
    values: Dictionary[str, Any],
    fields: Dictionary[str, Field],
    wrong: Collection[str],
    unread: Dictionary[str, FieldError],
) -> dict[str, FieldError]:
    """What this action cannot do without and the payload does not have; what is there and `wrong` is not missing."""
    action = decision.action
    errors: dict[str, FieldError] = {}
    given = {name for name, value in values.items() if value} | set(wrong)
    wants_start = action in (Action.BOOK, Action.RESCHEDULE) and not decision.requested
    if wants_start and given.isdisjoint(START):
        errors["starts_at"] = _nothing("starts_at", START, fields, "the start of the tour")
    if action in (Action.BOOK, Action.REMEMBER) and given.isdisjoint(
        PERSON if action is Action.BOOK else ("email", "phone", "first_name", "full_name")
    ):
        known = [unread[name] for name in ("email", "phone") if name in unread]
        expected = "an e-mail address or a phone number"
        errors["contact"] = _nothing("contact", ("email", "phone"), fields, expected)
        errors.update({error.field: error for error in known})
    return errors


def _nothing(
    name: str, candidates: Sequence[str], fields: Dictionary[str, Field], expected: str
) -> FieldError:
    where = " | ".join(fields[candidate].where for candidate in candidates if candidate in fields)
    return FieldError(name, where or "no path of this mapping", "nothing", expected)


def build(decision: Decision, values: Dictionary[str, Any], remarks: Sequence[str] = ()) -> BookingRequest:
    """A Booking from loaded fields: names split, the length computed, remarks appended to the notes."""
    full = values.get("full_name") or {}
    first, last = values.get("first_name") or None, values.get("last_name") or None
    if not (first and last):
        # A sender that fills only one of the two often puts the whole name into `full_name` as well.
        first, last = (first or full.get("first")), (last or full.get("last"))
    contact = Contact(first, last, values.get("email"), values.get("phone"))
    minutes = values.get("duration_minutes") or _length(values)
    notes = "\n".join(line for line in [values.get("notes"), *remarks] if line) or None
    plain: dict[str, Any] = {
        name: values.get(name) for name in BOOKING_FIELDS & BookingRequest.__dataclass_fields__.keys()
    }
    plain["reference"] = plain["reference"] or plain["contact_id"]
    booking = BookingRequest(
        **{**plain, "action": decision.action, "contact": contact, "duration_minutes": minutes}
    )
    return replace(booking, notes=notes, requested=decision.requested)


def _length(values: Dictionary[str, Any]) -> int | None:
    """From start to end; of two wall times on one day, as the clock shows it."""
    for start, end in (("starts_at", "ends_at"), ("starts_at_local", "ends_at_local")):
        if values.get(start) and values.get(end):
            return minutes_between(values[start], values[end])
    return None


def unparsed_note(name: str, field: Field, found: Sequence[Match]) -> str:
    """A value that could not be read, as a line of the notes."""
    return f"{name.replace('_', ' ').capitalize()} as given: {field.shown(found[0].value)}"
