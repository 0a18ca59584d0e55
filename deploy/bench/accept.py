"""How fast the webhook endpoint takes events, next to a Flask view that only reads the body.

Signed 2 KB bodies of Calendly; the two sides take turns under the same gunicorn settings, so that what else the
machine does reaches both. With `--with-worker` a worker forwards the stored events meanwhile, at the priority that
`bridge serve` gives it; it rests while it is the bare view's turn, and its own processor time is not counted. Goal: a
`processor_ratio` of 0.36 with 64 connections, of 0.28 with 16, and of 0.25 with 16 and a worker.
"""

from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import click
from load import Result, median, percentile, print_result, run
from stage import Stage, bookings, sandbox_process, stage


@click.command(help=__doc__)
@click.option("--requests", default=6000, show_default=True, help="Requests of each side in a round.")
@click.option("--rounds", default=5, show_default=True, help="Rounds, of which the median counts.")
@click.option("--connections", default=64, show_default=True, help="Connections that are busy at any time.")
@click.option("--with-worker", is_flag=True, help="Let a worker forward the events meanwhile.")
@click.option("--threads", default=None, type=int, help="server.threads, for both sides.")
@click.option("--workers", default=None, type=int, help="server.workers, for both sides.")
def accept(
    requests: int,
    rounds: int,
    connections: int,
    with_worker: bool,
    threads: int | None,
    workers: int | None,
) -> None:
    chosen = {"threads": threads, "workers": workers}
    server = {name: value for name, value in chosen.items() if value}
    with ExitStack() as stack:
        propexo = {"base_url": stack.enter_context(sandbox_process())} if with_worker else {}
        here = stack.enter_context(stage(**propexo, **server))
        bare = stack.enter_context(here.bare_web())
        hook = f"{here.start_web()}/hooks/calendly"
        measured = compare(here, hook, bare, requests, rounds, connections, with_worker=with_worker)
        print_result(
            {
                **measured,
                "settings": settings_of(here),
                "stored": here.count("SELECT count(*) FROM events"),
                "memory_mb": here.resident(),
            }
        )


def compare(
    here: Stage,
    hook: str,
    bare: str,
    requests: int,
    rounds: int,
    connections: int,
    *,
    with_worker: bool = False,
) -> dict[str, Any]:
    """Both sides in turns, after a short round of each to warm up; the median of the rounds' ratios."""
    for url in (bare, hook):
        measure(here, url, min(requests, 1000), connections)
    if with_worker:
        here.start_worker_apart()
    pairs = []
    for _ in range(rounds):
        with here.workers_resting():
            bares = measure(here, bare, requests, connections)
        pairs.append((bares, measure(here, hook, requests, connections)))
    ratios = [ours.result.per_second / bares.result.per_second for bares, ours in pairs]
    tails = [ours.p99 / bares.p99 for bares, ours in pairs]
    return {
        "ratio": round(median(ratios), 3),
        "ratios": [round(ratio, 3) for ratio in ratios],
        "p99_ratio": round(median(tails), 2),
        "processor_ratio": round(
            median([bares.processor_us / ours.processor_us for bares, ours in pairs]), 3
        ),
        "bare": middle([bares for bares, _ in pairs]),
        "hook": middle([ours for _, ours in pairs]),
        **(
            {"forwarded": here.count("SELECT count(*) FROM events WHERE ended_at IS NOT NULL")}
            if with_worker
            else {}
        ),
    }


@dataclass(frozen=True)
class Round:
    """One side's turn."""

    result: Result
    processor_us: float
    """Microseconds of processor that a request took, in all processes but the generator, the worker and its
    connections: of the figures here the one that other programs on the machine disturb the least."""

    @property
    def p99(self) -> float:
        return percentile(self.result.latencies, 0.99)

    def document(self) -> dict[str, float]:
        return {**self.result.document(), "processor_us": self.processor_us}


def measure(here: Stage, url: str, requests: int, connections: int) -> Round:
    """One turn; the requests are made before the clock runs."""
    made = bookings(url, requests)
    before = here.processor_seconds()
    result = run(url, iter(made), connections)
    return Round(result, round(1e6 * (here.processor_seconds() - before) / requests, 1))


def middle(rounds: list[Round]) -> dict[str, float]:
    """The median of each figure."""
    documents = [this_round.document() for this_round in rounds]
    return {name: median([document[name] for document in documents]) for name in documents[0]}


def settings_of(here: Stage) -> dict[str, Any]:
    """What both sides ran with."""
    server = here.settings.server
    return {
        "workers": server.workers,
        "threads": server.threads,
        "synchronous_commit": here.setting("synchronous_commit"),
        "fsync": here.setting("fsync"),
    }


if __name__ == "__main__":
    accept()
