"""The whole bridge in one process: endpoint, engine and sandbox, all on the test's clock."""

import json
import math
import random
import threading
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from typing import Any

from databases import SEARCH_PATH
from sqlalchemy import select, text
from werkzeug.serving import make_server
from werkzeug.wrappers import Request as WebRequest
from werkzeug.wrappers import Response as WebResponse

from bridge.app import create_app
from bridge.cli.demo import toml_of
from bridge.console.actions.sources import save
from bridge.console.actor import Actor, Via
from bridge.database import Database
from bridge.delivery.engine import Engine
from bridge.delivery.worker import make_tools
from bridge.events.actions import replay
from bridge.inbound.signatures import Request
from bridge.models import Attempt, Event, Role
from bridge.sandbox.server import SandboxRequestHandler
from bridge.sandbox.state import Sandbox, SandboxAppointment
from bridge.settings import parse

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
AGENT, UNIT, LEAD_SOURCE, RELATIONSHIP = "cemployee", "cunit", "cleadsource", "crelationship"


class World:
    """Sends bookings to the webhook endpoint, lets the worker run, and looks at what the PMS holds."""

    def __init__(self, database: Database, sandbox: Sandbox, url: str, clock: Any, vendor: str) -> None:
        self.database, self.sandbox, self.clock = database, sandbox, clock
        let_the_clock_stand(database, clock())
        sandbox.add_integration("cintegration", vendor)
        sandbox.add_property("cintegration", "cproperty", "Oakwood Flats")
        sandbox.add_integration("celmintegration", vendor)
        sandbox.add_property("celmintegration", "celm", "Elm Court")
        at_vendor = {
            "pms": vendor,
            "time_zone": "America/Chicago",
            "tour_hours": "00:00-24:00",
            "defaults": {
                "employee_id": AGENT,
                "lead_source_id": LEAD_SOURCE,
                "lead_relationship_id": RELATIONSHIP,
                "unit_id": UNIT,
                "duration_minutes": 30,
            },
            **({"pms_time": "property"} if vendor == "MRI" else {}),
        }
        self.document: dict[str, Any] = {
            "propexo": {
                "token": "secret-token",
                "base_url": url,
                "budget_per_minute": 1000,
                "read_timeout": 2,
                "organization_name": "Oakwood Management",
            },
            "properties": {
                "oakwood": {
                    "integration_id": "cintegration",
                    "property_id": "cproperty",
                    "name": "Oakwood Flats",
                    **at_vendor,
                },
                "elm": {
                    "integration_id": "celmintegration",
                    "property_id": "celm",
                    "name": "Elm Court",
                    **at_vendor,
                },
            },
            "sources": {
                "widget": {"mapping": "standard_webhooks", "secrets": [SECRET], "property": "oakwood"},
                "other": {"mapping": "standard_webhooks", "secrets": [SECRET], "property": "oakwood"},
            },
        }
        self.at_once = 1
        """Sender slots; one, so that a test ends the same way each time."""
        self._sent = 0
        self._start()

    def _start(self) -> None:
        self.settings = parse(self.document, {})
        self.tools = replace(make_tools(self.settings, self.database, self.clock), random=random.Random(7))
        self.client = create_app(self.settings, self.database, clock=self.clock).test_client()
        self.engine = self.new_engine()

    def new_engine(self) -> Engine:
        """A worker's engine; with one slot its calls are made in this thread."""
        executor = ThreadPoolExecutor(self.at_once) if self.at_once > 1 else AtOnce()
        return Engine(self.tools, slots=self.at_once, executor=executor, senders=AtOnce(), interval=math.inf)

    def restart(self) -> None:
        """The processes end and begin anew, with what `document` says now."""
        self._start()

    def limit(self, per_minute: int) -> None:
        """So many calls Propexo allows in a minute, and the contract says so."""
        self.sandbox.budget_per_minute = per_minute
        self.document["propexo"]["budget_per_minute"] = per_minute
        self.restart()

    def toml(self) -> str:
        """The configuration as a bridge.toml."""
        return toml_of(self.document)

    # What the sender does.

    def send(
        self,
        kind: str,
        booking_id: str = "B-1",
        *,
        source: str = "widget",
        at: datetime | None = None,
        **data: Any,
    ) -> int:
        """Post one signed event; answers its id."""
        self._sent += 1
        moment = (at or self.clock()).isoformat()
        body = json.dumps(
            {"type": f"tour.{kind}", "timestamp": moment, "data": {"booking_id": booking_id, **data}}
        )
        answer = self.post(body.encode(), f"msg_{self._sent}", source)
        assert answer.status_code == 200, answer.text
        return int(answer.json["id"])

    def post(self, body: bytes, delivery_id: str, source: str = "widget") -> Any:
        request = Request({}, body)
        scheme = self.tools.sources[source].mapping.signature
        headers = scheme.sign_request(request, [SECRET], self.clock(), delivery_id).headers
        return self.client.post(
            f"/hooks/{source}", data=body, headers={**headers, "Content-Type": "application/json"}
        )

    def book(
        self,
        booking_id: str = "B-1",
        *,
        start: str = "2026-12-03T10:30:00-06:00",
        email: str | None = "maya@example.com",
        **more: Any,
    ) -> int:
        prospect = {"first_name": "Maya", "last_name": "Okafor", "email": email, "phone": "+15125550142"}
        return self.send(
            "booked", booking_id, prospect=prospect, tour={"start": start, "notes": "2 BR"}, **more
        )

    def book_moved(
        self, booking_id: str, previous: str, start: str, at: datetime, email: str = "maya@example.com"
    ) -> int:
        """A reschedule that gives the tour a new id and names its contact."""
        prospect = {"first_name": "Maya", "last_name": "Okafor", "email": email}
        tour = {"start": start, "notes": "2 BR"}
        return self.send(
            "rescheduled", booking_id, previous_booking_id=previous, prospect=prospect, tour=tour, at=at
        )

    def reschedule(
        self, booking_id: str = "B-1", *, start: str = "2026-12-04T13:00:00-06:00", **more: Any
    ) -> int:
        return self.send("rescheduled", booking_id, tour={"start": start}, **more)

    def cancel(self, booking_id: str = "B-1", **more: Any) -> int:
        return self.send("cancelled", booking_id, **more)

    def connect(self, source: str, mapping: str, **settings: Any) -> None:
        """Configure one more sender; it posts without a proof."""
        self.document["sources"][source] = {
            "mapping": mapping, "property": "oakwood", "auth": "none", **settings,
        }  # fmt: skip
        self.restart()

    def store_source(self, key: str, document: dict[str, Any], mode: str = "shadow") -> None:
        """Set a source up as the console does; it posts with a proof."""
        live = self.client.application.extensions["live_sources"]
        admin = Actor("ada", Role.ADMIN, Via.CONSOLE)
        save(live, self.database, admin, key, document, self.clock(), mode=mode)
        self.refresh_sources()

    def deliver(self, source: str, payload: Any, headers: dict[str, str] | None = None) -> list[int]:
        """Post JSON as that sender; answers the ids of its events."""
        answer = self.client.post(f"/hooks/{source}", json=payload, headers=headers)
        assert answer.status_code == 200, answer.text
        return [one["id"] for one in answer.json.get("events", [answer.json])]

    # What the worker does.

    def refresh_sources(self) -> None:
        """Look at once for sources that were stored or switched, as a worker does within a second."""
        self.tools.refresh_sources(at_once=True)

    def run_due(self) -> None:
        """Do all that is due by the test's clock, which is also the database's."""
        self.set_database_clock()
        if self.engine.calls.size != self.at_once:
            self.engine = self.new_engine()
        did = True
        while did:
            self.engine.look_now()
            did = self._work()

    def _work(self) -> bool:
        """Let the engine work until it has nothing left to do; returns whether it did anything."""
        did = False
        while True:
            if self.engine.tick():
                did = True
            elif self.engine.is_calling:
                self.engine.calls.woken.wait(1)
            else:
                return did

    def set_database_clock(self) -> None:
        with self.database.session() as session:
            session.execute(text("UPDATE test_clock.moment SET now = :now"), {"now": self.clock()})

    def put_off(self, event_id: int, until: datetime) -> None:
        """Let an event begin no sooner, as if no worker had had time for it."""
        with self.database.session() as session:
            lane = session.get_one(Event, event_id).lock
            later = text("UPDATE lanes SET ready = false, due_at = :until WHERE lane = :lane")
            session.execute(later, {"until": until, "lane": lane})

    def close(self) -> None:
        self.engine.calls.stop()

    def next_at(self) -> datetime | None:
        """When something is due next."""
        with self.database.session() as session:
            due = session.scalar(text("SELECT min(due_at) FROM lanes WHERE NOT ready"))
            ready = session.scalar(text("SELECT EXISTS (SELECT FROM lanes WHERE ready)"))
        refused = self.engine.refusals.until() if ready or self.engine.in_hand else None
        moments = [moment for moment in (due, refused) if moment]
        return min(moments, default=None)

    def run(self, *, until: datetime | None = None, most: int = 200) -> None:
        """Let time pass from job to job until nothing is left to do, or until a moment."""
        for _ in range(most):
            self.run_due()
            following = self.next_at()
            if following is None or (until is not None and following > until):
                self.clock.now = max(self.clock.now, until) if until else self.clock.now
                return
            self.clock.now = max(self.clock.now, following)
        raise AssertionError(
            f"not idle after {most} rounds: {[(e.id, e.status, e.reason, e.detail) for e in self.events()]}"
        )

    def replay(self, event_id: int) -> None:
        with self.database.session() as session:
            replay(session, session.get_one(Event, event_id), self.clock())

    # What there is to see.

    def event(self, event_id: int) -> Event:
        with self.database.session() as session:
            return session.get_one(Event, event_id)

    def events(self) -> list[Event]:
        with self.database.session() as session:
            return list(session.scalars(select(Event).order_by(Event.id)))

    def status(self, event_id: int) -> tuple[str, str | None]:
        event = self.event(event_id)
        return event.status, event.reason

    def attempts(self, event_id: int | None = None) -> list[Attempt]:
        with self.database.session() as session:
            rows = select(Attempt).order_by(Attempt.id)
            return list(
                session.scalars(rows if event_id is None else rows.where(Attempt.event_id == event_id))
            )

    @property
    def tours(self) -> list[SandboxAppointment]:
        """The appointments that stand in the PMS."""
        return self.sandbox.active_appointments()

    def calls(self, method: str, path: str) -> list[Any]:
        return [
            request for request in self.sandbox.requests if request.method == method and request.path == path
        ]


