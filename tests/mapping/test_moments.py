"""The one parser of dates and times: what it reads, what it refuses, and that it never reads another hour."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from effort import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from mapping.writers import WRITERS

from bridge.mapping.moments import (
    Conventions,
    MomentError,
    combine,
    find,
    is_clock,
    is_dated,
    read,
    read_epoch,
    read_zone,
)

ZONES = [
    "America/Chicago",
    "America/New_York",
    "America/Phoenix",
    "Pacific/Honolulu",
    "Europe/Berlin",
    "Asia/Kolkata",
]
WALL = datetime(2026, 12, 3, 14, 30)  # noqa: DTZ001 - wall time has no zone
INSTANT = datetime(2026, 12, 3, 16, 30, tzinfo=UTC)


@pytest.mark.parametrize("name", WRITERS)
@settings(max_examples=60, deadline=None)
@given(
    instant=st.datetimes(datetime(2001, 9, 10), datetime(2060, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    zone=st.sampled_from(ZONES),
)
def test_an_instant_comes_back_from_every_writer(name: str, instant: datetime, zone: str) -> None:
    instant = instant.replace(microsecond=0)
    local = instant.astimezone(ZoneInfo(zone))
    repeated = local.replace(fold=1 - local.fold).utcoffset() != local.utcoffset()
    text = WRITERS[name](instant, ZoneInfo(zone))
    if repeated and "zone" in name:
        with pytest.raises(MomentError):
            read(text)
        return
    found = read_epoch(text) or read(text).start
    assert found.replace(microsecond=0) == instant


@pytest.mark.parametrize(
    "text",
    [
        "2026-12-03 14:30",
        "2026-12-03T14:30",
        "2026/12/03 14:30:00",
        "20261203T143000",
        "2026-12-03 1430",
        "12/03/2026 2:30 PM",
        "12/3/26 14:30",
        "202612031430",
        "20261203143000",
        "12/03/2026 1430 hrs",
        "03-DEC-26 02.30.00.000000 PM",
        "12/03/2026&nbsp;2:30&nbsp;PM",
        "'2026-12-03 14:30'",
        "12/03/2026 2:30p",
        "12/03/2026 2:30 p.m.",
        "12/03/2026 2:30 P M",
        "12/03/2026 2:30\u202fPM",
        "12/03/2026 02:30 P.M.",
        "2026-12-03 14:30 PM",
        "2026-12-03 2.30 pm",
        "Dec 3, 2026, 2:30:00 PM",
        "December 3rd, 2026 at 2:30 p.m.",
        "Thursday, December 3, 2026 2:30 PM",
        "3 December 2026 14.30",
        "3rd of December 2026, 2:30 PM",
        "03-Dec-2026 14:30:00",
        "Thu Dec  3 14:30:00 2026",
        "2:30 PM 12/03/2026",
        "2:30 PM - Thursday, December 3, 2026",
        "3.12.2026 14:30",
        "03.12.26 14:30 Uhr",
        "Donnerstag, 3. Dezember 2026 um 14:30 Uhr",
        "3 de diciembre de 2026 a las 14:30",
        "3 de diciembre de 2026, 2:30 de la tarde",
        "jeudi 3 d\u00e9cembre 2026 \u00e0 14h30",
        "jueves 3 de diciembre de 2026 a las 14:30 horas",
        "2026. 12. 3. 14:30",
        "December 3, 2026 (2:30 PM)",
        "12/03/2026 (Thu) 2:30 PM",
        "12/03/2026 around 2:30 PM",
        "12/03/2026 ~2:30 PM",
        "Starts: 12/03/2026 2:30 PM",
        "<p>December 3, 2026<br/>2:30 PM</p>",
        "3 de dezembro de 2026 \u00e0s 14h30",
    ],
)
def test_wall_time(text: str) -> None:
    moment = read(text)
    assert (moment.start, moment.is_date_alone) == (WALL, False)


@pytest.mark.parametrize(
    ("text", "hour"), [("noon", 12), ("12 noon", 12), ("midnight", 0), ("12:00 AM", 0), ("12 PM", 12)]
)
def test_noon_and_midnight(text: str, hour: int) -> None:
    assert read(f"2026-12-03 {text}").start == WALL.replace(hour=hour, minute=0)


@pytest.mark.parametrize(
    "text",
    [
        "2026-12-03T10:30:00-06:00[America/Chicago]",
        "2026-12-03T10:30[America/Chicago]",
        "2026-12-03 10:30 (GMT-06:00)",
        "2026-12-03 10:30 GMT -06:00",
        "12/03/2026 10:30 AM UTC-06:00",
        "2026-12-03 10:30 -06:00",
        "2026-12-03 10:30 CST",
        "2026-12-03 10:30 Central Time",
        "2026-12-03 10:30 AM America/Chicago",
        "2026-12-03 10:30 AM (CST)",
        "Thu Dec 03 2026 10:30:00 GMT-0600 (Central Standard Time)",
        "2026-12-03 10:30:00.123 -0600 CST m=+0.0012",
        "Thu Dec 03 10:30:00 CST 2026",
        "12/03/2026 11:30 AM Eastern Standard Time",
        "2026-12-03 10:30 AM (Central Time - US & Canada)",
        "Thursday Dec 3, 2026 \u22c5 10:30am (Central Time - Chicago)",
        "12/03/2026 10:30 AM CST6CDT",
    ],
)
def test_a_zone_or_an_offset_makes_an_instant(text: str) -> None:
    assert read(text).start.replace(microsecond=0) == INSTANT


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2026-12-03 10:30-11:00", "10:30", "11:00"),
        ("2026-12-03 10:30 -11:00", "10:30", "11:00"),
        ("2026-12-03 10-11", "10:00", "11:00"),
        ("2026-12-03 10-11 am", "10:00", "11:00"),
        ("12/03/2026 11-1 pm", "11:00", "13:00"),
        ("12/03/2026 10:00 AM - 10:30 AM", "10:00", "10:30"),
        ("12/03/2026 10:00 AM \u2013 12/03/2026 10:30 AM", "10:00", "10:30"),
        ("10:30am - 11:00am, Thursday, December 3, 2026", "10:30", "11:00"),
        ("2026-12-03T10:30:00/2026-12-03T11:00:00", "10:30", "11:00"),
        ("2026-12-03 from 2 to 3 pm", "14:00", "15:00"),
        ("2026-12-03 14:30-15:00", "14:30", "15:00"),
        ("2026-12-03 13:00 -13:30", "13:00", "13:30"),
        ("12/03/2026 between 10:30 AM and 11:00 AM", "10:30", "11:00"),
        ("3 de diciembre de 2026 de 10:00 a 11:00", "10:00", "11:00"),
    ],
)
def test_a_range_gives_start_and_end(text: str, start: str, end: str) -> None:
    moment = read(text)
    assert moment.end
    assert (f"{moment.start:%Y-%m-%d %H:%M}", f"{moment.end:%H:%M}") == (f"2026-12-03 {start}", end)


def test_a_range_of_two_instants() -> None:
    moment = read("2026-12-03T10:30:00-06:00 - 2026-12-03T11:00:00-06:00")
    assert moment.start == INSTANT
    assert moment.end == INSTANT + timedelta(minutes=30)
    assert read("2026-12-03T10:30:00-06:00/2026-12-03T11:00:00-06:00") == moment


@pytest.mark.parametrize("text", ["2026-12-03 9am-5pm", "12/03/2026 8:00 AM - 12:00 PM"])
def test_a_part_of_the_day_is_no_start(text: str) -> None:
    with pytest.raises(MomentError, match="part of the day"):
        read(text)


@pytest.mark.parametrize(
    ("value", "expected"),
    [("2:30 PM", True), ("14:30", True), ("10:30 - 11:00", True), ("noon", True), ("2026-12-03 14:30", False)]
    + [(value, False) for value in ("2026-12-03", "Morning", "2_30_pm", "slot 3", "", 10, None)],
)
def test_a_time_of_day_alone(value: object, expected: bool) -> None:
    assert is_clock(value) is expected


def test_what_could_be_an_offset_or_a_range_is_refused() -> None:
    with pytest.raises(MomentError, match="offset or a range"):
        read("2026-12-03 07:30-08:00", Conventions(zones=frozenset({"America/Los_Angeles"})))
    assert read("2026-12-03 07:30-08:00", Conventions(zones=frozenset({"America/Chicago"}))).end


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tomorrow at 2",
        "Thursday 14:30",
        "Dec 3 14:30",
        "14:30",
        "2026-12-03 25:00",
        "2026-02-30 10:00",
        "2026-12-03 13:00 AM",
        "Wednesday 2026-12-03 10:30",
        "2026-12-03 10:30 MSK",
        "2026-12-03 10:30 IST",
        "2026-12-03 10",
        "2026-12-03 anytime",
        "1969-12-31 10:00",
        "2200-01-01 10:00",
        "call me on 2026-12-03 at 10:30",
        "9" * 5000,
        "12:30 " * 20,
    ],
)
def test_what_is_no_date_and_time_is_refused(text: str) -> None:
    with pytest.raises(MomentError):
        read(text)


@pytest.mark.parametrize(
    "text", ["2026-12-03", "2026-12-03 00:00", "12/03/2026", "2026-12-03T00:00:00-06:00", "3 Dec 2026"]
)
def test_a_date_alone_is_no_time_of_day(text: str) -> None:
    assert read(text).is_date_alone
    assert not is_dated(text)


def test_midnight_in_utc_may_be_an_evening() -> None:
    moment = read("2026-12-04T00:00:00.000Z")
    assert (moment.is_date_alone, moment.is_midnight) == (False, True)


def test_day_and_month() -> None:
    american, european, unknown = (Conventions(order) for order in (False, True, None))
    assert read("05/06/2031 10:30", american).start.month == 5
    assert read("05/06/2031 10:30", european).start.month == 6
    assert read("05.06.2031 10:30", american).start.month == 6, "dots mean day first"
    assert read("25/12/2026 10:30", american).start.month == 12, "only one order is possible"
    assert read("03/03/2026 10:30", unknown).start.month == 3, "both orders are the same day"
    assert read("Fri 05/06/2026 10:30", unknown).start == datetime(2026, 6, 5, 10, 30), "the weekday decides"  # noqa: DTZ001
    assert read("03/12/2026 10:30", american, date(2026, 12, 3)).start.month == 12, "another field decides"
    with pytest.raises(MomentError, match="date_order"):
        read("05/06/2031 10:30", unknown)


def test_an_abbreviation_is_read_where_a_property_observes_it() -> None:
    def in_zones(*zones: str) -> Conventions:
        return Conventions(zones=frozenset(zones))

    assert read("2026-07-03 10:30 CST", in_zones("America/Chicago")).start.hour == 15, (
        "the clock of Chicago, in summer too"
    )
    assert read("2026-07-03 10:30 MST", in_zones("America/Phoenix")).start.hour == 17
    assert read("2026-12-03 10:30 CET", in_zones("Europe/Berlin")).start.hour == 9
    with pytest.raises(MomentError):
        read("2026-12-03 10:30 CST", in_zones("America/New_York"))


def test_a_time_that_exists_twice_is_refused() -> None:
    with pytest.raises(MomentError, match="exists once"):
        read("2026-11-01 01:30 America/Chicago")


@pytest.mark.parametrize(
    ("day", "clock", "start"),
    [
        ("2026-12-03", "2:30 PM", WALL),
        ("2026-12-03", "14:30:00.000Z", WALL),
        ("2026-12-03T00:00:00.000Z", "14:30", WALL),
        ("2026-12-03T00:00:00+09:00", "14:30", WALL),
        ("12/03/2026", "2:30 PM - 3:00 PM", WALL),
        ("2026-12-03", "1430", WALL),
        ("2026-12-03T12:00:00-06:00", "2026-11-24T10:30:00-06:00", INSTANT),
        ("2026-12-03", "10:30 CST", INSTANT),
    ],
)
def test_a_day_and_a_time_in_two_fields(day: str, clock: str, start: datetime) -> None:
    assert combine(day, clock).start == start


@pytest.mark.parametrize(
    ("sentence", "found", "rest"),
    [
        (
            "TOUR 2026-12-03 2:30 p.m. Maya Okafor maya@example.com",
            "2026-12-03 2:30 p.m.",
            "Maya Okafor maya@example.com",
        ),
        ("Tour 12/3/2026, 2:30 PM, Maya Okafor", "12/3/2026, 2:30 PM", "Maya Okafor"),
        ("TOUR 2026-12-03 10:30 May Lee", "2026-12-03 10:30", "May Lee"),
        (
            "call 512-555-0142, I come on December 3, 2026 at 2:30 PM, thanks",
            "on December 3, 2026 at 2:30 PM",
            "thanks",
        ),
    ],
)
def test_a_moment_in_a_sentence(sentence: str, found: str, rest: str) -> None:
    place = find(sentence)
    assert place
    assert (sentence[slice(*place)], sentence[place[1] :].strip(" ,")) == (found, rest)
    assert find("call 512-555-0142 tomorrow") is None


@pytest.mark.parametrize(
    ("label", "zone"),
    [
        ("America/Chicago (GMT-06:00)", "America/Chicago"),
        ("GMT-06:00 America/Chicago (CST)", "America/Chicago"),
        ("Central Standard Time", "America/Chicago"),
        ("(UTC-06:00) Central Time (US & Canada)", "America/Chicago"),
        ("Central Time - US & Canada", "America/Chicago"),
        ("Eastern Time", "America/New_York"),
        ("CST", "America/Chicago"),
        ("US Mountain Standard Time", "America/Phoenix"),
        ("W. Europe Standard Time", "Europe/Berlin"),
        ("GMT Standard Time", "Europe/London"),
        ("UTC", "UTC"),
        ("UTC-6", "UTC-06:00"),
        ("Moon", "None"),
    ],
)
def test_labels_of_zones(label: str, zone: str) -> None:
    assert str(read_zone(label)) == zone


@pytest.mark.parametrize(
    "text",
    [
        "1796315400",
        "1796315400.0",
        "1796315400000.0",
        "1.7963154e9",
        "1796315400000",
        "1796315400000000",
        "1796315400000000000",
        "/Date(1796315400000-0600)/",
    ],
)
def test_numbers_since_1970(text: str) -> None:
    assert read_epoch(text) == INSTANT
    assert read_epoch("20261203") is None
    assert read_epoch("202612031030") is None


@settings(max_examples=examples(300), deadline=None)
@given(st.text(st.characters(codec="utf-8"), max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        moment = read(text)
    except MomentError:
        return
    assert moment.end is None or moment.end - moment.start < timedelta(days=400)
