"""What a request costs does not grow with the number of records: only what is answered is looked at."""

from collections import Counter

import pytest

from bridge.sandbox import reads
from bridge.sandbox.queue import LogQuery

MANY = 40
APPOINTMENT = {
    "appointment_date": "2026-05-04",
    "appointment_time": "15:30:00",
    "appointment_duration_minutes": 30,
    "title": "Tour",
}


@pytest.fixture
def looked_at(monkeypatch):
    """How many leads, events and jobs were looked at since it was cleared."""
    counter = Counter()

    def count(owner, name):
        real = getattr(owner, name)
        monkeypatch.setattr(owner, name, lambda *given: counter.update([name]) or real(*given))

    count(reads, "lead_document")
    count(reads, "event_document")
    count(LogQuery, "is_recent")
    return counter


@pytest.fixture
def leads(sandbox):
    return [
        sandbox.add_lead(
            "RENTMANAGER",
            "RENTMANAGER-property",
            email_1=f"renter{number}@example.com",
            phone_1=f"(512) 555-{number:04}",
        )
        for number in range(MANY)
    ]


def book(api, lead_id):
    body = {"integration_id": "RENTMANAGER", "lead_id": lead_id, **APPOINTMENT}
    return api.outcome(api.post("/v1/events/appointments/leads", body))["created_record_id"]


def ids(answer):
    return [each["id"] for each in answer.json()["results"]]


@pytest.mark.parametrize("asked", [{"email_1": "renter7@example.com"}, {"phone_1": "5125550007"}])
@pytest.mark.parametrize(
    "more", [{}, {"integration_id": "RENTMANAGER", "property_id": "RENTMANAGER-property"}]
)
def test_lead_of_a_person(api, leads, looked_at, asked, more):
    assert ids(api.get("/v1/leads/", **asked, **more)) == [leads[7]]
    assert looked_at == {"lead_document": 1}


def test_newest_leads(api, leads, looked_at):
    page = api.get("/v1/leads/", integration_id="RENTMANAGER", limit=2, offset=1)
    assert ids(page) == [leads[-2], leads[-3]]
    assert (page.json()["meta"]["total"], page.json()["meta"]["hasMore"]) == (MANY, True)
    assert looked_at == {"lead_document": 2}


def test_single_records_and_appointments_of_a_lead(api, leads, looked_at):
    events = [book(api, lead_id) for lead_id in leads[:5]]
    looked_at.clear()
    assert api.get(f"/v1/leads/{leads[3]}").json()["results"]["id"] == leads[3]
    assert api.get(f"/v1/events/{events[3]}").json()["results"]["id"] == events[3]
    assert ids(api.get("/v1/appointments/", integration_id="RENTMANAGER", lead_id=leads[3])) == [events[3]]
    assert looked_at == {"lead_document": 1, "event_document": 2}


def test_write_log(api, leads, looked_at, clock):
    for lead_id in leads[:6]:
        book(api, lead_id)
        api.put(f"/v1/leads/{lead_id}", {"notes": "x"})
        clock.advance(minutes=15)
    query = {"integration_id": "RENTMANAGER", "write_category": "events"}
    logs = api.get("/v1/admin/logs/writes/", **query, limit=2).json()["results"]["logs"]
    assert [log["parameters"]["lead_id"] for log in logs] == [leads[5], leads[4]]
    assert looked_at == {"is_recent": 2}
    looked_at.clear()
    logs = api.get("/v1/admin/logs/writes/", **query, time_range="hour").json()["results"]["logs"]
    assert [log["parameters"]["lead_id"] for log in logs] == [leads[5], leads[4], leads[3], leads[2]]
    assert looked_at == {"is_recent": 5}


def test_changed_lead_is_found_by_what_it_has_now(api, leads):
    api.outcome(api.put(f"/v1/leads/{leads[7]}", {"email_1": "moved@example.com"}))
    assert ids(api.get("/v1/leads/", email_1="moved@example.com")) == [leads[7]]
    assert ids(api.get("/v1/leads/", email_1="renter7@example.com")) == []
    assert ids(api.get("/v1/leads/", phone_1="5125550007")) == [leads[7]]
    assert ids(api.get("/v1/leads/", limit=1)) == [leads[-1]]


def test_job_that_ends_late_has_its_place_by_its_time(sandbox, api, leads, clock):
    sandbox.write_seconds = 60
    later = api.post("/v1/leads/", body := {
        "integration_id": "RENTMANAGER", "property_id": "RENTMANAGER-property", "first_name": "Ana",
        "last_name": "Ruiz",
    }).json()["job_id"]  # fmt: skip
    sandbox.write_seconds = 30
    earlier = api.post("/v1/leads/", body).json()["job_id"]
    clock.advance(seconds=90)
    logs = api.get("/v1/admin/logs/writes/").json()["results"]["logs"]
    assert [log["job_id"] for log in logs] == [later, earlier]
    created = [
        api.get(f"/v1/admin/write-status/{job}").json()["created_record_id"] for job in (later, earlier)
    ]
    assert ids(api.get("/v1/leads/", limit=2)) == created


def test_unusable_filter_is_refused_without_any_record(api):
    assert api.issues(api.get("/v1/leads/", phone_1="512555014"))
    assert api.issues(api.get("/v1/leads/", updated_at_gte="yesterday"))
