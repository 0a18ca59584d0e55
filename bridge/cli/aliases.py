"""`bridge aliases`: what senders call the properties, beside what bridge.toml says."""

from dataclasses import asdict
from pathlib import Path

import click

from bridge.cli.base import cli_actor, config_option, json_option, load_settings, open_database, print_json
from bridge.cli.tables import plain, show_table
from bridge.clock import iso, utc_now
from bridge.console.actions import aliases as actions


@click.group()
def aliases() -> None:
    """Manage the names that senders use for a property, without a restart."""


@aliases.command("list")
@config_option
@json_option
def list_aliases(*, config: Path | None, as_json: bool) -> None:
    """List the aliases that were added here or at the console; bridge.toml has the others."""
    settings = load_settings(config)
    with open_database(settings) as database, database.session() as session:
        rows = [
            {**asdict(entry), "added_at": iso(entry.added_at)} for entry in actions.listed(session, settings)
        ]
    if as_json:
        print_json({"aliases": rows})
        return
    columns = ("alias", "property", "added_at", "added_by", "problem")
    headings = ("Alias", "Property", "Added", "By", "Problem")
    show_table(headings, [[plain(row[column]) for column in columns] for row in rows])


@aliases.command()
@click.argument("alias")
@click.argument("property_name", metavar="PROPERTY")
@config_option
def add(*, alias: str, property_name: str, config: Path | None) -> None:
    """Let ALIAS mean PROPERTY (its key, name or an alias), from the next event on.

    Then `bridge events replay --reason unknown_property --property PROPERTY` releases what waits for it.
    """
    settings = load_settings(config)
    with open_database(settings) as database, database.session() as session:
        row = actions.add(session, settings, cli_actor(), alias, property_name, utc_now())
    click.echo(f'"{row.alias}" means {row.property} from now on.')


@aliases.command()
@click.argument("alias")
@config_option
def remove(*, alias: str, config: Path | None) -> None:
    """Let ALIAS mean nothing any more; what is written stays as it is."""
    settings = load_settings(config)
    with open_database(settings) as database, database.session() as session:
        actions.remove(session, cli_actor(), alias, utc_now())
    click.echo(f'"{alias}" is removed.')
