"""News brings the next look forward: webhooks, sent signed by the sandbox over HTTP, and what they wake."""

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import requests
from werkzeug.serving import make_server

from bridge.sandbox.server import SandboxRequestHandler

SECRET = "a-secret-of-propexo"
HERE, THERE = "cintegration", "celmintegration"
WRITTEN = ("written", None)
ALL = ["DATA_NEW", "DATA_UPDATE", "SYNC_COMPLETE", "WRITE_OPERATION_FAILURE"]


class Reported:
    """A bridge that Propexo tells what happens."""

    def __init__(self, world: Any) -> None:
        world.document["propexo"]["webhook_secrets"] = ["the-secret-before", SECRET]
        world.restart()
        self.world = world
        self._server = make_server(
            "127.0.0.1", 0, world.client.application, request_handler=SandboxRequestHandler
        )
        self.url = f"http://127.0.0.1:{self._server.server_port}/propexo/webhooks"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def register(self, triggers: list[str], **more: Any) -> None:
        asked = {"url": self.url, "triggers": triggers, "active": True, "secret": SECRET, **more}
        self.world.sandbox.register_webhook(asked)

    def post(self, body: Any) -> None:
        raw = json.dumps(body).encode()
        signature = hmac.new(SECRET.encode(), raw, hashlib.sha256).hexdigest()
        with requests.Session() as session:
            session.trust_env = False
            answer = session.post(self.url, raw, headers={"propexo-signature": signature}, timeout=10)
        assert answer.status_code == 200, answer.text

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def outcome(world) -> Iterator[Reported]:
    outcome = Reported(world)
    yield outcome
    outcome.close()


def notify(world) -> int:
    """Propexo sends what it has to say, and the worker hears it; answers how many it sent."""
    sent = world.sandbox.deliver_webhooks()
    world.run_due()
    world.run_due()  # who was woken has a moment now
    return sent


def moments(world) -> dict[int, Any]:
    return {event.id: event.next_attempt_at for event in world.events()}


def calls_of(world, event: int) -> int:
    return len(world.attempts(event))


class TestLeadAndTour:
    """A PMS that gives no id for what was created: the next sync brings it."""

    @pytest.fixture
    def vendor(self) -> str:
        return "ENTRATA"

    def wait_for_lead(self, world, booking: str = "B-1", email: str = "maya@example.com") -> int:
        event = world.book(booking, email=email)
        world.run(until=world.clock() + timedelta(minutes=4))
        assert world.status(event) == ("waiting", "lead_id")
        return event

    @pytest.mark.parametrize("wrapped", [False, True])
    def test_a_lead_that_was_read_wakes_its_event_and_no_other(self, outcome, world, wrapped):
        world.sandbox.wrapped = wrapped
        outcome.register(["DATA_NEW"], model="leads")
        one, two = self.wait_for_lead(world), self.wait_for_lead(world, "B-2", "tom@example.com")
        before, calls = moments(world), calls_of(world, two)
        [lead] = [lead for lead in world.sandbox.leads if lead.email_1 == "maya@example.com"]
        world.sandbox.read(lead.id)
        assert notify(world) == 1
        assert world.status(one)[0] == "submitted"  # the appointment is on its way
        assert (moments(world)[two], calls_of(world, two)) == (before[two], calls)
        world.run(until=world.clock() + timedelta(minutes=1))
        assert world.status(one) == WRITTEN

    @pytest.mark.parametrize("triggers", [["SYNC_COMPLETE"], ["DATA_NEW", "DATA_UPDATE"], ALL])
    def test_a_sync_brings_the_ids_that_a_cancel_waits_for(self, outcome, world, triggers):
        outcome.register(triggers)
        event = self.wait_for_lead(world)
        world.sandbox.sync(HERE)
        notify(world)
        world.run(until=world.clock() + timedelta(minutes=2))
        cancel = world.cancel()
        world.run(until=world.clock() + timedelta(minutes=5))
        assert [world.status(one) for one in (event, cancel)] == [WRITTEN, ("waiting", "appointment_id")]
        world.sandbox.sync(HERE)
        notify(world)
        assert world.status(cancel)[0] == "submitted"
        world.run()
        assert (world.status(cancel), world.tours) == (WRITTEN, [])

    def test_a_sync_of_another_integration_wakes_nobody(self, outcome, world):
        outcome.register(ALL)
        event = self.wait_for_lead(world)
        before = moments(world)
        world.sandbox.sync(THERE)
        assert notify(world) == 1
        assert moments(world)[event] == before[event]

    def test_a_sync_of_other_models_wakes_nobody(self, outcome, world):
        event = self.wait_for_lead(world)
        before = moments(world)
        outcome.post({"event": "SYNC_COMPLETE", "integration_id": HERE, "models_synced": ["events", "units"]})
        notify(world)
        assert moments(world)[event] == before[event]
        outcome.post({"event": "SYNC_COMPLETE", "integration_id": HERE, "models_synced": ["leads"]})
        notify(world)
        assert moments(world)[event] != before[event]

    def test_without_webhooks_it_looks_at_its_own_times(self, world):
        event = self.wait_for_lead(world)
        world.sandbox.sync(HERE)
        world.run_due()
        assert world.status(event) == ("waiting", "lead_id")
        world.run(until=world.clock() + timedelta(minutes=6))
        assert world.status(event) == WRITTEN


