"""How long a chat waits for its answer while Propexo takes longer than the bridge waits for it.

A bot asks for free times, then books one, at a property whose PMS offers times itself; every call for free times
takes `--delay` seconds at Propexo. Goal: 99 of 100 answers within a second, however slow Propexo is.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import click
from load import percentile, post, print_result, run
from stage import NO_BUDGET, SECRET, stage

from bridge.sandbox.server import SandboxServer
from bridge.sandbox.state import Sandbox

PATH = "/v1/appointment-availability/"
CONFIGURATION = {
    "BRIDGE_PROPERTIES__OAKWOOD__PMS": "ENTRATA",
    "BRIDGE_PROPERTIES__OAKWOOD__TOUR_HOURS": "mon-sun 09:00-18:00",
    "BRIDGE_PROPERTIES__OAKWOOD__SLOTS__AT_ONCE": "1000",
    "BRIDGE_SOURCES__BOT__MAPPING": "voiceflow",
    "BRIDGE_SOURCES__BOT__PROPERTY": "oakwood",
    "BRIDGE_SOURCES__BOT__SECRETS": SECRET,
}


@click.command(help=__doc__)
@click.option("--requests", "number", default=400, show_default=True)
@click.option("--connections", default=4, show_default=True)
@click.option("--delay", default=10.0, show_default=True, help="Seconds that Propexo takes for free times.")
def chat(number: int, connections: int, delay: float) -> None:
    account = Sandbox(budget_per_minute=NO_BUDGET)
    account.add_integration("integration-oakwood", "ENTRATA")
    account.add_property("integration-oakwood", "property-oakwood", "Oakwood Flats")
    account.fail(method="POST", path=PATH, delay=delay, times=10_000)
    with SandboxServer(account) as propexo, stage(propexo.url) as here:
        here.environment.update(CONFIGURATION)
        url = f"{here.start_web()}/hooks/bot"
        result = run(url, messages(url, number), connections)
        seen = sum(request.path == PATH for request in account.requests)
    print_result({**result.document(), "max_ms": percentile(result.latencies, 1), "calls": seen})


def messages(url: str, number: int) -> Iterator[bytes]:
    """Questions for free times, and bookings, each in a conversation of its own."""
    day = (datetime.now(UTC) + timedelta(days=3)).date()
    for count in range(number):
        named = {"session_id": f"conversation-{count}", "email": f"renter{count}@example.com"}
        question = {"event": "tour.times", **named}
        booking = {
            "event": "tour.booked",
            "tour_start": f"{day} {9 + count % 9:02}:00",
            "name": "Maya Okafor",
            **named,
        }
        body = json.dumps(booking if count % 2 else question).encode()
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {SECRET}"}
        yield post(url, body, headers)


if __name__ == "__main__":
    chat()
