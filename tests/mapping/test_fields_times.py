"""Moments, wall time with and without its zone, and lengths, as senders write them."""

from datetime import UTC, datetime
from typing import Any

import marshmallow
import pytest
from mapping.reading import MOMENT, WALL, read, refused

from bridge.mapping import fields
from bridge.mapping.fields import describe
from bridge.mapping.paths import DecodedRequest

# Moments.


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
        "/Date(1796313600000)/",
        "/Date(1796313600000-0600)/",
        "Thu, 3 Dec 2026 10:00:00 -0600",
        "2026-12-03 10:00:00 -0600",
    ],
)
def test_other_spellings_of_a_moment(given: str) -> None:
    assert read(fields.Instant(path="a"), given) == MOMENT


@pytest.mark.parametrize(
    "given",
    [
        "2026-12-03T16:00:00",
        "2026-02-30T10:00:00Z",
        "2026-12-03T16:00:00 MSK",
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
        {"at": "2026-12-03T16:00:00Z"},
    ],
)
def test_no_moment(given: Any) -> None:
    expected = "a date and time with its offset, such as 2026-12-03T16:00:00Z"
    assert refused(fields.Instant(path="a"), given) == {"found": describe(given), "expected": expected}


# Wall time.


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
        ("2026-12-03", "midnight", WALL.replace(hour=0, minute=0)),
        ("25/12/2026", "14:30", WALL.replace(day=25)),
    ],
)
def test_wall_time_of_two_fields(date: Any, time: Any, wall: datetime) -> None:
    assert read(fields.LocalTime(date="a", time="b"), date, time) == wall


def test_a_day_in_milliseconds_beside_a_time() -> None:
    field = fields.LocalTime(date="a", time="b")
    assert read(field, "1796256000000", "2:30 PM") == datetime(2026, 12, 3, 14, 30)  # noqa: DTZ001 - wall time


def test_wall_time_in_numbers() -> None:
    given = {"year": 2026.0, "month": 12.0, "day": 3.0, "hours": 14.0, "minutes": 30.0, "seconds": 0.0}
    assert read(fields.LocalTime(path="a"), given) == WALL
    for name in ("year", "minutes"):
        with pytest.raises(marshmallow.ValidationError):
            read(fields.LocalTime(path="a"), {**given, name: None})


