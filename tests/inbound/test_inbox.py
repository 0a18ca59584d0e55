"""What is stored of a request: ids, batches, locks, and event and job in one commit."""

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from bridge.errors import DecodingError
from bridge.inbound.arrivals import Equal
from bridge.inbound.inbox import LARGEST_BATCH, Arrival, Kept, arrivals_of, delivery_ids, store
from bridge.keys import contact_key
from bridge.mapping import BOOK, Mapping, When, fields, path
from bridge.mapping.paths import Received
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
    return ["duplicate" if "duplicate" in one else one["status"] for one in answer.json["events"]]


# Delivery ids.


def arrival(delivery_id: str | None, body: bytes = b"1", content: bytes | None = None) -> Arrival:
    return Arrival(body, None, Envelope(delivery_id=delivery_id), content=content)


def test_a_delivery_is_known_by_the_senders_id_else_by_its_content() -> None:
    assert delivery_ids([arrival("a"), arrival("b"), arrival(None)]) == ["a", "b", sha(b"1")]
    assert delivery_ids([arrival(None, b"x", b"1"), arrival(None, b"y", b"1")]) == [sha(b"1")] * 2
    assert delivery_ids([arrival("a" * 256)]) == [sha(b"a" * 256)]
    assert delivery_ids([arrival("a\x00\ud800")]) == ["a?"]
    assert delivery_ids([arrival("\x00")]) == [sha(b"1")]


def test_a_long_id_is_cut_where_equal_content_is_news() -> None:
    (one,) = delivery_ids([arrival("a" * 5000)], Equal.NEWS)
    assert len(one) < 255


def test_one_id_over_several_events_is_told_apart_by_their_content() -> None:
    shared = [arrival("a", b"1"), arrival("a", b"2"), arrival("b", b"1")]
    assert delivery_ids(shared) == [f"a|{sha(b'1')}", f"a|{sha(b'2')}", "b"]
    assert delivery_ids([arrival("a"), arrival("a"), arrival("b")]) == ["a", "a", "b"]


def test_without_an_id_the_same_payload_is_a_duplicate_however_it_is_written() -> None:
    written = [b'{"event": "booked"}', b'{ "event":"booked" }\n']
    arrivals = [arrivals_of(Plain(), Received(json.loads(body), {}), body) for body in written]
    assert len({delivery_ids(one)[0] for one in arrivals}) == 1


# Batches.


def test_a_batch_is_one_event_per_item(door: Any) -> None:
    items = [
        tour("B-1", email="a@example.com"),
        {"type": "tour.booked"},
        7,
        None,
        tour("B-2", email="b@example.com"),
    ]
    answer = door.post(items)
    events = door.events()
    assert statuses(answer) == ["received"] * 5
    assert [one["id"] for one in answer.json["events"]] == [event.id for event in events]
    assert [json.loads(event.body) for event in events] == items
    assert {event.content_type for event in events} == {"application/json"}
    assert [event.reference for event in events] == ["B-1", None, None, None, "B-2"]
    assert len(door.lanes()) == 5


def test_the_same_batch_again_is_all_duplicates(door: Any) -> None:
    items = [tour("B-1"), tour("B-2")]
    first, again = door.post(items), door.post(items)
    assert statuses(again) == ["duplicate"] * 2
    assert [one["id"] for one in again.json["events"]] == [one["id"] for one in first.json["events"]]
    assert statuses(door.post([*items, tour("B-3")])) == ["duplicate", "duplicate", "received"]


def test_an_item_that_stands_twice_in_a_batch_is_one_event(door: Any) -> None:
    assert statuses(door.post([tour("B-1"), tour("B-2"), tour("B-1")])) == [
        "received",
        "received",
        "duplicate",
    ]


def test_a_batch_of_one_is_that_item(door: Any) -> None:
    answer = door.post([tour("B-1")])
    (event,) = door.events()
    assert answer.json == {"id": event.id, "status": "received"}
    assert (event.delivery_id, json.loads(event.body)) == ("msg_1", tour("B-1"))


