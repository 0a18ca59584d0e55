"""Forms that a visitor fills in on a site."""

from typing import Any

import pytest
from inbound.posts import FORM, SITE, assert_problem

from bridge.keys import contact_key


def send_form(endpoint: Any, source: str = "form", *, origin: str | None = SITE, **request: Any) -> Any:
    request = request or {"json": FORM}
    return endpoint.client.post(f"/hooks/{source}", headers={"Origin": origin} if origin else {}, **request)


@pytest.mark.parametrize(
    "how", [{"json": FORM}, {"data": FORM}, {"data": FORM, "content_type": "multipart/form-data"}]
)
def test_a_form_is_taken_in_every_encoding_and_a_double_click_is_one(
    endpoint: Any, how: dict[str, Any]
) -> None:
    answer, again = send_form(endpoint, **how), send_form(endpoint, **how)
    assert (answer.status_code, answer.json["status"]) == (200, "received")
    assert again.json == {**answer.json, "duplicate": True}
    assert answer.headers["Access-Control-Allow-Origin"] == SITE
    assert [event.lock for event in endpoint.events()] == [contact_key("maya@example.com", None)]


def test_a_form_with_an_id_of_its_own_can_be_sent_twice(endpoint: Any) -> None:
    answers = [send_form(endpoint, json={**FORM, "submission_id": one}).json for one in "ab"]
    assert answers[0]["id"] != answers[1]["id"]


WALL_TIME = {"starts_at_local", "date", "time"}


@pytest.mark.parametrize(
    ("wrong", "fields"),
    [
        ({"email": "maya@"}, {"email"}),
        ({"email": "", "phone": "call me"}, {"phone"}),
        ({"email": ""}, {"email", "phone"}),
        ({"date": "", "time": ""}, {"starts_at"} | WALL_TIME),
        ({"time": ""}, WALL_TIME),
        ({"time": "half past ten"}, WALL_TIME),
        ({"email": "maya@", "time": ""}, {"email"} | WALL_TIME),
        (
            {"email": "", "date": "", "time": "", "submission_id": "s"},
            {"email", "phone", "starts_at"} | WALL_TIME,
        ),
        ({"property": "Elsewhere"}, {"property"}),
        ({"property": ["oakwood", "oakwood"]}, {"property"}),
        ({"date": "11/24/2026", "time": "8:59 AM"}, WALL_TIME),
        ({"date": "11/24/2026", "time": "9:00 AM"}, WALL_TIME),
        ({"date": "", "time": "", "starts_at": "2026-11-24T15:00:00Z"}, {"starts_at"}),
        ({"date": "03/14/2027", "time": "2:30 AM"}, WALL_TIME),
        ({"date": "11/07/2027", "time": "1:30 AM"}, WALL_TIME),
        ({"duration_minutes": "a while"}, {"duration_minutes"}),
    ],
)
def test_a_visitor_learns_what_to_correct(endpoint: Any, wrong: dict[str, Any], fields: set[str]) -> None:
    answer = send_form(endpoint, json={**FORM, **wrong})
    assert_problem(answer, 422, "invalid_form")
    assert answer.json["errors"].keys() == fields
    assert all(text.startswith("Expected ") for texts in answer.json["errors"].values() for text in texts)
    assert answer.headers["Access-Control-Allow-Origin"] == SITE
    assert endpoint.events() == []


@pytest.mark.parametrize(
    "right", [{"date": "11/24/2026", "time": "9:01 AM"}, {"property": "oakwood flats"}, {"time": "10 AM"}]
)
def test_a_visitor_may_write_as_people_do(endpoint: Any, right: dict[str, Any]) -> None:
    assert send_form(endpoint, json={**FORM, **right}).status_code == 200


def test_a_form_without_a_property_of_its_own_must_name_one(endpoint: Any) -> None:
    answer = send_form(endpoint, "forms", origin="https://other.example")
    assert answer.json["errors"].keys() == {"property"}


@pytest.mark.parametrize("body", [b"{half", b"[]", b"null", b"[1]", b'["a", {}]', b"\xff"])
def test_a_form_that_is_none_is_not_stored(endpoint: Any, body: bytes) -> None:
    answer = send_form(endpoint, data=body, content_type="application/json")
    assert_problem(answer, 422, "invalid_form")
    assert answer.json["errors"]
    assert endpoint.events() == []


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://www.oakwood.example", SITE + ".evil.example"]
)
def test_a_form_of_another_site_is_refused(endpoint: Any, origin: str) -> None:
    answer = send_form(endpoint, origin=origin)
    assert_problem(answer, 403, "origin_not_allowed")
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert endpoint.events() == []


@pytest.mark.parametrize(
    ("source", "origin", "allowed"),
    [
        ("form", SITE, SITE),
        ("form", "https://other.example", None),
        ("forms", "https://other.example", "https://other.example"),
        ("forms", SITE, None),
        ("widget", SITE, None),
    ],
)
def test_only_listed_sites_may_ask_before(
    endpoint: Any, source: str, origin: str, allowed: str | None
) -> None:
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type, idempotency-key",
    }
    answer = endpoint.client.options(f"/hooks/{source}", headers=headers)
    assert answer.headers.get("Access-Control-Allow-Origin") == allowed
    if allowed:
        assert answer.headers["Access-Control-Allow-Methods"] == "POST"
        assert answer.headers["Access-Control-Allow-Headers"].lower() == "content-type, idempotency-key"
    assert "Access-Control-Allow-Credentials" not in answer.headers
