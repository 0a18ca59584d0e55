"""How long a booking takes from the webhook endpoint to the first call at Propexo, on a system that has nothing else
to do.

The sandbox notes when each call arrives. Goal: p50 under 30 ms, p99 under 150 ms.
"""

import time
from collections.abc import Callable
from datetime import timedelta

import click
from load import percentile, print_result, run
from stage import Stage, bookings, sandbox, stage

from bridge.clock import utc_now
from bridge.sandbox.state import Sandbox

WARM_UP = 10
"""Bookings before those that count."""
AT_MOST = timedelta(seconds=30)


@click.command(help=__doc__)
@click.option("--bookings", "count", default=100, show_default=True, help="One after the other.")
@click.option("--pause", default=1.0, show_default=True, help="Seconds between the end of one and the next.")
def delivery(count: int, pause: float) -> None:
    waits: list[float] = []
    answers: list[float] = []
    with sandbox() as propexo, stage(propexo.url) as here:
        endpoint = f"{here.start_web()}/hooks/calendly"
        here.start_worker()
        for _ in range(WARM_UP + count):
            wait, answer = one_booking(here, propexo.sandbox, endpoint)
            waits.append(wait)
            answers.append(answer)
            time.sleep(pause)
    counted = waits[WARM_UP:]
    print_result(
        {
            "bookings": len(counted),
            "webhook_to_first_call_p50_ms": percentile(counted, 0.5),
            "webhook_to_first_call_p99_ms": percentile(counted, 0.99),
            "webhook_to_answer_p50_ms": percentile(answers[WARM_UP:], 0.5),
        }
    )


def one_booking(here: Stage, propexo: Sandbox, endpoint: str) -> tuple[float, float]:
    """Seconds from sending to the first call and to the webhook's answer; returns when the event has been worked on."""
    seen = len(propexo.requests)
    sent = utc_now()
    answered = run(endpoint, iter(bookings(endpoint, 1)), connections=1).latencies[0]
    until(lambda: len(propexo.requests) > seen)
    until(lambda: here.count("SELECT count(*) FROM events WHERE status IN ('received', 'retrying')") == 0)
    return (propexo.requests[seen].at - sent).total_seconds(), answered


def until(true: Callable[[], bool]) -> None:
    deadline = utc_now() + AT_MOST
    while not true():
        if utc_now() > deadline:
            raise TimeoutError("The worker does not go on; its log tells more.")
        time.sleep(0.005)


if __name__ == "__main__":
    delivery()
