"""Whatever is sent, nothing fails, and what is taken is kept."""

import copy
import itertools
import json
from typing import Any

import pytest
from effort import examples, is_thorough
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from inbound.posts import assert_problem

from bridge.inbound.decoding import decode
from bridge.mapping.catalogue import Catalogue
from bridge.mapping.paths import DecodedRequest
from bridge.models import Event

slow_fixture = settings(
    deadline=None,
    max_examples=examples(150),
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


def assert_kept(endpoint: Any, answer: Any, body: bytes) -> None:
    """Nothing is a failure of ours, and what is answered with 200 is in the table as it was sent."""
    is_form = answer.request.path == "/hooks/form"
    assert answer.status_code in ({200, 409, 422, 429} if is_form else {200})
    is_batch = body.lstrip().startswith(b"[") or "events" in answer.json
    with endpoint.database.session() as session:
        for reported in answer.json.get("events", [answer.json]) if answer.status_code == 200 else []:
            event = session.get_one(Event, reported["id"])
            assert "duplicate" in reported or is_batch or event.body == body


@slow_fixture
@given(body=_BODIES, headers=st.dictionaries(st.sampled_from(_NAMES), _HEADER))
def test_nothing_that_is_not_signed_is_stored_or_fails(
    endpoint: Any, body: bytes, headers: dict[str, str]
) -> None:
    for source in ("widget", "calendly", "cal_com"):
        assert_problem(
            endpoint.client.post(f"/hooks/{source}", data=body, headers=headers), 401, "not_authentic"
        )
    assert endpoint.client.post("/hooks/form", data=body, headers=headers).status_code in (403, 422)
    assert endpoint.events() == []


@slow_fixture
@given(body=_BODIES, content_type=_TYPES | _HEADER, delivery_id=_ID)
@pytest.mark.parametrize("source", ["widget", "calendly", "form"])
def test_whatever_is_signed_is_kept(
    endpoint: Any, source: str, body: bytes, content_type: str, delivery_id: str
) -> None:
    assert_kept(endpoint, endpoint.post(body, delivery_id, source, **{"Content-Type": content_type}), body)


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
def test_another_type_anywhere_in_a_payload_is_kept(endpoint: Any, source: str, data: st.DataObject) -> None:
    payload = data.draw(st.sampled_from(SAMPLES[source]))
    for _ in range(data.draw(st.integers(1, 3))):
        payload = changed(
            payload, data.draw(st.sampled_from(places(payload))), data.draw(st.sampled_from(_ODD))
        )
    body = json.dumps(payload).encode()
    delivery_id = data.draw(st.uuids().map(str))
    assert_kept(endpoint, endpoint.post(body, delivery_id, source), body)


@pytest.mark.parametrize("source", SOURCES)
def test_another_type_anywhere_in_a_payload_is_translated_or_reported(endpoint: Any, source: str) -> None:
    mapping = endpoint.sources[source].mapping
    payload = max(SAMPLES[source], key=lambda sample: len(json.dumps(sample)))
    odd_ones = [decode(json.dumps(odd).encode(), None) for odd in _ODD]
    # Some of the pairs: each place meets some odd values, and its neighbours meet the others.
    step = 7 if is_thorough() else 19
    assert len(odd_ones) % step
    for place, odd in itertools.islice(itertools.product(places(payload), odd_ones), 0, None, step):
        received = DecodedRequest(changed(payload, place, odd), {})
        mapping.envelope(received)
        translation = mapping.translate(received)
        assert bool(translation.booking) + bool(translation.errors) + bool(translation.reason) == 1
