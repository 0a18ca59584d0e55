"""Checks what Propexo publishes about an integration against bridge.toml, before the first tour needs it.

`read` makes the calls; `findings` decides from their answers. A switch that Propexo does not list is not known,
so there is no finding about it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from bridge.propexo.client import Integration, NoQuota, Propexo, PropexoRecord
from bridge.propexo.errors import PropexoError, UnauthorizedError
from bridge.propexo.pms import PROFILES, Profile
from bridge.settings import Property, Settings
from bridge.settings.records import PropexoSettings

Level = Literal["ok", "warning", "problem"]


@dataclass(frozen=True)
class PreflightFinding:
    """One thing that was looked at."""

    level: Level
    """A problem keeps something from working; a warning is to be known."""
    key: str
    """Where: the path of a key, a file or a service."""
    message: str


KINDS = {
    "units": ("unit", "units", "unit_id", "units"),
    "employees": ("employee", "employees", "employee_id", "agents"),
    "lead-sources": ("lead source", "lead_sources", "lead_source_id", "lead_sources"),
    "lead-relationships": ("lead relationship", "lead_relationships", "lead_relationship_id", None),
}
"""Kind of record -> its name, its data model, its key in `defaults`, and the table of bridge.toml with such ids."""


@dataclass(frozen=True)
class Published:
    """What Propexo says of one integration; a mapping without a key means that it was not asked."""

    integration: Integration | None
    properties: Mapping[str, str | None] = field(default_factory=dict)
    """The properties that are readable, by id, with their names."""
    enabled: Mapping[str, bool] = field(default_factory=dict)
    """Whether each property is synced, by id."""
    records: Mapping[tuple[str, str], Sequence[PropexoRecord]] = field(default_factory=dict)
    """Key of the configured property and kind -> what may be chosen there."""


def client_of(account: PropexoSettings) -> Propexo:
    """A client for a few calls, which the budget of the workers does not know of."""
    return Propexo(
        account.base_url,
        account.token,
        quota=NoQuota(),
        connect_timeout=account.connect_timeout,
        read_timeout=account.read_timeout,
    )


def examine(settings: Settings, client: Propexo) -> Iterator[PreflightFinding]:
    """Whether Propexo takes the token, and what is wrong with each property that has no placeholder as its id."""
    account, everywhere = settings.propexo, list(settings.properties.values())
    integrations = _integrations(settings)
    if not integrations:
        message = "not tried: it takes an integration_id to ask for; configure a property"
        yield PreflightFinding("warning", "propexo.token", message)
    try:
        for number, (integration_id, places) in enumerate(integrations.items()):
            published = read(client, integration_id, places)
            if number == 0:
                yield PreflightFinding("ok", "propexo.token", f"{account.base_url} accepts it")
            for place in places:
                other_properties = [other for other in everywhere if other.key != place.key]
                yield from findings(place, other_properties, published)
    except UnauthorizedError as error:
        yield PreflightFinding("problem", "propexo.token", error.message)
    except PropexoError as error:
        yield PreflightFinding("problem", "propexo.base_url", f"{account.base_url}: {error.message}")


def start_warnings(settings: Settings, client: Propexo) -> Iterator[str]:
    """What is to be known before a worker begins: leads or events that are not synced. Raises PropexoError."""
    for integration_id, places in _integrations(settings).items():
        integration = client.get_integration(integration_id)
        if integration is not None:
            yield from unsynced(places[0], integration)


def _integrations(settings: Settings) -> dict[str, list[Property]]:
    """The properties of each integration; those with a placeholder are reported already."""
    found: dict[str, list[Property]] = {}
    for each in settings.properties.values():
        if not any(map(is_placeholder, (each.integration_id, each.property_id))):
            found.setdefault(each.integration_id, []).append(each)
    return found


def read(client: Propexo, integration_id: str, places: Sequence[Property]) -> Published:
    """Ask Propexo for what `findings` needs of the properties of one integration. Raises PropexoError."""
    integration = client.get_integration(integration_id)
    if integration is None:
        return Published(None)
    return Published(
        integration,
        {each.id: each.name for each in client.list_properties(integration_id=integration_id)},
        client.list_enabled(integration_id=integration_id),
        {
            (place.key, kind): list_records(client, kind, place)
            for place in places
            for kind in KINDS
            if dict(_configured_ids(place, kind))
        },
    )


def list_records(client: Propexo, kind: str, place: Property) -> list[PropexoRecord]:
    """List the records of a kind (a key of KINDS) at a property. Raises PropexoError."""
    calls = {
        "units": client.list_units,
        "employees": client.list_employees,
        "lead-sources": client.list_lead_sources,
        "lead-relationships": client.list_lead_relationships,
    }
    return calls[kind](integration_id=place.integration_id, property_id=place.property_id)


def findings(
    place: Property, other_properties: Sequence[Property], published: Published
) -> Iterator[PreflightFinding]:
    """What is wrong with a property, each in one sentence with its fix. `others` are the other configured ones."""
    key = f"properties.{place.key}"
    integration = published.integration
    if integration is None:
        message = f'Propexo knows no integration "{place.integration_id}"; copy its id from Propexo'
        yield PreflightFinding("problem", f"{key}.integration_id", message)
        return
    yield from _integration(place, integration)
    yield from _models(place, integration)
    yield from _interfaces(place, integration)
    yield from _property(place, other_properties, published)
    for kind in KINDS:
        yield from _records(place, kind, published)


def unsynced(place: Property, integration: Integration) -> list[str]:
    """What happens because leads or events of an integration are not synced."""
    return [each.message for each in _models(place, integration) if each.key.endswith(".integration_id")]


def _integration(place: Property, found: Integration) -> Iterator[PreflightFinding]:
    key = f"properties.{place.key}"
    if found.vendor.upper() != place.pms:
        message = f'found "{place.pms}", but at Propexo this integration is "{found.vendor}"; correct it'
        yield PreflightFinding("problem", f"{key}.pms", message)
    if found.active is False or found.is_archived:
        message = "the integration is switched off at Propexo; activate it there"
        yield PreflightFinding("problem", f"{key}.integration_id", message)
    if found.can_authenticate is False:
        message = "the PMS refuses the credentials that Propexo holds for this integration; renew them there"
        yield PreflightFinding("problem", f"{key}.integration_id", message)


def _models(place: Property, found: Integration) -> Iterator[PreflightFinding]:
    """Propexo: each data model is switched on per integration, and leads and events are not at first."""
    profile, key = PROFILES.get(place.pms), f"properties.{place.key}.integration_id"
    for model, consequence, is_needed in _needed_models(profile):
        if found.models.get(model) is False:
            message = (
                f'Propexo does not sync the model "{model}" of integration "{found.id}", so {consequence}; '
                "ask Propexo to enable it"
            )
            yield PreflightFinding("problem" if is_needed else "warning", key, message)
    taken = _fields_of(profile)
    for name, model, field_name, table in KINDS.values():
        if found.models.get(model) is not False or field_name not in taken:
            continue
        message = (
            f'Propexo does not sync the model "{model}", so the {name} that a booking names is not found'
        )
        where = f"list the ids under properties.{place.key}.{table}" if table else "set the default"
        yield PreflightFinding(
            "warning",
            f"properties.{place.key}.{table or f'defaults.{field_name}'}",
            f"{message}; ask Propexo to enable it, or {where}",
        )


def _fields_of(profile: Profile | None) -> frozenset[str]:
    if profile is None:
        return frozenset()
    return (profile.create.fields if profile.create else frozenset()) | (profile.lead or frozenset())


def _needed_models(profile: Profile | None) -> Iterator[tuple[str, str, bool]]:
    """Model, what happens without it, and whether tours depend on it."""
    name = profile.name if profile else "the PMS"
    if profile is None or profile.returns_lead_id:
        yield "leads", "known renters are not found and become second leads", False
    else:
        yield (
            "leads",
            f"the id of a new lead never arrives ({name} gives none) and its tour is never booked",
            True,
        )
    if profile is None or profile.returns_appointment_id:
        yield "events", "an appointment whose write has an unknown outcome is not found again", False
    else:
        yield (
            "events",
            f"the id of an appointment never arrives ({name} gives none), so no tour can be moved or cancelled",
            True,
        )


INTERFACES = (
    (("CREATE_LEAD",), "no new lead can be written", "problem"),
    (("GUESTCARD",), "no lead and no tour can be read or written", "problem"),
    (("CREATE_APPOINTMENT", "CREATE_EVENT"), "no tour can be booked", "problem"),
    (("UPDATE_APPOINTMENT",), "no tour can be moved", "problem"),
    (("UPDATE_APPOINTMENT_CANCEL",), "no tour can be cancelled", "problem"),
    (("UPDATE_LEAD",), "corrected contact data does not reach the lead", "warning"),
    (("LEADS", "READ_LEADS", "PROSPECTS"), "leads are not read back", "warning"),
    (("APPOINTMENTS", "READ_APPOINTMENTS", "LEAD_EVENTS"), "appointments are not read back", "warning"),
    (("APPOINTMENT_AVAILABILITY",), "free times of the calendar cannot be asked for", "warning"),
    (("BASE",), "nothing can be read or written", "problem"),
)  # fmt: skip
"""Names of interfaces without the PMS before them, what does not work without, and how bad that is."""


def _interfaces(place: Property, found: Integration) -> Iterator[PreflightFinding]:
    levels: dict[str, Level] = {"problem": "problem", "warning": "warning"}
    for names, consequence, level in INTERFACES:
        for name in names:
            interface = f"{found.vendor.upper()}_{name}"
            if found.interfaces.get(interface) is False:
                message = (
                    f"the interface {interface} is switched off at Propexo, so {consequence}; have it enabled"
                )
                yield PreflightFinding(levels[level], f"properties.{place.key}.integration_id", message)


def _property(
    place: Property, other_properties: Sequence[Property], published: Published
) -> Iterator[PreflightFinding]:
    key = f"properties.{place.key}.property_id"
    if published.enabled.get(place.property_id) is False:
        message = "the property is not enabled at Propexo, so nothing of it is synced; enable it there"
        yield PreflightFinding("problem", key, message)
    if place.property_id not in published.properties:
        listed = ", ".join(f"{each} ({name})" for each, name in list(published.properties.items())[:5])
        message = f'the integration has no property "{place.property_id}"; it has {listed or "none"}'
        yield PreflightFinding("problem", key, f"{message}. Copy the id from Propexo")
        return
    name = published.properties[place.property_id]
    swapped = next((other for other in other_properties if name and _is_called(other, name)), None)
    if not name or _is_called(place, name):
        yield PreflightFinding("ok", key, f"Propexo calls it {name or 'nothing'}")
    elif swapped:
        message = (
            f'"{place.key}" is called "{name}" there, which is the name of properties.{swapped.key}: '
            "put each id where it belongs"
        )
        yield PreflightFinding("problem", key, message)
    else:
        message = f'"{place.key}" is called "{name}" there; correct the id, or set properties.{place.key}.name to it'
        yield PreflightFinding("warning", key, message)


_COMMON = frozenset(
    {"a", "and", "apartment", "apartments", "apts", "at", "by", "community", "flats", "homes", "in", "lofts"}
    | {"of", "on", "residences", "the"}
)


def _is_called(place: Property, name: str) -> bool:
    """Whether a property goes by this name: they share a word that few properties have."""
    known = _words(place.key, place.name or "", *place.aliases)
    return bool(_words(name) & known) or not _words(name)


def _words(*texts: str) -> frozenset[str]:
    return frozenset(re.findall(r"[^\W_]+", " ".join(texts).casefold())) - _COMMON


def _configured_ids(place: Property, kind: str) -> Iterator[tuple[str, str]]:
    """Each id of this kind in bridge.toml, by its key."""
    _, _, default, table = KINDS[kind]
    if default in place.defaults:
        yield f"properties.{place.key}.defaults.{default}", str(place.defaults[default])
    for word, record_id in getattr(place, table).items() if table else ():
        yield f"properties.{place.key}.{table}.{word}", record_id


def _records(place: Property, kind: str, published: Published) -> Iterator[PreflightFinding]:
    """Configured ids that do not exist, and employees who are gone; nothing if Propexo does not sync the model."""
    name, model, _, _ = KINDS[kind]
    integration = published.integration
    if (place.key, kind) not in published.records or (integration and integration.models.get(model) is False):
        return
    known = {each.id: each for each in published.records[place.key, kind]}
    for key, record_id in _configured_ids(place, kind):
        if is_placeholder(record_id):
            continue
        found = known.get(record_id)
        if found is None:
            message = (
                f'Propexo has no {name} "{record_id}" at this property; '
                f"`bridge propexo list {kind} --property {place.key}` lists the ids"
            )
            yield PreflightFinding("problem", key, message)
        elif found.is_active is False:
            message = f"{found.name or record_id} is no longer active in the PMS; choose another {name}"
            yield PreflightFinding("warning", key, message)
        elif kind == "employees" and found.roles and "LEASING_AGENT" not in found.roles:
            message = (
                f"{found.name or record_id} is no leasing agent there, so the PMS may refuse; choose another"
            )
            yield PreflightFinding("warning", key, message)


_PLACEHOLDER = re.compile(
    r"replace-me|\.{2,}|…|<.*>|\?+|x{3,}|todo|tbd|change[-_ ]?me|your[-_ ].*", re.IGNORECASE
)


def is_placeholder(text: str) -> bool:
    """Whether a text is a placeholder for a value to be filled in: "...", "<id>", "replace-me"."""
    return bool(_PLACEHOLDER.fullmatch(text.strip()))
