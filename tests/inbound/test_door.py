"""What each request is answered, and what is stored of it."""

import contextlib
import copy
import io
import itertools
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from bridge.database import Database
from bridge.inbound.decoding import decode
from bridge.keys import contact_key
from bridge.mapping.catalogue import Catalogue
from bridge.mapping.paths import Received
from bridge.models import Event

SITE = "https://www.oakwood.example"
SECRETS = ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_CZ4aZVp/ch4Hq3VO7euPzku6StVjOAB8")
BOOKED = {
    "type": "tour.booked",
    "timestamp": "2026-11-24T15:00:00Z",
    "data": {
        "booking_id": "B-1",
        "prospect": {"name": "Maya Okafor", "email": "Maya@Example.com", "phone": "(512) 555-0142"},
        "tour": {"start": "2026-12-03T10:30:00-06:00"},
    },
}
FORM = {"name": "Maya Okafor", "email": "maya@example.com", "date": "12/03/2026", "time": "10:30 AM"}
BODY = json.dumps(BOOKED).encode()


def assert_problem(answer: Any, status: int, code: str) -> None:
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    assert {"type", "title", "status", "detail", "code"} <= answer.json.keys()
    assert (answer.json["status"], answer.json["code"]) == (status, code)
    assert answer.json["title"]
    assert answer.json["detail"]
    assert ("Retry-After" in answer.headers) == (status == 503)


# Stored.


def test_a_verified_event_is_stored_with_its_job(door: Any) -> None:
    answer = door.post(BODY)
    (event,) = door.events()
    (job,) = door.jobs()
    assert (answer.status_code, answer.json) == (200, {"id": event.id, "status": "received"})
    assert (event.source, event.delivery_id, event.body, event.status) == (
        "widget",
        "msg_1",
        BODY,
        "received",
    )
    assert (event.event, event.reference, event.received_at) == ("tour.booked", "B-1", door.clock())
    assert event.occurred_at == datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
    assert (event.queue_id, event.lock) == (job.id, job.lock)
    assert job.args == {"event_id": event.id}


def test_a_duplicate_is_told_its_own_id(door: Any) -> None:
    first, again = door.post(BODY), door.post(BODY)
    assert (again.status_code, again.json) == (200, {**first.json, "duplicate": True})
    assert (len(door.events()), len(door.jobs())) == (1, 1)


def test_one_delivery_id_of_two_sources_makes_two_events(door: Any) -> None:
    answers = [door.post(BODY, source=source) for source in ("widget", "other")]
    assert ["duplicate" in answer.json for answer in answers] == [False, False]
    assert [event.source for event in door.events()] == ["widget", "other"]


def test_fifty_equal_posts_at_once_make_one_event_and_one_job(door: Any) -> None:
    headers = door.sign(BODY)
    with ThreadPoolExecutor(16) as pool:
        posts = [
            pool.submit(door.app.test_client().post, "/hooks/widget", data=BODY, headers=headers)
            for _ in range(50)
        ]
    answers = [post.result() for post in posts]
    assert {(answer.status_code, answer.json["id"]) for answer in answers} == {(200, door.events()[0].id)}
    assert sum("duplicate" in answer.json for answer in answers) == 49
    assert (len(door.events()), len(door.jobs())) == (1, 1)


@pytest.mark.parametrize("body", [b"{half", b"", b"\xff\xfe\xfd", b'{"n": NaN}', b"[" * 5000, b"9" * 5000])
def test_what_cannot_be_decoded_is_stored_parked_without_a_job(door: Any, body: bytes) -> None:
    answer = door.post(body)
    (event,) = door.events()
    assert (answer.status_code, answer.json) == (200, {"id": event.id, "status": "parked"})
    assert (event.body, event.status, event.reason) == (body, "parked", "undecodable")
    assert event.detail
    assert event.ended_at == door.clock()
    assert door.jobs() == []
    assert door.post(body).json == {**answer.json, "duplicate": True}


@pytest.mark.parametrize(
    "body", [b"{}", b"[]", b"7", b"null", b'"text"', b'{"type": "tour.booked"}', b'{"type": "?"}']
)
def test_what_cannot_be_mapped_is_stored_for_the_worker_to_park(door: Any, body: bytes) -> None:
    assert door.post(body).json["status"] == "received"
    assert [event.body for event in door.events()] == [body]
    assert len(door.jobs()) == 1


