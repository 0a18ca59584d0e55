"""What a burst of bookings costs in calls to Propexo, and how much of each minute's budget it uses.

The whole bridge in one process, with a sandbox that counts and refuses as Propexo does, on a clock that is moved from
lane to lane. Goal for 200 bookings, in calls for each written tour: 1.05 for people whom the bridge has booked before,
2.05 for people whom only Propexo knows, 4.2 for new ones; 95 % of each minute that the burst fills; no 429.
"""

import json
import math
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

import click
from sqlalchemy import text
from stage import temporary_folder

from bridge import logs, queue
from bridge.app import create_app
from bridge.database import Database
from bridge.delivery.engine import Engine
from bridge.delivery.worker import make_tools
from bridge.embedded import OWNER, embedded
from bridge.sandbox.server import SandboxServer
from bridge.sandbox.state import Sandbox
from bridge.settings import parse

GOALS = {"booked before": 1.05, "known to Propexo": 2.05, "new": 4.2}
INTEGRATION, PROPERTY = "cintegration", "cproperty"
SLOTS = 8
DUE = text("SELECT min(due_at) FROM lanes WHERE NOT ready")
READY = text("SELECT EXISTS (SELECT FROM lanes WHERE ready)")
CLOCK = """
    CREATE SCHEMA bench_clock;
    CREATE TABLE bench_clock.moment AS SELECT CAST(NULL AS timestamptz) AS now;
    CREATE FUNCTION bench_clock.now() RETURNS timestamptz STABLE LANGUAGE sql AS
        'SELECT coalesce((SELECT moment.now FROM bench_clock.moment), pg_catalog.now())'
"""
"""The queue asks the database's clock: `now()` is looked up along the search path, in which this one comes first."""


class Simulation:
    """The webhook endpoint, a worker and the sandbox on one clock."""

    def __init__(self, database: Database, sandbox: Sandbox, url: str) -> None:
        self.now = datetime(2030, 1, 7, 15, 0, tzinfo=UTC)
        self.database, self.sandbox = database, sandbox
        sandbox.clock = self.clock
        sandbox.add_integration(INTEGRATION, "RENTMANAGER")
        sandbox.add_property(INTEGRATION, PROPERTY, "Oakwood Flats")
        settings = parse(
            {
                "propexo": {"token": "a-token-of-the-sandbox", "base_url": url},
                "properties": {
                    "oakwood": {
                        "integration_id": INTEGRATION, "property_id": PROPERTY, "pms": "RENTMANAGER",
                        "time_zone": "America/Chicago", "tour_hours": "00:00-24:00", "name": "Oakwood Flats",
                        "defaults": {"duration_minutes": 30},
                    }
                },
                "sources": {
                    "widget": {"mapping": "standard_webhooks", "property": "oakwood", "auth": "none"}
                },
            },
            {},
        )  # fmt: skip
        self.client = create_app(settings, database, clock=self.clock).test_client()
        slots, senders = ThreadPoolExecutor(2 * SLOTS), ThreadPoolExecutor(1)
        tools = make_tools(settings, database, self.clock)
        self.engine = Engine(tools, slots=SLOTS, executor=slots, senders=senders, interval=math.inf)

    def clock(self) -> datetime:
        return self.now

    def book(self, name: str, n: int, start: datetime) -> None:
        prospect = {
            "first_name": "Maya",
            "last_name": f"Okafor{n}",
            "email": f"renter{n}@example.com",
            "phone": f"+1512555{n:04}",
        }
        tour = {"start": start.isoformat(), "notes": "2 BR"}
        body = {
            "type": "tour.booked", "timestamp": self.now.isoformat(),
            "data": {"booking_id": name, "prospect": prospect, "tour": tour},
        }  # fmt: skip
        answer = self.client.post("/hooks/widget", json=body, headers={"webhook-id": name})
        assert answer.status_code == HTTPStatus.OK, answer.text

    def run(self) -> None:
        """Let time pass from lane to lane until nothing is left to do."""
        while True:
            with self.database.session() as session:
                session.execute(text("UPDATE bench_clock.moment SET now = :now"), {"now": self.now})
            # A worker renews its leases by the clock of its machine, which does not move with this one.
            with self.database.autocommit.connect() as connection:
                queue.renew(connection, [job.claim for job in self.engine.in_hand])
            self.engine.look_now()
            while self._work():
                self.engine.look_now()
            with self.database.session() as session:
                waits = session.scalar(READY) or self.engine.in_hand
                moments = [session.scalar(DUE), self.engine.refusals.until() if waits else None]
            following = min(filter(None, moments), default=None)
            if following is None:
                return
            self.now = max(self.now, following)

    def _work(self) -> bool:
        did = False
        while True:
            if self.engine.tick():
                did = True
            elif self.engine.is_calling:
                self.engine.calls.woken.wait(1)
            else:
                return did


@contextmanager
def simulation() -> Iterator[Simulation]:
    sandbox = Sandbox(slow_zone_seconds=0, write_seconds=2)
    with temporary_folder() as folder, embedded(folder, role=OWNER) as url:
        database = Database(url, pool_size=12)
        database.migrate()
        with database.session() as session:
            name = session.scalar(text("SELECT current_database()"))
            session.execute(text(CLOCK))
            session.execute(text(f"ALTER DATABASE {name} SET search_path = bench_clock, public, pg_catalog"))
        database.engine.dispose()  # who is connected already keeps the old path
        with SandboxServer(sandbox) as server:
            yield Simulation(database, sandbox, server.url)
        database.close()


def measure(kind: str, count: int) -> dict[str, Any]:
    """One burst of one kind of people, the soonest tour sent last."""
    with simulation() as here:
        if kind == "known to Propexo":
            for n in range(count):
                here.sandbox.add_lead(
                    INTEGRATION, PROPERTY, last_name=f"Okafor{n}", email_1=f"renter{n}@example.com"
                )
        if kind == "booked before":
            for n in range(count):
                here.book(f"before-{n}", n, here.now + timedelta(days=1, hours=n))
            here.run()
            here.now += timedelta(minutes=2)
        before = len(here.sandbox.requests)
        for n in range(count):
            here.book(f"burst-{n}", n, here.now + timedelta(days=20, hours=count - n))
        here.run()
        calls = here.sandbox.requests[before:]
        used = list(Counter(call.at.replace(second=0, microsecond=0) for call in calls).values())
        limit = here.sandbox.budget_per_minute
        return {
            "people": kind,
            "calls_per_tour": round(len(calls) / count, 3),
            "goal": GOALS[kind],
            "used_by_minute": used,
            "least_used": round(min(used[: len(calls) // limit], default=0) / limit, 3),
            "refused_429": sum(call.status == 429 for call in calls),  # noqa: PLR2004
        }


@click.command(help=__doc__)
@click.option("--bookings", "count", default=200, show_default=True, help="Bookings of each kind.")
def budget(count: int) -> None:
    logs.configure()  # to stderr: the output is one JSON document
    print(json.dumps({"bookings": count, "bursts": [measure(kind, count) for kind in GOALS]}, indent=2))


if __name__ == "__main__":
    budget()
