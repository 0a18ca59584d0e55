"""Answers by their labels, and paths that are Python functions."""

from typing import Any

import pytest

from bridge.inbound.signatures import Token
from bridge.mapping import BOOK, CANCEL, Mapping, TourKind, When, answers, fields, path
from bridge.mapping.fields import Field
from bridge.mapping.paths import DecodedRequest, Path

FORM = {
    "answers": [
        {"question": "Phone", "answer": ""},
        {"question": "Mobile phone", "answer": "512-555-0142"},
        {"question": "Work phone?", "answer": "512-555-0143"},
        {"question": "Renter's pet", "answer": {"label": "a cat"}},
        {"question": "Days", "answer": ["Monday", "Friday"]},
        {"question": None, "answer": "x"},
    ]
}


def read(expression: str, payload: Any = FORM) -> Any:
    return Path(expression).search(DecodedRequest(payload, {}))


@pytest.mark.parametrize(
    ("matching", "value", "found"),
    [
        ("phone", "answer", "512-555-0142"),
        ("^WORK", "answer", "512-555-0143"),
        ("renter's", "answer.label || answer", "a cat"),
        ("days", "answer", ["Monday", "Friday"]),
        ("e-?mail", "answer", None),
        (r"^(work|home)\W+phone\W*$", "answer", "512-555-0143"),
    ],
)
def test_the_first_answer_that_is_given_counts(matching: str, value: str, found: Any) -> None:
    assert read(answers("answers", label="question", value=value, matching=matching)) == found


def test_every_answer_is_a_list() -> None:
    expression = answers("answers", label="question", value="answer", matching="phone", every=True)
    assert read(expression) == ["512-555-0142", "512-555-0143"]
    assert read(expression, {"answers": []}) is None


@pytest.mark.parametrize(
    "payload", [None, [], {"answers": None}, {"answers": "text"}, {"answers": [1, None]}]
)
def test_another_shape_has_no_answers(payload: Any) -> None:
    assert read(answers("answers", matching="."), payload) is None


def test_the_list_may_be_a_projection() -> None:
    payload = {
        "forms": [{"values": [{"name": "Unit", "value": "2B"}]}, {"values": [{"name": "Pet", "value": "no"}]}]
    }
    assert read(answers("forms[].values[]", label="name", matching="^pet"), payload) == "no"


def moved_to(payload: Any) -> Any:
    """The last of several times."""
    return payload["times"][-1]


def last(payload: Any) -> Any:
    return payload[-1]


def is_off(payload: Any) -> bool:
    return bool(payload["state"] == "off")


def booking(payload: Any) -> Any:
    return payload["booking"]


class Widget(Mapping):
    """Widget

    https://widget.example/docs
    """

    signature = Token()
    event = path("kind")
    root = booking
    actions = (When(event="changed", where=is_off, then=CANCEL), When(event="changed", then=BOOK))
    reference = fields.String(path="id", required=True)
    email = fields.Email(path="email")
    starts_at = fields.Instant(path=[moved_to, "start"])


BODY = {
    "kind": "changed",
    "state": "on",
    "booking": {
        "id": 7,
        "email": "maya@example.com",
        "times": ["2031-03-04T16:00:00Z", "2031-03-05T16:00:00Z"],
    },
}


def test_a_function_reads_what_an_expression_could_not() -> None:
    found = Widget().translate(DecodedRequest(BODY, {})).booking
    assert found is not None
    assert str(found.starts_at) == "2031-03-05 16:00:00+00:00"


def test_a_function_that_meets_another_shape_finds_nothing() -> None:
    body = {**BODY, "booking": {"id": 7, "email": "maya@example.com", "start": "2031-03-04T16:00:00Z"}}
    found = Widget().translate(DecodedRequest(body, {})).booking
    assert found is not None
    assert str(found.starts_at) == "2031-03-04 16:00:00+00:00"
    [error] = Widget().translate(DecodedRequest({"kind": "changed"}, {})).errors[:1]
    assert error.field == "reference"


def test_a_function_may_be_a_condition_and_has_a_name() -> None:
    rule = Widget().rule_for(DecodedRequest({**BODY, "state": "off"}, {}))
    assert rule is not None
    assert (rule.condition, rule.then) == ("is_off()", CANCEL)
    assert Widget().root_expression == "booking()"
    assert Widget().where("starts_at") == "moved_to() | start"
    assert path(is_off).headers == frozenset()


@pytest.mark.parametrize(
    "field",
    [
        fields.String(path=moved_to),
        fields.Instant(path=moved_to),
        fields.LocalTime(path=moved_to),
        fields.ZonedTime(path=moved_to, zone="zone"),
        fields.Lines(path=moved_to),
    ],
    ids=lambda field: type(field).__name__,
)
def test_a_path_may_be_one_function(field: Field) -> None:
    assert field.where.startswith("moved_to()")
    payload = {"times": ["2031-03-05T16:00:00Z"], "zone": "America/Chicago"}
    found = field.find(DecodedRequest(payload, {}))
    assert str(field.deserialize(found)).startswith("2031-03-05")


def test_a_choice_and_a_length_of_one_function() -> None:
    assert (
        fields.Duration(path=last).deserialize(fields.Duration(path=last).find(DecodedRequest([45], {})))
        == 45
    )
    kind = fields.Choice(path=last, table={"self*": TourKind.SELF_GUIDED})
    assert kind.deserialize(kind.find(DecodedRequest(["Self-guided"], {}))) is TourKind.SELF_GUIDED
