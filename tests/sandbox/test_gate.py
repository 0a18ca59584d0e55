"""What holds for every request: token, minute budget, faults."""

import threading

import pytest
import requests

LEADS = "/v1/leads/"
LEAD = {
    "integration_id": "APPFOLIO",
    "property_id": "APPFOLIO-property",
    "first_name": "Ana",
    "last_name": "Ruiz",
}


class TestToken:
    @pytest.mark.parametrize("given", [None, "", "Bearer", "Bearer ", "Basic dGVzdDp0ZXN0", "test-token"])
    def test_needs_a_bearer_token(self, api, given):
        answer = api.call("GET", LEADS, headers={"Authorization": given})
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "unauthorized")

    def test_takes_any_token_until_one_is_set(self, sandbox, api):
        assert api.get(LEADS).status_code == 200
        sandbox.token = "another-token"
        assert api.get(LEADS).status_code == 401
        assert api.call("GET", LEADS, headers={"Authorization": "Bearer another-token"}).status_code == 200


class TestBudget:
    def state(self, answer):
        return (
            answer.status_code,
            answer.headers["x-ratelimit-limit"],
            answer.headers["x-ratelimit-remaining"],
        )

    def test_headers_on_every_answer(self, sandbox, api):
        sandbox.budget_per_minute = 5
        assert self.state(api.get(LEADS)) == (200, "5", "4")
        assert self.state(api.get("/v1/leads/nobody")) == (404, "5", "3")
        assert self.state(api.post(LEADS, {})) == (400, "5", "2")
        sandbox.fail(status=503)
        assert self.state(api.get(LEADS)) == (503, "5", "1")

    def test_refuses_until_the_minute_is_over(self, sandbox, api, clock):
        sandbox.budget_per_minute = 2
        clock.advance(seconds=30)
        assert [api.get(LEADS).status_code for _ in range(3)] == [200, 200, 429]
        clock.advance(seconds=29)
        refused = api.post(LEADS, LEAD)
        assert self.state(refused) == (429, "2", "0")
        assert "Retry-After" not in refused.headers
        assert sandbox.leads == []
        clock.advance(seconds=1)
        assert self.state(api.get(LEADS)) == (200, "2", "1")

    def test_retry_after_can_be_switched_on(self, sandbox, api):
        sandbox.budget_per_minute, sandbox.retry_after = 0, 17
        assert api.get(LEADS).headers["Retry-After"] == "17"

    def test_each_token_has_its_own(self, sandbox, api):
        sandbox.budget_per_minute = 1
        assert api.get(LEADS).status_code == 200
        assert api.call("GET", LEADS, headers={"Authorization": "Bearer another"}).status_code == 200
        assert api.get(LEADS).status_code == 429

    def test_slow_from_80_percent_on(self, sandbox, api):
        sandbox.budget_per_minute = 5
        for _ in range(3):
            api.get(LEADS)
        sandbox.slow_zone_seconds = 600
        with pytest.raises(requests.ReadTimeout):
            api.call("GET", LEADS, timeout=0.3)
        sandbox.slow_zone_seconds = 0
        assert self.state(api.get(LEADS)) == (200, "5", "0")

    def test_not_slow_before(self, sandbox, api):
        sandbox.budget_per_minute, sandbox.slow_zone_seconds = 150, 600
        for _ in range(119):
            assert api.get("/v1/leads/nobody").status_code == 404

    def test_page_and_switches_are_free(self, sandbox, api):
        sandbox.budget_per_minute = 0
        for path in ("/", "/sandbox/state"):
            answer = api.call("GET", path, headers={"Authorization": None})
            assert answer.status_code == 200
            assert "x-ratelimit-limit" not in answer.headers
        assert sandbox.requests == []


class TestRequests:
    def test_are_recorded_as_they_came(self, sandbox, api, clock):
        api.get(LEADS, email_1="ana@example.com")
        clock.advance(seconds=5)
        api.post(LEADS, LEAD)
        api.call("POST", LEADS, data="no json")
        first, second, third = sandbox.requests
        assert (first.method, first.path, first.query) == ("GET", LEADS, {"email_1": "ana@example.com"})
        assert (first.body, first.status) == (None, 200)
        assert (second.body, second.status, second.at) == (LEAD, 200, clock())
        assert (third.body, third.status) == ("no json", 400)


