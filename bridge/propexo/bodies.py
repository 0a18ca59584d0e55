"""The bodies of Propexo's writes: built for one PMS, checked before they are sent.

A field is taken from the tour or the person, else from the defaults of the property; only what the PMS
takes goes out, within its limits.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from typing import Any, Literal

from marshmallow import Schema

from bridge.errors import BridgeError
from bridge.propexo.errors import Issue, RejectedError
from bridge.propexo.pms import Operation, Profile, to_pms_time
from bridge.propexo.schemas import (
    APPOINTMENT_TYPES,
    NOTES_LIMIT,
    TITLE_LIMIT,
    AppointmentSchema,
    CancelSchema,
    LeadSchema,
)
from bridge.propexo.text import truncate
from bridge.propexo.tours import LeadPerson, PmsLocation, Tour

OperationName = Literal["create", "update", "cancel"]

_DEFAULTS = {
    "appointment_duration_minutes": "duration_minutes",
    "appointment_type": "appointment_type",
    "employee_id": "employee_id",
    "last_name": "last_name",
    "lead_relationship_id": "lead_relationship_id",
    "lead_source_id": "lead_source_id",
    "notes": "notes",
    "organization_name": "organization_name",
    "priority": "priority",
    "status": "status",
    "title": "title",
    "unit_id": "unit_id",
}
"""Body field -> key in the defaults of a property."""
_LEAD_OPTIONAL = frozenset({"first_name", "last_name", "email_1", "phone_1", "lead_source_id", "notes"})
"""What every new lead is given, if known: Propexo drops what a PMS does not take.

