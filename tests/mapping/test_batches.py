"""Several events in one body, and what of a payload is forgotten."""

from typing import Any

import pytest
from mapping.widget import TOUR, Widget

from bridge.errors import DecodingError
from bridge.mapping import (
    Mapping,
)
from bridge.mapping.batches import redact


class Batches(Widget):
    split = "events"


@pytest.mark.parametrize(
    ("mapping", "payload", "items"),
    [
        (Widget, TOUR, [TOUR]),
        (Widget, [TOUR, 1, None], [TOUR, 1, None]),
        (Widget, [], [[]]),
        (Widget, "text", ["text"]),
        (Widget, {"events": [1]}, [{"events": [1]}]),
        (Batches, {"app": 7, "events": [1, 2]}, [{"app": 7, "events": [1]}, {"app": 7, "events": [2]}]),
        (Batches, {"events": {"id": 1}}, [{"events": [{"id": 1}]}]),
        (Batches, [{"events": [1]}, {"events": [2]}], [{"events": [1]}, {"events": [2]}]),
        (Batches, {"events": []}, [{"events": []}]),
        (Batches, {"events": "none"}, [{"events": "none"}]),
        (Batches, [1, 2], [1, 2]),
    ],
)
def test_a_batch_is_its_events(mapping: type[Mapping], payload: Any, items: list[Any]) -> None:
    assert mapping().items(payload) == items


class Nested(Widget):
    split = "entry[].changes[].value.messages"


def test_a_batch_must_not_repeat_what_surrounds_it_beyond_all_memory() -> None:
    around = {f"key-{number}": 1 for number in range(40_000)}
    assert len(Batches().items({"events": {"id": 1}, **around})) == 1
    with pytest.raises(DecodingError, match="repeat too much"):
        Batches().items({"events": [1] * 100_000, **around})
    with pytest.raises(DecodingError, match="repeat too much"):
        Nested().items({"entry": [{"changes": [{"value": {"messages": [1] * 100_000, **around}}]}]})


def test_a_batch_in_lists_of_lists_keeps_what_surrounds_each_item() -> None:
    def entry(*values: dict[str, Any]) -> dict[str, Any]:
        return {"id": "page", "changes": [{"value": value} for value in values]}

    first, second = {"to": 1, "messages": ["a", "b"]}, {"to": 2, "messages": ["c"]}
    statuses = {"to": 3, "statuses": ["read"]}
    items = Nested().items({"entry": [entry(first, statuses), entry(second)]})
    assert items == [
        {"entry": [entry({"to": to, "messages": [text]})]} for to, text in ((1, "a"), (1, "b"), (2, "c"))
    ]
    assert Nested().items({"entry": [entry(statuses)]}) == [{"entry": [entry(statuses)]}]


@pytest.mark.parametrize(
    ("payload", "path", "rest"),
    [
        ({"key": 1, "a": 2}, "key", {"a": 2}),
        ({"account": {"key": 1, "a": 2}}, "account.key", {"account": {"a": 2}}),
        ([{"key": 1}, {"a": 2}], "key", [{}, {"a": 2}]),
        ({"payload": '{"token": "x", "a": "é"}'}, "payload.token", {"payload": '{"a": "é"}'}),
    ],
)
def test_what_is_to_be_forgotten_is_taken_out(payload: Any, path: str, rest: Any) -> None:
    assert redact(payload, path) == rest


@pytest.mark.parametrize(
    "payload", [{"a": 1}, {"key": 1}, [], "text", {"a": '{"b": 1}'}, {"a": "{"}, None, [{"a": []}]]
)
def test_a_payload_without_it_stays_the_same_object(payload: Any) -> None:
    assert redact(payload, "a.key") is payload
