"""The values that senders give, as they write them."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import marshmallow
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.mapping import TourKind, fields
from bridge.mapping.fields import Field, describe
from bridge.mapping.paths import Received

MOMENT = datetime(2026, 12, 3, 16, 0, tzinfo=UTC)
WALL = datetime(2026, 12, 3, 14, 30)  # noqa: DTZ001 - wall time has no zone


def read(field: Field, *values: Any) -> Any:
    """The value of a field whose paths `a`, `b` ... find these values."""
    return field.deserialize(field.find(Received(dict(zip("abcd", values, strict=False)), {})))


def refused(field: Field, *values: Any) -> Any:
    """The words in which a field refuses them."""
    with pytest.raises(marshmallow.ValidationError) as raised:
        read(field, *values)
    return raised.value.messages


# Text and names.


@pytest.mark.parametrize(
    ("given", "text"), [(" a b ", "a b"), (7, "7"), (1.5, "1.5"), ("é", "é"), (10**30, str(10**30))]
)
def test_text(given: Any, text: str) -> None:
    assert read(fields.String(path="a"), given) == text


@pytest.mark.parametrize("given", [True, [1], {"a": 1}])
def test_no_text(given: Any) -> None:
    assert refused(fields.String(path="a"), given) == {"found": describe(given), "expected": "text"}


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("  Maya\t Lee\n", "Maya Lee"),
        ("Ma\x00ya\x07", "Maya"),
        ("\u202eMaya\u200b\ufeff", "Maya"),
        ("Maya 🌸", "Maya 🌸"),
        ("D'Angelo-O\u2019Neil", "D'Angelo-O\u2019Neil"),
        ("王小明", "王小明"),
        (7, "7"),
    ],
)
def test_part_of_a_name(given: Any, name: str) -> None:
    assert read(fields.Name(path="a"), given) == name


@pytest.mark.parametrize(
    ("given", "first", "last"),
    [
        ("Maya Okafor", "Maya", "Okafor"),
        ("Okafor, Maya", "Maya", "Okafor"),
        ("Dr. Maya Okafor Jr.", "Maya", "Okafor"),
        ("Mrs Maya Okafor PhD", "Maya", "Okafor"),
        ("Maya van der Berg", "Maya", "van der Berg"),
        ("Maria José Cho", "Maria José", "Cho"),
        ("Jordan Q. Avery", "Jordan", "Avery"),
        ("Maya", "Maya", None),
        ("Okafor,", "Okafor", None),
        ("Mr.", "Mr.", None),
        ("Dr. Jr.", "Dr.", None),
        ("王 小明", "小明", "王"),
        ("Мая Окафор", "Мая", "Окафор"),
        ("مايا أوكافور", "مايا", "أوكافور"),
        ("🌸", "🌸", None),
        ("maya@example.com", "maya@example.com", None),
    ],
)
def test_a_whole_name_is_split(given: str, first: str, last: str | None) -> None:
    assert read(fields.PersonName(path="a"), given) == {"first": first, "last": last}


@pytest.mark.parametrize("field", [fields.Name(path="a"), fields.PersonName(path="a")])
@pytest.mark.parametrize("given", [["Maya"], {"first": "Maya"}, True, "x" * 201])
def test_no_name(field: Field, given: Any) -> None:
    assert refused(field, given)["expected"] == field.expected


@given(st.text(max_size=60))
def test_every_text_is_some_name(text: str) -> None:
    field = fields.PersonName(path="a")
    found = field.find(Received({"a": text}, {}))
    name = field.deserialize(found) if found else {"first": None, "last": None}
    assert (name["first"] or name["last"] or "").isprintable()


# Contact.


@pytest.mark.parametrize(
    ("given", "email"),
    [
        ("Maya@Example.COM", "maya@example.com"),
        (" maya@example.com ", "maya@example.com"),
        ("mailto:maya@example.com", "maya@example.com"),
        ("<maya@example.com>", "maya@example.com"),
        ("maya+tour@example.co.uk", "maya+tour@example.co.uk"),
        ("maya@bücher.example", "maya@bücher.example"),
        ("maya@xn--bcher-kva.example", "maya@bücher.example"),
    ],
)
def test_email(given: Any, email: str) -> None:
    assert read(fields.Email(path="a"), given) == email


@pytest.mark.parametrize(
    "given",
    [
        "maya",
        "maya@",
        "@example.com",
        "a@b@c.com",
        "maya@localhost",
        "m aya@example.com",
        7,
        True,
        {"a": 1},
        ["a@b.com"],
    ],
)
def test_no_email(given: Any) -> None:
    assert refused(fields.Email(path="a"), given)["expected"] == "an e-mail address such as maya@example.com"


@pytest.mark.parametrize(
    ("given", "phone"),
    [
        (given, "+15125550142")
        for given in (
            "+15125550142",
            "512-555-0142",
            "(512) 555-0142",
            "512.555.0142",
            "1 512 555 0142",
            " +1 (512) 555-0142 ",
            "tel:+1-512-555-0142",
            "whatsapp:+15125550142",
            "512-555-0142 ext. 7",
            "call me at 512 555 0142",
            "call (512) 555-0142 after 5",
            "apt 204, 512-555-0142",
            5125550142,
            "\uff15\uff11\uff12\uff15\uff15\uff15\uff10\uff11\uff14\uff12",  # full width
            ["none", "512-555-0142"],
        )
    ]
    + [("+41 44 668 18 00", "+41446681800"), ("011 44 20 7946 0018", "+442079460018")],
)
def test_phone(given: Any, phone: str) -> None:
    assert read(fields.Phone(path="a"), given) == phone


@pytest.mark.parametrize(
    "given", ["call me", "0", "12", "555-0142", "+999 123", "9" * 300, True, "maya@example.com"]
)
def test_no_phone(given: Any) -> None:
    assert refused(fields.Phone(path="a"), given)["expected"] == "a phone number such as +1 512-555-0142"


def test_a_phone_stands_behind_what_is_none() -> None:
    field = fields.Phone(path=["a", "b", "c"])
    assert read(field, "after 5 pm", None, "512-555-0142") == "+15125550142"
    assert refused(field, "after 5 pm", "call me")["found"] == "'after 5 pm'"


# Times.


@pytest.mark.parametrize(
    "given",
    [
        "2026-12-03T16:00:00Z",
        "2026-12-03T16:00:00z",
        "2026-12-03 16:00:00+00:00",
        "2026-12-03T16:00:00+0000",
        "2026-12-03T10:00:00-06:00",
        "2026-12-03T16:00Z",
        "2026-12-03T16:00:00.000000Z",
        "2026-12-03T16:00:00.0000000Z",
        "20261203T160000Z",
        " 2026-12-03T16:00:00Z\n",
        1796313600,
        "1796313600",
        1796313600000,
        "1796313600000",
    ],
)
def test_a_moment(given: Any) -> None:
    assert read(fields.Instant(path="a"), given) == MOMENT


def test_a_moment_keeps_its_fraction() -> None:
    assert read(fields.Instant(path="a"), "2026-12-03T16:00:00.123456Z") == MOMENT.replace(microsecond=123456)
    assert read(fields.Instant(path="a"), 1796313600250) == MOMENT.replace(microsecond=250000)


@pytest.mark.parametrize(
    "given",
    [
        "2026-12-03T16:00:00",
        "2026-12-03",
        "20261203",
        "2026-02-30T10:00:00Z",
        "2026-12-03T16:00:00 CST",
        "tomorrow",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-12:00",
        "1969-12-31T23:59:59Z",
        "2200-01-01T00:00:00Z",
        "9" * 40,
        "9" * 5000,
        10**30,
        -1,
        7,
        1.5,
        True,
        ["2026-12-03T16:00:00Z"],
        {"dateTime": "2026-12-03T16:00:00Z"},
    ],
)
def test_no_moment(given: Any) -> None:
    expected = "a date and time with its offset, such as 2026-12-03T16:00:00Z"
    assert refused(fields.Instant(path="a"), given) == {"found": describe(given), "expected": expected}


@pytest.mark.parametrize(
    "given",
    [
        "2026-12-03 14:30",
        "2026-12-03T14:30:00",
        "12/03/2026 2:30 PM",
        "12/3/26 14:30",
        "Dec 3, 2026 02:30PM",
        "December 3rd, 2026 at 2:30 p.m.",
        "Thursday, December 3, 2026 14:30",
        "2:30 PM 12/03/2026",
    ],
)
def test_wall_time(given: str) -> None:
    assert read(fields.LocalTime(path="a"), given) == WALL


@pytest.mark.parametrize(
    ("date", "time", "wall"),
    [
        ("2026-12-03", "14:30", WALL),
        ("12/03/2026", "2:30 PM", WALL),
        ("Dec 3, 2026", "02:30pm", WALL),
        ("2026-12-03T14:30", None, WALL),
        ("2026-12-03T14:30", "", WALL),
        ("2026-12-03", "2 PM", WALL.replace(minute=0)),
        ("2026-12-03", "00:00", WALL.replace(hour=0, minute=0)),
        ("25/12/2026", "14:30", WALL.replace(day=25)),
    ],
)
def test_wall_time_of_two_fields(date: Any, time: Any, wall: datetime) -> None:
    assert read(fields.LocalTime(date="a", time="b"), date, time) == wall


@pytest.mark.parametrize(
    "given",
    [
        "2026-12-03",
        "14:30",
        "Dec 3 14:30",
        "Thursday 14:30",
        "tomorrow at 2",
        "2026-12-03 25:00",
        "2026-02-30 10:00",
        "2026-12-03T14:30:00Z",
        "2026-12-03 14:30 EST",
        "2026-12-03 14:30 -06:00",
        "0001-01-01 10:00",
        "9999-12-31 10:00",
        "1" * 5000,
        "2026-12-03 14:30" + " " * 60 + ".",
        {"date": "2026-12-03"},
        True,
        7,
    ],
)
def test_no_wall_time(given: Any) -> None:
    assert (
        refused(fields.LocalTime(path="a"), given)["expected"]
        == "a date and a time, such as 2026-12-03 10:30"
    )


@pytest.mark.parametrize(
    "payload", [{}, {"a": None, "b": ""}, {"a": " ", "b": " "}, {"a": [], "b": {}}, [], "x", None]
)
def test_absent_wall_time(payload: Any) -> None:
    assert fields.LocalTime(date="a", time="b").find(Received(payload, {})) == []


def test_wall_time_says_where_it_looks() -> None:
    assert fields.LocalTime(path=["x", "y"], date="a", time="b").where == "x | y | a | b"
    assert fields.LocalTime(path="x").where == "x"
    with pytest.raises(ValueError, match="at least one path"):
        fields.LocalTime()


# All others.


@pytest.mark.parametrize(("given", "number"), [(30, 30), ("30", 30), (30.0, 30), (" 45 ", 45), ("60.0", 60)])
def test_whole_number(given: Any, number: int) -> None:
    assert read(fields.Integer(path="a"), given) == number


@pytest.mark.parametrize(
    "given", [0, -5, 1.5, "an hour", "nan", "inf", 10**9, "9" * 5000, True, [30], {"min": 30}]
)
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
        return field.deserialize(field.find(Received(payload, {})))

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
    told: Any = {"found": "", "expected": field.expected}
    if found := field.find(Received({"a": value}, {})):
        try:
            field.deserialize(found)
        except marshmallow.ValidationError as error:
            told = error.messages
    assert told["expected"] == field.expected
    assert len(told["found"]) <= 80


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


def test_a_mexican_mobile_as_whatsapp_writes_it() -> None:
    assert read(fields.Phone(path="a"), "+5215512345678") == "+525512345678"


def test_a_day_in_milliseconds_beside_a_time() -> None:
    field = fields.LocalTime(date="a", time="b")
    assert read(field, "1796256000000", "2:30 PM") == datetime(2026, 12, 3, 14, 30)  # noqa: DTZ001 - wall time


def test_an_error_names_the_first_of_many_paths() -> None:
    assert fields.String(path=[f"a{number}" for number in range(9)]).where == "a0 | a1 | a2 | a3 | a4 | ..."


@pytest.mark.parametrize(
    ("time", "zone", "moment"),
    [
        ("2026-12-03 10:00", "America/Chicago", MOMENT),
        ("2026-12-03T10:00:00", "America/Chicago (GMT-06:00)", MOMENT),
        ("Dec 3, 2026 10:00 AM", "Central Time (US & Canada)", MOMENT),
        ("2026-12-03T11:00:00-05:00", "America/Chicago", MOMENT),
    ],
)
def test_wall_time_with_its_zone_beside_it(time: str, zone: str, moment: datetime) -> None:
    assert read(fields.ZonedTime(path="a", zone="b"), time, zone) == moment


@pytest.mark.parametrize(
    ("time", "zone"),
    [
        ("2026-12-03 10:00", "Mars/Olympus"),
        ("2026-12-03 10:00", "../etc/passwd"),
        ("soon", "America/Chicago"),
        ("2026-03-08 02:30", "America/Chicago"),
        ("2026-11-01 01:30", "America/Chicago"),
    ],
)
def test_no_time_in_a_zone(time: str, zone: str) -> None:
    with pytest.raises(marshmallow.ValidationError):
        read(fields.ZonedTime(path="a", zone="b"), time, zone)


@pytest.mark.parametrize("zone", [None, ""])
def test_without_a_zone_there_is_no_zoned_time(zone: str | None) -> None:
    assert fields.ZonedTime(path="a", zone="b").find(Received({"a": "2026-12-03 10:00", "b": zone}, {})) == []


@pytest.mark.parametrize(
    ("given", "minutes"),
    [(30, 30), ("30", 30), ("30 min", 30), ("45 minutes", 45), ("00:30", 30), ("01:15:00", 75), ("90m", 90)],
)
def test_a_length_in_minutes(given: Any, minutes: int) -> None:
    assert read(fields.Duration(path="a"), given) == minutes


def test_a_length_in_seconds() -> None:
    assert read(fields.Duration(path="a", unit="seconds"), 1800) == 30


@pytest.mark.parametrize("given", ["half an hour", 0, -5, "00:00", True, [30]])
def test_no_length(given: Any) -> None:
    with pytest.raises(marshmallow.ValidationError):
        read(fields.Duration(path="a"), given)


@pytest.mark.parametrize(
    "given",
    [
        "/Date(1796313600000)/",
        "/Date(1796313600000-0600)/",
        "Thu, 3 Dec 2026 10:00:00 -0600",
        "2026-12-03 10:00:00 -0600",
    ],
)
def test_other_spellings_of_a_moment(given: str) -> None:
    assert read(fields.Instant(path="a"), given) == MOMENT


def test_wall_time_in_numbers() -> None:
    given = {"year": 2026.0, "month": 12.0, "day": 3.0, "hours": 14.0, "minutes": 30.0, "seconds": 0.0}
    assert read(fields.LocalTime(path="a"), given) == WALL
    for name in ("year", "minutes"):
        with pytest.raises(marshmallow.ValidationError):
            read(fields.LocalTime(path="a"), {**given, name: None})


# Whoever fills a public form can send a megabyte.


def test_a_length_in_a_megabyte_of_spaces_is_refused_at_once() -> None:
    assert refused(fields.Duration(path="a"), "30" + " " * 1_000_000 + "x")["found"]


def test_of_a_long_list_of_phones_only_the_first_are_tried() -> None:
    assert read(fields.Phone(path="a"), ["no", "512-555-0142"] * 10) == "+15125550142"
    assert refused(fields.Phone(path="a"), ["5125550"] * 1_000_000)["found"]
