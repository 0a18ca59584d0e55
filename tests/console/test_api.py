"""The management API: what it answers, to whom, and what it hides."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import effort
import pytest
from hypothesis import HealthCheck, Phase, settings

from bridge.app import create_app
from bridge.console.api.idempotency import KEY
from bridge.console.queries.paging import cursor_of
from bridge.console.workbench.views import bench
from bridge.models import AuditEntry, Event, IdempotencyKey, Role

Api = Callable[..., Any]


@pytest.fixture
def some(world: Any) -> list[int]:
    """Written, and parked for a property that nobody knows."""
    found = [world.book("B-1"), world.book("B-2", email="ines@example.com", property="Atlantis")]
    world.run(until=world.clock() + timedelta(minutes=10))
    return found


def test_nothing_is_reported_without_a_token(world):
    client = create_app(world.settings, world.database, clock=world.clock).test_client()
    answer = client.get("/api/v1/events")
    assert (answer.status_code, answer.mimetype) == (401, "application/problem+json")
    assert client.get("/api/v1/events", headers={"Authorization": "Bearer brg_x"}).status_code == 401


def test_a_list_is_read_page_by_page(api: Api, world, some):
    client = api(Role.OPERATOR)
    first = client.get("/api/v1/events?limit=1&source=widget")
    assert [event["id"] for event in first.json["events"]] == [some[1]]
    address = re.fullmatch(r'<(.+)>; rel="next"', first.headers["Link"])
    assert address
    second = client.get(address[1]).json
    assert ([event["id"] for event in second["events"]], second["next"]) == ([some[0]], None)


def test_the_id_of_a_request_finds_its_events(api: Api, world, some):
    client = api(Role.VIEWER)
    with world.database.session() as session:
        request_id = session.get_one(Event, some[1]).request_id
    for asked in (f"request={request_id}", f"search={request_id}"):
        found = client.get(f"/api/v1/events?{asked}").json["events"]
        assert [event["id"] for event in found] == some[1:]


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/api/v1/events?status=lost", 422, "not_understood"),
        ("/api/v1/events?limit=0", 422, "not_understood"),
        ("/api/v1/events?cursor=x", 404, "unknown_cursor"),
        ("/api/v1/events?property=Atlantis", 404, "unknown_property"),
        ("/api/v1/events/99", 404, "no_such_row"),
        ("/api/v1/events/9999999999999999999999", 404, "not_found"),
        ("/api/v1/sources/nobody", 404, "no_such_row"),
        ("/api/v1/nothing", 404, "not_found"),
    ],
)
def test_errors_are_problem_documents(api: Api, path: str, status: int, code: str):
    answer = api().get(path)
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    assert (answer.json["status"], answer.json["code"]) == (status, code)


def test_a_tour_that_nobody_could_place_is_placed_and_written(api: Api, world, some):
    client = api(Role.OPERATOR)
    chosen = client.post(f"/api/v1/events/{some[1]}/property", json={"property": "Elm Court"}).json
    reported = client.post("/api/v1/events/replay/dry-run", json={"ids": chosen["ids"]}).json["events"]
    assert [request["kind"] for request in reported[0]["requests"]] == ["create_lead", "create"]
    assert client.post("/api/v1/events/replay", json={"ids": chosen["ids"]}).json == {"queued": [some[1]]}
    world.run(until=world.clock() + timedelta(minutes=10))
    shown = client.get(f"/api/v1/events/{some[1]}").json
    assert (shown["status"], shown["status_text"]) == ("written", "Booked in Rent Manager")


def test_a_correction_is_shown_and_saved(api: Api, world, some):
    client = api(Role.OPERATOR)
    payload = client.get(f"/api/v1/events/{some[1]}/payload").json["payload"]
    payload["data"]["property"] = "elm"
    address = f"/api/v1/events/{some[1]}/edit"
    assert client.post(f"{address}/preview", json={"payload": payload}).json["changed"] == ["data.property"]
    assert client.post(address, json={"payload": payload}).json["queued"] is True
    world.run(until=world.clock() + timedelta(minutes=10))
    assert world.status(some[1]) == ("written", None)


def test_what_cannot_be_replayed_is_reported_for_each(api: Api, some):
    answer = api(Role.OPERATOR).post("/api/v1/events/replay", json={"ids": [some[0], 99]})
    assert (answer.status_code, answer.json["errors"]) == (409, {"99": "There is no event 99."})


def test_a_request_is_translated(api: Api, world):
    data = {
        "booking_id": "B-1",
        "prospect": {"email": "a@example.com"},
        "tour": {"start": "2026-12-03T10:30:00-06:00"},
    }
    body = json.dumps({"type": "tour.booked", "timestamp": "2026-11-24T15:00:00Z", "data": data})
    reported = {"mapping": "standard_webhooks", "body": body, "source": "widget"}
    [event] = api(Role.VIEWER).post("/api/v1/translate", json=reported).json["events"]
    assert event["booking"]["contact"]["email"] == "a@example.com"
    assert event["explanation"]["fields"]["email"]["value"] == "a@example.com"


class TestAKey:
    def dismiss(self, client: Any, ids: list[int], key: str = "k-1", note: str = "by hand") -> Any:
        headers = {"Idempotency-Key": key}
        return client.post("/api/v1/events/dismiss", json={"ids": ids, "note": note}, headers=headers)

    def test_makes_a_change_once(self, api: Api, world, some):
        client = api(Role.OPERATOR)
        first, again = self.dismiss(client, some[1:]), self.dismiss(client, some[1:])
        assert (
            (first.status_code, first.json)
            == (again.status_code, again.json)
            == (200, {"dismissed": some[1:]})
        )
        with world.database.session() as session:
            assert session.query(AuditEntry).count() == 1

    def test_belongs_to_one_request(self, api: Api, some):
        client = api(Role.OPERATOR)
        self.dismiss(client, some[1:])
        answer = self.dismiss(client, some[1:], note="otherwise")
        assert (answer.status_code, answer.json["code"]) == (422, "another_request")

    def test_of_a_request_that_still_runs_is_refused(self, api: Api, world, some):
        client = api(Role.OPERATOR)
        self.dismiss(client, some[1:])
        with world.database.session() as session:
            session.query(IdempotencyKey).update({"status": None})
        answer = self.dismiss(client, some[1:])
        assert (answer.status_code, answer.json["code"]) == (409, "still_running")

    def test_of_a_process_that_was_killed_is_free_after_a_while(self, api: Api, world, some):
        client = api(Role.OPERATOR)
        with world.database.session() as session:
            self.dismiss(client, some[1:])
            session.query(AuditEntry).delete()
            session.query(IdempotencyKey).update({"status": None})
            session.get_one(Event, some[1]).status = "parked"
        world.clock.advance(minutes=11)
        answer = self.dismiss(client, some[1:], note="otherwise")
        assert (answer.status_code, answer.json["code"]) == (422, "another_request")
        for _ in range(2):
            assert self.dismiss(client, some[1:]).json == {"dismissed": some[1:]}
        with world.database.session() as session:
            assert session.query(AuditEntry).count() == 1

    def test_is_free_again_after_a_failure(self, api: Api, some):
        client = api(Role.OPERATOR)
        assert self.dismiss(client, [99]).status_code == 409
        assert self.dismiss(client, some[1:]).status_code == 200

    @pytest.mark.parametrize("key", ["", "a b", "k" * 256])
    def test_is_a_short_word(self, api: Api, some, key):
        assert self.dismiss(api(Role.OPERATOR), some[1:], key).status_code == 422

    def test_is_forgotten_after_a_day(self, api: Api, world, some):
        client = api(Role.OPERATOR)
        self.dismiss(client, some[1:])
        world.clock.advance(hours=25)
        assert self.dismiss(client, some[1:]).json["code"] == "not_possible"


def addresses(document: dict[str, Any], some: list[int]) -> list[str]:
    known = {"{event_id}": str(some[1]), "{booking_id}": "1", "{name}": "widget"}
    found = [path for path, methods in document["paths"].items() if "get" in methods]
    for name, value in known.items():
        found = [path.replace(name, value) for path in found]
    found.remove("/api/v1/sources/widget/widget")  # only of a source without a secret
    found.remove("/api/v1/availability")  # only of a property with hours
    needed = {"/api/v1/appointments": "?property=oakwood"}
    return [path + needed.get(path, "") for path in found]


def test_who_may_only_look_reads_nothing_of_a_renter(api: Api, some):
    client = api(Role.VIEWER)
    read = 0
    for path in addresses(client.get("/openapi.json").json, some):
        answer = client.get(path)
        assert answer.status_code in {200, 403}, path
        read += answer.status_code == 200
        for word in ("Maya", "Okafor", "maya@", "ines@", "5550142", "Atlantis", "2 BR"):
            assert word not in answer.text, path
    assert read > 8


def test_who_may_only_look_changes_nothing(api: Api):
    client = api(Role.VIEWER)
    changes = [
        (path, method)
        for path, methods in client.get("/openapi.json").json["paths"].items()
        for method in methods
        if method in {"post", "delete"} and path != "/api/v1/translate"
    ]
    assert len(changes) > 8
    for path, method in changes:
        address = re.sub(r"\{\w+_id\}", "1", path).replace("{", "").replace("}", "")
        assert client.open(address, method=method.upper(), json={}).status_code == 403, path


class TestALimit:
    def test_is_that_of_one_token_in_a_minute(self, api: Api, world: Any) -> None:
        world.document["console"] = {"api_requests_per_minute": 2}
        world.restart()
        client = api()
        first, second, third = (client.get("/api/v1/properties") for _ in range(3))
        assert [first.status_code, second.status_code, third.status_code] == [200, 200, 429]
        assert [answer.headers["RateLimit-Remaining"] for answer in (first, second, third)] == ["1", "0", "0"]
        assert (third.json["code"], third.headers["RateLimit-Limit"]) == ("too_many_requests", "2")
        assert third.headers["Retry-After"] == third.headers["RateLimit-Reset"] == "60"
        assert api().get("/api/v1/properties").status_code == 200
        world.clock.advance(seconds=60)
        assert client.get("/api/v1/properties").headers["RateLimit-Remaining"] == "1"


EXAMPLES = effort.examples(10)


def test_no_request_gets_an_answer_that_is_not_described(api: Api, world, some):
    """schemathesis sends what the description allows and what it forbids."""
    import schemathesis  # one process in which this test runs need import it
    from schemathesis.checks import CHECKS, load_all_checks

    load_all_checks()
    world.document["console"] = {"api_requests_per_minute": 100_000}
    world.restart()
    client = api(Role.ADMIN)
    client.get("/api/v1/today")
    token = client.environ_base["HTTP_AUTHORIZATION"]
    schema = schemathesis.openapi.from_wsgi("/openapi.json", client.application)
    checks = CHECKS.get_all()
    used = iter(range(10**9))
    for result in schema.get_all_operations():
        operation = result.ok()

        @settings(
            max_examples=EXAMPLES,
            derandomize=True,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def sent(case: Any) -> None:
            key = (case.headers or {}).get("Idempotency-Key")
            if isinstance(key, str) and KEY.fullmatch(key):
                case.headers["Idempotency-Key"] = f"k-{next(used)}"
            case.call_and_validate(headers={"Authorization": token}, checks=checks)

        modes = [schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE]
        for mode in modes:
            from hypothesis import given

            given(case=operation.as_strategy(generation_mode=mode))(sent)()


def test_a_cursor_is_the_same_for_everybody():
    assert cursor_of(17) == "PDE3"


def test_an_admin_adds_and_changes_users(api: Api, world):
    client = api(Role.ADMIN)
    body = {"name": "Noah", "role": "viewer", "password": "correct horse battery"}
    made = client.post("/api/v1/users", json=body)
    assert (made.status_code, made.json["name"], "password" in made.text) == (201, "noah", False)
    assert client.post("/api/v1/users", json=body).status_code == 409
    changed = client.patch("/api/v1/users/noah", json={"role": "operator", "enabled": False})
    assert (changed.json["role"], changed.json["disabled_at"] is None) == ("operator", False)
    assert client.patch("/api/v1/users/noah", json={"password": "short"}).status_code == 422
    assert client.patch("/api/v1/users/nobody", json={"enabled": True}).status_code == 404
    assert api(Role.OPERATOR).post("/api/v1/users", json=body).status_code == 403
    with world.database.session() as session:
        reported = [
            (one.what, one.via) for one in session.query(AuditEntry).filter_by(object="user").order_by("id")
        ]
    assert reported == [("added", "api"), ("changed", "api"), ("disabled", "api")]


@pytest.fixture
def the_bench() -> Iterator[None]:
    yield
    bench.close()


@pytest.mark.processes
def test_an_admin_tries_out_an_edited_mapping(api: Api, world, some, the_bench):
    client = api(Role.ADMIN)
    text = world.tools.sources["widget"].file.path.read_text()
    edited = text.replace(
        "class StandardWebhooks(CanonicalPayload):", "class StandardWebhooks(CanonicalPayload):  # edited"
    )
    assert edited != text
    request = {"mapping": "standard_webhooks", "source": "widget", "text": edited}
    body = json.dumps({"type": "tour.cancelled", "data": {"booking_id": "B-9"}})
    read = client.post("/api/v1/translate/edited", json={**request, "body": body})
    assert [event["booking"]["reference"] for event in read.json["events"]] == ["B-9"]
    assert client.post("/api/v1/compare", json=request).json == {"events": []}
    broken = client.post("/api/v1/translate/edited", json={**request, "body": body, "text": "no python"})
    assert (broken.status_code, "cannot be loaded" in broken.json["detail"]) == (409, True)
    assert api(Role.OPERATOR).post("/api/v1/compare", json=request).status_code == 403
