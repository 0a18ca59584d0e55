"""What Propexo and each PMS want of a write, as tables.

An operation has a generic schema, which every PMS shares, and a rule per PMS on top. A PMS without a rule
does not offer the operation and is answered 405. Where the documentation is silent, the strict reading holds.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from bridge.sandbox.formats import (
    Date,
    DateTime,
    Flag,
    ListOf,
    Number,
    OneOfFormat,
    Path,
    Record,
    TextFormat,
    Time,
    ValueFormat,
    unrecognized,
)
from bridge.sandbox.refusals import InvalidError, Issue, NotSupportedError

ID = TextFormat(least=1)
NAME = TextFormat()
PHONE_TYPES = ("FAX", "HOME", "MOBILE", "WORK")

DATE, TIME, MINUTES, KIND = (
    "appointment_date", "appointment_time", "appointment_duration_minutes", "appointment_type"
)  # fmt: skip


@dataclass(frozen=True)
class Rule:
    """What one PMS wants of one operation, beyond the generic schema."""

    required: frozenset[str] = frozenset()
    optional: frozenset[str] | None = None
    """The other fields that the PMS lists; `None` = all that the generic schema knows."""
    formats: Mapping[str, ValueFormat] = field(default_factory=dict)
    """Fields for which this PMS has a format of its own."""
    created: Literal["record", "lead"] | None = None
    """Whose id write-status gives as `created_record_id`: the record's, its lead's (Yardi) or none."""


@dataclass(frozen=True)
class WriteRule:
    """One kind of write (or query): its generic schema and its rule per PMS."""

    name: str
    category: str
    """Of the write log: `leads` or `events`."""
    fields: Mapping[str, ValueFormat]
    rules: Mapping[str, Rule]
    required: frozenset[str] = frozenset()

    def rule(self, vendor: str) -> Rule:
        """Raises NotSupportedError when the PMS does not offer this operation."""
        if vendor not in self.rules:
            raise NotSupportedError(f"{self.name} is not supported: {vendor} has no API for it.")
        return self.rules[vendor]

    def accept(self, body: Any, rule: Rule, *, ignore_unknown_fields: bool = False) -> dict[str, Any]:
        """The body as the PMS gets it.

        Propexo: a field that the PMS does not list is a 400, or dropped in silence with
        `ignore_unknown_fields=true`. A field that the generic schema does not know stays a 400: what the flag
        does with it is not documented. Raises InvalidError with all issues at once.
        """
        schema = Record({**self.fields, **rule.formats}, self.required | rule.required)
        listed = self.fields if rule.optional is None else self.required | rule.required | rule.optional
        issues: list[Issue] = list(schema.issues(body, _BODY))
        if isinstance(body, dict):
            unlisted = [key for key in body if key in self.fields and key not in listed]
            if unlisted and not ignore_unknown_fields:
                issues.append(unrecognized(unlisted))
            body = {key: value for key, value in body.items() if key in listed}
        if issues:
            raise InvalidError(issues)
        return dict(body)


_BODY: Path = ()

_APPOINTMENT: dict[str, ValueFormat] = {
    "unit_id": ID,
    "employee_id": ID,
    DATE: Date(),
    TIME: Time(),
    MINUTES: Number(least=1, whole=True),
    KIND: OneOfFormat(("LEASING_APPOINTMENT", "SELF_GUIDED_TOUR", "TOUR", "VIRTUAL_TOUR")),
    "title": TextFormat(most=50),
    "notes": TextFormat(),
    "status": OneOfFormat(("COMPLETED", "OPEN", "REVIEW", "DENIED")),
    "priority": OneOfFormat(("HIGH", "MEDIUM", "LOW")),
}

_LEAD: dict[str, ValueFormat] = {
    **dict.fromkeys(("employee_id", "unit_id", "lead_source_id", "lead_relationship_id", "floor_plan_id",
                     "lease_period_id", "address_type_id"), ID),
    **dict.fromkeys(("first_name", "middle_name", "last_name", "email_1", "phone_1", "phone_2", "lead_source",
                     "address_1", "address_2", "city", "state", "zip", "country", "notes", "status_raw",
                     "desired_unit_type", "desired_lease_term_in_months", "credit_score"), NAME),
    **dict.fromkeys(("has_cats", "has_dogs", "has_other_pets"), Flag()),
    **dict.fromkeys(("phone_1_type", "phone_2_type"), OneOfFormat(PHONE_TYPES)),
    **dict.fromkeys(("date_of_birth", "target_move_in_date"), Date()),
    "middle_initial": TextFormat(1, 1),
    "desired_unit_ids": ListOf(ID, most=25),
    "status": OneOfFormat(("ACTIVE", "COLD", "INACTIVE", "WAITLISTED")),
    "applicant_status": OneOfFormat(("APPLICANT", "CO_APPLICANT", "OCCUPANT")),
    "desired_num_bedrooms": Number(),
    "desired_num_bathrooms": Number(least=0),
    # Deprecated, and still taken.
    "desired_move_in_date": Date(),
    "desired_bathrooms": NAME,
    "desired_bedrooms": Number(least=0, whole=True),
    "desired_min_rent_in_cents": Number(nullable=True),
    "desired_max_rent_in_cents": Number(least=0),
    "number_of_occupants": Number(),
    "number_of_additional_occupants": Number(least=0, whole=True),
    "monthly_income_in_cents": Number(least=0, whole=True),
}  # fmt: skip

_LEAD_EVENT = Record(
    {
        "employee_id": ID,
        "lead_source_id": ID,
        "unit_id": ID,
        "event_name": OneOfFormat(("CallToProspect", "CallFromProspect", "Other", "WalkIn", "Chat", "Email", "Text",
                             "Webservice", "Appointment", "Show", "Application", "SelfGuidedTour")),
        "event_datetime": DateTime(),
        "notes": TextFormat(most=256),
        "reasons_for_event": NAME,
    },
    required=frozenset({"employee_id", "event_name", "event_datetime"}),
)  # fmt: skip

_CHANGED_LEAD_EVENT = Record(
    {
        **dict.fromkeys(("unit_id", "x_type_id", "x_leasing_agent_id", "x_sub_type_id", "x_result_id",
                         "time_from", "time_to", "notes", "title", "reasons_for_event", "id"), NAME),
        **dict.fromkeys(("event_datetime", "appointment_datetime"), DateTime()),
    },
    required=frozenset({"x_type_id"}),
)  # fmt: skip

_INACTIVE_REASONS = (
    "PRICE", "LOCATION", "AMENITIES", "NO_REASON", "DECIDED_NOT_TO_MOVE", "LEASING_CRITERIA_NOT_MET",
    "LOOKING_FOR_MOVE_IN_SPECIAL", "NO_AVAILABILITY", "DUPLICATE", "OTHER",
)  # fmt: skip

_OTHER_PHONES = dict.fromkeys(("phone_1_type", "phone_2_type"), OneOfFormat((*PHONE_TYPES, "OTHER")))
_SHORT_NAMES = dict.fromkeys(("first_name", "last_name"), TextFormat(most=30))


Created = Literal["record", "lead"] | None
Formats = Mapping[str, ValueFormat]
_NO_FORMATS: Formats = {}


def _create(
    *required: str, optional: str = "", created: Created = None, formats: Formats = _NO_FORMATS
) -> Rule:
    return Rule(frozenset({"lead_id", DATE, *required}), frozenset(optional.split()), formats, created)


def _change(*required: str, optional: str = "", formats: Formats = _NO_FORMATS) -> Rule:
    return Rule(frozenset(required), frozenset(optional.split()), formats)


def _lead(*required: str, created: Created = "record", formats: Formats = _NO_FORMATS) -> Rule:
    return Rule(frozenset(required), None, formats, created)


CREATE_APPOINTMENT = WriteRule(
    "Create lead appointment", "events",
    fields={
        **_APPOINTMENT,
        "integration_id": ID,
        "lead_id": ID,
        "lead_source_id": ID,
        "notes": TextFormat(most=256),
    },
    required=frozenset({"integration_id"}),
    rules={
        "ENTRATA": _create(TIME, MINUTES, KIND, "notes", optional="unit_id title",
                           formats={"notes": TextFormat(1, 256)}),
        "REALPAGE_RPX": _create(TIME, MINUTES, "employee_id", optional="notes priority", created="record"),
        "RENTMANAGER": _create(TIME, MINUTES, "title", optional="employee_id notes", created="record"),
        "RESMAN": _create(TIME, "lead_source_id", optional="unit_id notes", created="record"),
        "APPFOLIO": _create(TIME, MINUTES, "unit_id", optional="employee_id notes", created="record"),
        "MRI": _create(optional=f"{TIME} employee_id status notes"),
        "YARDI": _create(TIME, "unit_id", "employee_id", optional="notes", created="lead"),
        "YARDI_REST": _create(TIME, "unit_id", "employee_id", optional="notes"),
    },
)  # fmt: skip

UPDATE_APPOINTMENT = WriteRule(
    "Update lead appointment", "events",
    fields=_APPOINTMENT,
    rules={
        "ENTRATA": _change("notes", optional=f"unit_id {DATE} {TIME} {MINUTES} {KIND} title",
                           formats={"notes": TextFormat(1)}),
        "REALPAGE_RPX": _change(DATE, TIME, MINUTES, optional="notes priority"),
        "RENTMANAGER": _change(DATE, TIME, MINUTES, "title", optional="notes"),
        "RESMAN": _change(DATE, TIME, optional="unit_id notes"),
        "APPFOLIO": _change(optional=f"{DATE} {TIME} {MINUTES} employee_id notes"),
        "MRI": _change(DATE, optional=f"{TIME} employee_id status notes"),
        "YARDI": _change(DATE, TIME),
        "YARDI_REST": _change(DATE, TIME),
    },
)  # fmt: skip

CANCEL_APPOINTMENT = WriteRule(
    "Cancel lead appointment", "events",
    fields={"integration_id": ID, "event_id": ID},
    required=frozenset({"integration_id"}),
    rules=dict.fromkeys(("ENTRATA", "REALPAGE_RPX", "RENTMANAGER", "APPFOLIO", "YARDI"), _change("event_id")),
)  # fmt: skip

DELETED_BY_CANCEL = frozenset({"RENTMANAGER"})
"""PMSs in which a cancel removes the appointment."""

CREATE_LEAD = WriteRule(
    "Create lead", "leads",
    fields={
        **_LEAD,
        "integration_id": ID,
        "property_id": ID,
        "third_party_id": TextFormat(1),
        "organization_name": NAME,
        "desired_max_rent_in_cents": Number(least=0, whole=True),
        "number_of_occupants": Number(whole=True),
        "events": ListOf(_LEAD_EVENT),
    },
    required=frozenset({"integration_id"}),
    rules={
        "ENTRATA": _lead("property_id", "lead_source_id", "first_name", "last_name", created=None),
        "REALPAGE_RPX": _lead("property_id", "lead_relationship_id", "first_name", "last_name", created=None,
                              formats=_SHORT_NAMES),
        "REALPAGE": _lead("first_name", "last_name"),
        "RENTMANAGER": _lead("property_id", "first_name", "last_name", formats=_OTHER_PHONES),
        "RESMAN": _lead("property_id", "lead_source_id", "employee_id", "first_name", "last_name"),
        "APPFOLIO": _lead("property_id", "first_name", "last_name"),
        "MRI": _lead("property_id", "last_name", formats={"notes": TextFormat(most=30)}),
        "YARDI": _lead("property_id", "lead_source_id", "employee_id", "third_party_id", "organization_name",
                       "first_name", "last_name"),
        "YARDI_REST": _lead("first_name", "last_name", created=None),
        "PROPERTYWARE": _lead("first_name", "last_name", formats=_OTHER_PHONES),
    },
)  # fmt: skip

UPDATE_LEAD = WriteRule(
    "Update lead", "leads",
    fields={
        "lead_id": ID, **_LEAD, "inactive_reason": OneOfFormat(_INACTIVE_REASONS),
        "events": ListOf(_CHANGED_LEAD_EVENT),
    },
    rules={
        "ENTRATA": Rule(),
        "REALPAGE_RPX": Rule(formats=_SHORT_NAMES),
        "REALPAGE": Rule(),
        "RENTMANAGER": Rule(formats=_OTHER_PHONES),
        "RESMAN": Rule(),
        "APPFOLIO": Rule(),
        "MRI": Rule(formats={"notes": TextFormat(most=30)}),
        "YARDI": Rule(),
        "YARDI_REST": Rule(frozenset({"first_name", "last_name"})),
        "PROPERTYWARE": Rule(formats=_OTHER_PHONES),
    },
)  # fmt: skip

AVAILABILITY = WriteRule(
    "Appointment availability", "events",
    fields={
        "integration_id": ID,
        "property_id": ID,
        "employee_id": ID,
        "availability_start_date": Date(),
        "availability_duration_days": Number(1, 7, whole=True),
        MINUTES: Number(least=1, whole=True),
        "calendar_types": ListOf(OneOfFormat(("GENERAL", "RESIDENT", "LEASING", "MAINTENANCE"))),
    },
    required=frozenset({"integration_id"}),
    rules={
        "ENTRATA": _change("property_id", "availability_start_date", "availability_duration_days",
                           optional=f"{MINUTES} calendar_types"),
        "REALPAGE_RPX": Rule(),
    },
)  # fmt: skip
