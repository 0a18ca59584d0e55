"""Numbers, choices, lines and fingerprints, and what holds for every field."""

from collections.abc import Callable
from typing import Any

import marshmallow
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mapping.reading import read, refused

from bridge.mapping import TourKind, fields
from bridge.mapping.fields import Field, describe
from bridge.mapping.paths import DecodedRequest


@pytest.mark.parametrize(("given", "number"), [(30, 30), ("30", 30), (30.0, 30), (" 45 ", 45), ("60.0", 60)])
def test_whole_number(given: Any, number: int) -> None:
    assert read(fields.Integer(path="a"), given) == number


@pytest.mark.parametrize("given", [-5, 1.5, "an hour", "inf", 10**9, "9" * 5000, True, [30, 45], {"min": 30}])
def test_no_whole_number(given: Any) -> None:
    assert refused(fields.Integer(path="a"), given)["expected"] == "a whole number above 0"


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (["Virtual"], TourKind.VIRTUAL),
        (["ZOOM_meeting"], TourKind.VIRTUAL),
        (["zoom"], TourKind.VIRTUAL),
        (["on foot"], None),
        (["on foot", "in-person"], TourKind.IN_PERSON),
        ([True], None),
        ([{"a": 1}, "virtual"], TourKind.VIRTUAL),
        ([7], TourKind.SELF_GUIDED),
    ],
)
def test_choice(given: list[Any], kind: TourKind | None) -> None:
    table = {
        "virtual": TourKind.VIRTUAL,
        "Zoom*": TourKind.VIRTUAL,
        "In-Person": TourKind.IN_PERSON,
        "7": TourKind.SELF_GUIDED,
    }
    assert read(fields.Choice(path=["a", "b"], table=table), *given) is kind


@pytest.mark.parametrize(
    ("given", "lines"),
    [
        (["2 BR\nwith a cat"], "2 BR\nwith a cat"),
        (["2 BR", "cat"], "2 BR\ncat"),
        (["2 BR", "2 BR"], "2 BR"),
        ([["2 BR", " ", None, "cat"]], "2 BR\ncat"),
        ([["2 BR", "cat"]], "2 BR\ncat"),
        (
            [[["Pets?", "a cat"], ["Size:", 2], ["Parking", ""], [None, "soon"]]],
            "Pets?: a cat\nSize: 2\nsoon",
        ),
        ([7, True], "7\ntrue"),
        ([{"pets": 1}], '{"pets": 1}'),
        ([[None]], None),
    ],
)
def test_lines(given: list[Any], lines: str | None) -> None:
    assert read(fields.Lines(path=["a", "b"]), *given) == lines


def test_fingerprint() -> None:
    def mark(**payload: Any) -> Any:
        field = fields.Fingerprint(path=["a", "b"])
        return field.deserialize(field.find(DecodedRequest(payload, {})))

    assert mark(a="x", b="y") == mark(b="y", a="x", c="else")
    assert len({mark(a="x"), mark(b="x"), mark(a="x", b="x"), mark(a="xx"), mark(a="X")}) == 5
    assert mark(a="x", b="") == mark(a="x") == mark(a="x", b=None)


# Every field.

_EVERY: list[Callable[..., Field]] = [
    fields.String,
    fields.Name,
    fields.PersonName,
    fields.Email,
    fields.Phone,
    fields.Integer,
    fields.Instant,
    fields.LocalTime,
    fields.Lines,
    fields.Fingerprint,
    lambda **options: fields.Choice(table={"a": TourKind.VIRTUAL}, **options),
]
_SCALAR = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
)
_JSON = st.recursive(
    _SCALAR | st.datetimes().map(str),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.parametrize("kind", _EVERY)
def test_a_field_that_is_required_is_missed(kind: Callable[..., Field]) -> None:
    schema = marshmallow.Schema.from_dict({"x": kind(path="a", required=True), "y": kind(path="a")})()
    with pytest.raises(marshmallow.ValidationError) as raised:
        schema.load({})
    assert raised.value.messages == {"x": ["Missing data for required field."]}
    assert raised.value.valid_data == {"y": None}


@pytest.mark.parametrize("kind", _EVERY)
@given(value=_JSON)
def test_a_field_refuses_or_reads_whatever_it_finds(kind: Callable[..., Field], value: Any) -> None:
    field = kind(path="a")
    reported: Any = {"found": "", "expected": field.expected}
    if found := field.find(DecodedRequest({"a": value}, {})):
        try:
            field.deserialize(found)
        except marshmallow.ValidationError as error:
            reported = error.messages
    assert reported["expected"]  # of a date alone it says that a time is missing
    assert len(reported["found"]) <= 80


def test_an_error_names_the_first_of_many_paths() -> None:
    assert fields.String(path=[f"a{number}" for number in range(9)]).where == "a0 | a1 | a2 | a3 | a4 | ..."


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "nothing"),
        ("a", "'a'"),
        ("", "''"),
        (7, "7"),
        (True, "true"),
        ([1], "[1]"),
        ({"a": "é"}, '{"a": "é"}'),
    ],
)
def test_a_value_in_words(value: Any, words: str) -> None:
    assert describe(value) == words


def test_a_long_value_in_words() -> None:
    assert len(describe("x" * 1000)) == 80
