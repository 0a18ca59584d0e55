"""How much memory the processes hold after many events went through them.

Events come in and are run to their end; the resident memory of each process is read when a tenth of them has ended, and
when all have: what grows in between is a leak. Some are tours, which a worker needs three runs and five calls for; all
others are no-shows, which it reads and keeps. Goal: every web process and the worker under 150 MB after 100 000 events.
"""

from itertools import chain

import click
from drain import until_ended
from load import print_result, run
from stage import Stage, bookings, no_shows, sandbox, stage

PORTION = 2000
"""Events that are made at once: their signatures are good for five minutes."""


@click.command(help=__doc__)
@click.option("--events", default=100_000, show_default=True)
@click.option("--tours", default=5000, show_default=True, help="So many of them, spread evenly.")
@click.option("--at-most", default=7200.0, show_default=True, help="Seconds to wait for the worker.")
def memory(events: int, tours: int, at_most: float) -> None:
    share = min(1.0, tours / events)
    with sandbox() as propexo, stage(propexo.url) as here:
        endpoint = f"{here.start_web()}/hooks/calendly"
        here.start_worker()
        at_the_start = here.resident()
        feed(here, endpoint, events // 10, share, at_most)
        after_a_tenth = here.resident()
        feed(here, endpoint, events - events // 10, share, at_most)
        print_result(
            {
                "events": here.count("SELECT count(*) FROM events WHERE ended_at IS NOT NULL"),
                "written": here.count("SELECT count(*) FROM events WHERE status = 'written'"),
                "largest_mb": here.resident(),
                "after_a_tenth_mb": after_a_tenth,
                "at_the_start_mb": at_the_start,
            }
        )


def feed(here: Stage, endpoint: str, count: int, share: float, at_most: float) -> None:
    """Post so many events, and wait until they have ended."""
    for start in range(0, count, PORTION):
        portion = min(PORTION, count - start)
        tours = round(portion * share)
        run(endpoint, chain(bookings(endpoint, tours), no_shows(endpoint, portion - tours)))
    until_ended(here, at_most)


if __name__ == "__main__":
    memory()
