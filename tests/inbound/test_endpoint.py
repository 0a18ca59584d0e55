"""What each request is answered, and what is stored of it."""

import io
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from inbound.posts import BODY, BOOKED, SECRETS, assert_problem
from structlog.testing import capture_logs

from bridge.database import Database

# Stored.


def test_a_verified_event_is_stored_with_its_lane(endpoint: Any) -> None:
    answer = endpoint.post(BODY)
    (event,) = endpoint.events()
    assert (answer.status_code, answer.json) == (200, {"id": event.id, "status": "received"})
    assert (event.source, event.delivery_id, event.body, event.status) == (
        "widget",
        "msg_1",
        BODY,
        "received",
    )
    assert (event.event, event.reference, event.received_at) == ("tour.booked", "B-1", endpoint.clock())
    assert event.occurred_at == datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
    assert endpoint.lanes() == [event.lock]


def test_a_duplicate_gets_its_own_id(endpoint: Any) -> None:
    first, again = endpoint.post(BODY), endpoint.post(BODY)
    assert (again.status_code, again.json) == (200, {**first.json, "duplicate": True})
    assert (len(endpoint.events()), len(endpoint.lanes())) == (1, 1)


def test_one_delivery_id_of_two_sources_makes_two_events(endpoint: Any) -> None:
    answers = [endpoint.post(BODY, source=source) for source in ("widget", "other")]
    assert ["duplicate" in answer.json for answer in answers] == [False, False]
    assert [event.source for event in endpoint.events()] == ["widget", "other"]


def test_fifty_equal_posts_at_once_make_one_event_and_one_lane(endpoint: Any) -> None:
    headers = endpoint.sign(BODY)
    with ThreadPoolExecutor(16) as pool:
        posts = [
            pool.submit(endpoint.app.test_client().post, "/hooks/widget", data=BODY, headers=headers)
            for _ in range(50)
        ]
    answers = [post.result() for post in posts]
    assert {(answer.status_code, answer.json["id"]) for answer in answers} == {(200, endpoint.events()[0].id)}
    assert sum("duplicate" in answer.json for answer in answers) == 49
    assert (len(endpoint.events()), len(endpoint.lanes())) == (1, 1)


@pytest.mark.parametrize("body", [b"{half", b"", b"\xff\xfe\xfd", b'{"n": NaN}', b"[" * 5000, b"9" * 5000])
def test_what_cannot_be_decoded_is_stored_parked_without_a_lane(endpoint: Any, body: bytes) -> None:
    answer = endpoint.post(body)
    (event,) = endpoint.events()
    assert (answer.status_code, answer.json) == (200, {"id": event.id, "status": "parked"})
    assert (event.body, event.status, event.reason) == (body, "parked", "undecodable")
    assert event.detail
    assert event.ended_at == endpoint.clock()
    assert endpoint.lanes() == []
    assert endpoint.post(body).json == {**answer.json, "duplicate": True}


@pytest.mark.parametrize(
    ("body", "position"),
    [
        (b"", "line 1 column 1"),
        (b" \n", "line 2 column 1"),
        (b'{"type": "tour.booked",\n "data": {"booking_id" "B-1"}}', "line 2 column 24"),
        (BODY[:-1], f"line 1 column {len(BODY)}"),
    ],
)
def test_the_position_of_the_fault_is_stored(endpoint: Any, body: bytes, position: str) -> None:
    endpoint.post(body)
    (event,) = endpoint.events()
    assert (event.status, event.reason) == ("parked", "undecodable")
    assert position in event.detail


@pytest.mark.parametrize(
    "body", [b"{}", b"[]", b"7", b"null", b'"text"', b'{"type": "tour.booked"}', b'{"type": "?"}']
)
def test_what_cannot_be_mapped_is_stored_for_the_worker_to_park(endpoint: Any, body: bytes) -> None:
    assert endpoint.post(body).json["status"] == "received"
    assert [event.body for event in endpoint.events()] == [body]
    assert len(endpoint.lanes()) == 1


def test_secrets_and_signatures_are_not_stored(endpoint: Any) -> None:
    headers = {"Authorization": "Bearer abc", "Cookie": "session=abc", "X-Forwarded-For": "203.0.113.9"}
    endpoint.post(BODY, **headers, **{"User-Agent": "widget/1", "X-Api-Key": "abc"})
    assert endpoint.events()[0].headers == {
        "content-type": "application/json",
        "user-agent": "widget/1",
        "webhook-id": "msg_1",
    }


# Not authentic.

_TAMPERED: dict[str, Callable[[dict[str, str]], dict[str, str]]] = {
    "no signature": lambda _: {},
    "another's": lambda headers: {**headers, "webhook-signature": "v1," + "A" * 43 + "="},
    "malformed": lambda headers: {**headers, "webhook-signature": "v1,é"},
    "another id": lambda headers: {**headers, "webhook-id": "msg_2"},
    "another time": lambda headers: {**headers, "webhook-timestamp": "1"},
    "no time": lambda headers: {**headers, "webhook-timestamp": "soon"},
}


def test_all_that_is_not_authentic_is_answered_the_same(endpoint: Any) -> None:
    signed = endpoint.sign(BODY)
    posts = [(BODY, tampered(signed)) for tampered in _TAMPERED.values()]
    posts += [(BODY, endpoint.sign(BODY, secret="whsec_" + "A" * 32)), (b"\xff" + BODY, signed)]
    answers = [endpoint.client.post("/hooks/widget", data=body, headers=headers) for body, headers in posts]
    endpoint.clock.advance(seconds=301)
    answers.append(endpoint.client.post("/hooks/widget", data=BODY, headers=signed))
    for answer in answers:
        assert_problem(answer, 401, "not_authentic")
    assert len({answer.data for answer in answers}) == 1
    assert endpoint.events() == []