class AtOnce(Executor):
    """Runs what it is given before it returns."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> "Future[Any]":
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


class SenderApi:
    """A sender's own API: answers what a test tells it to, and remembers what it was asked."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {}
        """By path: JSON, or a whole response."""
        self.asked: list[Request] = []
        self.refused: str | None = None
        """An Authorization that is no longer taken."""
        self._server = make_server(
            "127.0.0.1", 0, self._answer, threaded=True, request_handler=SandboxRequestHandler
        )
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def _answer(self, environ: Any, start_response: Any) -> Any:
        request = WebRequest(environ)
        self.asked.append(
            Request(dict(request.headers), request.get_data(), request.method, request.full_path)
        )
        if self.refused and request.headers.get("Authorization") == self.refused:
            return WebResponse("", 401)(environ, start_response)
        answer = self.answers.get(request.path, WebResponse("no such record", 404))
        response = answer if isinstance(answer, WebResponse) else WebResponse(json.dumps(answer))
        return response(environ, start_response)

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def let_the_clock_stand(database: Database, now: datetime) -> None:
    """From now on the database's clock shows the test's time: the queue asks it which jobs are due."""
    with database.session() as session:
        session.execute(text("UPDATE test_clock.moment SET now = :now"), {"now": now})
        if session.scalar(text("SHOW search_path")) == SEARCH_PATH:
            return
        name = session.scalar(text("SELECT current_database()"))
        session.execute(text(f"ALTER DATABASE {name} SET search_path = {SEARCH_PATH}"))
    database.engine.dispose()  # who is connected already keeps the old path
