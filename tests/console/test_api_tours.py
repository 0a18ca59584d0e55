"""Tours for programs: by their days, corrected field by field, and calendar feeds."""

from datetime import timedelta
from typing import Any

from bridge.models import AuditEntry, Role


def test_tours_of_some_days(world: Any, api: Any) -> None:
    world.book("B-1", start="2026-12-03T14:00:00-06:00")
    world.book("B-2", start="2026-12-03T09:30:00-06:00", email="ines@example.com")
    world.book("B-3", start="2026-12-04T09:30:00-06:00", email="dora@example.com")
    world.run(until=world.clock() + timedelta(minutes=10))
    client = api(Role.OPERATOR)

    def starts(query: str) -> list[str]:
        found = client.get(f"/api/v1/bookings?{query}").json
        assert found["next"] is None
        return [row["tour_at"][:16] for row in found["bookings"]]

    assert starts("tour_from=2026-12-03&property=oakwood") == ["2026-12-03T09:30", "2026-12-03T14:00"]
    assert starts("tour_from=2026-12-03&tour_to=2026-12-04&search=dora@example.com") == ["2026-12-04T09:30"]
    assert starts("tour_to=2026-12-04&state=cancelled") == []
    for query, status in (("tour_from=soon", 422), ("tour_from=2026-12-04&tour_to=2026-12-03", 409)):
        assert client.get(f"/api/v1/bookings?{query}").status_code == status, query


def test_a_tour_is_corrected_field_by_field(world: Any, api: Any) -> None:
    event_id = world.book("B-1", property="Atlantis")
    world.run(until=world.clock() + timedelta(minutes=10))
    client, address = api(Role.OPERATOR), f"/api/v1/events/{event_id}/fields"
    assert client.get(address).json["fields"]["property"] == ""
    shown = client.get(f"{address}?property=oakwood").json
    assert (shown["fields"]["date"], shown["fields"]["time"]) == ("2026-12-03", "10:30")
    assert "oakwood" in shown["properties"]
    wrong = client.post(address, json={"property": "oakwood", "email": "nobody", "date": "2026-01-01"})
    assert (wrong.status_code, wrong.json["code"]) == (422, "not_understood")
    assert wrong.json["errors"]["json"].keys() == {"email", "date"}
    assert client.post(address, json={"kind": "by boat"}).status_code == 422
    assert api(Role.VIEWER).post(address, json={"time": "11:00"}).status_code == 403
    assert world.status(event_id)[0] == "parked"
    once = {"Idempotency-Key": "k-1"}
    corrected = client.post(address, json={"property": "oakwood", "time": "11:00"}, headers=once).json
    assert corrected["queued"] is True
    assert client.post(address, json={"property": "oakwood", "time": "11:00"}, headers=once).json == corrected
    world.run(until=world.clock() + timedelta(minutes=10))
    assert world.status(event_id) == ("written", None)
    [tour] = client.get("/api/v1/bookings").json["bookings"]
    assert (tour["property"], tour["tour_at"][:16]) == ("oakwood", "2026-12-03T11:00")


def test_the_address_of_a_calendar_feed_is_answered_once(world: Any, api: Any) -> None:
    client = api(Role.OPERATOR)
    made = client.post("/api/v1/calendar-feeds", json={"property": "Elm Court"})
    assert (made.status_code, made.json["property"]) == (201, "elm")
    path = made.json["address"].removeprefix("http://localhost")
    assert world.client.get(path).mimetype == "text/calendar"
    [listed] = client.get("/api/v1/calendar-feeds").json["feeds"]
    assert (listed["id"], "address" in listed) == (made.json["id"], False)
    assert client.post("/api/v1/calendar-feeds", json={"property": "Nowhere"}).status_code == 404
    viewer = api(Role.VIEWER)
    assert viewer.get("/api/v1/calendar-feeds").status_code == 403
    assert viewer.delete(f"/api/v1/calendar-feeds/{listed['id']}").status_code == 403
    assert client.delete(f"/api/v1/calendar-feeds/{listed['id']}").status_code == 204
    assert client.delete(f"/api/v1/calendar-feeds/{listed['id']}").status_code == 404
    assert world.client.get(path).status_code == 404
    with world.database.session() as session:
        entries = session.query(AuditEntry).filter_by(object="calendar feed").order_by(AuditEntry.id)
        assert [(entry.what, entry.via) for entry in entries] == [("created", "api"), ("revoked", "api")]
