"""Records as Propexo answers them: every documented key, null where there is nothing."""

import re
from datetime import datetime
from typing import Any

from bridge.sandbox.records import Appointment, Cached, Integration, Lead, Property, new_id, timestamp

_LOOKUP_KEYS: dict[str, dict[str, Any]] = {
    "lead-sources": {"x_location_id": None, "name": None},
    "lead-relationships": {"x_location_id": None, "name": None},
    "employees": {"x_location_id": None, "name": None, "email": None, "is_active": True, "roles": []},
    "units": {
        "x_location_id": None, "number": None, "building_name": None, "building_number": None,
        "bedrooms": None, "bathrooms": None,
        "is_available": None, "is_vacant": None, "address_1": None, "floor_plan_id": None,
        "unit_type_id": None,
    },
    "timezones": {
        "x_location_id": None, "is_active": True, "offset": None, "observes_daylight_savings": None,
        "server_time_error_seconds": None,
    },
}  # fmt: skip

_LEAD_KEYS = (
    "first_name", "middle_name", "last_name", "email_1", "phone_1_type", "phone_2_type", "lead_source",
    "lead_source_id", "notes", "target_move_in_date", "desired_num_bedrooms", "desired_num_bathrooms",
    "desired_min_rent_in_cents", "desired_max_rent_in_cents", "number_of_occupants",
)  # fmt: skip

_MOMENT_IN_EVENT_DATETIME = frozenset({"RESMAN", "REALPAGE_RPX"})
"""PMSs whose samples show the moment of the tour in `event_datetime` and null in `appointment_datetime`."""


def lookup(
    kind: str, integration: Integration, place: Property | None, *, x_id: str, now: datetime, **fields: Any
) -> dict[str, Any]:
    """A look-up document. Raises TypeError for a field that its kind does not have."""
    keys = _LOOKUP_KEYS[kind]
    if unknown := fields.keys() - keys.keys():
        raise TypeError(f"{kind} have no {', '.join(sorted(unknown))}.")
    return {**_base(new_id(), x_id, integration, place, created_at=now), **keys, **fields}


def property_document(place: Property, integration: Integration) -> dict[str, Any]:
    base = _base(place.id, place.x_id, integration, place, created_at=place.created_at)
    empty = dict.fromkeys(("code", "address_1", "city", "state", "zip", "country"))
    return {**base, **empty, "name": place.name, "is_active": True, "office_hours": []}


def lead_document(cached: Cached[Lead], integration: Integration, place: Property | None) -> dict[str, Any]:
    lead = cached.record
    return {
        **_base_of(cached, integration, place),
        **{key: getattr(lead, key) for key in _LEAD_KEYS},
        "x_guestcard_id": None,
        "x_leasing_agent_id": None,
        "email_2": None,
        "phone_1": pms_phone(lead.phone_1),
        "phone_2": pms_phone(lead.phone_2),
        "leasing_agent": None,
        # Raw PMS text, not the words of the write.
        "status": (lead.status or "ACTIVE").capitalize(),
        "unit_id_preferred": lead.desired_unit_ids or ([lead.unit_id] if lead.unit_id else []),
        "pets": [],
    }


def event_document(
    cached: Cached[Appointment], integration: Integration, place: Property | None
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


def event_moment(appointment: Appointment) -> str:
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


def integration_document(integration: Integration) -> dict[str, Any]:
    synced = integration.last_completed_sync
    return {
        "id": integration.id,
        "name": f"{integration.vendor.replace('_', ' ').title()} sandbox",
        "vendor": integration.vendor,
        "active": True,
        "system": "SANDBOX",
        "is_archived": False,
        "can_authenticate": True,
        "last_completed_sync": timestamp(synced) if synced else None,
    }


def _base_of(cached: Cached[Any], integration: Integration, place: Property | None) -> dict[str, Any]:
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
    integration: Integration,
    place: Property | None,
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
        "property_id": place.id if place else None,
        "integration_id": integration.id,
        "integration_vendor": integration.vendor,
    }
