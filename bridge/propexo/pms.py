"""What each property-management system (PMS) takes through Propexo, as data.

The generic endpoints ask for almost nothing; the PMS behind the integration decides. The tables follow
Propexo's page for each PMS. What no page says is not offered, or left to the operator: see `note`.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from enum import StrEnum
from zoneinfo import ZoneInfo

from bridge.errors import BridgeError


class TimeRule(StrEnum):
    """In which zone a PMS reads `appointment_date` and `appointment_time`."""

    PROPERTY = "property"
    """The wall clock of the property."""
    UTC = "UTC"
    MOUNTAIN = "America/Denver"
    """Mountain Time with daylight saving, wherever the property is."""


@dataclass(frozen=True)
class Operation:
    """The body fields of one operation, by Propexo's names; any other field is left out."""

    required: frozenset[str]
    optional: frozenset[str] = frozenset()

    @property
    def fields(self) -> frozenset[str]:
        """All that may be sent."""
        return self.required | self.optional


@dataclass(frozen=True)
class Profile:
    """What one PMS takes. An operation that is None is not offered; `note` says why."""

    vendor: str
    name: str
    create: Operation | None = None
    update: Operation | None = None
    cancel: Operation | None = None
    lead: frozenset[str] | None = None
    """The fields that a new lead must have; None if leads cannot be created."""
    lead_update: frozenset[str] | None = None
    """The fields that a change of a lead must have; None if leads cannot be changed."""
    returns_appointment_id: bool = False
    """Whether `created_record_id` of a created appointment is its event id, without a sync in between."""
    returns_lead_id: bool = False
    name_limit: int | None = None
    """Most characters of a first or last name."""
    lead_notes_limit: int | None = None
    time: TimeRule | None = None
    """None: not documented, so the operator must set `pms_time` of the property."""
    offers_times: bool = False
    """Whether it says through Propexo which times are free."""
    calendar_types: tuple[str, ...] = ()
    """Whose free times are asked for; Entrata takes bookings for leasing only."""
    note: str = ""
    """For a person: why something is not offered, and what to do instead."""


def _operation(required: str, optional: str = "") -> Operation:
    return Operation(frozenset(map(_field, required.split())), frozenset(map(_field, optional.split())))


def _field(word: str) -> str:
    return f"appointment_{word}" if word in ("date", "time", "type", "duration_minutes") else word


def _lead(fields: str) -> frozenset[str]:
    return frozenset(fields.split()) | {"integration_id"}


_ANY: frozenset[str] = frozenset()
_NAMES = frozenset({"first_name", "last_name"})


_CANCEL = _operation("integration_id event_id")
_CRM = (
    "{} is reached through another API family of Propexo (/crm/v1), which this bridge does not speak. "
    "Book in {} directly."
)
_NO_PAGE = "Propexo documents no lead appointments for {}. Book in {} directly."

