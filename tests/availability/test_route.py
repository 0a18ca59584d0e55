"""GET /availability/<source>: who may ask, what is answered, and each problem."""

import gzip
from datetime import datetime
from typing import Any

import pytest
from flask.testing import FlaskClient

from bridge.app import create_app
from bridge.database import Database
from bridge.settings import parse

SITE = "https://www.example.com"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.fixture
def document() -> dict[str, Any]:
    place = {"integration_id": "i", "property_id": "p", "pms": "RESMAN", "time_zone": "America/Chicago"}
    return {
        "propexo": {"token": "t"},
        "properties": {
            "oakwood": {
                **place,
                "name": "Oakwood Flats",
                "tour_hours": ["thu-fri 10:30-11:30"],
                "slots": {"kinds": {"in_person": {}, "self_guided": {"hours": ["thu 10:30-11:00"]}}},
            },
            "elm": {**place, "property_id": "e"},
        },
        "sources": {
            "website": {"mapping": "website_form", "property": "oakwood", "origins": [SITE]},
            "crm": {"mapping": "standard_webhooks", "secrets": ["whsec_" + "A" * 32, SECRET]},
            "off": {"mapping": "website_form", "origins": [SITE], "enabled": False},
        },
    }


@pytest.fixture
def client(document: dict[str, Any], database: Database, clock: Any) -> FlaskClient:
    clock.now = datetime.fromisoformat("2026-12-02T10:00:00-06:00")
    return create_app(parse(document, {}), database, clock=clock).test_client()


def test_the_free_times_of_some_days(client: FlaskClient):
    query = "?property=oakwood&from=2026-12-03&days=3"
    answer = client.get(f"/availability/website{query}", headers={"Origin": SITE})
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == SITE
    assert answer.json == {
        "property": "oakwood",
        "time_zone": "America/Chicago",
        "as_of": "2026-12-02T16:00:00Z",
        "origin": "hours",
        "kinds": ["in_person", "self_guided"],
        "slots": [
            {
                "start": "2026-12-03T10:30:00-06:00",
                "end": "2026-12-03T11:00:00-06:00",
                "kinds": ["in_person", "self_guided"],
            },
            {
                "start": "2026-12-03T11:00:00-06:00",
                "end": "2026-12-03T11:30:00-06:00",
                "kinds": ["in_person"],
            },
            {
                "start": "2026-12-04T10:30:00-06:00",
                "end": "2026-12-04T11:00:00-06:00",
                "kinds": ["in_person"],
            },
            {
                "start": "2026-12-04T11:00:00-06:00",
                "end": "2026-12-04T11:30:00-06:00",
                "kinds": ["in_person"],
            },
        ],
        "days": [
            {"date": "2026-12-03", "free": 2},
            {"date": "2026-12-04", "free": 2},
            {"date": "2026-12-05", "free": 0, "reason": "closed", "next": "2026-12-10"},
        ],
    }


def test_one_kind_and_the_property_of_the_source(client: FlaskClient):
    answer = client.get("/availability/website?kind=self_guided&days=1&from=2026-12-03")
    assert [slot["start"] for slot in answer.json["slots"]] == ["2026-12-03T10:30:00-06:00"]


def test_other_sources_show_their_secret(client: FlaskClient):
    path = "/availability/crm?property=Oakwood%20Flats"
    assert client.get(path, headers={"Authorization": f"Bearer {SECRET}"}).status_code == 200
    for wrong in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {SECRET}"}):
        answer = client.get(path, headers=wrong)
        assert (answer.status_code, answer.json["code"]) == (401, "not_authentic")


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/availability/nobody", 404, "unknown_source"),
        ("/availability/off", 503, "not_accepting"),
        ("/availability/website?property=palm", 404, "unknown_property_name"),
        ("/availability/website?property=elm", 404, "no_tour_times"),
        ("/availability/website?kind=virtual", 422, "unknown_tour_kind"),
        ("/availability/website?days=15", 422, "invalid_dates"),
        ("/availability/website?days=0", 422, "invalid_dates"),
        ("/availability/website?days=x", 422, "invalid_dates"),
        ("/availability/website?from=2026-02-30", 422, "invalid_dates"),
        ("/availability/website?from=9999-12-31", 422, "invalid_dates"),
    ],
)
def test_problems(client: FlaskClient, path: str, status: int, code: str):
    answer = client.get(path)
    assert (answer.status_code, answer.json["code"]) == (status, code)
    assert answer.mimetype == "application/problem+json"


def test_a_website_that_is_not_listed(client: FlaskClient):
    answer = client.get("/availability/website", headers={"Origin": "https://elsewhere.example"})
    assert (answer.status_code, answer.json["code"]) == (403, "origin_not_allowed")


def test_a_past_day_and_one_beyond_the_horizon(client: FlaskClient):
    past = client.get("/availability/website?from=2026-11-26&days=1").json["days"]
    far = client.get("/availability/website?from=2027-06-03&days=1").json["days"]
    assert past == [{"date": "2026-11-26", "free": 0, "reason": "past", "next": "2026-12-03"}]
    assert far == [{"date": "2027-06-03", "free": 0, "reason": "horizon", "next": None}]


def test_the_answer_is_compressed_for_who_reads_that(client: FlaskClient):
    path = "/availability/website?property=oakwood&from=2026-12-03&days=14"
    plain = client.get(path)
    packed = client.get(path, headers={"Accept-Encoding": "gzip"})
    assert (plain.headers.get("Content-Encoding"), packed.headers["Content-Encoding"]) == (None, "gzip")
    assert gzip.decompress(packed.data) == plain.data
    assert len(packed.data) < len(plain.data) / 2
    assert "Accept-Encoding" in packed.headers["Vary"]