def test_secrets_and_signatures_are_not_stored(door: Any) -> None:
    headers = {"Authorization": "Bearer abc", "Cookie": "session=abc", "X-Forwarded-For": "203.0.113.9"}
    door.post(BODY, **headers, **{"User-Agent": "widget/1", "X-Api-Key": "abc"})
    assert door.events()[0].headers == {
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


def test_all_that_is_not_authentic_is_answered_the_same(door: Any) -> None:
    signed = door.sign(BODY)
    posts = [(BODY, tampered(signed)) for tampered in _TAMPERED.values()]
    posts += [(BODY, door.sign(BODY, secret="whsec_" + "A" * 32)), (b"\xff" + BODY, signed)]
    answers = [door.client.post("/hooks/widget", data=body, headers=headers) for body, headers in posts]
    door.clock.advance(seconds=301)
    answers.append(door.client.post("/hooks/widget", data=BODY, headers=signed))
    for answer in answers:
        assert_problem(answer, 401, "not_authentic")
    assert len({answer.data for answer in answers}) == 1
    assert door.events() == []


def test_a_known_delivery_without_a_signature_is_not_called_a_duplicate(door: Any) -> None:
    door.post(BODY)
    answer = door.client.post("/hooks/widget", data=BODY, headers={"webhook-id": "msg_1"})
    assert_problem(answer, 401, "not_authentic")


@pytest.mark.parametrize(
    "written_again",
    [
        json.dumps(BOOKED, sort_keys=True),
        json.dumps(BOOKED, separators=(",", ":")),
        json.dumps(BOOKED) + "\n",
    ],
)
def test_only_the_bytes_that_were_signed_are_authentic(door: Any, written_again: str) -> None:
    answer = door.client.post("/hooks/widget", data=written_again.encode(), headers=door.sign(BODY))
    assert_problem(answer, 401, "not_authentic")


@pytest.mark.parametrize("secret", SECRETS)
def test_during_a_rotation_both_secrets_count(door: Any, secret: str) -> None:
    assert door.post(BODY, secret=secret).status_code == 200


def test_the_log_of_a_refusal_names_source_and_cause_and_no_secret(door: Any) -> None:
    headers = {**door.sign(BODY), "Authorization": "Bearer abc-token", "webhook-timestamp": "1"}
    with capture_logs() as logs:
        door.client.post("/hooks/widget", data=BODY, headers=headers)
    (line,) = logs
    assert (line["source"], line["code"]) == ("widget", "not_authentic")
    assert "Check both clocks" in line["cause"]
    told = repr(logs)
    assert not any(hidden in told for hidden in (*SECRETS, headers["webhook-signature"], "abc-token", "Maya"))


# Refused before it is read.


def test_a_body_over_the_limit_is_not_read(database: Database, open_door: Any) -> None:
    door = open_door(database, body_limit=1000)
    assert_problem(door.post(b" " * 1001), 413, "body_too_large")
    assert door.post(b" " * 1000).status_code == 200


class Unread(io.BytesIO):
    """A body that counts how much of it was taken."""

    given = 0

    def readinto(self, buffer: Any) -> int:
        taken = super().readinto(buffer)
        self.given += taken
        return taken


CHUNKED = {"wsgi.input_terminated": True, "CONTENT_LENGTH": ""}
"""What gunicorn says of a body that comes in chunks."""


@pytest.mark.parametrize(("said", "read"), [({"CONTENT_LENGTH": "999999999"}, 0), (CHUNKED, 1001)])
def test_neither_a_false_length_nor_chunks_get_around_the_limit(
    database: Database, open_door: Any, said: dict[str, Any], read: int
) -> None:
    door, body = open_door(database, body_limit=1000), Unread(b"x" * 1_000_000)
    answer = door.client.post("/hooks/widget", environ_overrides={"wsgi.input": body, **said})
    assert_problem(answer, 413, "body_too_large")
    assert body.given <= read


@pytest.mark.parametrize("limit", [len(BODY), 1_000_000])
def test_chunks_without_a_length_are_read(database: Database, open_door: Any, limit: int) -> None:
    door = open_door(database, body_limit=limit)
    environ = {"wsgi.input": io.BytesIO(BODY), **CHUNKED}
    answer = door.client.post("/hooks/widget", headers=door.sign(BODY), environ_overrides=environ)
    assert (answer.status_code, door.events()[0].body) == (200, BODY)


@pytest.mark.parametrize("server", [{}, {"wsgi.input_terminated": True}])
def test_a_body_that_ends_before_its_length_is_not_stored(door: Any, server: dict[str, Any]) -> None:
    body = b"email=maya%40example.com&date=2026-12-03&time=10%3A30&message=Is+the+"
    environ = {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body) + 9), **server}
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = door.client.post("/hooks/form", headers=headers, environ_overrides=environ)
    assert_problem(answer, 400, "bad_request")
    assert door.events() == []