def test_batches_that_cross_store_each_event_once(door: Any) -> None:
    items = [tour(f"B-{number}") for number in range(20)]
    with ThreadPoolExecutor(4) as pool:
        posts = [pool.submit(door.post, batch) for batch in [items, items[::-1]] * 2]
    answers = [post.result().status_code for post in posts]
    assert 200 in answers
    assert set(answers) <= {200, 503}  # PostgreSQL breaks one of two off that wait for each other
    assert len(door.events()) == len(door.lanes()) == len({event.body for event in door.events()}) == 20


def test_a_batch_that_would_take_too_long_is_parked_whole(door: Any) -> None:
    assert len(arrivals_of(Plain(), Received([0] * LARGEST_BATCH, {}), b"")) == LARGEST_BATCH
    with pytest.raises(DecodingError, match="a batch of 101 events, over 100"):
        arrivals_of(Plain(), Received([0] * (LARGEST_BATCH + 1), {}), b"")
    body = json.dumps([0] * (LARGEST_BATCH + 1)).encode()
    assert door.post(body).json["status"] == "parked"
    assert [event.body for event in door.events()] == [body]


# Locks.


def locks(door: Any, *events: Any, source: str = "widget") -> list[str]:
    """The locks of events that arrive one after the other."""
    known = len(door.events())
    for number, event in enumerate(events):
        assert door.post(event, f"{source}_{known}_{number}", source).status_code == 200
    assert set(door.lanes()) == {event.lock for event in door.events()}
    return [event.lock for event in door.events()[known:]]


def test_the_events_of_one_person_run_one_after_the_other(door: Any) -> None:
    assert (
        locks(
            door,
            tour("B-1", email="Maya@Example.com", phone="512-555-0142"),
            tour("B-2", email="maya@example.com"),
            tour("B-3", phone="(512) 555-0142"),
            tour("B-4", email="maya@", phone="+15125550142"),
        )
        == [contact_key("maya@example.com", None)] * 2 + [contact_key(None, "+15125550142")] * 2
    )


def test_an_event_that_names_nobody_waits_for_its_booking(door: Any) -> None:
    maya = contact_key("maya@example.com", None)
    assert locks(
        door,
        tour("B-1", email="maya@example.com"),
        tour("B-1", kind="cancelled"),
        tour("B-2", kind="rescheduled", previous="B-1"),
        tour("B-3", kind="rescheduled", previous="B-2"),
        tour("B-2", kind="cancelled"),
        tour("B-9", kind="cancelled"),
    ) == [maya] * 5 + ["booking:widget:B-9"]


def test_a_booking_that_is_not_known_yet_has_its_reference_for_a_lock(door: Any) -> None:
    assert locks(
        door,
        tour("B-1", kind="cancelled"),
        tour("B-2", kind="rescheduled", previous="B-1"),
        tour("B-2", kind="cancelled"),
        tour(None, kind="cancelled"),
        tour(None, kind="cancelled", note="another"),
    ) == ["booking:widget:B-1"] * 3 + ["event:widget:widget_0_3", "event:widget:widget_0_4"]


def test_the_same_reference_of_another_source_is_another_booking(door: Any) -> None:
    locks(door, tour("B-1", email="maya@example.com"))
    assert locks(door, tour("B-1", kind="cancelled"), source="other") == ["booking:other:B-1"]


# Whatever a sender writes.


@pytest.mark.parametrize(
    "odd", ["x" * 10_000, "NUL \x00 and \x01", "\ud800", "'; DROP TABLE events; --", "\u202e\U0001f338", " "]
)
def test_odd_ids_are_stored_and_found_again(door: Any, odd: str) -> None:
    event = tour(odd, kind="cancelled", previous=odd[::-1])
    delivery_id = "x" * 3000 if len(odd) > 100 else "msg"
    first, again = door.post(event, delivery_id), door.post(event, delivery_id)
    (stored,) = door.events()
    assert (first.status_code, again.json["id"]) == (200, stored.id)
    assert all(len(text) <= 320 for text in (stored.delivery_id, stored.lock, stored.reference or ""))


def test_a_later_failure_takes_event_and_lane_back(door: Any) -> None:
    arrivals = [arrival("a"), replace(arrival("b", content=b"2"), body=None)]  # type: ignore[arg-type]
    with pytest.raises(IntegrityError), door.database.session() as session:
        store(session, "widget", Kept({}, {}), arrivals, door.clock())
    assert (door.events(), door.lanes()) == ([], [])
