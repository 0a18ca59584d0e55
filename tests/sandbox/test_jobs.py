"""A write is queued, carried out later, and can be followed up."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

CREATE = "/v1/events/appointments/leads"
CANCEL = "/v1/events/appointments/leads/cancel"
LOG = "/v1/admin/logs/writes/"
LEAD = {
    "integration_id": "APPFOLIO",
    "property_id": "APPFOLIO-property",
    "first_name": "Ana",
    "last_name": "Ruiz",
}


@pytest.fixture
def lead_id(sandbox):
    return sandbox.add_lead("APPFOLIO", "APPFOLIO-property", first_name="Ana", last_name="Ruiz")


def booking(lead_id, **changes):
    return {
        "integration_id": "APPFOLIO",
        "lead_id": lead_id,
        "unit_id": "some-unit",
        "appointment_date": "2026-05-04",
        "appointment_time": "15:30:00",
        "appointment_duration_minutes": 30,
        "notes": "ref 7f3a",
    } | changes


def failure(api, answer):
    """The PMS's words for a write that it refused: JSON inside a string."""
    outcome = api.outcome(answer)
    assert (outcome["write_status"], outcome["created_record_id"]) == ("FAILURE", None)
    [text] = outcome["errors"]
    return json.loads(text)["message"]


def test_both_documented_success_shapes(sandbox, api, lead_id):
    flat = api.post(CREATE, booking(lead_id)).json()
    assert flat == {"job_id": flat["job_id"], "data": {}}
    sandbox.wrapped = True
    wrapped = api.post(CREATE, booking(lead_id)).json()
    assert wrapped == {"meta": {"job_id": wrapped["meta"]["job_id"]}, "result": booking(lead_id)}
    assert api.get(f"/v1/admin/write-status/{wrapped['meta']['job_id']}").json()["write_status"] == "SUCCESS"


def test_is_pending_until_its_time_has_come(sandbox, api, clock):
    sandbox.write_seconds = 30
    answer = api.post("/v1/leads/", LEAD)
    pending = {"write_status": "PENDING", "errors": [], "created_record_id": None}
    assert api.outcome(answer) == pending
    clock.advance(seconds=29)
    assert api.outcome(answer) == pending
    assert sandbox.leads == []
    assert api.get(LOG).json()["results"]["logs"] == []
    clock.advance(seconds=1)
    [lead] = sandbox.leads
    assert api.outcome(answer) == {"write_status": "SUCCESS", "errors": [], "created_record_id": lead.id}


def test_job_that_is_due_counts_in_whatever_is_read_first(sandbox, api, clock):
    sandbox.write_seconds = 30
    api.post("/v1/leads/", LEAD)
    clock.advance(seconds=30)
    assert [each["first_name"] for each in api.get("/v1/leads/").json()["results"]] == ["Ana"]


def test_lead_must_be_known(sandbox, api):
    assert failure(api, api.post(CREATE, booking("nobody"))) == "The prospect was not found."
    assert failure(api, api.put("/v1/leads/nobody", {"notes": "x"})) == "The prospect was not found."


def test_lead_of_another_integration_is_unknown(sandbox, api):
    other = sandbox.add_lead("RESMAN", "RESMAN-property", first_name="Ana", last_name="Ruiz")
    assert failure(api, api.post(CREATE, booking(other)))


def test_lead_that_propexo_has_not_read_yet_is_unknown(sandbox, api):
    lead_id = sandbox.add_lead(
        "APPFOLIO", "APPFOLIO-property", synced=False, first_name="Ana", last_name="Ruiz"
    )
    assert failure(api, api.post(CREATE, booking(lead_id)))
    sandbox.sync("APPFOLIO")
    assert api.outcome(api.post(CREATE, booking(lead_id)))["write_status"] == "SUCCESS"