# Other refusals.


def test_a_source_that_is_switched_off_may_be_tried_again(door: Any) -> None:
    assert_problem(door.post(BODY, source="off"), 503, "not_accepting")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("POST", "/hooks/nobody", 404, "unknown_source"),
        ("POST", "/hooks/", 404, "not_found"),
        ("POST", "/hooks/widget/", 404, "not_found"),
        ("POST", "//hooks//widget", 404, "not_found"),
        ("POST", "/hooks/%00%ff", 404, "unknown_source"),
        ("GET", "/nothing", 404, "not_found"),
        ("POST", "/livez", 405, "method_not_allowed"),
    ],
)
def test_every_error_is_a_problem_document(door: Any, method: str, path: str, status: int, code: str) -> None:
    assert_problem(door.client.open(path, method=method), status, code)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_a_hook_only_takes_posts(door: Any, method: str) -> None:
    answer = door.client.open("/hooks/widget", method=method)
    assert_problem(answer, 405, "method_not_allowed")
    assert "POST" in answer.headers["Allow"]


def test_a_defect_of_ours_is_a_problem_document_too(door: Any) -> None:
    @door.app.get("/defect")
    def defect() -> str:
        raise KeyError("maya@example.com")

    with capture_logs() as logs:
        answer = door.client.get("/defect")
    assert_problem(answer, 500, "internal_error")
    assert (logs[0]["error"], logs[0]["log_level"]) == ("KeyError", "error")
    assert "maya" not in answer.text


# The database.


def test_a_database_that_is_away_means_later(open_door: Any) -> None:
    door = open_door(Database("postgresql://nobody@127.0.0.1:1/none"))
    with capture_logs() as logs:
        assert_problem(door.post(BODY), 503, "not_accepting")
    assert (logs[0]["source"], logs[0]["error"]) == ("widget", "OperationalError")
    assert "Maya" not in repr(logs)


@contextlib.contextmanager
def locked(database: Database, table: str) -> Iterator[None]:
    with psycopg.connect(database.url) as other:
        other.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        yield
        other.rollback()


@pytest.mark.parametrize("table", ["events", "procrastinate_jobs"])
def test_a_locked_table_means_later_and_stores_nothing(
    database: Database, open_door: Any, table: str
) -> None:
    impatient = Database(database.url, statement_timeout=0.1)
    door = open_door(impatient)
    with locked(database, table):
        assert_problem(door.post(BODY), 503, "not_accepting")
    assert (door.events(), door.jobs()) == ([], [])
    assert "duplicate" not in door.post(BODY).json
    impatient.close()


def test_a_server_that_takes_no_more_connections_means_later(database: Database, open_door: Any) -> None:
    name = database.url.partition("?")[0].rpartition("/")[2]
    with psycopg.connect(database.url.replace(f"/{name}", "/postgres"), autocommit=True) as admin:
        admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    assert_problem(open_door(database).post(BODY), 503, "not_accepting")


def test_a_pool_without_a_free_connection_means_later(
    database: Database, open_door: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy = Database(database.url, pool_size=1)
    monkeypatch.setattr(busy.engine.pool, "_timeout", 0.05)
    with contextlib.ExitStack() as held:
        for _ in range(3):
            held.enter_context(busy.engine.connect())
        assert_problem(open_door(busy).post(BODY), 503, "not_accepting")
    busy.close()


def test_a_lost_connection_is_replaced(door: Any) -> None:
    door.post(BODY)
    with psycopg.connect(door.database.url, autocommit=True) as admin:
        others = "pid <> pg_backend_pid() AND datname = current_database()"
        admin.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}")
    assert door.post(BODY, "msg_2").status_code == 200


@pytest.mark.parametrize(
    "broken",
    ["DROP TABLE procrastinate_jobs CASCADE", "ALTER TABLE procrastinate_jobs RENAME COLUMN lock TO key"],
)
def test_without_a_queue_nothing_is_stored(door: Any, broken: str) -> None:
    with psycopg.connect(door.database.url, autocommit=True) as admin:
        admin.execute(broken)
    assert_problem(door.post(BODY), 503, "not_accepting")
    assert door.events() == []


# Forms in a browser.


