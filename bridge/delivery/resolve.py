"""From what a sender wrote to what Propexo knows: the property, the unit, the agent, the lead source, the start."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from bridge.aliases import Aliases, property_named
from bridge.delivery.outcomes import Parked, Reason
from bridge.errors import BridgeError
from bridge.mapping.booking import Booking as Said
from bridge.mapping.booking import TourKind
from bridge.models import Booking
from bridge.propexo import pms
from bridge.propexo.bodies import NotOffered, Place, Tour, takes
from bridge.settings import Property, Settings

APPOINTMENT_TYPES = {
    TourKind.IN_PERSON: "TOUR",
    TourKind.SELF_GUIDED: "SELF_GUIDED_TOUR",
    TourKind.VIRTUAL: "VIRTUAL_TOUR",
}
PROPEXO_ID = re.compile(r"c[a-z0-9]{24}")
"""How the ids in Propexo's examples look; anything else is taken for a name of the sender's."""


@dataclass(frozen=True)
class Kind:
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


UNIT = Kind("unit", "unit_id", "units", Reason.UNKNOWN_UNIT)
AGENT = Kind("agent", "employee_id", "agents", Reason.UNKNOWN_AGENT)
LEAD_SOURCE = Kind("lead source", "lead_source_id", "lead_sources", Reason.UNKNOWN_LEAD_SOURCE)

LookUp = Callable[[Kind, str], str | None]
"""The Propexo id of what exactly one record at the property is called."""


@dataclass(frozen=True)
class Unknown:
    """A name that stands neither in bridge.toml nor for exactly one record in Propexo."""

    kind: Kind
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
class Target:
    """Where a tour goes: the configured property, and what Propexo needs to know of it."""

    property: Property
    place: Place


def target_of(settings: Settings, source: str, named: str | None, aliases: Aliases) -> Target:
    """The property that a booking names, else the default of its source; a name that nobody knows has no default.

    Raises:
        Parked: nothing names one, or no configured property has this name.
    """
    name = named or settings.sources[source].property
    found = property_named(settings, name, aliases) if name else None
    if found is None:
        told = (
            f'"{name}" is the key, id, name or alias of no property. Add it to `aliases` of its property in '
            "bridge.toml, or with `bridge aliases add`"
            if name
            else "Neither the payload nor the source names a property. Set `property` of the source in bridge.toml"
        )
        raise Parked(Reason.UNKNOWN_PROPERTY, f"{told}, then replay.")
    return at_property(settings, found)


def property_of(settings: Settings, source: str, booking: Booking, aliases: Aliases) -> str | None:
    """The key of a booking's property: where it was written, else the one it names, else its source's default."""
    if booking.property:
        return booking.property
    named = booking.details.get("property", {}).get("value")
    if named is None:
        return settings.sources[source].property
    found = property_named(settings, named, aliases)
    return found.key if found else None


def at_property(settings: Settings, found: Property) -> Target:
    """A configured property as a target.

    Raises:
        Parked: its PMS takes no tours through Propexo, or its time rule is not known.
    """
    try:
        return Target(found, _place(settings, found))
    except BridgeError as error:
        raise Parked(Reason.NOT_SUPPORTED, error.message) from error


def _place(settings: Settings, found: Property) -> Place:
    profile = pms.profile_of(found.pms)
    if profile.create is None:
        raise NotOffered(f"The bridge cannot create an appointment in {profile.name}. {profile.note}")
    defaults = dict(found.defaults)
    if settings.propexo.organization_name:
        defaults.setdefault("organization_name", settings.propexo.organization_name)
    return Place(
        key=found.key,
        integration_id=found.integration_id,
        property_id=found.property_id,
        profile=profile,
        zone=pms.time_zone(profile, found.time_zone, found.pms_time),
        defaults=defaults,
    )


def tour_of(
    settings: Settings, source: str, said: Said, target: Target, code: str, look_up: LookUp
) -> tuple[Tour, dict[str, Unknown]]:
    """The tour as Propexo is to hear of it, and by body field what nobody knows; it goes out without that.

    Raises:
        Parked: the start cannot be told.
    """
    ids, unknown = ids_of(settings, source, said, target, look_up)
    tour = Tour(
        starts_at=start_of(said, target.property),
        duration_minutes=said.duration_minutes,
        appointment_type=APPOINTMENT_TYPES[said.kind] if said.kind else None,
        unit_id=ids.get(UNIT.field),
        employee_id=ids.get(AGENT.field),
        lead_source_id=ids.get(LEAD_SOURCE.field),
        title=said.title,
        notes=said.notes,
        reference=code,
        property_name=target.property.name,
    )
    return tour, unknown


def ids_of(
    settings: Settings, source: str, said: Said, target: Target, look_up: LookUp
) -> tuple[dict[str, str], dict[str, Unknown]]:
    """The Propexo ids of unit, agent and lead source by body field, and likewise what nobody knows.

    Where there is no id, the default of the property stands. Only what the PMS takes is looked up.
    """
    found, profile = target.property, target.place.profile
    named = (
        (UNIT, found.units, (said.unit,)),
        (AGENT, found.agents, (said.agent,)),
        (LEAD_SOURCE, found.lead_sources, (said.lead_source, settings.sources[source].lead_source)),
    )
    ids: dict[str, str] = {}
    unknown: dict[str, Unknown] = {}
    for kind, crosswalk, names in named:
        for name in filter(None, ((name or "").strip() for name in names)):
            record_id = _configured(name, crosswalk)
            if record_id is None and takes(profile, kind.field):
                record_id = look_up(kind, name)
                if record_id is None:
                    unknown.setdefault(kind.field, Unknown(kind, name, found.key))
            if record_id is not None:
                ids[kind.field] = record_id
                break
    return ids, unknown


def _configured(name: str, crosswalk: Mapping[str, str]) -> str | None:
    """The Propexo id that the crosswalk gives for a name, or that the name is."""
    by_name = {known.casefold(): record_id for known, record_id in crosswalk.items()}
    return by_name.get(name.casefold()) or (name if PROPEXO_ID.fullmatch(name) else None)


def not_taken(said: Said, profile: pms.Profile) -> list[str]:
    """The body fields of what the sender names and this PMS has no place for; it is not looked up."""
    named = {UNIT: said.unit, AGENT: said.agent, LEAD_SOURCE: said.lead_source}
    return [kind.field for kind, name in named.items() if name and not takes(profile, kind.field)]


def start_of(said: Said, found: Property) -> datetime:
    """The start as an instant; wall time is read in the zone of the property."""
    if said.starts_at:
        return said.starts_at.astimezone(UTC)
    if said.starts_at_local is None:
        raise Parked(Reason.NEEDS_TIME, "No event of this booking says when the tour is to start.")
    try:
        return pms.from_wall_time(said.starts_at_local, ZoneInfo(found.time_zone))
    except BridgeError as error:
        raise Parked(Reason.INVALID_TIME, error.message) from error
