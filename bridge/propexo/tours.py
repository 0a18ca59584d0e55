"""The data of a tour that is written: property, person and appointment."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from bridge.propexo.pms import Profile


@dataclass(frozen=True)
class PmsLocation:
    """Where a tour is booked."""

    key: str
    """Of the property in the configuration."""
    integration_id: str
    property_id: str
    profile: Profile
    zone: ZoneInfo
    """The zone in which the PMS reads times (`pms.time_zone`), not always the property's."""
    defaults: Mapping[str, Any]
    """`properties.<key>.defaults` of the configuration."""


@dataclass(frozen=True)
class LeadPerson:
    """Who comes."""

    first_name: str | None
    last_name: str | None
    email: str | None
    phone: str | None
    """E.164."""
    reference: str
    """Our own unique id; Yardi keeps it as `third_party_id`."""


@dataclass(frozen=True)
class Tour:
    """What is booked. Ids are Propexo's."""

    starts_at: datetime
    duration_minutes: int | None
    appointment_type: str | None
    """TOUR, SELF_GUIDED_TOUR, VIRTUAL_TOUR or LEASING_APPOINTMENT."""
    unit_id: str | None
    employee_id: str | None
    lead_source_id: str | None
    title: str | None
    notes: str | None
    reference: str
    """Short and unique: it opens the notes, by which the appointment is found again."""
    property_name: str | None
    unit_name: str | None = None
    """The unit as the sender names it, for PMSs that take no unit with an appointment, and for unknown units."""
    agent_name: str | None = None
    """Likewise the agent."""
    source_name: str | None = None
    """Likewise the lead source."""
    visitor: str | None = None
    """A sentence about who comes, where the lead is another person: the notes begin with it."""
    contact: str | None = None
    """Sentences about how to reach the lead's person, where the lead says otherwise."""
    status: str | None = None
    """COMPLETED, OPEN, REVIEW or DENIED."""
    priority: str | None = None
    """HIGH, MEDIUM or LOW."""