Not phone_1_type: a sender does not say whether a number is a mobile.
"""
_UNIT_LABEL = re.compile(r"^(?:unit|apartment|apt)\b\.?\s*#?\s*", re.IGNORECASE)
_NORTH_AMERICAN = re.compile(r"\+1([2-9]\d{9})", re.ASCII)


class MissingFieldsError(BridgeError):
    """The property-management system needs more than the booking and the configuration contain."""

    code = "missing_field"

    def __init__(self, place: PmsLocation, what: str, missing: list[str]) -> None:
        self.fields = missing
        """The names of the body fields."""
        hints = [f"{field} ({_remedy(place.key, field)})" for field in missing]
        super().__init__(f"{place.profile.name} needs more for {what}: {', '.join(hints)}.")


def _remedy(key: str, field: str) -> str:
    if field in _DEFAULTS:
        return f"set `properties.{key}.defaults.{_DEFAULTS[field]}` for tours that bring none, then replay"
    return "it has no default: let the sender ask for it"


class UnsupportedOperationError(BridgeError):
    """The property-management system does not support this through Propexo."""

    code = "not_supported"


_LEAD, _APPOINTMENT, _CANCEL = LeadSchema(), AppointmentSchema(), CancelSchema()


def takes(profile: Profile, field: str) -> bool:
    """Whether any write to this PMS, of a lead or of an appointment, may carry a body field."""
    operations = [operation.fields for operation in (profile.create, profile.update) if operation]
    lead = profile.lead | _LEAD_OPTIONAL if profile.lead else frozenset()
    return any(field in fields for fields in (*operations, lead))


def lead_body(
    place: PmsLocation,
    person: LeadPerson,
    *,
    employee_id: str | None = None,
    lead_source_id: str | None = None,
    notes: str | None = None,
) -> dict[str, Any]:
    """Build the body of `create_lead`. Raises UnsupportedOperationError, MissingFieldsError or RejectedError."""
    profile = place.profile
    if profile.lead is None:
        raise UnsupportedOperationError(
            f"{profile.name} takes no new leads through this bridge. {profile.note}"
        )
    known = {
        "integration_id": place.integration_id,
        "property_id": place.property_id,
        **_of_person(person, profile),
        "third_party_id": person.reference,
        "employee_id": employee_id,
        "lead_source_id": lead_source_id,
        "notes": notes,
    }
    body = _fill(known, place, Operation(profile.lead, _LEAD_OPTIONAL), "a new lead", without=("notes",))
    if profile.name_limit and "last_name" in body:  # also a default
        body["last_name"] = truncate(body["last_name"], profile.name_limit, ellipsis="")
    if profile.lead_notes_limit and "notes" in body:
        body["notes"] = truncate(body["notes"], profile.lead_notes_limit)
    return _checked(_LEAD, body)


def lead_update_body(place: PmsLocation, person: LeadPerson, changed: Collection[str]) -> dict[str, Any]:
    """Build the body of `update_lead`: of the person what is in `changed`, and what the PMS wants with every change.

    Raises UnsupportedOperationError, MissingFieldsError or RejectedError.
    """
    profile = place.profile
    if profile.lead_update is None:
        raise UnsupportedOperationError(
            f"{profile.name} takes no changes of leads through this bridge. {profile.note}"
        )
    known = _of_person(person, profile)
    wanted = {name: known[name] for name in changed}
    needed = {name: known[name] for name in profile.lead_update}
    operation = Operation(profile.lead_update, frozenset(changed))
    body = _fill({**needed, **wanted}, place, operation, "a changed lead", without=tuple(changed))
    return _checked(_LEAD, body)


def create_body(place: PmsLocation, lead_id: str, tour: Tour) -> dict[str, Any]:
    """Build the body of `create_appointment`.

    Raises UnsupportedOperationError, MissingFieldsError, RejectedError or RepeatedTimeError.
    """
    operation = _offered(place.profile, "create")
    known = {**_known(place, tour, operation), "integration_id": place.integration_id, "lead_id": lead_id}
    known["appointment_type"] = tour.appointment_type or place.defaults.get("appointment_type") or "TOUR"
    known["title"] = truncate(tour.title or place.defaults.get("title") or _title(tour), TITLE_LIMIT)
    return _checked(_APPOINTMENT, _fill(known, place, operation, "a new appointment"))


def update_body(place: PmsLocation, tour: Tour) -> dict[str, Any]:
    """Build the body of `update_appointment`: the whole tour, since PMSs ask for unchanged fields again.

    Defaults fill only what the PMS requires, so that the agent or unit that staff has chosen since stays.
    Propexo: an update has no integration_id. Raises as create_body.
    """
    operation = _offered(place.profile, "update")
    known = _known(place, tour, operation)
    known["title"] = tour.title
    if not tour.title and "title" in operation.required:
        known["title"] = place.defaults.get("title") or _title(tour)
    known["title"] = truncate(known["title"] or "", TITLE_LIMIT)
    body = _fill(known, place, operation, "a changed appointment", without=tuple(operation.optional))
    return _checked(_APPOINTMENT, body)


def cancel_body(place: PmsLocation, event_id: str) -> dict[str, Any]:
    """Build the body of `cancel_appointment`. Raises UnsupportedOperationError."""
    operation = _offered(place.profile, "cancel")
    known = {"integration_id": place.integration_id, "event_id": event_id}
    return _checked(_CANCEL, _fill(known, place, operation, "a cancellation"))


def dropped_fields(profile: Profile, operation_name: OperationName, tour: Tour) -> list[str]:
    """Name the body fields that the tour holds and this PMS will not store, in alphabetical order.

    What goes into the notes instead is not lost. What is not offered drops nothing.
    """
    operation = _operation(profile, operation_name)
    if operation is None or operation_name == "cancel":
        return []
    noted = "notes" in operation.fields
    held = {
        "appointment_duration_minutes": None if noted else tour.duration_minutes,
        "appointment_type": None if noted else tour.appointment_type,
        "employee_id": None if noted and tour.agent_name else tour.employee_id,
        "lead_source_id": None if noted and tour.source_name else tour.lead_source_id,
        "notes": tour.notes,
        "priority": None if noted else tour.priority,
        "status": None if noted else tour.status,
        "title": None if noted else tour.title,
        "unit_id": None if noted and tour.unit_name else tour.unit_id,
    }
    return [name for name, value in held.items() if value is not None and name not in operation.fields]


def ten_digits(phone: str | None) -> str | None:
    """Give an E.164 number as Propexo's phone search takes it; None if it is not North American."""
    found = _NORTH_AMERICAN.fullmatch(phone or "")
    return found[1] if found else None


def _of_person(person: LeadPerson, profile: Profile) -> dict[str, str | None]:
    """The fields of a lead that say who it is, within the limits of the PMS."""

    def short(name: str | None) -> str | None:
        return truncate(name, profile.name_limit, ellipsis="") if name and profile.name_limit else name

    return {
        "first_name": short(person.first_name),
        "last_name": short(person.last_name),
        # In lower case, so that a search finds it whatever letters the next booking has.
        "email_1": person.email.lower() if person.email else None,
        "phone_1": ten_digits(person.phone) or person.phone,
    }


