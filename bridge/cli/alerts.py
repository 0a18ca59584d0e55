"""`bridge alerts`: what people would be told now, and whether they can be reached."""

from pathlib import Path

import click

from bridge.alerts.watch import findings
from bridge.cli.base import CommandError, config_option, json_option, load_settings, open_database, print_json
from bridge.cli.tables import show_table
from bridge.clock import utc_now


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
        found = findings(session, settings, utc_now(), {})
    if as_json:
        rows = [
            {"kind": finding.kind, "about": finding.about, "level": finding.level, "lines": finding.lines}
            for finding in found
        ]
        print_json({"alerts": rows})
        return
    show_table(
        ("About", "What"), [(finding.kind.heading, line) for finding in found for line in finding.lines]
    )


@alerts.command()
@config_option
def test(*, config: Path | None) -> None:
    """Send a test message to each address of `alerts.urls` and report the result."""
    from bridge.alerts.channels import Channels  # noqa: PLC0415 - Apprise knows a hundred services and loads them all

    settings = load_settings(config)
    channels = Channels(settings.alerts.urls)
    if not channels:
        raise CommandError("alerts.urls is empty. Add an address, such as mailto://..., and try again.")
    text = "This is a test of the Propexo bridge. Alerts about tours will come to this address."
    sent = channels.send("The bridge can reach you", text)
    for address, arrived in sent.items():
        click.echo(f"{address}: {'sent' if arrived else 'NOT sent; check the address and its credentials'}")
    if not all(sent.values()):
        raise CommandError("Some addresses could not be reached.")
