"""What is stored of a request: ids, batches, locks, and event and job in one commit."""

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from bridge.errors import DecodingError
from bridge.inbound.inbox import (
    LARGEST_BATCH,
    IncomingEvent,
    RequestMetadata,
    delivery_ids,
    split_events,
    store,
)
from bridge.inbound.incoming import DuplicatePolicy
from bridge.keys import contact_key
from bridge.mapping import BOOK, Mapping, When, fields, path
from bridge.mapping.paths import DecodedRequest
from bridge.mapping.translation import Envelope


class Plain(Mapping):
    """A sender without ids"""

    event = path("event")
    actions = [When(event="booked", then=BOOK)]  # noqa: RUF012 - as in a mapping file
    reference = fields.String(path="id", required=True)


def tour(
    booking_id: str | None = "B-1", *, kind: str = "booked", previous: str | None = None, **prospect: str
) -> dict[str, Any]:
    return {
        "type": f"tour.{kind}",
        "data": {"booking_id": booking_id, "previous_booking_id": previous, "prospect": prospect},
    }


def sha(body: bytes) -> str:
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


def statuses(answer: Any) -> list[str]:
    assert answer.status_code == 200
    return ["duplicate" if "duplicate" in event else event["status"] for event in answer.json["events"]]


# Delivery ids.


def arrival(delivery_id: str | None, body: bytes = b"1", content: bytes | None = None) -> IncomingEvent:
    return IncomingEvent(body, None, Envelope(delivery_id=delivery_id), content=content)


def test_a_delivery_is_known_by_the_senders_id_else_by_its_content() -> None:
    assert delivery_ids([arrival("a"), arrival("b"), arrival(None)]) == ["a", "b", sha(b"1")]
    assert delivery_ids([arrival(None, b"x", b"1"), arrival(None, b"y", b"1")]) == [sha(b"1")] * 2
    assert delivery_ids([arrival("a" * 256)]) == [sha(b"a" * 256)]
    assert delivery_ids([arrival("a\x00\ud800")]) == ["a?"]
    assert delivery_ids([arrival("\x00")]) == [sha(b"1")]


def test_a_long_id_is_truncated_where_every_request_is_a_new_event() -> None:
    (one,) = delivery_ids([arrival("a" * 5000)], DuplicatePolicy.NEVER)
    assert len(one) < 255


def test_one_id_over_several_events_is_distinguished_by_their_content() -> None:
    shared = [arrival("a", b"1"), arrival("a", b"2"), arrival("b", b"1")]
    assert delivery_ids(shared) == [f"a|{sha(b'1')}", f"a|{sha(b'2')}", "b"]
    assert delivery_ids([arrival("a"), arrival("a"), arrival("b")]) == ["a", "a", "b"]


def test_without_an_id_the_same_payload_is_a_duplicate_however_it_is_written() -> None:
    written = [b'{"event": "booked"}', b'{ "event":"booked" }\n']
    arrivals = [split_events(Plain(), DecodedRequest(json.loads(body), {}), body) for body in written]
    assert len({delivery_ids(arrival)[0] for arrival in arrivals}) == 1


# Batches.


def test_a_batch_is_one_event_per_item(endpoint: Any) -> None:
    items = [
        tour("B-1", email="a@example.com"),
        {"type": "tour.booked"},
        7,
        None,
        tour("B-2", email="b@example.com"),
    ]
    answer = endpoint.post(items)
    events = endpoint.events()
    assert statuses(answer) == ["received"] * 5
    assert [event["id"] for event in answer.json["events"]] == [event.id for event in events]
    assert [json.loads(event.body) for event in events] == items
    assert {event.content_type for event in events} == {"application/json"}
    assert [event.reference for event in events] == ["B-1", None, None, None, "B-2"]
    assert len(endpoint.lanes()) == 5


def test_the_same_batch_again_is_all_duplicates(endpoint: Any) -> None:
    items = [tour("B-1"), tour("B-2")]
    first, again = endpoint.post(items), endpoint.post(items)
    assert statuses(again) == ["duplicate"] * 2
    assert [event["id"] for event in again.json["events"]] == [event["id"] for event in first.json["events"]]
    assert statuses(endpoint.post([*items, tour("B-3")])) == ["duplicate", "duplicate", "received"]


def test_an_item_that_stands_twice_in_a_batch_is_one_event(endpoint: Any) -> None:
    assert statuses(endpoint.post([tour("B-1"), tour("B-2"), tour("B-1")])) == [
        "received",
        "received",
        "duplicate",
    ]


def test_a_batch_of_one_is_that_item(endpoint: Any) -> None:
    answer = endpoint.post([tour("B-1")])
    (event,) = endpoint.events()
    assert answer.json == {"id": event.id, "status": "received"}
    assert (event.delivery_id, json.loads(event.body)) == ("msg_1", tour("B-1"))


