"""`bridge integrations`: the connections to PMSs; pause and resume one."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from bridge.cli.base import cli_actor, config_option, json_option, load_settings, open_database, print_json
from bridge.cli.group import CommandError
from bridge.cli.tables import plain, show_table
from bridge.clock import iso, utc_now
from bridge.console.actions import integrations as actions
from bridge.console.queries import integrations as queries

name_argument = click.argument("integration", metavar="INTEGRATION")


@click.group()
def integrations() -> None:
    """Show the connections to PMSs; pause and resume one."""


@integrations.command("list")
@config_option
@json_option
def list_integrations(*, config: Path | None, as_json: bool) -> None:
    """List the integrations of all properties, with what keeps them from working."""
    settings = load_settings(config)
    with open_database(settings) as database, database.session() as session:
        rows = [_row(integration) for integration in queries.integrations(session, settings)]
    if as_json:
        print_json({"integrations": rows})
        return
    columns = {
        "integration_id": "Integration",
        "properties": "Properties",
        "state": "State",
        "since": "Since",
        "cause": "Cause",
        "reason": "Reason",
        "waiting": "Waiting",
        "next_probe": "Next probe",
    }
    shown = [{**row, "properties": ", ".join(row["properties"])} for row in rows]
    show_table(list(columns.values()), [[plain(row[column]) for column in columns] for row in shown])


@integrations.command()
@name_argument
@config_option
@click.option("--reason", required=True, help="Kept, and shown with every event that waits.")
def pause(*, integration: str, config: Path | None, reason: str) -> None:
    """Let the events of INTEGRATION wait until it is resumed; new ones are taken and wait too.

    INTEGRATION is its id, or the key or name of one of its properties.
    """
    settings = load_settings(config)
    found = queries.integration_named(settings, integration)
    with open_database(settings) as database:
        waiting = actions.pause(database, cli_actor(), found, reason, utc_now())
    click.echo(f"Integration {found} is paused; {_counted(waiting)}.")


@integrations.command()
@name_argument
@config_option
def resume(*, integration: str, config: Path | None) -> None:
    """End the pause of INTEGRATION; its events continue one after the other."""
    settings = load_settings(config)
    found = queries.integration_named(settings, integration)
    with open_database(settings) as database:
        waiting = actions.resume(database, cli_actor(), found, utc_now())
    if waiting is None:
        raise CommandError(f"Integration {found} is not paused.")
    click.echo(f"Integration {found} is resumed; {_counted(waiting)} no longer.")


def _row(row: queries.IntegrationRow) -> dict[str, Any]:
    moments = {"since": iso(row.since), "next_probe": iso(row.next_probe)}
    return {**asdict(row), "properties": list(row.properties), **moments}


def _counted(number: int) -> str:
    return "1 event waits" if number == 1 else f"{number} events wait"
