"""Webhooks of the sandbox: registered, signed, sent again, and what they say."""

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from bridge.sandbox.server import SandboxRequestHandler

EVERYTHING = ["DATA_NEW", "DATA_UPDATE", "SYNC_COMPLETE", "WRITE_OPERATION_FAILURE"]


class Hook:
    """A receiver of webhooks."""

    def __init__(self) -> None:
        self.seen: list[Request] = []
        self.status = 200
        self._server = make_server("127.0.0.1", 0, self._answer, request_handler=SandboxRequestHandler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def _answer(self, environ: Any, start_response: Any) -> Any:
        request = Request(environ)
        request.get_data()
        self.seen.append(request)
        return Response(status=self.status)(environ, start_response)

    @property
    def bodies(self) -> list[Any]:
        return [json.loads(request.get_data()) for request in self.seen]

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def hook() -> Iterator[Hook]:
    hook = Hook()
    yield hook
    hook.close()


def test_a_registration_is_answered_with_its_secret_and_inactive(api, hook):
    reported = api.post(
        "/v1/webhooks/", {"url": hook.url, "triggers": ["DATA_NEW"], "model": "events"}
    ).json()["result"]
    assert (
        reported.items() >= {"url": hook.url, "active": False, "headers": None, "system": "SANDBOX"}.items()
    )
    assert len(reported["secret"]) >= 10


@pytest.mark.parametrize(
    ("body", "at"),
    [
        ({"triggers": ["DATA_NEW"]}, ["url"]),
        ({"url": "ftp://x", "triggers": ["DATA_NEW"]}, ["url"]),
        ({"url": "https://x.example", "triggers": []}, ["triggers"]),
        ({"url": "https://x.example", "triggers": ["DATA_GONE"]}, ["triggers", 0]),
        ({"url": "https://x.example", "triggers": ["DATA_NEW"], "secret": "short"}, ["secret"]),
        ({}, ["url"]),
        ([], []),
    ],
)
def test_refuses_a_registration(api, body, at):
    assert api.issues(api.post("/v1/webhooks/", body))[0]["path"] == at


def test_an_inactive_one_gets_nothing(sandbox, api, hook):
    api.post("/v1/webhooks/", {"url": hook.url, "triggers": EVERYTHING})
    sandbox.sync("ENTRATA")
    assert sandbox.deliver_webhooks() == 0


@pytest.mark.parametrize("wrapped", [False, True])
def test_the_body_is_signed_with_the_secret_and_has_either_shape(sandbox, api, hook, wrapped):
    sandbox.wrapped = wrapped
    headers = [{"header": "X-Extra", "value": "1"}]
    asked = {
        "url": hook.url,
        "triggers": EVERYTHING,
        "active": True,
        "secret": "a-long-secret",
        "headers": headers,
    }
    api.post("/v1/webhooks/", asked)
    sandbox.sync("ENTRATA")
    assert api.post("/sandbox/webhooks").json() == {"taken": 1}
    [request] = hook.seen
    expected = hmac.new(b"a-long-secret", request.get_data(), hashlib.sha256).hexdigest()
    assert (request.headers["propexo-signature"], request.headers["X-Extra"]) == (expected, "1")
    [body] = hook.bodies
    data = body["data"] if wrapped else body
    assert (
        data.items()
        >= {"event": "SYNC_COMPLETE", "integration_id": "ENTRATA", "is_sync_finished": True}.items()
    )


def test_records_are_reported_new_changed_and_linked(sandbox, api, hook):
    api.post("/v1/webhooks/", {"url": hook.url, "triggers": EVERYTHING[:2], "active": True})
    lead_id = sandbox.add_lead(
        "RENTMANAGER", "RENTMANAGER-property", first_name="Ana", email_1="ana@example.com"
    )
    tour = {"integration_id": "RENTMANAGER", "lead_id": lead_id, "title": "Tour", "appointment_date": "2026-05-04",
            "appointment_time": "15:30:00", "appointment_duration_minutes": 30, "notes": "ref 7f3a"}  # fmt: skip
    event_id = api.outcome(api.post("/v1/events/appointments/leads", tour))["created_record_id"]
    change = {key: value for key, value in tour.items() if key.startswith("appointment_") or key == "title"}
    api.outcome(api.put(f"/v1/events/appointments/leads/{event_id}", {**change, "notes": "ref 7f3b"}))
    sandbox.deliver_webhooks()
    reported = [(body["event"], body["object"]) for body in hook.bodies]
    assert reported == [
        ("DATA_NEW", "leads"), ("DATA_NEW", "events"), ("DATA_NEW", "leads-to-events"), ("DATA_UPDATE", "events"),
    ]  # fmt: skip
    lead, event, link, update = hook.bodies
    assert (lead["record_id"], lead["payload"]["email_1"]) == (lead_id, "ana@example.com")
    assert (event["record_id"], event["payload"]["associated_lead_ids"]) == (event_id, [lead_id])
    assert (link["payload"]["lead_id"], link["payload"]["event_id"]) == (lead_id, event_id)
    assert (update["diff"]["new"]["notes"], update["diff"]["previous"]["notes"]) == ("ref 7f3b", "ref 7f3a")


@pytest.mark.parametrize("status", ["FAILURE", "PARTIAL_SUCCESS"])
def test_a_write_that_went_wrong_is_reported_without_the_id_of_a_record(sandbox, api, hook, status):
    api.post("/v1/webhooks/", {"url": hook.url, "triggers": EVERYTHING[3:], "active": True})
    sandbox.fail(method="POST", path="/v1/leads/", write_status=status)
    person = {
        "integration_id": "RENTMANAGER",
        "property_id": "RENTMANAGER-property",
        "first_name": "Ana",
        "last_name": "R",
    }
    job_id = api.post("/v1/leads/", person).json()["job_id"]
    sandbox.deliver_webhooks()
    [body] = hook.bodies
    assert (body["root_job_id"], body["write_status"], len(body["errors"])) == (job_id, status, 1)
    assert "created_record_id" not in body


def test_what_is_not_taken_comes_again_every_quarter_of_an_hour_and_is_lost_in_the_end(
    sandbox, api, hook, clock
):
    api.post("/v1/webhooks/", {"url": hook.url, "triggers": ["SYNC_COMPLETE"], "active": True})
    hook.status = 500
    sandbox.sync("ENTRATA")
    for _ in range(15):
        assert sandbox.deliver_webhooks() == 0
        assert sandbox.deliver_webhooks() == 0
        clock.advance(minutes=15)
    assert len(hook.seen) == 11
    assert len({request.get_data() for request in hook.seen}) == 1
    hook.status = 204
    sandbox.sync("ENTRATA")
    assert sandbox.deliver_webhooks() == 1