class TestFailedWrite:
    @pytest.mark.parametrize(
        ("status", "reason", "words"),
        [
            ("FAILURE", "pms_refused", "refused the record."),
            ("PARTIAL_SUCCESS", "partly_written", "a part of it"),
        ],
    )
    def test_ends_the_wait_at_once_with_the_words_of_the_pms(
        self, outcome, world, clock, status, reason, words
    ):
        outcome.register(["WRITE_OPERATION_FAILURE"])
        world.sandbox.write_seconds = 100
        world.sandbox.fail(
            method="POST", path="/v1/events/appointments/leads", write_status=status, message=words
        )
        world.sandbox.add_lead(
            HERE, "cproperty", first_name="Maya", last_name="Okafor", email_1="maya@example.com"
        )
        event = world.book()
        world.run(until=clock() + timedelta(seconds=101))
        if world.event(event).ended_at is None:
            before = calls_of(world, event)
            assert notify(world) == 1
            assert calls_of(world, event) <= before + 2  # it asked Propexo, which alone is believed
        assert world.status(event) == ("parked", reason)
        assert words in world.event(event).detail

    def test_is_not_believed_without_a_look(self, outcome, world, clock):
        world.sandbox.write_seconds = 600
        event = world.book()
        world.run(until=clock() + timedelta(minutes=2))
        job_id = world.attempts(event)[1].job_id or next(a.job_id for a in world.attempts(event) if a.job_id)
        outcome.post(
            {"trigger": "WRITE_OPERATION_FAILURE",
             "data": {"event": "WRITE_OPERATION_FAILURE", "integration_id": HERE, "vendor": "X", "root_job_id": job_id,
                      "write_status": "FAILURE", "errors": ["made up"]}}
        )  # fmt: skip
        notify(world)
        assert world.status(event)[0] == "submitted"
        world.run()
        assert world.status(event) == WRITTEN


def test_a_failure_that_is_reported_before_its_write_is_on_record_is_looked_at_at_once(outcome, world, clock):
    world.sandbox.add_lead(HERE, "cproperty", email_1="maya@example.com")
    world.sandbox.write_seconds = 0
    refused = {"write_status": "FAILURE", "message": "unit_id is required"}
    world.sandbox.fail(method="POST", path="/v1/events/appointments/leads", **refused)
    create = world.tools.propexo.create_appointment

    def reported(body):
        job_id = create(body)
        outcome.post({"event": "WRITE_OPERATION_FAILURE", "integration_id": HERE, "root_job_id": job_id})
        return job_id

    world.tools.propexo.create_appointment = reported
    event = world.book()
    world.run_due()
    assert world.status(event) == ("parked", "pms_refused")
