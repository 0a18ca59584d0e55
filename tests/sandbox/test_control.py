"""The page and the switches over HTTP, and the server itself."""

import threading

import pytest
import requests

from bridge.sandbox.server import SandboxServer
from bridge.sandbox.state import Sandbox


@pytest.fixture
def sandbox(clock):
    return Sandbox(clock, slow_zone_seconds=0)


def test_integration_with_its_properties(sandbox, api):
    body = {"id": "int-1", "vendor": "ENTRATA", "properties": [{"id": "oak", "name": "Oakwood"}]}
    assert api.post("/sandbox/integrations", body).json() == body
    assert [(each.id, each.name) for each in sandbox.properties] == [("oak", "Oakwood")]
    made = api.post("/sandbox/integrations", {"vendor": "RESMAN", "properties": [{"name": "Elm"}]}).json()
    assert sandbox.integration(made["id"]).vendor == "RESMAN"
    assert sandbox.find_property(made["properties"][0]["id"]).name == "Elm"


def test_lead_sync_and_state(sandbox, api):
    api.post("/sandbox/integrations", {"id": "int-1", "vendor": "ENTRATA",
                                       "properties": [{"id": "oak", "name": "Oakwood"}]})  # fmt: skip
    lead = {
        "integration_id": "int-1",
        "property_id": "oak",
        "synced": False,
        "first_name": "Ana",
        "notes": "x",
    }
    lead_id = api.post("/sandbox/leads", lead).json()["id"]
    assert api.get(f"/v1/leads/{lead_id}").status_code == 404
    assert api.post("/sandbox/sync/int-1").json() == {}
    assert api.get(f"/v1/leads/{lead_id}").status_code == 200
    body = {"integration_id": "int-1", "lead_id": lead_id, "appointment_date": "2026-05-04",
            "appointment_time": "15:30:00", "appointment_duration_minutes": 30, "appointment_type": "TOUR",
            "notes": "ref 7f3a"}  # fmt: skip
    api.post("/v1/events/appointments/leads", body)
    state = api.get("/sandbox/state").json()
    assert state["requests"] == 3
    [place] = state["properties"]
    assert (place["property_id"], place["name"], place["vendor"]) == ("oak", "Oakwood", "ENTRATA")
    [lead] = place["leads"]
    assert (lead["id"], lead["first_name"], lead["readable"]) == (lead_id, "Ana", True)
    [appointment] = place["appointments"]
    assert (appointment["lead_name"], appointment["cancelled"], appointment["readable"]) == (
        "Ana",
        False,
        False,
    )


def test_lead_of_no_known_property_is_shown_too(sandbox, api):
    sandbox.add_integration("int-1", "REALPAGE")
    api.post("/v1/leads/", {"integration_id": "int-1", "first_name": "Ana", "last_name": "Ruiz"})
    [place] = api.get("/sandbox/state").json()["properties"]
    assert (place["property_id"], place["leads"][0]["last_name"]) == (None, "Ruiz")


def test_faults_can_be_switched_on_and_off(api):
    fault = {"method": "GET", "path": "/v1/leads/", "times": 2, "status": 503, "headers": {"X-Fault": "yes"}}
    assert api.post("/sandbox/faults", fault).json().items() >= fault.items()
    answer = api.get("/v1/leads/")
    assert (answer.status_code, answer.headers["X-Fault"]) == (503, "yes")
    assert api.call("DELETE", "/sandbox/faults").json() == {}
    assert api.get("/v1/leads/").status_code == 200


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("integrations", {}),
        ("integrations", {"vendor": "ENTRATA", "properties": [{"id": "oak"}]}),
        ("leads", {"first_name": "Ana"}),
        ("leads", {"integration_id": "nobody", "property_id": "oak"}),
        ("leads", {"integration_id": "int-1", "property_id": "oak", "shoe_size": 44}),
        ("faults", {"drop": "sometimes"}),
        ("faults", {"status": 600}),
        ("faults", {"kind": "flood"}),
        ("faults", []),
        ("sync/nobody", {}),
    ],
)
def test_refuses_a_body_that_it_does_not_know(sandbox, api, path, body):
    sandbox.add_integration("int-1", "ENTRATA")
    answer = api.post(f"/sandbox/{path}", body)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"]


def test_reset_forgets_everything(sandbox, api):
    sandbox.add_integration("int-1", "REALPAGE")
    sandbox.add_lead("int-1", None, first_name="Ana")
    sandbox.fail(status=500)
    api.post("/sandbox/reset")
    assert (sandbox.leads, sandbox.integrations, sandbox.requests) == ([], [], [])
    assert api.get("/v1/leads/").json()["results"] == []


class TestPage:
    def test_shows_leads_and_appointments_per_property(self, sandbox, api):
        sandbox.add_integration("int-1", "RENTMANAGER")
        sandbox.add_property("int-1", "oak", "Oakwood")
        lead_id = sandbox.add_lead(
            "int-1", "oak", first_name="Ana", last_name="Ruiz", email_1="ana@example.com"
        )
        body = {"integration_id": "int-1", "lead_id": lead_id, "title": "Tour",
                "appointment_date": "2026-05-04", "appointment_time": "15:30:00",
                 "appointment_duration_minutes": 30}  # fmt: skip
        event_id = api.outcome(api.post("/v1/events/appointments/leads", body))["created_record_id"]
        page = api.get("/").text
        for text in (
            "Oakwood",
            "RENTMANAGER",
            "Ana Ruiz",
            "ana@example.com",
            "2026-05-04 15:30:00",
            "stands",
        ):
            assert text in page
        api.post("/v1/events/appointments/leads/cancel", {"integration_id": "int-1", "event_id": event_id})
        assert "deleted" in api.get("/").text

    def test_escapes_what_was_written(self, sandbox, api):
        sandbox.add_integration("int-1", "RENTMANAGER")
        sandbox.add_property("int-1", "oak", "Oak & <b>wood</b>")
        sandbox.add_lead("int-1", "oak", first_name="<script>alert(1)</script>")
        page = api.get("/").text
        assert "<script>" not in page
        assert "&lt;script&gt;" in page
        assert "Oak &amp; &lt;b&gt;" in page

    def test_without_a_property(self, api):
        assert "No property yet" in api.get("/").text


class TestServer:
    def test_stops_and_frees_its_address(self, sandbox):
        server = SandboxServer(sandbox)
        url = server.start()
        assert url == server.url
        with requests.Session() as session:
            session.trust_env = False
            assert session.get(url).status_code == 200
            server.stop()
            with pytest.raises(requests.ConnectionError):
                session.get(url)

    def test_can_be_stopped_without_a_start(self, sandbox):
        SandboxServer(sandbox).stop()

    def test_serves_in_the_foreground_until_it_is_stopped(self, sandbox):
        server = SandboxServer(sandbox)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        with requests.Session() as session:
            session.trust_env = False
            assert session.get(server.url).status_code == 200
        server.stop()
        thread.join(timeout=10)
        assert not thread.is_alive()

    def test_a_second_server_serves_the_same_sandbox(self, sandbox):
        sandbox.add_integration("int-1", "ENTRATA")
        for _ in range(2):
            with SandboxServer(sandbox) as server, requests.Session() as session:
                session.trust_env = False
                assert "int-1" not in session.get(server.url).text
                assert not sandbox.stopping.is_set()
