"""`bridge propexo`: the records of the account at Propexo, with the ids for bridge.toml."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from bridge.cli.base import config_option, json_option, load_settings, print_json, say
from bridge.cli.group import CommandError
from bridge.cli.tables import plain, show_table
from bridge.propexo import preflight
from bridge.propexo.client import Propexo, PropexoRecord
from bridge.settings import Property, Settings

Row = dict[str, Any]
KINDS = ("integrations", "properties", "units", "employees", "lead-sources", "lead-relationships")
COLUMNS = {
    "integrations": ("id", "name", "pms", "properties", "active", "last_sync", "not_synced"),
    "properties": ("id", "name", "pms", "integration_id", "enabled", "configured_as"),
    "units": ("property", "id", "name"),
    "employees": ("property", "id", "name", "email", "active", "roles"),
    "lead-sources": ("property", "id", "name"),
    "lead-relationships": ("property", "id", "name"),
}
MODELS = ("leads", "events", "employees", "units", "lead_sources", "lead_relationships")


@click.group()
def propexo() -> None:
    """Show what the account has at Propexo, with the ids that bridge.toml wants."""


@propexo.command("list")
@click.argument("kind", type=click.Choice(KINDS))
@click.option("--property", "property_name", metavar="KEY", help="Only of this configured property.")
@config_option
@json_option
def list_records(*, kind: str, property_name: str | None, config: Path | None, as_json: bool) -> None:
    """List integrations, properties, units, employees, lead sources or lead relationships.

    Units and people are those of the configured properties; integrations and properties are those of the account.
    """
    settings = load_settings(config)
    places = _places(settings, property_name)
    rows = list(
        _rows(preflight.client_of(settings.propexo), kind, settings, places, is_narrowed=bool(property_name))
    )
    if as_json:
        print_json({kind.replace("-", "_"): rows})
    elif rows:
        columns = COLUMNS[kind]
        headings = [column.replace("_", " ").capitalize() for column in columns]
        show_table(headings, [[_cell(row[column]) for column in columns] for row in rows])
    else:
        say(
            f"Propexo lists no {kind.replace('-', ' ')} here. `bridge check` says which models it does not sync."
        )


def _cell(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list) else str(plain(value))


def _places(settings: Settings, name: str | None) -> list[Property]:
    if name is None:
        return list(settings.properties.values())
    found = settings.property_named(name)
    if found is None:
        known = ", ".join(settings.properties) or "none"
        raise CommandError(f'No property is called "{name}"; there are: {known}.')
    return [found]


def _rows(
    client: Propexo, kind: str, settings: Settings, places: Sequence[Property], *, is_narrowed: bool
) -> Iterator[Row]:
    if kind in preflight.KINDS:
        for place in places:
            for record in preflight.list_records(client, kind, place):
                yield _record(place, record)
        return
    integration_id = places[0].integration_id if is_narrowed else None
    properties = client.list_properties(integration_id=integration_id)
    if kind == "integrations":
        yield from _integrations(client, properties)
    elif is_narrowed:
        here = [record for record in properties if record.id == places[0].property_id]
        yield from _properties(client, here, settings)
    else:
        yield from _properties(client, properties, settings)


def _record(place: Property, record: PropexoRecord) -> Row:
    return {
        "property": place.key,
        "id": record.id,
        "name": record.name,
        "email": record.email,
        "active": record.is_active,
        "roles": list(record.roles),
    }


def _integrations(client: Propexo, properties: Sequence[PropexoRecord]) -> Iterator[Row]:
    """Propexo documents no list of integrations: those that have a readable property."""
    for integration_id in dict.fromkeys(
        record.integration_id for record in properties if record.integration_id
    ):
        found = client.get_integration(integration_id)
        if found is None:
            continue
        yield {
            "id": found.id,
            "name": found.name,
            "pms": found.vendor,
            "properties": sum(record.integration_id == integration_id for record in properties),
            "active": bool(found.active) and not found.is_archived,
            "last_sync": found.last_completed_sync,
            "not_synced": [name for name in MODELS if found.models.get(name) is False],
        }


def _properties(client: Propexo, properties: Sequence[PropexoRecord], settings: Settings) -> Iterator[Row]:
    enabled: dict[str, bool] = {}
    for integration_id in dict.fromkeys(
        record.integration_id for record in properties if record.integration_id
    ):
        enabled |= client.list_enabled(integration_id=integration_id)
    configured = {place.property_id: place.key for place in settings.properties.values()}
    for record in properties:
        yield {
            "id": record.id,
            "name": record.name,
            "pms": record.vendor,
            "integration_id": record.integration_id,
            "enabled": enabled.get(record.id),
            "configured_as": configured.get(record.id),
        }
