"""How fast free times are answered, next to a Flask view that answers a text of the same size.

GET requests for one week of one property over 64 connections; the two sides take turns under the same gunicorn
settings. Goal: half of the bare view's requests per second, and at most two calls to Propexo a minute.
"""

from typing import Any
from urllib.parse import urlsplit

import click
import requests
from accept import Round, middle
from load import median, print_result, run
from stage import Stage, sandbox, stage

CONFIGURATION = {
    "BRIDGE_PROPERTIES__OAKWOOD__TOUR_HOURS": "mon-sun 09:00-18:00",
    "BRIDGE_SOURCES__SITE__MAPPING": "website_form",
    "BRIDGE_SOURCES__SITE__ORIGINS": "https://www.example.com",
    "BRIDGE_SOURCES__SITE__PROPERTY": "oakwood",
}


@click.command(help=__doc__)
@click.option(
    "--requests", "number", default=6000, show_default=True, help="Requests of each side in a round."
)
@click.option("--rounds", default=5, show_default=True, help="Rounds, of which the median counts.")
@click.option("--connections", default=64, show_default=True)
def availability(number: int, rounds: int, connections: int) -> None:
    with sandbox() as server, stage(server.url) as here:
        here.environment.update(CONFIGURATION)
        with here.bare_web() as bare:
            times = f"{here.start_web()}/availability/site"
            answer = requests.get(times, timeout=10)
            answer.raise_for_status()
            sized = f"{bare}?size={len(answer.content)}"
            for url in (sized, times):
                measure(here, url, min(number, 1000), connections)
            pairs = [
                (measure(here, sized, number, connections), measure(here, times, number, connections))
                for _ in range(rounds)
            ]
        print_result({**compared(pairs), "bytes": len(answer.content), "calls": calls(server)})


def compared(pairs: list[tuple[Round, Round]]) -> dict[str, Any]:
    """The median of the rounds' ratios."""
    ratios = [ours.result.per_second / bares.result.per_second for bares, ours in pairs]
    return {
        "ratio": round(median(ratios), 3),
        "ratios": [round(ratio, 3) for ratio in ratios],
        "processor_ratio": round(
            median([bares.processor_us / ours.processor_us for bares, ours in pairs]), 3
        ),
        "bare": middle([bares for bares, _ in pairs]),
        "times": middle([ours for _, ours in pairs]),
    }


def calls(server: Any) -> int:
    """What the free times have cost Propexo's budget."""
    return sum(request.path == "/v1/appointments/" for request in server.sandbox.requests)


def measure(here: Stage, url: str, number: int, connections: int) -> Round:
    """One turn."""
    address = urlsplit(url)
    path = f"{address.path}?{address.query}" if address.query else address.path
    request = f"GET {path} HTTP/1.1\r\nHost: {address.netloc}\r\n\r\n".encode()
    before = here.processor_seconds()
    result = run(url, iter([request] * number), connections)
    return Round(result, round(1e6 * (here.processor_seconds() - before) / number, 1))


if __name__ == "__main__":
    availability()
