"""Propexo's records, read leniently: a field that is absent or of another type is None, never an error.

Ids are Propexo's. Moments that carry an offset are aware.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from bridge.propexo.text import humanise


@dataclass(frozen=True)
class PropexoLead:
    """A prospect as Propexo has it in its cache, which lags behind the PMS."""

    id: str
    first_name: str | None
    last_name: str | None
    email: str | None
    phone: str | None
    """As the PMS formats it, for example `(123) 456-7890`: normalise before comparing."""
    property_id: str | None
    created_at: datetime | None
    """When the record first entered Propexo."""
    notes: str | None = None

    @classmethod
    def read(cls, record: Mapping[str, Any]) -> Self:
        return cls(
            id=str(record["id"]),
            first_name=_text(record.get("first_name")),
            last_name=_text(record.get("last_name")),
            email=_text(record.get("email_1")),
            phone=_text(record.get("phone_1")),
            property_id=_text(record.get("property_id")),
            created_at=_aware(record.get("created_at")),
            notes=_text(record.get("notes")),
        )


@dataclass(frozen=True)
class Appointment:
    """An event of a lead. Propexo holds no status: a cancelled one looks like any other, or stays unseen."""

    id: str
    notes: str | None
    event_datetime: datetime | None
    """Naive when Propexo gives no offset; the zone is not documented then. Some PMSs fill only this one."""
    appointment_datetime: datetime | None
    """As event_datetime."""
    lead_ids: tuple[str, ...]
    property_id: str | None
    created_at: datetime | None
    last_seen: datetime | None
    """The last time the PMS still reported it."""

    @classmethod
    def read(cls, record: Mapping[str, Any]) -> Self:
        leads = record.get("associated_lead_ids")
        return cls(
            id=str(record["id"]),
            notes=_text(record.get("notes")),
            event_datetime=_moment(record.get("event_datetime")),
            appointment_datetime=_moment(record.get("appointment_datetime")),
            lead_ids=tuple(map(str, leads)) if isinstance(leads, list) else (),
            property_id=_text(record.get("property_id")),
            created_at=_aware(record.get("created_at")),
            last_seen=_aware(record.get("last_seen")),
        )


class WriteState(StrEnum):
    """How far a queued write is."""

    PENDING = "PENDING"
    SUCCESS = "SUCCESS"
    PARTIAL_SUCCESS = "PARTIAL_SUCCESS"
    """One write needed several calls of the PMS and some failed: never repeat it by machine."""
    FAILURE = "FAILURE"


@dataclass(frozen=True)
class WriteStatus:
    """The outcome of a queued write."""

    status: WriteState
    errors: tuple[str, ...]
    """The message of the PMS; may be empty even after a failure."""
    created_record_id: str | None
    """The first id that the job made. Whether it is the appointment's or the lead's depends on the PMS:
    see `returns_appointment_id` and `returns_lead_id` of its profile."""

    @classmethod
    def read(cls, record: Mapping[str, Any]) -> Self:
        """Raises KeyError or ValueError when there is no documented write_status."""
        errors = record.get("errors")
        texts = (humanise(error) for error in (errors if isinstance(errors, list) else [errors]))
        return cls(
            status=WriteState(record["write_status"]),
            errors=tuple(filter(None, texts)),
            created_record_id=_text(record.get("created_record_id")),
        )


@dataclass(frozen=True)
class WriteLogEntry:
    """The newest record of a finished write job; a pending job is not listed."""

    job_id: str
    status: str
    """SUCCESS or FAILURE."""
    created_at: datetime | None
    error: str | None
    """The message."""
    parameters: Any | None
    """What was sent, in a shape that is not documented; often absent."""
    job_type: str | None

    @classmethod
    def read(cls, record: Mapping[str, Any]) -> Self:
        return cls(
            job_id=str(record["job_id"]),
            status=str(record.get("status") or ""),
            created_at=_aware(record.get("created_at")),
            error=humanise(record.get("error")) or None,
            parameters=record.get("parameters"),
            job_type=_text(record.get("job_type")),
        )


@dataclass(frozen=True)
class Integration:
    """One connection of a PMS to Propexo."""

    id: str
    name: str | None
    vendor: str
    """The PMS: a key of `bridge.propexo.pms.PROFILES`, or a name that Propexo added since."""
    active: bool | None
    is_archived: bool | None
    can_authenticate: bool | None
    """Whether the PMS accepts the credentials that Propexo holds."""
    last_completed_sync: datetime | None
    models: Mapping[str, bool]
    """Whether Propexo syncs each data model, such as `leads`; one that is not listed is not known."""
    interfaces: Mapping[str, bool]
    """Whether each interface may be used, such as ENTRATA_CREATE_EVENT."""

    @classmethod
    def read(cls, record: Mapping[str, Any]) -> Self:
        return cls(
            id=str(record["id"]),
            models=_switches((record.get("models") or {}).items()),
            interfaces=_switches(
                (each.get("interface_name"), each) for each in record.get("integration_interfaces") or ()
            ),
            name=_text(record.get("name")),
            vendor=str(record.get("vendor") or ""),
            active=_flag(record.get("active")),
            is_archived=_flag(record.get("is_archived")),
            can_authenticate=_flag(record.get("can_authenticate")),
            last_completed_sync=_aware(record.get("last_completed_sync")),
        )


@dataclass(frozen=True)
class PropexoRecord:
    """A record that an operator picks an id from: a unit, an employee, a lead source, a relationship."""

    id: str
    name: str | None
    """The name, or the number of a unit; not unique."""
    email: str | None
    """Employees only."""
    property_id: str | None
    is_active: bool | None
    """Employees only."""
    roles: tuple[str, ...]
    """Employees only; empty on some PMSs. LEASING_AGENT may be given an appointment."""
    integration_id: str | None = None
    vendor: str | None = None
    """The PMS, as Propexo writes it."""
    x_id: str | None = None
    """The id in the PMS."""

    @classmethod
    def read(cls, record: Mapping[str, Any]) -> Self:
        roles = record.get("roles")
        return cls(
            id=str(record["id"]),
            name=_text(record.get("name")) or _text(record.get("number")),
            email=_text(record.get("email")),
            property_id=_text(record.get("property_id")),
            is_active=_flag(record.get("is_active")),
            roles=tuple(map(str, roles)) if isinstance(roles, list) else (),
            integration_id=_text(record.get("integration_id")),
            vendor=_text(record.get("integration_vendor")),
            x_id=_text(record.get("x_id")),
        )


@dataclass(frozen=True)
class StandardOffset:
    """The clock of a property, or of all properties of an integration: no zone has a name at Propexo."""

    property_id: str | None
    offset: str | None
    """Of standard time, all year round: `-06:00`."""
    observes_daylight_saving: bool | None

    @classmethod
    def read(cls, record: Mapping[str, Any]) -> Self:
        return cls(
            property_id=_text(record.get("property_id")),
            offset=_text(record.get("offset")),
            observes_daylight_saving=_flag(record.get("observes_daylight_savings")),
        )


def _switches(entries: Iterable[tuple[Any, Any]]) -> dict[str, bool]:
    return {
        str(name): each["enabled"]
        for name, each in entries
        if isinstance(each, Mapping) and isinstance(each.get("enabled"), bool)
    }


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _moment(value: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None


def _aware(value: Any) -> datetime | None:
    moment = _moment(value)
    return moment if moment is not None and moment.tzinfo else None
