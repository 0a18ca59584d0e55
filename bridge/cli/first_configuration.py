"""The properties of a new bridge.toml, from Propexo: ids, PMS, names, and the time zone if it is known."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence

from bridge.propexo.client import Propexo, PropexoRecord, StandardOffset
from bridge.propexo.pms import PROFILES
from bridge.propexo.preflight import KINDS
from bridge.settings.records import PropexoSettings

ZONES = {
    ("-05:00", True): "America/New_York",
    ("-06:00", True): "America/Chicago",
    ("-07:00", True): "America/Denver",
    ("-07:00", False): "America/Phoenix",
    ("-08:00", True): "America/Los_Angeles",
    ("-09:00", True): "America/Anchorage",
    ("-10:00", False): "Pacific/Honolulu",
}
"""Standard offset and whether it observes daylight saving -> the zone of the United States that this is."""
_TABLE = re.compile(r"(?ms)^\[properties\.oakwood\]\n.*?(?=^# For what a booking does not say)")


def properties_of(client: Propexo) -> tuple[list[PropexoRecord], dict[str, StandardOffset]]:
    """The properties of the account, and the clocks that Propexo knows, by property id. Raises PropexoError."""
    found = [each for each in client.list_properties() if each.is_active is not False and each.integration_id]
    offsets: dict[str, StandardOffset] = {}
    for integration_id in dict.fromkeys(each.integration_id for each in found):
        for offset in client.list_offsets(integration_id=integration_id or ""):
            if offset.property_id:
                offsets[offset.property_id] = offset
    return found, offsets


def with_properties(
    template: str, found: Sequence[PropexoRecord], offsets: Mapping[str, StandardOffset], base_url: str
) -> str:
    """The template with these properties in place of its example."""
    keys = dict(_keys(found))
    tables = "\n".join(
        _table(key, each, offsets.get(each.id), is_name_taken=_is_name_taken(each, found))
        for key, each in keys.items()
    )
    text, replaced = _TABLE.subn(lambda _: f"{tables}\n", template, count=1)
    if not replaced:
        raise ValueError("the template has no example of a property")
    example = next(iter(keys))
    text = text.replace("#[properties.oakwood.", f"#[properties.{example}.")
    text = text.replace('#property = "oakwood"', f'#property = "{example}"')
    if base_url != PropexoSettings.base_url:
        text = text.replace(f'#base_url = "{PropexoSettings.base_url}"', f"base_url = {toml_text(base_url)}")
    return text


def _keys(found: Sequence[PropexoRecord]) -> Iterator[tuple[str, PropexoRecord]]:
    """A key for each property, made of its name."""
    used: set[str] = set()
    for each in found:
        stem = re.sub(r"[^a-z0-9]+", "-", (each.name or each.id).casefold()).strip("-") or "property"
        key, number = stem, 2
        while key in used:
            key, number = f"{stem}-{number}", number + 1
        used.add(key)
        yield key, each


def _is_name_taken(each: PropexoRecord, found: Sequence[PropexoRecord]) -> bool:
    """Whether a property before this one has the same name: a sender's word is to mean one property."""
    before = found[: found.index(each)]
    return (each.name or "").casefold() in {(other.name or "").casefold() for other in before}


def _table(key: str, found: PropexoRecord, offset: StandardOffset | None, *, is_name_taken: bool) -> str:
    lines = [
        f"[properties.{key}]",
        f"integration_id = {toml_text(found.integration_id or '')}",
        f"property_id = {toml_text(found.id)}",
        f"pms = {toml_text(found.vendor or '')}",
        *_zone(offset),
    ]
    if found.name and is_name_taken:
        lines.append("# Fill in: another property has this name, and bookings are to name only one of them.")
        lines.append(f"#name = {toml_text(found.name)}")
    elif found.name:
        lines.append(f"name = {toml_text(found.name)}")
    return "\n".join([*lines, *_defaults(key, found.vendor or ""), ""])


def _zone(offset: StandardOffset | None) -> Iterator[str]:
    zone = ZONES.get((offset.offset or "", bool(offset.observes_daylight_saving))) if offset else None
    if zone and offset:
        saving = "with" if offset.observes_daylight_saving else "without"
        yield f"# Propexo: {offset.offset} {saving} daylight saving."
        yield f"time_zone = {toml_text(zone)}"
    else:
        yield "# Fill in: Propexo gives no time zone for this property. The IANA name of the place."
        yield 'time_zone = "replace-me"'


def toml_text(text: str) -> str:
    """A TOML string; JSON's are TOML's as well."""
    return json.dumps(text)


def _defaults(key: str, vendor: str) -> Iterator[str]:
    """The ids without which this PMS takes no lead or no tour, for tours that name none."""
    profile = PROFILES.get(vendor.upper())
    if profile is None or profile.create is None:
        return
    required = profile.create.required | (profile.lead or frozenset())
    needed = [(kind, names[2]) for kind, names in KINDS.items() if names[2] in required]
    if needed or "appointment_duration_minutes" in required:
        yield f"[properties.{key}.defaults]"
    if "appointment_duration_minutes" in required:
        yield "duration_minutes = 30"
    for kind, name in needed:
        yield f"# Fill in: `bridge propexo list {kind} --property {key}`"
        yield f'{name} = "replace-me"'
