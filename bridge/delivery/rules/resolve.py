"""From what a sender wrote to what Propexo knows: the property, the unit, the agent, the lead source, the start.

All functions are pure. What cannot be resolved is returned as a `Park` that says what to do.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from bridge.aliases import Aliases, property_named
from bridge.clock import readable
from bridge.delivery.rules.entities import BookingRow
from bridge.delivery.rules.outcomes import Reason
from bridge.delivery.rules.state import Park, Read
from bridge.errors import BridgeError
from bridge.mapping.booking import BookingRequest, TourKind
from bridge.mapping.plausible_hours import implausible_hour
from bridge.propexo import pms
from bridge.propexo.bodies import UnsupportedOperationError, takes
from bridge.propexo.tours import PmsLocation, Tour
from bridge.settings import Property, Settings

APPOINTMENT_TYPES = {
    TourKind.IN_PERSON: "TOUR",
    TourKind.SELF_GUIDED: "SELF_GUIDED_TOUR",
    TourKind.VIRTUAL: "VIRTUAL_TOUR",
    TourKind.LEASING: "LEASING_APPOINTMENT",
}
PROPEXO_ID = re.compile(r"c[a-z0-9]{24}")
"""How the ids in Propexo's examples look; anything else is taken for a name of the sender's."""


@dataclass(frozen=True)
class RecordKind:
    """What a booking may name besides its property, by a Propexo id or by a name of the sender's."""

    noun: str
    field: str
    """Of Propexo's bodies."""
    crosswalk: str
    """The table of the property in bridge.toml."""
    reason: Reason
    """What a tour is parked for when its PMS cannot do without."""

    def called(self, name: str) -> str:
        return f'{self.noun} "{name}"'


UNIT = RecordKind("unit", "unit_id", "units", Reason.UNKNOWN_UNIT)
AGENT = RecordKind("agent", "employee_id", "agents", Reason.UNKNOWN_AGENT)
LEAD_SOURCE = RecordKind("lead source", "lead_source_id", "lead_sources", Reason.UNKNOWN_LEAD_SOURCE)

Lookup = Callable[[RecordKind, str], str | Read | None]
"""The Propexo id of what exactly one record at the property is called."""


@dataclass(frozen=True)
class UnresolvedName:
    """A name that is not in bridge.toml and does not match exactly one record in Propexo."""

    kind: RecordKind
    name: str
    property_key: str

    def __str__(self) -> str:
        return self.kind.called(self.name)

    @property
    def advice(self) -> str:
        """Where to add it."""
        entry = f'{json.dumps(self.name, ensure_ascii=False)} = "<its Propexo id>"'
        return (
            f"No {self} is in bridge.toml, and not exactly one in Propexo. "
            f"Add `{entry}` under `[properties.{self.property_key}.{self.kind.crosswalk}]`, then replay."
        )


@dataclass(frozen=True)
class TourTarget:
    """Where a tour goes: the configured property, and what Propexo needs to know of it."""

    property: Property
    place: PmsLocation


def target_of(settings: Settings, source: str, named: str | None, aliases: Aliases) -> TourTarget | Park:
    """The property that a booking names, else the default of its source; an unknown name has no default."""
    name = named or _default_property(settings, source)
    found = property_named(settings, name, aliases) if name else None
    if found is not None:
        return at_property(settings, found)
    problem = (
        f'"{name}" is the key, id, name or alias of no property. Add it to `aliases` of its property in '
        "bridge.toml, or with `bridge aliases add`"
        if name
        else "Neither the payload nor the source names a property. Set `property` of the source in bridge.toml"
    )
    return Park(Reason.UNKNOWN_PROPERTY, f"{problem}, then replay.")


def _default_property(settings: Settings, source: str) -> str | None:
    """The property of a source; a booking may outlive the source that reported it first."""
    found = settings.sources.get(source)
    return found.property if found else None


def property_of(settings: Settings, source: str, booking: BookingRow, aliases: Aliases) -> str | None:
    """The key of a booking's property: where it was written, else the one it names, else its source's default."""
    if booking.property_key:
        return booking.property_key
    named = booking.fields.get("property", {}).get("value")
    if named is None:
        return _default_property(settings, source)
    found = property_named(settings, named, aliases)
    return found.key if found else None


def at_property(settings: Settings, found: Property) -> TourTarget | Park:
    """A configured property as a target; a `Park` where its PMS takes no tours, or its time rule is not known."""
    try:
        return TourTarget(found, _place(settings, found))
    except BridgeError as error:
        return Park(Reason.NOT_SUPPORTED, error.message)


def target_at(settings: Settings, key: str | None) -> TourTarget | Park:
    """Where a booking was written, or is being written."""
    found = settings.properties.get(key or "")
    if found is not None:
        return at_property(settings, found)
    detail = (
        f"It was written at `properties.{key}`, which is no longer configured. Add it again, then replay."
    )
    return Park(Reason.UNKNOWN_PROPERTY, detail)


def _place(settings: Settings, found: Property) -> PmsLocation:
    profile = pms.profile_of(found.pms)
    if profile.create is None:
        raise UnsupportedOperationError(
            f"The bridge cannot create an appointment in {profile.name}. {profile.note}"
        )
    defaults = dict(found.defaults)
    if settings.propexo.organization_name:
        defaults.setdefault("organization_name", settings.propexo.organization_name)
    return PmsLocation(
        key=found.key,
        integration_id=found.integration_id,
        property_id=found.property_id,
        profile=profile,
        zone=pms.time_zone(profile, found.time_zone, found.pms_time),
        defaults=defaults,
    )


