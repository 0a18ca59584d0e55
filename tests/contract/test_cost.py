"""What a body costs that is made to cost much, for every mapping: from the bytes to the booking."""

import contextlib
import json
from functools import cache
from typing import Any

import effort
import processor
import pytest

from bridge.errors import DecodingError, NotAuthenticError
from bridge.inbound.decoding import decode
from bridge.inbound.incoming import LARGEST_BATCH, split_events
from bridge.mapping.catalogue import Catalogue, MappingFile
from bridge.mapping.flattening import MOST_LEAVES
from bridge.mapping.paths import DecodedRequest

LIMIT = 1024 * 1024
UNREADABLE = object()
TEN_TIMES = 10
"""Half a second, where the reference takes 50 ms."""


def nested(depth: int) -> object:
    inner: object = 1
    for _ in range(depth):
        inner = {"a": inner, "b": {"c": 1}}
    return inner


IN_FULL = {"standard_webhooks", "website_form", "zapier", "calendly", "signed_json", "salesforce_outbound"}
"""Every body is tried with these mappings, one of each way to read a body."""
TURNS = 6
"""Of the other mappings, each meets one of so many bodies, and each body one of so many mappings."""
SHAPES = {
    "wide": {f"k{number}": 1 for number in range(70_000)},
    "wide and deep": {f"a{number}": {"b": {"c": {"d": 1}}} for number in range(19_000)},
    "as many as allowed": {f"Key Number{number}" + "k Q" * 60: "x" for number in range(MOST_LEAVES - 10)},
    "form": {f"Key Number{number}" + "k Q" * 60: "x" for number in range(490)},
    "long keys": {"k" * 300: {str(number): 1 for number in range(50_000)}},
    "very long keys": {f"k{number}" * 1000: 1 for number in range(150)},
    "deep": nested(40),
    "batch": [{"event": "booked", "id": number, "name": "a b"} for number in range(LARGEST_BATCH)],
    "batch of large events": [{f"key {key}": "x" * 40 for key in range(70)} for _ in range(LARGEST_BATCH)],
    "list": [1] * 500_000,
    "in a text": {"data": json.dumps({f"k{number}": 1 for number in range(50_000)}), "payload": "[" * 100},
    "long name": {"event": "booked " * 140_000},
    "long texts": dict.fromkeys(("event", "time", "date", "name", "status", "type"), "12:00 pm to " * 13_000),
    "questions": {"event": "booked", "questions": [{"question": "what time " * 20, "answer": "x"}] * 2400},
}


@cache
def bodies() -> dict[str, bytes]:
    made = {name: json.dumps(shape).encode() for name, shape in SHAPES.items()}
    assert all(len(body) <= 1.6 * LIMIT for body in made.values())
    return made


@cache
def decoded() -> dict[str, tuple[Any, float]]:
    """What each body holds, where it can be read, and what it cost to find out: the same for every mapping."""
    found: dict[str, tuple[Any, float]] = {}
    limit = processor.reference()  # a tenth of what is allowed
    for name, body in bodies().items():
        cost = processor.seconds_unless_below(limit, lambda body=body: _decode(body))
        found[name] = _decode(body), cost
    return found


def _decode(body: bytes) -> Any:
    with contextlib.suppress(DecodingError):
        return decode(body, "application/json")
    return UNREADABLE


def read(file: MappingFile, payload: Any, body: bytes) -> None:
    mapping = file.schema(phone_region="US")
    with contextlib.suppress(DecodingError, NotAuthenticError):
        received = DecodedRequest(payload, {}, {})
        split_events(mapping, received, body)
        mapping.decide(received)
        mapping.translate(received)


@pytest.fixture(scope="module")
def limit() -> float:
    return TEN_TIMES * processor.reference()


FILES = Catalogue(None).all()


def names_for(file: MappingFile) -> list[str]:
    """The bodies that a mapping meets; all of them with `--hypothesis-profile random`."""
    if file.name in IN_FULL or effort.is_thorough():
        return list(SHAPES)
    turn = FILES.index(file)
    return [name for number, name in enumerate(SHAPES) if (number + turn) % TURNS == 0]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_no_body_is_expensive(file: MappingFile, limit: float) -> None:
    costs = {}
    for name in names_for(file):
        payload, decoding = decoded()[name]
        if payload is not UNREADABLE:
            body = bodies()[name]
            costs[name] = decoding + processor.seconds_unless_below(
                limit - decoding, lambda payload=payload, body=body: read(file, payload, body)
            )
    assert max(cost for _, cost in decoded().values()) < limit
    assert max(costs.values(), default=0) < limit, max(costs.items(), key=lambda item: item[1])


def test_an_event_of_too_many_values_is_refused_with_a_sentence() -> None:
    mapping = Catalogue(None).get("zapier").schema(phone_region="US")
    payload = {f"k{number}": 1 for number in range(MOST_LEAVES + 1)}
    with pytest.raises(DecodingError, match="more than 5000 values"):
        split_events(mapping, DecodedRequest(payload, {}), json.dumps(payload).encode())