class TestFaults:
    def test_status_instead_of_the_write(self, sandbox, api):
        sandbox.fail(method="POST", path=LEADS, status=503, headers={"Retry-After": "9"})
        answer = api.post(LEADS, LEAD)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "9")
        assert answer.json()["error"]["code"] == "fault"
        assert sandbox.leads == []
        assert api.post(LEADS, LEAD).status_code == 200

    def test_status_although_written(self, sandbox, api):
        sandbox.fail(method="POST", path=LEADS, status=502, after_write=True, body="<h1>Bad gateway</h1>")
        answer = api.post(LEADS, LEAD)
        assert (answer.status_code, answer.text) == (502, "<h1>Bad gateway</h1>")
        assert answer.headers["Content-Type"].startswith("text/html")
        assert len(sandbox.leads) == 1

    def test_body_of_its_own(self, sandbox, api):
        sandbox.fail(status=409, body={"message": "conflict"})
        assert api.get(LEADS).json() == {"message": "conflict"}

    @pytest.mark.parametrize("status", [201, 204, 302, 400, 401, 403, 404, 408, 422, 425, 429, 500, 599])
    def test_any_status(self, sandbox, api, status):
        sandbox.fail(status=status, headers={"Location": "https://example.com/"})
        assert api.get(LEADS).status_code == status

    @pytest.mark.parametrize(("drop", "written"), [("before", 0), ("after", 1)])
    def test_dropped_connection(self, sandbox, api, drop, written):
        sandbox.fail(path=LEADS, drop=drop)
        with pytest.raises(requests.ConnectionError):
            api.post(LEADS, LEAD)
        assert len(sandbox.leads) == written
        [seen] = sandbox.requests
        assert (seen.body, seen.status) == (LEAD, None)
        assert api.get(LEADS).status_code == 200

    def test_delay_holds_the_answer_back_after_the_write(self, sandbox, api):
        sandbox.fail(path=LEADS, delay=600)
        with pytest.raises(requests.ReadTimeout):
            api.post(LEADS, LEAD, timeout=0.3)
        assert len(sandbox.leads) == 1

    def test_delay_ends_when_the_server_stops(self, sandbox, server, api):
        sandbox.fail(delay=600)
        with pytest.raises(requests.ReadTimeout):
            api.call("GET", LEADS, timeout=0.3)
        held_back = [each for each in threading.enumerate() if "process_request_thread" in each.name]
        assert held_back
        server.stop()
        for thread in held_back:
            thread.join(timeout=10)
            assert not thread.is_alive()

    @pytest.mark.parametrize(("status", "written"), [("FAILURE", 0), ("PARTIAL_SUCCESS", 1)])
    def test_end_of_the_job(self, sandbox, api, status, written):
        sandbox.fail(path=LEADS, write_status=status)
        outcome = api.outcome(api.post(LEADS, LEAD))
        assert outcome["write_status"] == status
        assert len(outcome["errors"]) == 1
        assert len(sandbox.leads) == written
        assert outcome["created_record_id"] == (sandbox.leads[0].id if written else None)

    @pytest.mark.parametrize("wrapped", [False, True])
    def test_no_job_id(self, sandbox, api, wrapped):
        sandbox.wrapped = wrapped
        sandbox.fail(path=LEADS, no_job_id=True)
        assert api.post(LEADS, LEAD).json() == ({"meta": {}, "result": LEAD} if wrapped else {"data": {}})
        assert len(sandbox.leads) == 1

    def test_strikes_as_often_as_asked_and_only_what_matches(self, sandbox, api):
        sandbox.fail(method="GET", path="/v1/leads/*", times=2, status=500)
        assert api.post(LEADS, LEAD).status_code == 200
        assert api.get("/v1/appointments/").status_code == 200
        assert [api.get("/v1/leads/nobody").status_code for _ in range(3)] == [500, 500, 404]

    def test_in_the_order_in_which_they_were_switched_on(self, sandbox, api):
        sandbox.fail(status=500)
        sandbox.fail(status=503)
        assert [api.get(LEADS).status_code for _ in range(3)] == [500, 503, 200]

    def test_can_be_switched_off(self, sandbox, api):
        sandbox.fail(times=99, status=500)
        sandbox.clear_faults()
        assert api.get(LEADS).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/nothing", 404),
        ("DELETE", "/v1/leads/", 405),
        ("GET", "/v1/leads", 308),
        ("POST", "/crm/v1/x", 404),
    ],
)
def test_route_that_is_not_there(api, method, path, status):
    answer = api.call(method, path)
    assert answer.status_code == status
    if status >= 400:
        assert answer.json()["error"]["message"]
