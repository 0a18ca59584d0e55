"""`bridge aliases`: what senders call the properties, beside what bridge.toml says."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from bridge.cli.base import cli_actor, config_option, json_option, load_settings, open_database, print_json
from bridge.cli.completion import complete_alias, complete_property
from bridge.cli.remote import RemoteBridge, remote_options
from bridge.cli.tables import plain, show_table
from bridge.clock import iso, utc_now
from bridge.console.actions import aliases as actions


@click.group()
def aliases() -> None:
    """Manage the names that senders use for a property, without a restart."""


@aliases.command("list")
@config_option
@remote_options
@json_option
def list_aliases(*, config: Path | None, remote: RemoteBridge | None, as_json: bool) -> None:
    """List the aliases that were added here or at the console; bridge.toml has the others."""
    rows = remote.get("/aliases")["aliases"] if remote else _stored(config)
    if as_json:
        print_json({"aliases": rows})
        return
    columns = ("alias", "property", "added_at", "added_by", "problem")
    headings = ("Alias", "Property", "Added", "By", "Problem")
    show_table(headings, [[plain(row[column]) for column in columns] for row in rows])


def _stored(config: Path | None) -> list[dict[str, Any]]:
    settings = load_settings(config)
    with open_database(settings) as database, database.session() as session:
        return [
            {**asdict(entry), "added_at": iso(entry.added_at)} for entry in actions.listed(session, settings)
        ]


@aliases.command()
@click.argument("alias")
@click.argument("property_name", metavar="PROPERTY", shell_complete=complete_property)
@config_option
@remote_options
def add(*, alias: str, property_name: str, config: Path | None, remote: RemoteBridge | None) -> None:
    """Add ALIAS as a name of PROPERTY (its key, name or an alias), from the next event on.

    Then `bridge events replay --reason unknown_property --property PROPERTY` releases what waits for it.
    """
    if remote:
        added = remote.post("/aliases", {"alias": alias, "property": property_name})
        name, key = added["alias"], added["property"]
    else:
        settings = load_settings(config)
        with open_database(settings) as database, database.session() as session:
            row = actions.add(session, settings, cli_actor(), alias, property_name, utc_now())
        name, key = row.alias, row.property
    click.echo(f'"{name}" means {key} from now on.')


@aliases.command()
@click.argument("alias", shell_complete=complete_alias)
@config_option
@remote_options
def remove(*, alias: str, config: Path | None, remote: RemoteBridge | None) -> None:
    """Remove ALIAS; tours that are written stay as they are."""
    if remote:
        remote.delete("/aliases", alias)
    else:
        settings = load_settings(config)
        with open_database(settings) as database, database.session() as session:
            actions.remove(session, cli_actor(), alias, utc_now())
    click.echo(f'"{alias}" is removed.')
