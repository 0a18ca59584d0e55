"""What a PMS holds, and what Propexo has read of it.

Records are frozen: a write replaces one, so that Propexo's cache can keep the older one until the next sync.
"""

import secrets
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar


def new_id() -> str:
    """An opaque id as Propexo makes them: `c` and 24 characters."""
    return "c" + secrets.token_hex(12)


def timestamp(moment: datetime) -> str:
    """A moment (UTC) as Propexo prints it."""
    return moment.isoformat(timespec="milliseconds")[:23] + "Z"


@dataclass
class Integration:
    """One PMS account."""

    id: str
    vendor: str
    last_completed_sync: datetime | None = None


@dataclass(frozen=True)
class Property:
    """One community of an integration. `x_id` is its id in the PMS."""

    id: str
    integration_id: str
    name: str
    x_id: str
    created_at: datetime


@dataclass(frozen=True)
class Lead:
    """A person as the PMS holds it; the fields are those of the write, as they were written."""

    id: str
    integration_id: str
    x_id: str
    property_id: str | None = None
    first_name: str | None = None
    middle_name: str | None = None
    middle_initial: str | None = None
    last_name: str | None = None
    email_1: str | None = None
    phone_1: str | None = None
    phone_1_type: str | None = None
    phone_2: str | None = None
    phone_2_type: str | None = None
    notes: str | None = None
    lead_source_id: str | None = None
    lead_source: str | None = None
    lead_relationship_id: str | None = None
    employee_id: str | None = None
    unit_id: str | None = None
    desired_unit_ids: list[str] = field(default_factory=list)
    status: str | None = None
    status_raw: str | None = None
    inactive_reason: str | None = None
    third_party_id: str | None = None
    organization_name: str | None = None
    target_move_in_date: str | None = None
    desired_num_bedrooms: float | None = None
    desired_num_bathrooms: float | None = None
    desired_unit_type: str | None = None
    desired_min_rent_in_cents: float | None = None
    desired_max_rent_in_cents: float | None = None
    desired_lease_term_in_months: str | None = None
    number_of_occupants: float | None = None
    number_of_additional_occupants: int | None = None
    has_cats: bool | None = None
    has_dogs: bool | None = None
    has_other_pets: bool | None = None
    monthly_income_in_cents: int | None = None
    credit_score: str | None = None
    applicant_status: str | None = None
    date_of_birth: str | None = None
    address_1: str | None = None
    address_2: str | None = None
    city: str | None = None
    state: str | None = None
    zip: str | None = None
    country: str | None = None
    floor_plan_id: str | None = None
    lease_period_id: str | None = None
    address_type_id: str | None = None
    events: list[dict[str, Any]] = field(default_factory=list)
    deleted: bool = False


@dataclass(frozen=True)
class Appointment:
    """A lead appointment as the PMS holds it. Its property is that of its lead."""

    id: str
    integration_id: str
    x_id: str
    lead_id: str
    appointment_date: str
    appointment_time: str | None = None
    """Wall clock in the zone that this PMS expects, as written."""
    appointment_duration_minutes: int | None = None
    appointment_type: str | None = None
    title: str | None = None
    notes: str | None = None
    unit_id: str | None = None
    employee_id: str | None = None
    lead_source_id: str | None = None
    status: str | None = None
    priority: str | None = None
    cancelled: bool = False
    deleted: bool = False
    """Rent Manager: a cancel deletes the record."""

    @property
    def active(self) -> bool:
        return not (self.cancelled or self.deleted)


R = TypeVar("R", Lead, Appointment)


@dataclass(frozen=True)
class Cached(Generic[R]):
    """A record as Propexo last read it."""

    record: R
    number: int
    """Of all records of its kind, in the order in which they first entered Propexo."""
    created_at: datetime
    """When it first entered Propexo."""
    updated_at: datetime
    last_seen: datetime
