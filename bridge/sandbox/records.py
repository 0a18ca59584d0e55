"""What a PMS holds, and what Propexo has read of it.

Records are frozen: a write replaces one, so that Propexo's cache can keep the older one until the next sync.
"""

import secrets
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

DEFAULT_MINUTES = 30
"""What an appointment without a duration takes."""


def new_id() -> str:
    """An opaque id as Propexo makes them: `c` and 24 characters."""
    return "c" + secrets.token_hex(12)


def timestamp(moment: datetime) -> str:
    """A moment (UTC) as Propexo prints it."""
    return moment.isoformat(timespec="milliseconds")[:23] + "Z"


MODELS = (
    "properties", "units", "employees", "lead_sources", "lead_relationships", "timezones", "leads", "events",
    "leads_to_events",
)  # fmt: skip
"""The data models that tours need. At Propexo each is switched on per integration, leads and events not at first."""

INTERFACES = {
    "APPFOLIO": ("APPFOLIO_CREATE_APPOINTMENT", "APPFOLIO_CREATE_LEAD", "APPFOLIO_READ_APPOINTMENTS",
                 "APPFOLIO_READ_LEADS", "APPFOLIO_UPDATE_APPOINTMENT", "APPFOLIO_UPDATE_LEAD", "APPFOLIO_BASE"),
    "ENTRATA": ("ENTRATA_CREATE_EVENT", "ENTRATA_CREATE_LEAD", "ENTRATA_LEAD_EVENTS", "ENTRATA_PROSPECTS",
                "ENTRATA_UPDATE_LEAD", "ENTRATA_BASE"),
    "REALPAGE_RPX": ("REALPAGE_RPX_APPOINTMENTS", "REALPAGE_RPX_APPOINTMENT_AVAILABILITY",
                     "REALPAGE_RPX_CREATE_APPOINTMENT", "REALPAGE_RPX_CREATE_LEAD", "REALPAGE_RPX_LEADS",
                     "REALPAGE_RPX_UPDATE_APPOINTMENT", "REALPAGE_RPX_UPDATE_APPOINTMENT_CANCEL",
                     "REALPAGE_RPX_UPDATE_LEAD"),
    "RESMAN": ("RESMAN_CREATE_LEAD", "RESMAN_READ_LEADS", "RESMAN_READ_LEAD_SOURCES", "RESMAN_UPDATE_LEAD",
               "RESMAN_BASE"),
    "YARDI": ("YARDI_GUESTCARD",),
}  # fmt: skip
"""The published interfaces of tours and leads; any other PMS has one, named `<PMS>_BASE`."""


@dataclass
class SandboxIntegration:
    """One PMS account."""

    id: str
    vendor: str
    created_at: datetime
    last_completed_sync: datetime | None = None
    models: dict[str, bool] = field(default_factory=lambda: dict.fromkeys(MODELS, True))
    """Whether each is synced. What is not synced cannot be read at Propexo."""
    interfaces: dict[str, bool] = field(default_factory=dict)
    """Whether each may be used."""

    def __post_init__(self) -> None:
        names = INTERFACES.get(self.vendor, (f"{self.vendor}_BASE",))
        self.interfaces = dict.fromkeys(names, True) | self.interfaces


@dataclass
class SandboxProperty:
    """One community of an integration. `x_id` is its id in the PMS."""

    id: str
    integration_id: str
    name: str
    x_id: str
    created_at: datetime
    enabled: bool = True
    """Switched at Propexo: what belongs to a property that is not enabled is not synced."""


@dataclass(frozen=True)
class SandboxLead:
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
    desired_move_in_date: str | None = None
    """Deprecated, as are the next two; Propexo still takes them."""
    desired_bathrooms: str | None = None
    desired_bedrooms: int | None = None
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
class SandboxAppointment:
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

    @property
    def span(self) -> tuple[int, int]:
        """From when to when it takes on its day, in minutes since midnight."""
        hours, minutes, _ = (int(part) for part in (self.appointment_time or "00:00:00").split(":"))
        begin = hours * 60 + minutes
        return begin, begin + (self.appointment_duration_minutes or DEFAULT_MINUTES)

    def overlaps(self, other: "SandboxAppointment") -> bool:
        (begin, end), (other_begin, other_end) = self.span, other.span
        same_day = self.appointment_date[:10] == other.appointment_date[:10]
        return same_day and begin < other_end and other_begin < end


R = TypeVar("R", SandboxLead, SandboxAppointment)


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