_PROFILES = (
    Profile(
        "ENTRATA",
        "Entrata",
        create=_operation(
            "integration_id lead_id date time duration_minutes type notes",
            "unit_id title",
        ),
        update=_operation("notes", "unit_id date time duration_minutes type title"),
        cancel=_CANCEL,
        lead=_lead("property_id lead_source_id first_name last_name"),
        lead_update=_ANY,
        time=TimeRule.MOUNTAIN,
        offers_times=True,
        calendar_types=("LEASING",),
    ),
    Profile(
        "REALPAGE_RPX",
        "RealPage Partner Exchange",
        create=_operation("integration_id lead_id employee_id date time duration_minutes", "notes priority"),
        update=_operation("date time duration_minutes", "notes priority"),
        cancel=_CANCEL,
        lead=_lead("property_id lead_relationship_id first_name last_name"),
        lead_update=_ANY,
        returns_appointment_id=True,
        name_limit=30,
        time=TimeRule.PROPERTY,
        offers_times=True,
    ),
    Profile(
        "RENTMANAGER",
        "Rent Manager",
        create=_operation("integration_id lead_id date time duration_minutes title", "employee_id notes"),
        # Duration, title and notes were read on the page of the same operation for applicants.
        update=_operation("date time duration_minutes title", "notes"),
        cancel=_CANCEL,
        lead=_lead("property_id first_name last_name"),
        lead_update=_ANY,
        returns_appointment_id=True,
        returns_lead_id=True,
        # The zone of the location, else the one of all locations, else Eastern: if Rent Manager holds no
        # zone for a property that is elsewhere, `pms_time` of that property must say so.
        time=TimeRule.PROPERTY,
    ),
    Profile(
        "RESMAN",
        "ResMan",
        create=_operation("integration_id lead_id lead_source_id date time", "unit_id notes"),
        update=_operation("date time", "unit_id notes"),
        lead=_lead("property_id lead_source_id employee_id first_name last_name"),
        lead_update=_ANY,
        returns_appointment_id=True,
        returns_lead_id=True,
        # Propexo's page contradicts itself: UTC at its head, property time beside the field. UTC is the
        # more specific text; test it live, and set `pms_time = "property"` if it turns out otherwise.
        time=TimeRule.UTC,
        note="ResMan accepts no cancellations through Propexo. Cancel the appointment in ResMan.",
    ),
    Profile(
        "APPFOLIO",
        "AppFolio",
        create=_operation("integration_id lead_id unit_id date time duration_minutes", "employee_id notes"),
        update=_operation("", "date time duration_minutes employee_id notes"),
        cancel=_CANCEL,
        lead=_lead("property_id first_name last_name"),
        lead_update=_ANY,
        returns_appointment_id=True,
        returns_lead_id=True,
        time=TimeRule.UTC,
    ),
    Profile(
        "MRI",
        "MRI",
        create=_operation("integration_id lead_id date", "time employee_id status notes"),
        update=_operation("date", "time employee_id status notes"),
        lead=_lead("property_id last_name"),
        lead_update=_ANY,
        returns_lead_id=True,
        lead_notes_limit=30,
        note="Propexo documents no cancellation for MRI. Cancel the appointment in MRI.",
    ),
    Profile(
        "YARDI",
        "Yardi",
        create=_operation("integration_id lead_id unit_id employee_id date time", "notes"),
        update=_operation("date time"),
        cancel=_CANCEL,
        lead=_lead(
            "property_id lead_source_id employee_id third_party_id organization_name first_name last_name"
        ),
        lead_update=_NAMES,
        # Of an appointment, the created_record_id may be the lead's.
        returns_lead_id=True,
        time=TimeRule.PROPERTY,
    ),
    Profile(
        "YARDI_REST",
        "Yardi REST",
        create=_operation("integration_id lead_id unit_id employee_id date time", "notes"),
        update=_operation("date time"),
        lead_update=_NAMES,
        time=TimeRule.PROPERTY,
        note="Propexo documents neither new leads nor cancellations for Yardi REST. "
        "Enter the lead, or cancel the appointment, in Yardi.",
    ),
    Profile(
        "REALPAGE",
        "RealPage (Registered Vendor)",
        lead=_lead("first_name last_name"),
        returns_lead_id=True,
        note="RealPage as a registered vendor offers appointments for reading only. Book in RealPage "
        "directly, or connect it through RealPage Partner Exchange (REALPAGE_RPX).",
    ),
    Profile(
        "PROPERTYWARE",
        "Propertyware",
        lead=_lead("first_name last_name"),
        returns_lead_id=True,
        note=_NO_PAGE.format("Propertyware", "Propertyware"),
    ),
    Profile(
        "PROPERTYWARE_REST",
        "Propertyware REST",
        note="Propexo only reads leads from Propertyware REST. Book in Propertyware directly.",
    ),
    Profile(
        "BUILDIUM",
        "Buildium",
        note="Buildium accepts no leads through Propexo, so no tours either. Book in Buildium directly.",
    ),
    Profile("RENTVINE", "Rentvine", note="Propexo only reads from Rentvine. Book in Rentvine directly."),
    Profile("RENTCAFE", "RentCafe", note=_NO_PAGE.format("RentCafe", "RentCafe")),
    Profile("ELISEAI", "EliseAI", note=_NO_PAGE.format("EliseAI", "EliseAI")),
    Profile("FUNNEL", "Funnel", note=_CRM.format("Funnel", "Funnel")),
    Profile("KNOCK", "Knock", note=_CRM.format("Knock", "Knock")),
)

