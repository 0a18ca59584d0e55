"""`bridge alerts`: the current alerts, and a test of the addresses."""

from pathlib import Path

import click

from bridge.alerts.test_message import NoAlertAddressError, send_test
from bridge.cli.base import cli_actor, config_option, json_option, load_settings, open_database, print_json
from bridge.cli.group import CommandError
from bridge.cli.tables import show_table
from bridge.clock import utc_now
from bridge.console.queries.alerts import alert_overview


@click.group()
def alerts() -> None:
    """Show the current alerts, and test the channels."""


@alerts.command("list")
@config_option
@json_option
def list_alerts(*, config: Path | None, as_json: bool) -> None:
    """List the current alerts without sending them."""
    settings = load_settings(config)
    with open_database(settings) as database, database.session() as session:
        found = alert_overview(session, settings, cli_actor(), utc_now()).alerts
    if as_json:
        rows = [
            {"kind": alert.kind, "about": alert.about, "level": alert.level, "lines": alert.lines}
            for alert in found
        ]
        print_json({"alerts": rows})
        return
    show_table(("About", "What"), [(alert.heading, line) for alert in found for line in alert.lines])


@alerts.command()
@config_option
def test(*, config: Path | None) -> None:
    """Send a test message to each address of `alerts.urls` and report the result."""
    try:
        results = send_test(load_settings(config))
    except NoAlertAddressError as error:
        raise CommandError(error.message) from error
    for result in results:
        outcome = "sent" if result.is_sent else "NOT sent; check the address and its credentials"
        click.echo(f"{result.address}: {outcome}")
    if not all(result.is_sent for result in results):
        raise CommandError("Some addresses could not be reached.")