def test_a_known_delivery_without_a_signature_is_not_called_a_duplicate(endpoint: Any) -> None:
    endpoint.post(BODY)
    answer = endpoint.client.post("/hooks/widget", data=BODY, headers={"webhook-id": "msg_1"})
    assert_problem(answer, 401, "not_authentic")


@pytest.mark.parametrize(
    "written_again",
    [
        json.dumps(BOOKED, sort_keys=True),
        json.dumps(BOOKED, separators=(",", ":")),
        json.dumps(BOOKED) + "\n",
    ],
)
def test_only_the_bytes_that_were_signed_are_authentic(endpoint: Any, written_again: str) -> None:
    answer = endpoint.client.post("/hooks/widget", data=written_again.encode(), headers=endpoint.sign(BODY))
    assert_problem(answer, 401, "not_authentic")


@pytest.mark.parametrize("secret", SECRETS)
def test_during_a_rotation_both_secrets_count(endpoint: Any, secret: str) -> None:
    assert endpoint.post(BODY, secret=secret).status_code == 200


def test_the_log_of_a_refusal_names_source_and_cause_and_no_secret(endpoint: Any) -> None:
    headers = {**endpoint.sign(BODY), "Authorization": "Bearer abc-token", "webhook-timestamp": "1"}
    with capture_logs() as logs:
        endpoint.client.post("/hooks/widget", data=BODY, headers=headers)
    (line,) = logs
    assert (line["source"], line["code"]) == ("widget", "not_authentic")
    assert "Check both clocks" in line["cause"]
    reported = repr(logs)
    assert not any(
        hidden in reported for hidden in (*SECRETS, headers["webhook-signature"], "abc-token", "Maya")
    )


# Refused before it is read.


def test_a_body_over_the_limit_is_not_read(database: Database, open_endpoint: Any) -> None:
    endpoint = open_endpoint(database, body_limit=1000)
    assert_problem(endpoint.post(b" " * 1001), 413, "body_too_large")
    assert endpoint.post(b" " * 1000).status_code == 200


class Unread(io.BytesIO):
    """A body that counts how much of it was taken."""

    given = 0

    def readinto(self, buffer: Any) -> int:
        taken = super().readinto(buffer)
        self.given += taken
        return taken


CHUNKED = {"wsgi.input_terminated": True, "CONTENT_LENGTH": ""}
"""What gunicorn says of a body that comes in chunks."""


@pytest.mark.parametrize(("stated", "read"), [({"CONTENT_LENGTH": "999999999"}, 0), (CHUNKED, 1001)])
def test_neither_a_false_length_nor_chunks_get_around_the_limit(
    database: Database, open_endpoint: Any, stated: dict[str, Any], read: int
) -> None:
    endpoint, body = open_endpoint(database, body_limit=1000), Unread(b"x" * 1_000_000)
    answer = endpoint.client.post("/hooks/widget", environ_overrides={"wsgi.input": body, **stated})
    assert_problem(answer, 413, "body_too_large")
    assert body.given <= read


@pytest.mark.parametrize("limit", [len(BODY), 1_000_000])
def test_chunks_without_a_length_are_read(database: Database, open_endpoint: Any, limit: int) -> None:
    endpoint = open_endpoint(database, body_limit=limit)
    environ = {"wsgi.input": io.BytesIO(BODY), **CHUNKED}
    answer = endpoint.client.post("/hooks/widget", headers=endpoint.sign(BODY), environ_overrides=environ)
    assert (answer.status_code, endpoint.events()[0].body) == (200, BODY)


@pytest.mark.parametrize("server", [{}, {"wsgi.input_terminated": True}])
def test_a_body_that_ends_before_its_length_is_not_stored(endpoint: Any, server: dict[str, Any]) -> None:
    body = b"email=maya%40example.com&date=2026-12-03&time=10%3A30&message=Is+the+"
    environ = {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body) + 9), **server}
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = endpoint.client.post("/hooks/form", headers=headers, environ_overrides=environ)
    assert_problem(answer, 400, "bad_request")
    assert endpoint.events() == []


# Other refusals.


def test_a_source_that_is_switched_off_may_be_tried_again(endpoint: Any) -> None:
    assert_problem(endpoint.post(BODY, source="off"), 503, "not_accepting")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("POST", "/hooks/nobody", 404, "unknown_source"),
        ("POST", "/hooks/", 404, "not_found"),
        ("POST", "//hooks//widget", 404, "not_found"),
        ("POST", "/hooks/%00%ff", 404, "unknown_source"),
        ("GET", "/nothing", 404, "not_found"),
        ("POST", "/livez", 405, "method_not_allowed"),
    ],
)
def test_every_error_is_a_problem_document(
    endpoint: Any, method: str, path: str, status: int, code: str
) -> None:
    assert_problem(endpoint.client.open(path, method=method), status, code)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_a_hook_only_takes_posts(endpoint: Any, method: str) -> None:
    answer = endpoint.client.open("/hooks/widget", method=method)
    assert_problem(answer, 405, "method_not_allowed")
    assert "POST" in answer.headers["Allow"]


def test_a_defect_of_ours_is_a_problem_document_too(endpoint: Any) -> None:
    @endpoint.app.get("/defect")
    def defect() -> str:
        raise KeyError("maya@example.com")

    with capture_logs() as logs:
        answer = endpoint.client.get("/defect")
    assert_problem(answer, 500, "internal_error")
    assert (logs[0]["error"], logs[0]["log_level"]) == ("KeyError", "error")
    assert "maya" not in answer.text