PROFILES: dict[str, Profile] = {profile.vendor: profile for profile in _PROFILES}
"""By vendor, as Propexo writes it."""


class UnsupportedPmsError(BridgeError):
    """Propexo has no PMS with this name."""

    code = "unsupported_pms"


def profile_of(vendor: str) -> Profile:
    """Find a profile; raises UnsupportedPmsError, which names the nearest vendors."""
    profile = PROFILES.get(vendor.strip().upper())
    if profile is None:
        close = get_close_matches(vendor.strip().upper(), PROFILES, n=3, cutoff=0.5) or sorted(PROFILES)
        raise UnsupportedPmsError(f"The bridge knows no PMS {vendor!r}. Did you mean {' or '.join(close)}?")
    return profile


class UnknownTimeRuleError(BridgeError):
    """Propexo does not say in which time zone this PMS reads an appointment."""

    code = "time_rule_unknown"


def time_zone(profile: Profile, property_zone: str, override: str | None) -> ZoneInfo:
    """Find the zone in which a PMS reads the time of an appointment.

    `override` is `pms_time` of the property: "property", "utc" or an IANA name. Raises UnknownTimeRuleError if
    neither it nor the profile says the zone, ValueError or ZoneInfoNotFoundError for a name that is none.
    """
    rule = override or profile.time
    if rule is None:
        raise UnknownTimeRuleError(
            f"Propexo does not say in which time zone {profile.name} reads an appointment. Book one by hand, "
            f"see what {profile.name} shows, and set `pms_time` of the property: "
            '"property", "utc" or the name of a zone.'
        )
    if rule.lower() == TimeRule.PROPERTY:
        return ZoneInfo(property_zone)
    return ZoneInfo("UTC" if rule.upper() == TimeRule.UTC else rule)


class SkippedTimeError(BridgeError):
    """This local time does not exist, because daylight saving begins."""

    code = "skipped_time"


class RepeatedTimeError(BridgeError):
    """This local time occurs twice, because daylight saving ends."""

    code = "repeated_time"


def to_pms_time(starts_at: datetime, zone: ZoneInfo) -> tuple[str, str]:
    """Convert an instant to `appointment_date` (YYYY-MM-DD) and `appointment_time` (HH:MM:SS), as one moment.

    Raises RepeatedTimeError if these two would name another instant as well: a PMS takes no offset.
    """
    if starts_at.tzinfo is None:
        raise ValueError("starts_at must be aware")
    local = starts_at.astimezone(zone)
    if local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset():
        raise RepeatedTimeError(
            f"{local:%Y-%m-%d %H:%M} happens twice in {zone.key}, the zone in which the PMS reads it, "
            "because daylight saving ends. Enter this appointment in the PMS by hand."
        )
    return f"{local:%Y-%m-%d}", f"{local:%H:%M:%S}"


def from_wall_time(local: datetime, zone: ZoneInfo) -> datetime:
    """Convert the naive wall time of a place to an instant in UTC.

    Raises SkippedTimeError or RepeatedTimeError when a change of daylight saving makes it no instant, or two.
    """
    if local.tzinfo is not None:
        raise ValueError("local must be naive")
    first = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    second = local.replace(tzinfo=zone, fold=1).astimezone(UTC)
    if first.astimezone(zone).replace(tzinfo=None, fold=0) != local.replace(fold=0):
        raise SkippedTimeError(
            f"{local:%Y-%m-%d %H:%M} does not exist in {zone.key}: the clocks skip it, because daylight "
            "saving begins. Ask for the time that is meant."
        )
    if first != second:
        raise RepeatedTimeError(
            f"{local:%Y-%m-%d %H:%M} happens twice in {zone.key}, because daylight saving ends. "
            "Ask which one is meant."
        )
    return first
