"""`bridge sandbox`: a stand-in for Propexo to experiment with."""

import click

from bridge.cli.base import say
from bridge.sandbox.server import SandboxServer
from bridge.sandbox.state import Sandbox

VENDORS = ("ENTRATA", "REALPAGE_RPX", "RENTMANAGER", "RESMAN", "APPFOLIO", "MRI", "YARDI", "YARDI_REST")
"""The PMSs that take tours."""


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option(
    "--port", default=8090, show_default=True, type=click.IntRange(0, 65535), help="0 picks a free port."
)
@click.option(
    "--vendor",
    "vendors",
    multiple=True,
    type=click.Choice(VENDORS, case_sensitive=False),
    help="A property-management system to stand in for; may be given several times.  [default: all]",
)
@click.option(
    "--write-seconds",
    default=0.0,
    show_default=True,
    type=click.FloatRange(min=0),
    help="How long a write stays PENDING.",
)
@click.option(
    "--budget", default=150, show_default=True, type=click.IntRange(min=1), help="Requests per minute."
)
def sandbox(host: str, port: int, vendors: tuple[str, ...], write_seconds: float, budget: int) -> None:
    """Run a stand-in for Propexo that needs no account.

    It has one integration and one property for each property-management system, takes any token, keeps
    everything in memory, and shows it as a web page.
    """
    account = Sandbox(budget_per_minute=budget, write_seconds=write_seconds)
    server = SandboxServer(account, host, port)
    say(f"Propexo's stand-in: {server.url}")
    say(f'In bridge.toml: base_url = "{server.url}", any token, and for each property one of')
    for vendor in dict.fromkeys(vendors or VENDORS):
        integration_id, property_id = furnish(account, vendor)
        say(f'  integration_id = "{integration_id}", property_id = "{property_id}", pms = "{vendor}"')
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        say("Stopping.")
    finally:
        server.stop()


def furnish(account: Sandbox, vendor: str) -> tuple[str, str]:
    """One integration with one property and something to choose from; answers their ids."""
    name = vendor.lower()
    integration_id = account.add_integration(f"{name}-integration", vendor)
    property_id = account.add_property(integration_id, f"{name}-property", "Oakwood Flats")
    account.add_unit(integration_id, property_id, "101")
    account.add_employee(integration_id, property_id, "Alex Agent", roles=["LEASING_AGENT"])
    account.add_lead_source(integration_id, property_id, "Website")
    account.add_lead_relationship(integration_id, property_id, "Prospect")
    return integration_id, property_id