def test_event_must_be_known(sandbox, api, lead_id):
    words = "The appointment was not found."
    assert failure(api, api.put(f"{CREATE}/nobody", {"notes": "x"})) == words
    assert failure(api, api.post(CANCEL, {"integration_id": "APPFOLIO", "event_id": "nobody"})) == words
    event_id = api.outcome(api.post(CREATE, booking(lead_id)))["created_record_id"]
    assert failure(api, api.post(CANCEL, {"integration_id": "RENTMANAGER", "event_id": event_id})) == words


def test_deleted_event_is_unknown_to_the_pms(sandbox, api):
    lead_id = sandbox.add_lead("RENTMANAGER", "RENTMANAGER-property", first_name="Ana", last_name="Ruiz")
    body = booking(lead_id, integration_id="RENTMANAGER", title="Tour")
    del body["unit_id"]
    event_id = api.outcome(api.post(CREATE, body))["created_record_id"]
    cancel = {"integration_id": "RENTMANAGER", "event_id": event_id}
    assert api.outcome(api.post(CANCEL, cancel))["write_status"] == "SUCCESS"
    assert failure(api, api.post(CANCEL, cancel)) == "The appointment was not found."
    # Propexo never deletes what it has read.
    assert api.get(f"/v1/events/{event_id}").status_code == 200


def test_what_somebody_deleted_in_the_pms_is_unknown_to_it(sandbox, api, lead_id):
    event_id = api.outcome(api.post(CREATE, booking(lead_id)))["created_record_id"]
    sandbox.delete(event_id)
    assert failure(api, api.put(f"{CREATE}/{event_id}", {"notes": "x"})) == "The appointment was not found."
    assert sandbox.active_appointments() == []
    sandbox.delete(lead_id)
    sandbox.sync("APPFOLIO")
    assert failure(api, api.post(CREATE, booking(lead_id))) == "The prospect was not found."
    assert api.get(f"/v1/leads/{lead_id}").status_code == 200


def test_cancelled_appointment_stays_readable_and_looks_the_same(sandbox, api, lead_id):
    event_id = api.outcome(api.post(CREATE, booking(lead_id)))["created_record_id"]
    before = api.get(f"/v1/events/{event_id}").json()["results"]
    api.outcome(api.post(CANCEL, {"integration_id": "APPFOLIO", "event_id": event_id}))
    sandbox.sync("APPFOLIO")
    assert api.get(f"/v1/events/{event_id}").json()["results"] == before
    assert sandbox.active_appointments("APPFOLIO-property") == []


def test_repeated_create_makes_a_second_appointment(sandbox, api, lead_id):
    for _ in range(2):
        api.outcome(api.post(CREATE, booking(lead_id)))
    assert len(sandbox.active_appointments("APPFOLIO-property")) == 2
    assert sandbox.active_appointments("RESMAN-property") == []


def test_parallel_writes_are_all_kept(sandbox, api):
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: api.post("/v1/leads/", LEAD | {"notes": str(n)}), range(32)))
    assert {answer.status_code for answer in answers} == {200}
    assert {lead.notes for lead in sandbox.leads} == {str(n) for n in range(32)}


def test_unknown_job(api):
    assert api.get("/v1/admin/write-status/nobody").status_code == 404
    assert api.post("/v1/admin/retry-write/nobody", {}).status_code == 404


class TestRetryWrite:
    def test_queues_a_failed_write_again_under_a_new_id(self, sandbox, api, lead_id):
        sandbox.fail(method="POST", path=CREATE, write_status="FAILURE")
        failed = api.post(CREATE, booking(lead_id))
        assert failure(api, failed)
        answer = api.post(f"/v1/admin/retry-write/{failed.json()['job_id']}", {}).json()
        assert answer["success"] is True
        assert answer["job_id"] != failed.json()["job_id"]
        assert api.get(f"/v1/admin/write-status/{answer['job_id']}").json()["write_status"] == "SUCCESS"
        assert len(sandbox.appointments) == 1

    def test_takes_no_other_job(self, sandbox, api, clock):
        sandbox.write_seconds = 1
        job_id = api.post("/v1/leads/", LEAD).json()["job_id"]
        assert api.issues(api.post(f"/v1/admin/retry-write/{job_id}", {}))
        clock.advance(seconds=1)
        assert api.issues(api.post(f"/v1/admin/retry-write/{job_id}", {}))
        assert len(sandbox.leads) == 1