def send_form(door: Any, source: str = "form", *, origin: str | None = SITE, **request: Any) -> Any:
    request = request or {"json": FORM}
    return door.client.post(f"/hooks/{source}", headers={"Origin": origin} if origin else {}, **request)


@pytest.mark.parametrize(
    "how", [{"json": FORM}, {"data": FORM}, {"data": FORM, "content_type": "multipart/form-data"}]
)
def test_a_form_is_taken_in_every_encoding_and_a_double_click_is_one(door: Any, how: dict[str, Any]) -> None:
    answer, again = send_form(door, **how), send_form(door, **how)
    assert (answer.status_code, answer.json["status"]) == (200, "received")
    assert again.json == {**answer.json, "duplicate": True}
    assert answer.headers["Access-Control-Allow-Origin"] == SITE
    assert [event.lock for event in door.events()] == [contact_key("maya@example.com", None)]


def test_a_form_with_an_id_of_its_own_can_be_sent_twice(door: Any) -> None:
    answers = [send_form(door, json={**FORM, "submission_id": one}).json for one in "ab"]
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
        ({"duration_minutes": "an hour"}, {"duration_minutes"}),
    ],
)
def test_a_visitor_is_told_what_to_correct(door: Any, wrong: dict[str, Any], fields: set[str]) -> None:
    answer = send_form(door, json={**FORM, **wrong})
    assert_problem(answer, 422, "invalid_form")
    assert answer.json["errors"].keys() == fields
    assert all(text.startswith("Expected ") for texts in answer.json["errors"].values() for text in texts)
    assert answer.headers["Access-Control-Allow-Origin"] == SITE
    assert door.events() == []


@pytest.mark.parametrize(
    "right", [{"date": "11/24/2026", "time": "9:01 AM"}, {"property": "oakwood flats"}, {"time": "10 AM"}]
)
def test_a_visitor_may_write_as_people_do(door: Any, right: dict[str, Any]) -> None:
    assert send_form(door, json={**FORM, **right}).status_code == 200


def test_a_form_without_a_property_of_its_own_must_name_one(door: Any) -> None:
    answer = send_form(door, "forms", origin="https://other.example")
    assert answer.json["errors"].keys() == {"property"}


@pytest.mark.parametrize("body", [b"{half", b"[]", b"null", b"[1]", b'["a", {}]', b"\xff"])
def test_a_form_that_is_none_is_not_stored(door: Any, body: bytes) -> None:
    answer = send_form(door, data=body, content_type="application/json")
    assert_problem(answer, 422, "invalid_form")
    assert answer.json["errors"]
    assert door.events() == []


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://www.oakwood.example", SITE + ".evil.example"]
)
def test_a_form_of_another_site_is_refused(door: Any, origin: str) -> None:
    answer = send_form(door, origin=origin)
    assert_problem(answer, 403, "origin_not_allowed")
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert door.events() == []


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
def test_only_listed_sites_may_ask_before(door: Any, source: str, origin: str, allowed: str | None) -> None:
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type, idempotency-key",
    }
    answer = door.client.options(f"/hooks/{source}", headers=headers)
    assert answer.headers.get("Access-Control-Allow-Origin") == allowed
    if allowed:
        assert answer.headers["Access-Control-Allow-Methods"] == "POST"
        assert answer.headers["Access-Control-Allow-Headers"].lower() == "content-type, idempotency-key"
    assert "Access-Control-Allow-Credentials" not in answer.headers


# Whatever is sent.

slow_fixture = settings(
    deadline=None,
    max_examples=100,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
_HEADER = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n\0"), max_size=40)
_NAMES = ["webhook-id", "webhook-signature", "webhook-timestamp", "Origin", "Content-Type"]
_ID = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1)
_TYPES = st.sampled_from(
    [
        "application/json",
        "text/plain; charset=utf-16",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "multipart/form-data",
        "application/json; charset=zlib",
        ";;=",
    ]
)
_PART = b'--x\r\nContent-Disposition: form-data; name="email"\r\n\r\n'
_BODIES = (
    st.binary(max_size=60)
    | st.text(max_size=30).map(lambda text: text.encode("utf-8", "surrogatepass"))
    | st.sampled_from(
        [b"[" * 2000, b'{"a":' * 120, b'{"a": ' * 101 + b"0" + b"}" * 101, b'"\\ud800"', b'{"\\u0000": 1}']
    )
    | st.binary(max_size=20).map(lambda value: b'{"type": "tour.booked", "data": {"id": ' + value + b"}}")
    | st.binary(max_size=40).map(lambda value: _PART + value + b"\r\n--x--")
)
_ODD: list[Any] = [
    *(None, True, False, 0, -1, 7, 10**39, 1.5, 1e300, "", " ", "\x00", "\ud800", "x" * 3000, "é\u202e"),
    *([], {}, [None], [[]]),
    *(
        {"a": {"b": []}},
        {"": None},
        ["x", 7],
        {"\x00": "\ud800"},
        "2026-13-45T99:00:00Z",
        "0001-01-01T00:00:00+14:00",
    ),
    *(
        "9999-12-31T23:59:59-12:00",
        "9" * 30,
        "9999-12-31",
        "25:00",
        "Infinity",
        "a@b@c",
        "+",
        ";",
        "{t}",
        "%00",
    ),
    *(["x"] * 2000, json.loads("[" * 80 + "]" * 80)),
]


