"""How many events a fleet of web processes and workers takes through a day, and where it saturates.

The web processes and workers share one PostgreSQL. Some sources send much more than others (the k-th source sends 1/k
of what the first sends), along the curve of a day that is compressed to `--hour` seconds an hour. Each step offers more
than the one before, until requests come late or a backlog stays. A request's time begins at the moment at which it was
due, so that waiting for a connection counts. Propexo is a sandbox that writes at once and sets no limit, on the same
machine.
"""

import queue
import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import click
import psutil
from load import percentile, print_result
from stage import Stage, bookings, sandbox_process, stage

CURVE = (2, 1, 1, 1, 1, 2, 4, 7, 11, 15, 17, 18, 17, 17, 18, 18, 18, 17, 15, 14, 12, 9, 6, 4)
"""What an hour has, in relation to the others: few tours are booked at night."""
LATE = 1.0
"""Seconds after which a request counts as late."""
MOST_LATE = 0.01
"""More late requests than this part mean that the endpoint is saturated."""
CONNECTIONS = 32
BUSY = 0.9
"""A larger part of all processors means that they are the limit."""
START_WITHIN = 180.0
"""Seconds."""
DONE = "SELECT count(*) FROM events WHERE ended_at IS NOT NULL"
WAITS = """
SELECT coalesce(wait_event_type || ': ' || wait_event, 'running') FROM pg_stat_activity
WHERE datname = current_database() AND state = 'active' AND pid <> pg_backend_pid()
"""


@dataclass
class Day:
    """What one compressed day showed."""

    latencies: list[float] = field(default_factory=list)
    failures: Counter[str] = field(default_factory=Counter)
    waits: Counter[str] = field(default_factory=Counter)
    backlog: int = 0
    """The most events that waited."""
    processors: list[float] = field(default_factory=list)
    """Parts of all processors that were busy, with all other programs of the machine."""


@click.command(help=__doc__)
@click.option("--webs", default=2, show_default=True, help="Web processes.")
@click.option("--workers", default=2, show_default=True, help="Worker processes.")
@click.option("--sources", default=20, show_default=True)
@click.option("--hour", default=1.0, show_default=True, help="Seconds of a compressed hour.")
@click.option("--rates", default="5,10,20,40,80", show_default=True, help="Mean events a second, a day each.")
@click.option(
    "--drain",
    default=10.0,
    show_default=True,
    help="Seconds that the backlog of a day gets to end.",
)
def fleet(webs: int, workers: int, sources: int, hour: float, rates: str, drain: float) -> None:
    names = [f"calendly-{number + 1}" for number in range(sources)]
    with sandbox_process() as propexo, stage(propexo, names) as here:
        addresses = [here.start_web(f"web {number + 1}") for number in range(webs)]
        for number in range(workers):
            here.start_worker(f"worker {number + 1}")
        warm_up(here, addresses, names, workers)
        steps: list[dict[str, Any]] = []
        for rate in map(float, rates.split(",")):
            steps.append(measured(here, addresses, names, rate, hour, drain))
            if steps[-1]["saturated"]:
                break
        print_result(
            {
                "webs": webs,
                "workers": workers,
                "sources": sources,
                "processors": psutil.cpu_count(),
                "connections_to_postgresql": here.count(
                    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                ),
                "resident_mb": here.resident(),
                "steps": steps,
            }
        )


def warm_up(here: Stage, addresses: Sequence[str], names: Sequence[str], workers: int) -> None:
    """Return when all workers have started: they say so in the log, and one event has been forwarded."""
    day = Day()
    send(addresses, [(0.0, request) for request in bookings(f"{addresses[0]}/hooks/{names[0]}", 1)], day)
    deadline = time.monotonic() + START_WITHIN
    log = here.folder / "log"
    while log.read_text(errors="replace").count("Forwarding events.") < workers or not here.count(DONE):
        if time.monotonic() > deadline:
            raise click.ClickException("The workers do not start.")
        time.sleep(0.2)