def test_batches_that_cross_store_each_event_once(endpoint: Any) -> None:
    items = [tour(f"B-{number}") for number in range(20)]
    with ThreadPoolExecutor(4) as pool:
        posts = [pool.submit(endpoint.post, batch) for batch in [items, items[::-1]] * 2]
    answers = [post.result().status_code for post in posts]
    assert 200 in answers
    assert set(answers) <= {200, 503}  # PostgreSQL breaks one of two off that wait for each other
    assert (
        len(endpoint.events())
        == len(endpoint.lanes())
        == len({event.body for event in endpoint.events()})
        == 20
    )


def test_a_batch_that_would_take_too_long_is_parked_whole(endpoint: Any) -> None:
    assert len(split_events(Plain(), DecodedRequest([0] * LARGEST_BATCH, {}), b"")) == LARGEST_BATCH
    with pytest.raises(DecodingError, match="a batch of 101 events, over 100"):
        split_events(Plain(), DecodedRequest([0] * (LARGEST_BATCH + 1), {}), b"")
    body = json.dumps([0] * (LARGEST_BATCH + 1)).encode()
    assert endpoint.post(body).json["status"] == "parked"
    assert [event.body for event in endpoint.events()] == [body]


# Locks.


def locks(endpoint: Any, *events: Any, source: str = "widget") -> list[str]:
    """The locks of events that arrive one after the other."""
    known = len(endpoint.events())
    for number, event in enumerate(events):
        assert endpoint.post(event, f"{source}_{known}_{number}", source).status_code == 200
    assert set(endpoint.lanes()) == {event.lock for event in endpoint.events()}
    return [event.lock for event in endpoint.events()[known:]]


def test_the_events_of_one_person_run_one_after_the_other(endpoint: Any) -> None:
    assert (
        locks(
            endpoint,
            tour("B-1", email="Maya@Example.com", phone="512-555-0142"),
            tour("B-2", email="maya@example.com"),
            tour("B-3", phone="(512) 555-0142"),
            tour("B-4", email="maya@", phone="+15125550142"),
        )
        == [contact_key("maya@example.com", None)] * 2 + [contact_key(None, "+15125550142")] * 2
    )


def test_an_event_that_names_nobody_waits_for_its_booking(endpoint: Any) -> None:
    maya = contact_key("maya@example.com", None)
    assert locks(
        endpoint,
        tour("B-1", email="maya@example.com"),
        tour("B-1", kind="cancelled"),
        tour("B-2", kind="rescheduled", previous="B-1"),
        tour("B-3", kind="rescheduled", previous="B-2"),
        tour("B-2", kind="cancelled"),
        tour("B-9", kind="cancelled"),
    ) == [maya] * 5 + ["booking:widget:B-9"]


def test_a_booking_that_is_not_known_yet_has_its_reference_for_a_lock(endpoint: Any) -> None:
    assert locks(
        endpoint,
        tour("B-1", kind="cancelled"),
        tour("B-2", kind="rescheduled", previous="B-1"),
        tour("B-2", kind="cancelled"),
        tour(None, kind="cancelled"),
        tour(None, kind="cancelled", note="another"),
    ) == ["booking:widget:B-1"] * 3 + ["event:widget:widget_0_3", "event:widget:widget_0_4"]


def test_the_same_reference_of_another_source_is_another_booking(endpoint: Any) -> None:
    locks(endpoint, tour("B-1", email="maya@example.com"))
    assert locks(endpoint, tour("B-1", kind="cancelled"), source="other") == ["booking:other:B-1"]


# Whatever a sender writes.


@pytest.mark.parametrize(
    "odd", ["x" * 10_000, "NUL \x00 and \x01", "\ud800", "'; DROP TABLE events; --", "\u202e\U0001f338", " "]
)
def test_odd_ids_are_stored_and_found_again(endpoint: Any, odd: str) -> None:
    event = tour(odd, kind="cancelled", previous=odd[::-1])
    delivery_id = "x" * 3000 if len(odd) > 100 else "msg"
    first, again = endpoint.post(event, delivery_id), endpoint.post(event, delivery_id)
    (stored,) = endpoint.events()
    assert (first.status_code, again.json["id"]) == (200, stored.id)
    assert all(len(text) <= 320 for text in (stored.delivery_id, stored.lock, stored.reference or ""))


def test_a_later_failure_takes_event_and_lane_back(endpoint: Any) -> None:
    arrivals = [arrival("a"), replace(arrival("b", content=b"2"), body=None)]  # type: ignore[arg-type]
    with pytest.raises(IntegrityError), endpoint.database.session() as session:
        store(session, "widget", RequestMetadata({}, {}), arrivals, endpoint.clock())
    assert (endpoint.events(), endpoint.lanes()) == ([], [])