def assert_kept(door: Any, answer: Any, body: bytes) -> None:
    """Nothing is a failure of ours, and what is answered with 200 is in the table as it was sent."""
    is_form = answer.request.path == "/hooks/form"
    assert answer.status_code in ({200, 422} if is_form else {200})
    is_batch = body.lstrip().startswith(b"[") or "events" in answer.json
    with door.database.session() as session:
        for told in answer.json.get("events", [answer.json]) if answer.status_code == 200 else []:
            event = session.get_one(Event, told["id"])
            assert "duplicate" in told or is_batch or event.body == body


@slow_fixture
@given(body=_BODIES, headers=st.dictionaries(st.sampled_from(_NAMES), _HEADER))
def test_nothing_that_is_not_signed_is_stored_or_fails(
    door: Any, body: bytes, headers: dict[str, str]
) -> None:
    for source in ("widget", "calendly", "cal_com"):
        assert_problem(door.client.post(f"/hooks/{source}", data=body, headers=headers), 401, "not_authentic")
    assert door.client.post("/hooks/form", data=body, headers=headers).status_code in (403, 422)
    assert door.events() == []


@slow_fixture
@given(body=_BODIES, content_type=_TYPES | _HEADER, delivery_id=_ID)
@pytest.mark.parametrize("source", ["widget", "calendly", "form"])
def test_whatever_is_signed_is_kept(
    door: Any, source: str, body: bytes, content_type: str, delivery_id: str
) -> None:
    assert_kept(door, door.post(body, delivery_id, source, **{"Content-Type": content_type}), body)


def places(value: Any, above: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all that is in a payload."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [above, *(place for key, one in inner for place in places(one, (*above, key)))]


def changed(payload: Any, place: tuple[Any, ...], value: Any) -> Any:
    if not place:
        return value
    result = copy.copy(payload)
    result[place[0]] = changed(payload[place[0]], place[1:], value)
    return result


SOURCES = {
    "widget": "standard_webhooks",
    "calendly": "calendly",
    "cal_com": "cal_com",
    "form": "website_form",
}
SAMPLES = {
    source: [
        json.loads(sample.body)
        for sample in Catalogue().get(mapping).samples
        if sample.path.suffix == ".json"
    ]
    for source, mapping in SOURCES.items()
}


@slow_fixture
@given(data=st.data())
@pytest.mark.parametrize("source", SOURCES)
def test_another_type_anywhere_in_a_payload_is_kept(door: Any, source: str, data: st.DataObject) -> None:
    payload = data.draw(st.sampled_from(SAMPLES[source]))
    for _ in range(data.draw(st.integers(1, 3))):
        payload = changed(
            payload, data.draw(st.sampled_from(places(payload))), data.draw(st.sampled_from(_ODD))
        )
    body = json.dumps(payload).encode()
    delivery_id = data.draw(st.uuids().map(str))
    assert_kept(door, door.post(body, delivery_id, source), body)


@pytest.mark.parametrize("source", SOURCES)
def test_another_type_anywhere_in_a_payload_is_translated_or_told(door: Any, source: str) -> None:
    mapping = door.sources[source].mapping
    payload = max(SAMPLES[source], key=lambda sample: len(json.dumps(sample)))
    odd_ones = [decode(json.dumps(odd).encode(), None) for odd in _ODD]
    for place, odd in itertools.product(places(payload), odd_ones):
        received = Received(changed(payload, place, odd), {})
        mapping.envelope(received)
        translation = mapping.translate(received)
        assert bool(translation.booking) + bool(translation.errors) + bool(translation.reason) == 1
