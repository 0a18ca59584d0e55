"""Tests of sources, the widget's line, mappings, and Propexo's findings, for programs."""

from typing import Any

from bridge.models import AuditEntry, Role


def test_a_sample_is_posted_to_a_source_and_goes_no_further(world: Any, api: Any) -> None:
    client = api(Role.OPERATOR)
    sample = client.get("/api/v1/sources/widget").json["samples"][0]
    trial = client.post("/api/v1/sources/widget/test", json={"sample": sample}).json
    assert (trial["status"], trial["passed"]) == (200, True)
    assert world.status(trial["event_id"]) == ("ignored", "test")
    with world.database.session() as session:
        [entry] = session.query(AuditEntry).filter_by(what="tested")
        assert (entry.via, entry.object_id) == ("api", "widget")
    unknown = client.post("/api/v1/sources/widget/test", json={"sample": "none"})
    assert unknown.json["code"] == "unknown_sample"
    assert client.post("/api/v1/sources/nobody/test", json={"sample": sample}).status_code == 404


def test_the_line_of_a_widget(world: Any, api: Any) -> None:
    world.document["sources"]["site"] = {
        "mapping": "website_form", "auth": "none", "origins": ["https://oakwood.example"], "property": "oakwood",
    }  # fmt: skip
    world.restart()
    client = api(Role.VIEWER)
    shown = client.get("/api/v1/sources/site/widget?language=es&accent=%23004400").json
    assert 'widget.js?source=site&property=oakwood&lang=es"' in shown["code"]
    assert "--tour-accent: #004400" in shown["code"]
    assert shown["link"].endswith("/widget/site?property=oakwood&lang=es")
    assert client.get("/api/v1/sources/widget/widget").status_code == 404


def test_mappings_and_what_propexo_publishes(world: Any, api: Any) -> None:
    client = api(Role.OPERATOR)
    listed = {line["name"]: line for line in client.get("/api/v1/mappings").json["mappings"]}
    assert listed["calendly"]["sender"] == "Calendly"
    assert listed["calendly"]["samples"]
    assert "class Calendly" in client.get("/api/v1/mappings/calendly").json["text"]
    assert client.get("/api/v1/mappings/nobody").status_code == 404
    assert api(Role.VIEWER).get("/api/v1/mappings/calendly").status_code == 403
    found = client.get("/api/v1/health/propexo").json
    assert {finding["level"] for finding in found["findings"]} <= {"ok", "warning", "problem"}
    assert found["at"]
    assert client.get("/api/v1/health/propexo").json["at"] == found["at"]
    world.clock.advance(minutes=1)
    assert client.post("/api/v1/health/propexo").json["at"] > found["at"]
    assert api(Role.VIEWER).post("/api/v1/health/propexo").status_code == 403
