"""Sources that a program sets up: the same as at the console."""

from typing import Any

from bridge.models import AuditEntry, Role


def test_a_source_from_nothing_to_live_and_away(world: Any, api: Any) -> None:
    client = api()
    made = client.post("/api/v1/sources", json={"name": "tours", "mapping": "calendly"})
    assert (made.status_code, made.json["mode"], made.json["first_event"]) == (201, "shadow", None)
    assert made.json["secret"]
    assert "tours" in {line["name"] for line in client.get("/api/v1/sources").json["sources"]}
    again = client.post("/api/v1/sources", json={"name": "tours", "mapping": "calendly"})
    assert (again.status_code, again.json["code"]) == (409, "source_configured")
    address = "/api/v1/sources/tours"
    assert client.put(f"{address}/setup", json={"property": "oakwood", "record": True}).status_code == 204
    shown = client.get(f"{address}/setup").json
    assert (shown["property"], shown["record"], shown["secret"]) == ("oakwood", True, made.json["secret"])
    operator = api(Role.OPERATOR)
    assert operator.put(f"{address}/mode", json={"mode": "live"}).status_code == 204
    assert client.get(f"{address}/setup").json["mode"] == "live"
    assert not world.settings.sources["tours"].is_shadow_at(world.clock())
    assert client.delete(address).status_code == 204
    assert client.delete(address).status_code == 404
    with world.database.session() as session:
        entries = session.query(AuditEntry).filter_by(object_id="tours").order_by(AuditEntry.id)
        assert [(entry.what, entry.via) for entry in entries] == [
            ("added", "api"), ("changed", "api"), ("switched", "api"), ("removed", "api"),
        ]  # fmt: skip


def test_a_form_of_a_website_has_its_origins(world: Any, api: Any) -> None:
    client, new = api(), {"name": "site", "mapping": "website_form"}
    assert "sources.site.origins" in client.post("/api/v1/sources", json=new).json["detail"]
    origins = ["https://www.example.com", "https://example.com"]
    made = client.post("/api/v1/sources", json={**new, "origins": origins})
    assert (made.status_code, made.json["origins"], made.json["secret"]) == (201, origins, None)
    for body, expected in (({"property": "oakwood"}, origins), ({"origins": origins[:1]}, origins[:1])):
        assert client.put("/api/v1/sources/site/setup", json=body).status_code == 204
        assert client.get("/api/v1/sources/site/setup").json["origins"] == expected
    assert client.get("/api/v1/sources/site/widget").status_code == 200


def test_what_cannot_work_or_is_not_allowed_is_refused(world: Any, api: Any) -> None:
    client = api()
    for body in (
        {"name": "Not A Name", "mapping": "calendly"},
        {"name": "tours", "mapping": "nobody"},
    ):
        answer = client.post("/api/v1/sources", json=body)
        assert (answer.status_code, bool(answer.json["detail"])) == (409, True), body
    assert client.post("/api/v1/sources", json={"name": "tours"}).status_code == 422
    client.post("/api/v1/sources", json={"name": "tours", "mapping": "calendly"})
    wrong = client.put("/api/v1/sources/tours/setup", json={"property": "nowhere"})
    assert wrong.status_code == 409
    assert client.put("/api/v1/sources/widget/mode", json={"mode": "loud"}).status_code == 422
    for path in ("widget/setup", "nobody/setup", "nobody/shadow"):
        assert client.get(f"/api/v1/sources/{path}").status_code == 404, path
    assert client.put("/api/v1/sources/nobody/mode", json={"mode": "live"}).status_code == 404
    operator = api(Role.OPERATOR)
    assert operator.get("/api/v1/sources/tours/setup").status_code == 403
    assert operator.delete("/api/v1/sources/tours").status_code == 403
    assert operator.post("/api/v1/sources", json={"name": "a", "mapping": "calendly"}).status_code == 403
    assert api(Role.VIEWER).put("/api/v1/sources/widget/mode", json={"mode": "live"}).status_code == 403


def test_shadow_mode_shows_what_would_have_been_written(world: Any, api: Any) -> None:
    assert api(Role.OPERATOR).put("/api/v1/sources/other/mode", json={"mode": "shadow"}).status_code == 204
    event_id = world.book("B-1", source="other")
    world.run()
    shown = api(Role.OPERATOR).get("/api/v1/sources/other/shadow").json
    [row] = shown["rows"]
    assert (shown["total"], row["event_id"], row["name"]) == (1, event_id, "Maya Okafor")
    assert row["sentence"]
    assert "Maya" not in api(Role.VIEWER).get("/api/v1/sources/other/shadow").text
