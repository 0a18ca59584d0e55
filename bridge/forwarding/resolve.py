"""From what a sender wrote to what Propexo knows: the property, the unit, the agent, the lead source, the start."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from bridge.errors import BridgeError
from bridge.forwarding.outcomes import Parked, Reason
from bridge.mapping.booking import Booking as Said
from bridge.mapping.booking import TourKind
from bridge.propexo import pms
from bridge.propexo.bodies import NotOffered, Place, Tour
from bridge.settings import Property, Settings

APPOINTMENT_TYPES = {
    TourKind.IN_PERSON: "TOUR",
    TourKind.SELF_GUIDED: "SELF_GUIDED_TOUR",
    TourKind.VIRTUAL: "VIRTUAL_TOUR",
}
PROPEXO_ID = re.compile(r"c[a-z0-9]{24}")
"""How the ids in Propexo's examples look; anything else is taken for a name of the sender's."""


@dataclass(frozen=True)
class Target:
    """Where a tour goes: the configured property, and what Propexo needs to know of it."""

    property: Property
    place: Place


def target_of(settings: Settings, source: str, named: str | None) -> Target:
    """The property that a booking names, else the default of its source.

    Raises:
        Parked: nothing names one, or no configured property has this name.
    """
    name = named or settings.sources[source].property
    found = settings.property_named(name) if name else None
    if found is None:
        told = (
            f'"{name}" is the key, name or alias of no property'
            if name
            else "Neither the payload nor the source names a property"
        )
        raise Parked(
            Reason.UNKNOWN_PROPERTY,
            f"{told}. Add it to `aliases` of its property in bridge.toml, then replay.",
        )
    return at_property(settings, found)


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
        integration_id=found.integration_id,
        property_id=found.property_id,
        profile=profile,
        zone=pms.time_zone(profile, found.time_zone, found.pms_time),
        defaults=defaults,
    )


def tour_of(settings: Settings, source: str, said: Said, target: Target, code: str) -> Tour:
    """The tour as Propexo is to hear of it.

    Raises:
        Parked: the start cannot be told, or the unit that this PMS needs is not known.
    """
    found = target.property
    lead_source = said.lead_source or settings.sources[source].lead_source
    return Tour(
        starts_at=start_of(said, found),
        duration_minutes=said.duration_minutes,
        appointment_type=APPOINTMENT_TYPES[said.kind] if said.kind else None,
        unit_id=_unit(said.unit, target),
        employee_id=_known(said.agent, found.agents),
        lead_source_id=_known(lead_source, found.lead_sources),
        title=said.title,
        notes=said.notes,
        reference=code,
        property_name=found.name,
    )


def start_of(said: Said, found: Property) -> datetime:
    """The start as an instant; wall time is read in the zone of the property."""
    if said.starts_at:
        return said.starts_at.astimezone(UTC)
    if said.starts_at_local is None:
        raise Parked(Reason.UNMAPPABLE, "No event of this booking says when the tour starts.")
    try:
        return pms.from_wall_time(said.starts_at_local, ZoneInfo(found.time_zone))
    except BridgeError as error:
        raise Parked(Reason.INVALID_TIME, error.message) from error


def _known(value: str | None, crosswalk: Mapping[str, str]) -> str | None:
    """The Propexo id behind a sender's word; `None` lets the default of the property stand."""
    if value is None:
        return None
    by_name = {name.casefold(): known for name, known in crosswalk.items()}
    return by_name.get(value.strip().casefold()) or (value if PROPEXO_ID.fullmatch(value) else None)


def _unit(value: str | None, target: Target) -> str | None:
    unit = _known(value, target.property.units)
    operation = target.place.profile.create
    needed = operation is not None and "unit_id" in operation.required
    if value and not unit and needed and "unit_id" not in target.place.defaults:
        key = target.property.key
        raise Parked(
            Reason.UNKNOWN_UNIT,
            f'{target.place.profile.name} needs a unit, and "{value}" is not known at {key}. '
            f"Add it under `[properties.{key}.units]` with its Propexo id, then replay.",
        )
    return unit


def left_out(said: Said, tour: Tour) -> list[str]:
    """What the sender named and no crosswalk knows; the tour goes out without it."""
    pairs: list[tuple[str, Any, Any]] = [
        ("unit", said.unit, tour.unit_id),
        ("agent", said.agent, tour.employee_id),
        ("lead source", said.lead_source, tour.lead_source_id),
    ]
    return [f'{name} "{value}"' for name, value, known in pairs if value and not known]
