"""What a burst of bookings costs in calls to Propexo, and how much of each minute's budget it uses.

The whole bridge in one process, with a sandbox that counts and refuses as Propexo does, on a clock that is moved from
job to job. Goal for 200 bookings, in calls for each written tour: 1.3 for people whom the bridge has booked before,
2.3 for people whom only Propexo knows, 4.3 for new ones; 95 % of each minute that the burst fills; no 429.
"""

import asyncio
import json
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any

import click
from sqlalchemy import text

from bridge.app import create_app
from bridge.database import Database
from bridge.delivery.job import register
from bridge.delivery.worker import make_context
from bridge.embedded import embedded
from bridge.queue import queue_app
from bridge.sandbox.server import SandboxServer
from bridge.sandbox.state import Sandbox
from bridge.settings import parse

GOALS = {"booked before": 1.3, "known to Propexo": 2.3, "new": 4.3}
INTEGRATION, PROPERTY = "cintegration", "cproperty"
CREATED = text("SELECT count(*) FROM events WHERE status <> 'written'")
NEXT = text(
    "SELECT min(scheduled_at) FROM procrastinate_jobs WHERE status = 'todo' AND task_name = 'forward'"
)
AFAR = "interval '100 years'"


class Simulation:
    """The door, a worker and the sandbox on one clock."""

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
                        "time_zone": "America/Chicago", "name": "Oakwood Flats",
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
        self.app = queue_app(database, worker=True)
        register(self.app, make_context(settings, database, self.clock))

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

    async def run(self) -> None:
        """Let time pass from job to job until nothing is left to do. The queue asks the database's clock, not ours."""
        todo = "UPDATE procrastinate_jobs SET scheduled_at ="
        async with self.app.open_async():
            while True:
                with self.database.session() as session:
                    due = text(f"{todo} NULL WHERE status = 'todo' AND scheduled_at <= :now")
                    session.execute(due, {"now": self.now})
                    session.execute(text(f"{todo} scheduled_at + {AFAR} WHERE status = 'todo'"))
                await self.app.run_worker_async(
                    wait=False, concurrency=8, listen_notify=False, delete_jobs="successful",
                    install_signal_handlers=False,
                )  # fmt: skip
                with self.database.session() as session:
                    session.execute(text(f"{todo} scheduled_at - {AFAR} WHERE scheduled_at > '2100-01-01'"))
                    following = session.scalar(NEXT)
                    unfinished = session.scalar(CREATED)
                if following is None and not unfinished:
                    return
                self.now = max(self.now, following or self.now)


@contextmanager
def simulation() -> Iterator[Simulation]:
    sandbox = Sandbox(slow_zone_seconds=0, write_seconds=2)
    with tempfile.TemporaryDirectory(prefix="bridge-bench-") as folder, embedded(Path(folder)) as url:
        database = Database(url, pool_size=12)
        database.migrate()
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
            asyncio.run(here.run())
            here.now += timedelta(minutes=2)
        before = len(here.sandbox.requests)
        for n in range(count):
            here.book(f"burst-{n}", n, here.now + timedelta(days=20, hours=count - n))
        asyncio.run(here.run())
        calls = here.sandbox.requests[before:]
        used = list(Counter(one.at.replace(second=0, microsecond=0) for one in calls).values())
        limit = here.sandbox.budget_per_minute
        return {
            "people": kind,
            "calls_per_tour": round(len(calls) / count, 3),
            "goal": GOALS[kind],
            "used_by_minute": used,
            "least_used": round(min(used[: len(calls) // limit], default=0) / limit, 3),
            "refused_429": sum(one.status == 429 for one in calls),  # noqa: PLR2004
        }


@click.command(help=__doc__)
@click.option("--bookings", "count", default=200, show_default=True, help="Bookings of each kind.")
def budget(count: int) -> None:
    print(json.dumps({"bookings": count, "bursts": [measure(kind, count) for kind in GOALS]}, indent=2))


if __name__ == "__main__":
    budget()
