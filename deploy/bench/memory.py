"""How much memory the processes hold after many events went through them.

Bookings come in and are written to a sandbox; the resident memory of each process is read when a tenth of them has
ended, and when all have: what grows in between is a leak. Goal: every web process and the worker under 150 MB after
100 000 events.
"""

import click
from drain import until_ended
from load import print_result, run
from stage import Stage, bookings, sandbox, stage

PORTION = 2000
"""Bookings that are made at once: their signatures are good for five minutes."""


@click.command(help=__doc__)
@click.option("--events", default=100_000, show_default=True)
@click.option("--at-most", default=7200.0, show_default=True, help="Seconds to wait for the worker.")
def memory(events: int, at_most: float) -> None:
    with sandbox() as propexo, stage(propexo.url) as here:
        door = f"{here.start_web()}/hooks/calendly"
        here.start_worker()
        at_the_start = here.resident()
        feed(here, door, events // 10, at_most)
        after_a_tenth = here.resident()
        feed(here, door, events - events // 10, at_most)
        print_result(
            {
                "events": here.count("SELECT count(*) FROM events WHERE ended_at IS NOT NULL"),
                "largest_mb": here.resident(),
                "after_a_tenth_mb": after_a_tenth,
                "at_the_start_mb": at_the_start,
            }
        )


def feed(here: Stage, door: str, count: int, at_most: float) -> None:
    """Post so many bookings, and wait until they have ended."""
    for start in range(0, count, PORTION):
        run(door, iter(bookings(door, min(PORTION, count - start))))
    until_ended(here, at_most)


if __name__ == "__main__":
    memory()
