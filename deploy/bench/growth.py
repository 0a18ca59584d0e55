"""Whether the webhook endpoint and `bridge events list` get slower as the table of events grows.

Both are measured with few stored events and again with many, in one database. Goal: at most 10 % slower with
1 000 000 than with 1 000.
"""

import subprocess
import sys
import time
from typing import Any

import click
from accept import compare
from load import print_result, run
from stage import Stage, bookings, stage

LISTINGS = 7
"""The fastest counts: most of it is the start of the program, which is the same at any size."""


@click.command(help=__doc__)
@click.option("--few", default=1000, show_default=True)
@click.option("--many", default=1_000_000, show_default=True)
@click.option("--requests", default=4000, show_default=True, help="Requests of each side in a round.")
@click.option("--rounds", default=5, show_default=True)
def growth(few: int, many: int, requests: int, rounds: int) -> None:
    with stage() as here, here.bare_web() as bare:
        hook = f"{here.start_web()}/hooks/calendly"
        run(hook, iter(bookings(hook, 1)), connections=1)
        small, large = (measured(here, hook, bare, size, requests, rounds) for size in (few, many))
    print_result(
        {
            "accept_slower_by": round(1 - large["accept_ratio"] / small["accept_ratio"], 3),
            "accept_processor_slower_by": round(large["accept_us"] / small["accept_us"] - 1, 3),
            "events_list_slower_by": round(large["events_list_ms"] / small["events_list_ms"] - 1, 3),
            "few": small,
            "many": large,
        }
    )


def measured(here: Stage, hook: str, bare: str, size: int, requests: int, rounds: int) -> dict[str, Any]:
    """Both figures with a table of this size."""
    began = time.perf_counter()
    fill(here, size)
    filled = time.perf_counter() - began
    events = here.count("SELECT count(*) FROM events")
    listing = min(seconds_to_list(here) for _ in range(LISTINGS))
    accepted = compare(here, hook, bare, requests, rounds, 64)
    return {
        "events": events,
        "seconds_to_fill": round(filled, 1),
        "events_list_ms": round(1000 * listing, 1),
        "accept_ratio": accepted["ratio"],
        "accept_us": accepted["hook"]["processor_us"],
    }


def fill(here: Stage, size: int) -> None:
    """Copies of the first event, each of another person and booking, as they stand when they are written."""
    names = [row.name for row in here.rows(_COLUMNS)]
    changed = {
        "delivery_id": "delivery_id || '-' || number",
        "reference": "reference || '-' || number",
        "lock": "lock || '-' || number",
        "status": "'written'",
        "ended_at": "received_at",
        "queue_id": "NULL",
    }
    values = ", ".join(changed.get(name, f'"{name}"') for name in names)
    columns = ", ".join(f'"{name}"' for name in names)
    have = here.count("SELECT count(*) FROM events")
    here.execute(
        f"INSERT INTO events ({columns}) SELECT {values} "  # noqa: S608 - names of our own table
        f"FROM (SELECT * FROM events ORDER BY id LIMIT 1) AS first, generate_series({have} + 1, {size}) AS number"
    )
    here.execute("VACUUM ANALYZE events")
    here.execute("CHECKPOINT")


_COLUMNS = """
SELECT column_name AS name FROM information_schema.columns WHERE table_name = 'events' AND column_name <> 'id'
"""


def seconds_to_list(here: Stage) -> float:
    """One call of the command, from the shell's point of view."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "bridge", "events", "list"]
    subprocess.run(command, env=here.environment, check=True, capture_output=True)  # noqa: S603 - our own program
    return time.perf_counter() - began


if __name__ == "__main__":
    growth()
