"""Records as Propexo answers them: every documented key, null where there is nothing."""

import re
from datetime import datetime
from typing import Any

from bridge.sandbox.records import (
    Cached,
    SandboxAppointment,
    SandboxIntegration,
    SandboxLead,
    SandboxProperty,
    new_id,
    timestamp,
)

Document = dict[str, Any]

_LOOKUP_KEYS: dict[str, Document] = {
    "lead-sources": {"x_location_id": None, "name": None},
    "lead-relationships": {"x_location_id": None, "name": None},
    "employees": {"x_location_id": None, "name": None, "email": None, "is_active": True, "roles": []},
    "units": dict.fromkeys((
        "x_floor_plan_id", "x_unit_type_id", "bathrooms", "bathrooms_full", "bathrooms_half", "bedrooms",
        "building_name", "building_number", "city", "country", "custom_data", "floor_plan_code",
        "floor_plan_name", "floor", "is_available", "is_furnished", "is_listed", "is_vacant", "number",
        "rent_amount_market_in_cents", "rent_amount_max_in_cents", "rent_amount_min_in_cents", "square_feet",
        "state", "street_address_1", "street_address_2", "address_1", "address_2", "zip", "pets_allowed",
        "dogs_allowed", "cats_allowed", "pet_policy", "floor_plan_id", "unit_type_id",
    )),
    "timezones": {
        "x_location_id": None, "is_active": True, "offset": None, "observes_daylight_savings": None,
        "server_time_error_seconds": None,
    },
}  # fmt: skip

_PROPERTY_KEYS = (
    "x_created_at", "x_building_id", "building_number", "city", "code", "country", "county", "custom_data",
    "manager_email", "manager_name", "manager_phone_1", "manager_phone_1_type", "manager_phone_2",
    "manager_phone_2_type", "notes", "number_of_units", "square_footage", "square_feet", "state",
    "street_address_1", "street_address_2", "address_1", "address_2", "type", "type_raw", "type_normalized",
    "website", "year_built", "zip", "long_description", "short_description",
)  # fmt: skip
_EMPTY_LEAD_KEYS = (
    "x_created_at", "x_guestcard_id", "x_leasing_agent_id", "x_unit_id", "x_updated_at", "x_lead_source_id",
    "custom_data", "desired_amenities", "desired_floor_plan_id", "desired_floor_plan_name",
    "desired_max_square_ft", "desired_min_square_ft", "desired_unit_number", "email_2", "ils", "leasing_agent",
    "pet_details",
)  # fmt: skip
_LEAD_KEYS = (
    "first_name", "middle_name", "last_name", "email_1", "phone_1_type", "phone_2_type", "lead_source",
    "lead_source_id", "notes", "target_move_in_date", "desired_num_bedrooms", "desired_num_bathrooms",
    "desired_min_rent_in_cents", "desired_max_rent_in_cents", "number_of_occupants", "address_1", "address_2",
    "city", "state", "zip", "country", "date_of_birth", "desired_lease_term_in_months", "desired_unit_type",
)  # fmt: skip

_MOMENT_IN_EVENT_DATETIME = frozenset({"RESMAN", "REALPAGE_RPX"})
"""PMSs whose samples show the moment of the tour in `event_datetime` and null in `appointment_datetime`."""


def lookup(
    kind: str,
    integration: SandboxIntegration,
    place: SandboxProperty | None,
    *,
    x_id: str,
    now: datetime,
    id: str | None = None,  # noqa: A002 - the name of the field
    **fields: Any,
) -> dict[str, Any]:
    """A look-up document, with a new id unless one is given. Raises TypeError for a field that it does not have."""
    keys = _LOOKUP_KEYS[kind]
    if unknown := fields.keys() - keys.keys():
        raise TypeError(f"{kind} have no {', '.join(sorted(unknown))}.")
    return {**_base(id or new_id(), x_id, integration, place, created_at=now), **keys, **fields}


def property_document(place: SandboxProperty, integration: SandboxIntegration) -> dict[str, Any]:
    base = _base(place.id, place.x_id, integration, place, created_at=place.created_at)
    lists: Document = {"office_hours": [], "pet_types": [], "associated_owner_ids": []}
    # Published as nullable, but with a list of words that has no null in it.
    phones = dict.fromkeys(("manager_phone_1_type", "manager_phone_2_type"), "WORK")
    return {**base, **dict.fromkeys(_PROPERTY_KEYS), **phones, **lists, "name": place.name, "is_active": True}


def property_switch(place: SandboxProperty) -> Document:
    """Whether a property of an integration is enabled; its `id` is not that of the property."""
    return {
        "id": f"{place.id}-switch",
        "created_at": timestamp(place.created_at),
        "integration_id": place.integration_id,
        "property_id": place.id,
        "enabled": place.enabled,
    }