def _operation(profile: Profile, name: OperationName) -> Operation | None:
    return {"create": profile.create, "update": profile.update, "cancel": profile.cancel}[name]


def _offered(profile: Profile, name: OperationName) -> Operation:
    operation = _operation(profile, name)
    if operation is None:
        raise UnsupportedOperationError(
            f"The bridge cannot {name} an appointment in {profile.name}. {profile.note}"
        )
    return operation


def _known(place: PmsLocation, tour: Tour, operation: Operation) -> dict[str, Any]:
    date, time = to_pms_time(tour.starts_at, place.zone)
    return {
        "appointment_date": date,
        "appointment_time": time,
        "appointment_duration_minutes": tour.duration_minutes,
        "appointment_type": tour.appointment_type,
        "unit_id": tour.unit_id,
        "employee_id": tour.employee_id,
        "lead_source_id": tour.lead_source_id,
        "status": tour.status,
        "priority": tour.priority,
        "notes": _notes(place, tour, operation),
    }


def _title(tour: Tour) -> str:
    kind = APPOINTMENT_TYPES.get(tour.appointment_type or "TOUR", APPOINTMENT_TYPES["TOUR"])
    return f"{kind} at {tour.property_name}" if tour.property_name else kind


def _notes(place: PmsLocation, tour: Tour, operation: Operation) -> str:
    """Who comes and the reference first, because they must survive every cut; then what has no field of its own."""
    parts = [
        tour.visitor or "",
        f"Ref {tour.reference}.",
        tour.contact or "",
        *_without_field(tour, operation),
    ]
    parts.append(tour.notes or place.defaults.get("notes") or "")
    if tour.title and "title" not in operation.fields:
        parts.append(f"{tour.title.rstrip('.')}.")
    if tour.source_name and not (tour.lead_source_id and "lead_source_id" in operation.fields):
        parts.append(f"Source {tour.source_name}.")
    return truncate(" ".join(filter(None, parts)), NOTES_LIMIT)


def _without_field(tour: Tour, operation: Operation) -> Iterator[str]:
    """What the tour says and no field of this write carries, the most important first."""
    fields = operation.fields
    if tour.unit_name and not (tour.unit_id and "unit_id" in fields):
        yield f"Unit {_UNIT_LABEL.sub('', tour.unit_name)}."
    if tour.appointment_type not in (None, "TOUR") and "appointment_type" not in fields:
        yield f"{APPOINTMENT_TYPES.get(tour.appointment_type, tour.appointment_type)}."
    if tour.agent_name and not (tour.employee_id and "employee_id" in fields):
        yield f"Agent {tour.agent_name}."
    if tour.duration_minutes and "appointment_duration_minutes" not in fields:
        yield f"{tour.duration_minutes} minutes."
    for name, value in (("status", tour.status), ("priority", tour.priority)):
        if value and name not in fields:
            yield f"{name.capitalize()} {value.lower()}."


def _fill(
    known: Mapping[str, Any],
    place: PmsLocation,
    operation: Operation,
    what: str,
    *,
    without: tuple[str, ...] = (),
) -> dict[str, Any]:
    """Keep the fields of the operation that have a value; `without` names those that take no default."""
    body, missing = {}, []
    for field in sorted(operation.fields):
        value = known.get(field)
        if value in (None, "") and field in _DEFAULTS and field not in without:
            value = place.defaults.get(_DEFAULTS[field])
        if value not in (None, ""):
            body[field] = value
        elif field in operation.required:
            missing.append(field)
    if missing:
        raise MissingFieldsError(place, what, missing)
    return body


def _checked(schema: Schema, body: dict[str, Any]) -> dict[str, Any]:
    errors = _errors(schema, tuple(body.items()))
    if errors:
        issues = [Issue(field, " ".join(messages), "invalid") for field, messages in sorted(errors.items())]
        raise RejectedError("Not sent, because of " + "; ".join(map(str, issues)), issues=issues)
    return body


@lru_cache(maxsize=1024)
def _errors(schema: Schema, body: tuple[tuple[str, Any], ...]) -> dict[str, list[str]]:
    """What is wrong with a body: every decision about a tour builds the same one again."""
    return schema.validate(dict(body))