def measured(
    here: Stage, addresses: Sequence[str], names: Sequence[str], rate: float, hour: float, drain: float
) -> dict[str, Any]:
    """One day at this mean rate."""
    used = here.processor_seconds_of() | {"all": here.processor_seconds()}
    stored = here.count("SELECT count(*) FROM events")
    day = Day()
    with watched(here, day):
        began = time.perf_counter()
        send(addresses, list(due(addresses, names, rate, hour)), day)
        seconds = time.perf_counter() - began
    left = here.count("SELECT count(*) FROM events WHERE ended_at IS NULL")
    drained = until_drained(here, drain)
    offered = len(day.latencies) + sum(day.failures.values())
    now = here.processor_seconds_of() | {"all": here.processor_seconds()}
    spent = {name: now[name] - used[name] for name in used}
    events = here.count("SELECT count(*) FROM events") - stored
    late = sum(latency > LATE for latency in day.latencies) / max(1, offered)
    spent["web"] = spent.pop("all") - spent["postgresql"]
    spent.pop("sandbox")
    return {
        "mean_rate": rate,
        "peak_rate": round(rate * max(CURVE) * len(CURVE) / sum(CURVE), 1),
        "events_a_day_at_this_rate": round(rate * 86_400),
        "offered": offered,
        "stored": events,
        "seconds": round(seconds, 1),
        "p50_ms": percentile(day.latencies, 0.5),
        "p99_ms": percentile(day.latencies, 0.99),
        "late": round(late, 3),
        "not_accepted": dict(day.failures),
        "most_waiting": day.backlog,
        "waiting_at_the_end": left,
        "seconds_to_drain": drained,
        "processor_ms_per_event": {
            name: round(1000 * value / max(1, events), 1) for name, value in spent.items()
        },
        "machine_busy": percentile(day.processors, 0.5) / 1000,
        "what_postgresql_waits_for": dict(day.waits.most_common(4)),
        "saturated": saturation(late, sum(day.failures.values()), drained is not None, day),
    }


def saturation(late: float, failed: int, is_drained: bool, day: Day) -> str | None:
    """Which side is saturated, and by what."""
    sides = [
        name
        for name, is_so in {
            "endpoint": late > MOST_LATE or failed > 0,
            "workers": not is_drained,
        }.items()
        if is_so
    ]
    if not sides:
        return None
    is_busy = percentile(day.processors, 0.5) / 1000 > BUSY
    commonest = day.waits.most_common(1)
    why = "the processors" if is_busy else f"PostgreSQL, {commonest[0][0]}" if commonest else "unknown"
    return f"{' and '.join(sides)}: {why}"


def due(
    addresses: Sequence[str], names: Sequence[str], rate: float, hour: float
) -> Iterator[tuple[float, bytes]]:
    """When each request is due, in seconds from the beginning, and the request."""
    chance = random.Random(1)  # noqa: S311 - the same day each time
    weights = [1 / (number + 1) for number in range(len(names))]
    mean = sum(CURVE) / len(CURVE)
    for number, part in enumerate(CURVE):
        count = round(rate * hour * part / mean)
        for moment in sorted(chance.uniform(number * hour, (number + 1) * hour) for _ in range(count)):
            [name] = chance.choices(names, weights)
            [request] = bookings(f"{chance.choice(addresses)}/hooks/{name}", 1)
            yield moment, request


def send(addresses: Sequence[str], requests: Sequence[tuple[float, bytes]], day: Day) -> None:
    """Send each when it is due, over as many connections as are free."""
    waiting: queue.Queue[tuple[float, bytes] | None] = queue.Queue()
    guard = threading.Lock()
    threads = [
        threading.Thread(target=_work, args=(addresses, waiting, day, guard), daemon=True)
        for _ in range(CONNECTIONS)
    ]
    for thread in threads:
        thread.start()
    began = time.perf_counter()
    for moment, request in requests:
        time.sleep(max(0.0, began + moment - time.perf_counter()))
        waiting.put((began + moment, request))
    for _ in threads:
        waiting.put(None)
    for thread in threads:
        thread.join()


def _work(
    addresses: Sequence[str],
    waiting: "queue.Queue[tuple[float, bytes] | None]",
    day: Day,
    guard: threading.Lock,
) -> None:
    ports = [urlsplit(address).port or 0 for address in addresses]
    while found := waiting.get():
        moment, request = found
        [port] = [port for port in ports if f":{port}\r\n".encode() in request[:400]]
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
                connection.sendall(request.replace(b"\r\n", b"\r\nConnection: close\r\n", 1))
                answer = b"".join(iter(lambda: connection.recv(65536), b""))
            status = answer[9:12].decode(errors="replace")
        except OSError as error:
            status = type(error).__name__
        with guard:
            if status == "200":
                day.latencies.append(time.perf_counter() - moment)
            else:
                day.failures[status] += 1


@contextmanager
def watched(here: Stage, day: Day) -> Iterator[None]:
    """Look at the backlog, the processors and PostgreSQL twice a second."""
    ended = threading.Event()

    def watch() -> None:
        psutil.cpu_percent()
        while not ended.wait(0.5):
            day.processors.append(psutil.cpu_percent() / 100)
            day.waits.update(row[0] for row in here.rows(WAITS))
            waiting = here.count("SELECT count(*) FROM events WHERE ended_at IS NULL")
            day.backlog = max(day.backlog, waiting)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def until_drained(here: Stage, at_most: float) -> float | None:
    """Seconds until no event waits; None: some do after so long."""
    began = time.perf_counter()
    while here.count("SELECT count(*) FROM events WHERE ended_at IS NULL"):
        if time.perf_counter() - began > at_most:
            return None
        time.sleep(0.2)
    return round(time.perf_counter() - began, 1)


if __name__ == "__main__":
    fleet()
