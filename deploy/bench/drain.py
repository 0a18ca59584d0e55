"""How many tours are written in a second when a backlog is there and Propexo sets no limit.

The web process stores the bookings first, each of a new person; then it ends, and the workers start against a sandbox
that writes at once. Counted is the whole time from the first call to the end of the last tour. Goal: with two workers
at least 60 tours a second, and for each tour at most 25 ms of processor time of the workers and PostgreSQL together,
and at most 8 transactions. The sandbox runs on the same machine. What each side takes of the processors and the
transactions include the start of the workers; the transactions, also their end.
"""

import time

import click
from load import print_result, run
from stage import Stage, bookings, sandbox, stage


@click.command(help=__doc__)
@click.option("--bookings", "count", default=2000, show_default=True, help="Size of the backlog.")
@click.option("--workers", default=2, show_default=True, help="Worker processes.")
@click.option("--at-most", default=600.0, show_default=True, help="Seconds to wait for the end.")
def drain(count: int, workers: int, at_most: float) -> None:
    with sandbox() as propexo, stage(propexo.url) as here:
        endpoint = f"{here.start_web()}/hooks/calendly"
        run(endpoint, iter(bookings(endpoint, count)))
        here.children.stop()
        transactions = here.transactions()
        for number in range(workers):
            here.start_worker(f"worker {number + 1}")
        before = here.processor_seconds_of()
        seconds = until_ended(here, at_most)
        used = here.processor_seconds_of()
        ends = here.rows("SELECT status, count(*) AS events FROM events GROUP BY 1 ORDER BY 1")
        written = here.count("SELECT count(*) FROM events WHERE status = 'written'")
        calls = len(propexo.sandbox.requests)
        here.children.stop()
        transactions = here.transactions() - transactions
        print_result(
            {
                "tours_per_second": round(written / seconds, 1),
                "written": written,
                "seconds": round(seconds, 1),
                "workers": workers,
                "events": {row.status: row.events for row in ends},
                "calls": calls,
                "calls_per_tour": round(calls / max(1, written), 2),
                "transactions_per_tour": round(transactions / max(1, written), 2),
                "processor_ms_per_tour": {
                    process: round(1000 * (used[process] - before[process]) / max(1, written), 1)
                    for process in used
                },
            }
        )


def until_ended(here: Stage, at_most: float) -> float:
    """Seconds from the first call to the end of the last event, or the whole time where some do not end."""
    deadline = time.monotonic() + at_most
    while time.monotonic() < deadline:
        if here.count("SELECT count(*) FROM events WHERE ended_at IS NULL") == 0:
            break
        time.sleep(0.2)
    span = (
        "SELECT extract(epoch FROM coalesce((SELECT max(ended_at) FROM events), now()) - min(started_at))::float AS s "
        "FROM attempts"
    )
    return float(here.rows(span)[0].s)


if __name__ == "__main__":
    drain()
