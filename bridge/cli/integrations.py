"""`bridge integrations`: the connections to PMSs; pause and resume one."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from sqlalchemy.orm import Session

from bridge.cli.base import Refusal, config_option, json_option, load_settings, open_database, print_json
from bridge.cli.tables import plain, show_table
from bridge.clock import utc_now
from bridge.forwarding.pauses import Pauses, unfinished
from bridge.forwarding.story import iso
from bridge.models import Integration
from bridge.settings import Settings

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
        rows = [_told(session, settings, one) for one in _configured(settings)]
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
    found = _named(settings, integration)
    with open_database(settings) as database:
        waiting = Pauses(database, utc_now).pause(found, reason)
    click.echo(f"Integration {found} is paused; {_counted(waiting)}.")


@integrations.command()
@name_argument
@config_option
def resume(*, integration: str, config: Path | None) -> None:
    """End the pause of INTEGRATION, whoever began it; its events go on one after the other."""
    settings = load_settings(config)
    found = _named(settings, integration)
    with open_database(settings) as database:
        waiting = Pauses(database, utc_now).resume(found)
    if waiting is None:
        raise Refusal(f"Integration {found} is not paused.")
    click.echo(f"Integration {found} goes on; {_counted(waiting)} no longer.")


def _configured(settings: Settings) -> Iterator[str]:
    return iter(dict.fromkeys(place.integration_id for place in settings.properties.values()))


def _named(settings: Settings, text: str) -> str:
    """The integration that a person means. Raises Refusal."""
    known = list(_configured(settings))
    place = settings.property_named(text)
    if text in known or place is None:
        if text not in known:
            raise Refusal(
                f'No property has the integration "{text}"; there are: {", ".join(known) or "none"}.'
            )
        return text
    return place.integration_id


def _told(session: Session, settings: Settings, integration_id: str) -> dict[str, Any]:
    row = session.get(Integration, integration_id)
    places = settings.properties.values()
    told: dict[str, Any] = {
        "integration_id": integration_id,
        "properties": [place.key for place in places if place.integration_id == integration_id],
        "state": "running",
        "since": None,
        "cause": None,
        "reason": None,
        "waiting": unfinished(session, integration_id),
        "next_probe": None,
    }
    if row and row.paused_at:
        told |= {"state": "paused", "since": iso(row.paused_at), "cause": row.cause, "reason": row.reason}
        told["next_probe"] = iso(row.probe_at)
    elif row and row.failures:
        reason = f"{row.failures} calls in a row reached nobody."
        told |= {"state": "failing", "since": iso(row.failing_since), "reason": reason}
    return told


def _counted(number: int) -> str:
    return "1 event waits" if number == 1 else f"{number} events wait"