@pytest.mark.parametrize(
    "given",
    [
        "14:30",
        "Dec 3 14:30",
        "Thursday 14:30",
        "tomorrow at 2",
        "2026-12-03 25:00",
        "2026-02-30 10:00",
        "0001-01-01 10:00",
        "9999-12-31 10:00",
        "1" * 5000,
        "2026-12-03 14:30" + " " * 120 + ".",
        {"day": "2026-12-03"},
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
    assert fields.LocalTime(date="a", time="b").find(DecodedRequest(payload, {})) == []


def test_wall_time_says_where_it_looks() -> None:
    assert fields.LocalTime(path=["x", "y"], date="a", time="b").where == "x | y | a | b"
    assert fields.LocalTime(path="x").where == "x"
    with pytest.raises(ValueError, match="at least one path"):
        fields.LocalTime()


# Wall time in a zone.


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
    assert (
        fields.ZonedTime(path="a", zone="b").find(DecodedRequest({"a": "2026-12-03 10:00", "b": zone}, {}))
        == []
    )


# Lengths.


@pytest.mark.parametrize(
    ("given", "minutes"),
    [
        (30, 30),
        ("30", 30),
        ("30 min", 30),
        ("45 minutes", 45),
        ("00:30", 30),
        ("01:15:00", 75),
        ("90m", 90),
        ("1 hour", 60),
        ("an hour", 60),
        ("1h", 60),
        ("1h 30m", 90),
        ("1 hr 15 mins", 75),
        ("1.5 hours", 90),
        ("90 min.", 90),
        ("half an hour", 30),
        ("PT30M", 30),
        ("PT1H", 60),
        ("pt1h30m", 90),
        ("PT1800S", 30),
        ("45'", 45),
        ("about 30 minutes", 30),
        ("30-minute tour", 30),
        ("1\u00bd hours", 90),
        ("1 hour and 15 minutes", 75),
        ("half hour", 30),
        ("thirty minutes", 30),
        ("forty-five minutes", 45),
        ("1/2 hour", 30),
        ("Duration: 30 minutes", 30),
        ("30 minutes (default)", 30),
        ("P0Y0M0DT0H30M0S", 30),
        ({"hours": 1, "minutes": 30}, 90),
    ],
)
def test_a_length_in_minutes(given: Any, minutes: int) -> None:
    assert read(fields.Duration(path="a"), given) == minutes


def test_the_name_of_a_field_says_its_unit() -> None:
    assert read(fields.Duration(path="a.duration_seconds"), {"duration_seconds": 1800}) == 30
    assert read(fields.Duration(path="a.hours"), {"hours": "1.5"}) == 90


def test_a_range_gives_the_length() -> None:
    field = fields.LocalTime(path="a")
    found = field.find(DecodedRequest({"a": "12/03/2026 2:30 PM - 3:15 PM"}, {}))
    assert field.choose(found) == WALL
    assert field.end_of(found) == WALL.replace(hour=15, minute=15)


@pytest.mark.parametrize(
    "given",
    [
        {"dateTime": "2026-12-03T16:00:00.0000000", "timeZone": "UTC"},
        {"dateTime": "2026-12-03T10:00:00", "timeZone": "Central Standard Time"},
        {"date_time": "2026-12-03T10:00:00-06:00"},
        {"date": "2026-12-03", "time": "10:00 AM", "timezone": "America/Chicago"},
    ],
)
def test_a_time_and_its_zone_in_an_object(given: Any) -> None:
    assert read(fields.Instant(path="a"), given) == MOMENT
    assert read(fields.LocalTime(path="a"), given) == MOMENT


def test_a_wall_time_in_the_zone_beside_it() -> None:
    for field in (fields.Instant(path="a", zone="b"), fields.LocalTime(path="a", zone="b")):
        assert read(field, "2026-12-03 11:00", "America/New_York") == MOMENT
        assert read(field, "2026-12-03 10:00 -06:00", "America/New_York") == MOMENT, (
            "its own offset counts more"
        )
    assert "Moon" in refused(fields.LocalTime(path="a", zone="b"), "2026-12-03 11:00", "Moon")["expected"]


def test_the_same_moment_beside_it_distinguishes_day_and_month() -> None:
    assert read(fields.LocalTime(path="a", hint="b"), "03/12/2026 14:30", 1796308200) == WALL


@pytest.mark.parametrize("given", ["2026-12-03", "2026-12-03 00:00", "2026-12-03T00:00:00-06:00"])
def test_a_date_alone_is_no_start(given: str) -> None:
    field = fields.LocalTime(path="a")
    field.is_start = True
    assert "time of day" in refused(field, given)["expected"]


@pytest.mark.parametrize("given", ["2026-12-03T00:00:00.000Z", 1796256000000])
def test_a_date_that_became_midnight_in_utc(given: Any) -> None:
    start = fields.LocalTime(date="a", time="b")
    start.is_start = True
    assert "time of day" in refused(start, given)["expected"]
    assert "time of day" in refused(fields.Instant(path="a", midnight_is_date=True), given)["expected"]
    assert read(fields.Instant(path="a"), given) == datetime(2026, 12, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    "given",
    [
        ["10", "30", "am"],
        {"hourSelect": 1, "timeInput": "10:30", "ampm": "AM"},
        {"hour": "10", "min": "30", "ampm": "AM"},
    ],
)
def test_a_time_in_inputs_beside_a_date(given: Any) -> None:
    assert read(fields.LocalTime(date="a", time="b"), "2026-12-03", given) == WALL.replace(hour=10)
    assert read(
        fields.LocalTime(date="a", time="b"), {"month": "12", "day": "03", "year": "2026"}, given
    ) == WALL.replace(hour=10)


def test_a_length_in_seconds() -> None:
    assert read(fields.Duration(path="a", unit="seconds"), 1800) == 30


@pytest.mark.parametrize("given", ["a while", -5, "00:00", True, [30, 45], 1800])
def test_no_length(given: Any) -> None:
    with pytest.raises(marshmallow.ValidationError):
        read(fields.Duration(path="a"), given)


# Whoever fills a public form can send a megabyte.


def test_a_length_in_a_megabyte_of_spaces_is_refused_at_once() -> None:
    assert refused(fields.Duration(path="a"), "30" + " " * 1_000_000 + "x")["found"]


def test_of_several_starts_none_is_taken() -> None:
    given = ["2026-12-03T10:30:00-06:00", "2026-12-04T10:30:00-06:00"]
    for field in (fields.Instant(path="a"), fields.LocalTime(path="a")):
        with pytest.raises(marshmallow.ValidationError, match="not several"):
            read(field, given)
    parts = fields.LocalTime(date="a", time="b")  # the time has the day on which it was asked
    assert read(parts, "2026-12-03T12:00:00-06:00", "2026-11-24T10:00:00-06:00") == MOMENT