def lead_document(
    cached: Cached[SandboxLead], integration: SandboxIntegration, place: SandboxProperty | None
) -> dict[str, Any]:
    lead = cached.record
    return {
        **_base_of(cached, integration, place),
        **dict.fromkeys(_EMPTY_LEAD_KEYS),
        **{key: getattr(lead, key) for key in _LEAD_KEYS},
        "desired_num_bedrooms": _whole(lead.desired_num_bedrooms),
        "number_of_occupants": _whole(lead.number_of_occupants),
        "phone_1": pms_phone(lead.phone_1),
        "phone_2": pms_phone(lead.phone_2),
        # Raw PMS text, not the words of the write.
        "status": (lead.status or "ACTIVE").capitalize(),
        "unit_id_preferred": lead.desired_unit_ids or ([lead.unit_id] if lead.unit_id else []),
        "x_unit_id_preferred": [],
        "pets": [],
        "screenings": [],
    }


def _whole(number: float | None) -> int | None:
    return None if number is None else int(number)


def event_document(
    cached: Cached[SandboxAppointment], integration: SandboxIntegration, place: SandboxProperty | None
) -> dict[str, Any]:
    """An appointment as an event, which has no status, cancelled flag, duration, unit or employee id."""
    appointment = cached.record
    in_event = integration.vendor in _MOMENT_IN_EVENT_DATETIME
    moment = event_moment(appointment)
    return {
        **_base_of(cached, integration, place),
        "x_leasing_agent_id": None,
        "x_type_id": None,
        "x_location_id": None,
        "event_name": appointment.title or "Appointment",
        "event_datetime": moment if in_event else timestamp(cached.created_at),
        "appointment_datetime": None if in_event else moment,
        "type_raw": appointment.appointment_type,
        "notes": appointment.notes,
        "agent_name": None,
        "reasons_for_event": None,
        "associated_lead_ids": [appointment.lead_id],
        "associated_applicant_ids": None,
        "associated_resident_ids": None,
    }


def event_moment(appointment: SandboxAppointment) -> str:
    """The date and time as written, printed as Propexo prints moments; no zone is documented for them."""
    return f"{appointment.appointment_date[:10]}T{appointment.appointment_time or '00:00:00'}.000Z"


def pms_phone(text: str | None) -> str | None:
    """A phone number as PMSs store it: `(512) 555-0143` for ten digits, anything else as written."""
    digits = ten_digits(text or "")
    return f"({digits[:3]}) {digits[3:6]}-{digits[6:]}" if digits else text


def ten_digits(text: str) -> str | None:
    """The ten digits of a North American number, however it is written."""
    digits = re.sub(r"\D", "", text).removeprefix("1")
    return digits if len(digits) == 10 else None  # noqa: PLR2004 - ten digits


def integration_document(integration: SandboxIntegration) -> dict[str, Any]:
    """An integration with its switches; how many calls its PMS allows is a figure of the sandbox's own."""
    synced, made = integration.last_completed_sync, timestamp(integration.created_at)
    return {
        **dict.fromkeys(("base_url", "last_completed_back_sync", "last_data_access_check")),
        "id": integration.id,
        "created_at": made,
        "updated_at": made,
        "max_job_concurrency": 10,
        "max_request_frequency": 100,
        "max_request_cadence": "MINUTE",
        "new_properties_are_enabled": True,
        "integration_interfaces": [
            {"interface_name": name, "enabled": enabled, "version": None}
            for name, enabled in integration.interfaces.items()
        ],
        "models": {
            name: {"enabled": enabled, "from_interfaces": []} for name, enabled in integration.models.items()
        },
        "configuration_meta_data": [],
        "is_running_sync": False,
        "is_running_data_access_check": False,
        "name": f"{integration.vendor.replace('_', ' ').title()} sandbox",
        "vendor": integration.vendor,
        "active": True,
        "system": "SANDBOX",
        "is_archived": False,
        "can_authenticate": True,
        "last_completed_sync": timestamp(synced) if synced else None,
    }


def _base_of(
    cached: Cached[Any], integration: SandboxIntegration, place: SandboxProperty | None
) -> dict[str, Any]:
    record = cached.record
    return _base(
        record.id,
        record.x_id,
        integration,
        place,
        created_at=cached.created_at,
        updated_at=cached.updated_at,
        last_seen=cached.last_seen,
    )


def _base(
    record_id: str,
    x_id: str,
    integration: SandboxIntegration,
    place: SandboxProperty | None,
    *,
    created_at: datetime,
    updated_at: datetime | None = None,
    last_seen: datetime | None = None,
) -> dict[str, Any]:
    return {
        "id": record_id,
        "created_at": timestamp(created_at),
        "updated_at": timestamp(updated_at or created_at),
        "last_seen": timestamp(last_seen or created_at),
        "x_id": x_id,
        "x_property_id": place.x_id if place else "",
        "property_id": place.id if place else "",
        "integration_id": integration.id,
        "integration_vendor": integration.vendor,
    }