@dataclass(frozen=True)
class ResolvedIds:
    """By body field: Propexo's ids, and the sender's names that could not be resolved: the write leaves those out."""

    ids: Mapping[str, str]
    unknown: Mapping[str, UnresolvedName]


def tour_of(
    settings: Settings, source: str, request: BookingRequest, target: TourTarget, code: str, look_up: Lookup
) -> tuple[Tour, ResolvedIds] | Park | Read:
    """The tour as Propexo is to have it; a `Park` where its start is not known, a `Read` where a list is missing."""
    resolved = resolve_ids(settings, source, request, target, look_up)
    starts_at = start_of(request, target.property)
    if isinstance(resolved, Read):
        return resolved
    if isinstance(starts_at, Park):
        return starts_at
    tour = Tour(
        starts_at=starts_at,
        duration_minutes=request.duration_minutes,
        appointment_type=_appointment_type(request.kind, target.property.defaults),
        status=request.status.upper() if request.status else None,
        priority=request.priority.upper() if request.priority else None,
        unit_id=resolved.ids.get(UNIT.field),
        employee_id=resolved.ids.get(AGENT.field),
        lead_source_id=resolved.ids.get(LEAD_SOURCE.field),
        title=request.title,
        notes=request.notes,
        reference=code,
        property_name=target.property.name,
        unit_name=_name_of(request.unit),
        agent_name=_name_of(request.agent),
        source_name=_name_of(request.lead_source),
    )
    return tour, resolved


def _appointment_type(kind: TourKind | None, defaults: Mapping[str, Any]) -> str | None:
    """Propexo's type of a kind of tour, as the property has it; without a kind, `defaults.appointment_type`."""
    if kind is None:
        return None
    own: dict[str, str] = defaults.get("appointment_types", {})
    return own.get(kind, APPOINTMENT_TYPES[kind])


def _name_of(named: str | None) -> str | None:
    """Its name for people, to whom an id of Propexo means nothing."""
    name = (named or "").strip()
    return None if not name or PROPEXO_ID.fullmatch(name) else name


def resolve_ids(
    settings: Settings, source: str, request: BookingRequest, target: TourTarget, look_up: Lookup
) -> ResolvedIds | Read:
    """The Propexo ids of unit, agent and lead source. Only what the PMS takes is looked up.

    Without an id, the default of the property applies.
    """
    found, profile = target.property, target.place.profile
    known = settings.sources.get(source)
    named = (
        (UNIT, found.units, (request.unit,)),
        (AGENT, found.agents, (request.agent,)),
        (LEAD_SOURCE, found.lead_sources, (request.lead_source, known.lead_source if known else None)),
    )
    ids: dict[str, str] = {}
    unknown: dict[str, UnresolvedName] = {}
    for kind, crosswalk, names in named:
        for name in filter(None, ((name or "").strip() for name in names)):
            record_id: str | Read | None = _configured(name, crosswalk)
            if record_id is None and takes(profile, kind.field):
                record_id = look_up(kind, name)
                if record_id is None:
                    unknown.setdefault(kind.field, UnresolvedName(kind, name, found.key))
            if isinstance(record_id, Read):
                return record_id
            if record_id is not None:
                ids[kind.field] = record_id
                break
    return ResolvedIds(ids, unknown)


def _configured(name: str, crosswalk: Mapping[str, str]) -> str | None:
    """The Propexo id that the crosswalk gives for a name, or that the name is."""
    by_name = {known.casefold(): record_id for known, record_id in crosswalk.items()}
    return by_name.get(name.casefold()) or (name if PROPEXO_ID.fullmatch(name) else None)


def unsupported_fields(request: BookingRequest, profile: pms.Profile) -> list[str]:
    """The body fields of what the sender names and this PMS has no place for; it is not looked up."""
    named = {UNIT: request.unit, AGENT: request.agent, LEAD_SOURCE: request.lead_source}
    return [kind.field for kind, name in named.items() if name and not takes(profile, kind.field)]


def start_of(request: BookingRequest, found: Property) -> datetime | Park:
    """The start as an instant; wall time is read in the zone of the property. A start at night is held."""
    starts_at = _instant_of(request, found)
    if isinstance(starts_at, Park):
        return starts_at
    problem = implausible_hour(starts_at, found)
    return Park(Reason.INVALID_TIME, f"{problem}. {WIDEN}") if problem else starts_at


def start_passed(tour: Tour, found: Property) -> Park:
    """A tour whose start is over, by the clock of its property."""
    return Park(Reason.START_PASSED, f"The tour was to start on {readable(tour.starts_at, found.time_zone)}.")


WIDEN = "If that is right, widen `tour_hours` of the property, or correct the start; then replay."


def _instant_of(request: BookingRequest, found: Property) -> datetime | Park:
    if request.starts_at:
        return request.starts_at.astimezone(UTC)
    if request.starts_at_local is None:
        return Park(Reason.NEEDS_TIME, "No event of this booking has the start of the tour.")
    try:
        return pms.from_wall_time(request.starts_at_local, ZoneInfo(found.time_zone))
    except BridgeError as error:
        return Park(Reason.INVALID_TIME, error.message)