class TestWriteLog:
    def logs(self, api, **query):
        return api.get(LOG, **query).json()["results"]["logs"]

    def test_shows_the_accepted_body_and_the_ids_of_the_path(self, api, lead_id):
        body = booking(lead_id)
        created = api.post(CREATE, body)
        event_id = api.outcome(created)["created_record_id"]
        updated = api.put(f"{CREATE}/{event_id}", {"notes": "later"})
        renamed = api.put(f"/v1/leads/{lead_id}", {"last_name": "Rojas"})
        by_job = {each["job_id"]: each for each in self.logs(api)}
        record = by_job[created.json()["job_id"]]
        assert record == {
            "id": record["id"],
            "created_at": "2026-05-01T12:00:00.000Z",
            "job_id": created.json()["job_id"],
            "job_log_id": record["job_log_id"],
            "status": "SUCCESS",
            "integration_id": "APPFOLIO",
            "job_type": "CREATE_LEAD_APPOINTMENT",
            "error": None,
            "name": "Create lead appointment",
            "vendor": "APPFOLIO",
            "parameters": body,
        }
        assert by_job[updated.json()["job_id"]]["parameters"] == {"event_id": event_id, "notes": "later"}
        assert by_job[renamed.json()["job_id"]]["parameters"] == {"lead_id": lead_id, "last_name": "Rojas"}

    def test_filters_and_pages(self, api, clock, lead_id):
        api.post("/v1/leads/", LEAD)
        clock.advance(minutes=90)
        api.post(CREATE, booking(lead_id))
        api.post(CREATE, booking("nobody"))
        api.put(f"{CREATE}/nobody", {"notes": "x"})
        assert [each["integration_id"] for each in self.logs(api)] == ["", "APPFOLIO", "APPFOLIO", "APPFOLIO"]
        assert len(self.logs(api, write_category="leads")) == 1
        assert len(self.logs(api, write_category="events", integration_id="APPFOLIO")) == 2
        assert len(self.logs(api, time_range="hour")) == 3
        assert len(self.logs(api, time_range="day")) == 4
        [failed] = self.logs(api, status="FAILURE", integration_id="APPFOLIO")
        assert json.loads(failed["error"])["message"] == "The prospect was not found."
        assert self.logs(api, limit=2, offset=1) == self.logs(api)[1:3]

    def test_does_not_list_partial_successes(self, sandbox, api):
        sandbox.fail(path="/v1/leads/", write_status="PARTIAL_SUCCESS")
        api.post("/v1/leads/", LEAD)
        assert self.logs(api) == []

    def test_parameters_can_be_switched_off(self, sandbox, api):
        sandbox.log_parameters = False
        api.post("/v1/leads/", LEAD)
        [record] = self.logs(api)
        assert "parameters" not in record

    @pytest.mark.parametrize(
        "query", [{"limit": 0}, {"limit": 101}, {"offset": -1}, {"time_range": "year"}, {"status": "PENDING"},
                  {"write_category": "tours"}, {"lead_id": "x"}]
    )  # fmt: skip
    def test_refuses(self, api, query):
        assert api.issues(api.get(LOG, **query))


def test_manual_sync_reads_everything(sandbox, api, clock):
    sandbox.add_lead("ENTRATA", "ENTRATA-property", synced=False, first_name="Ana")
    assert api.get("/v1/leads/").json()["results"] == []
    clock.advance(hours=1)
    answer = api.post("/v1/admin/integrations/ENTRATA/manual-sync", {"models_to_sync": ["leads"]})
    assert answer.json() == {"result": {"success": True}}
    [lead] = api.get("/v1/leads/").json()["results"]
    assert lead["created_at"] == "2026-05-01T13:00:00.000Z"
    integration = api.get("/v1/admin/integrations/ENTRATA/").json()["results"]
    assert integration["last_completed_sync"] == "2026-05-01T13:00:00.000Z"
