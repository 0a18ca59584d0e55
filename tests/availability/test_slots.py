"""Which starts are free, and why others are not: by wall clock, buffers, capacity, notice and horizon."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from availability.places import at, busy, place, rules, times
from effort import examples
from hypothesis import assume, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from bridge.availability.rules.slots import (
    Busy,
    Obstacle,
    Offer,
    Rules,
    Times,
    free_starts,
    kinds_of,
    obstacle,
    rules_of,
    taken,
)
from bridge.settings.tour_times import Blackout, DayHours

NOW = at("2026-12-01T08:00")
FRIDAY = date(2026, 12, 4)


def listed(known: Times, day: date = FRIDAY, now: datetime = NOW) -> list[str]:
    zone = known.rules.zone
    return [f"{start.astimezone(zone):%H:%M}" for start in free_starts(known, day, now)]


def test_starts_are_anchored_at_opening_and_end_by_closing():
    assert listed(times(hours=["fri 09:15-11:00"], minutes=45, every=30)) == ["09:15", "09:45", "10:15"]


def test_a_break_between_two_openings():
    known = times(hours=["fri 09:00-10:00", "fri 13:00-14:00"])
    assert listed(known) == ["09:00", "09:30", "13:00", "13:30"]
    assert obstacle(known, at("2026-12-04T12:00"), NOW) is Obstacle.CLOSED


def test_24_00_is_a_closing_time_and_the_list_ends():
    assert listed(times(hours=["fri 22:00-24:00"], minutes=60)) == ["22:00", "23:00"]


def test_buffers_lie_around_tours_and_not_inside_the_hours():
    known = times(
        busy("2026-12-04T10:00", "2026-12-04T10:30"),
        hours=["fri 09:00-12:00"], buffer_before=10, buffer_after=5,
    )  # fmt: skip
    assert listed(known) == ["09:00", "11:00", "11:30"]


def test_a_tour_longer_than_usual_needs_more_room():
    known = times(busy("2026-12-04T10:00", "2026-12-04T10:30"), hours=["fri 09:00-12:00"])
    assert obstacle(known, at("2026-12-04T09:30"), NOW) is None
    assert obstacle(known, at("2026-12-04T09:30"), NOW, length=timedelta(minutes=45)) is Obstacle.TAKEN


def test_capacity_counts_tours_of_the_kind_that_overlap_at_one_moment():
    one_after_the_other = [
        busy("2026-12-04T09:00", "2026-12-04T09:30"),
        busy("2026-12-04T09:30", "2026-12-04T10:00"),
    ]
    known = times(*one_after_the_other, hours=["fri 09:15-10:00"], at_once=2)
    assert listed(known) == ["09:15"]
    assert listed(times(*one_after_the_other, hours=["fri 09:15-10:00"], at_once=1)) == []
    other = times(busy("2026-12-04T09:00", "2026-12-04T10:00", kind="virtual"), hours=["fri 09:00-09:30"])
    assert listed(other) == ["09:00"]


def test_a_tour_that_moves_is_not_in_its_own_way():
    known = times(busy("2026-12-04T10:00", "2026-12-04T10:30", owner=7), hours=["fri 10:00-11:00"])
    start = at("2026-12-04T10:00")
    assert obstacle(known, start, NOW) is Obstacle.TAKEN
    assert obstacle(known, start, NOW, owner=8) is Obstacle.TAKEN
    assert obstacle(known, start, NOW, owner=7) is None


def test_most_tours_of_a_day_are_counted_by_the_date_there():
    full = times(
        busy("2026-12-04T09:00", "2026-12-04T09:30"),
        busy("2026-12-04T23:30", "2026-12-05T00:00"),
        hours=["fri-sat 09:00-11:00"], most_a_day=2,
    )  # fmt: skip
    assert listed(full) == []
    assert obstacle(full, at("2026-12-04T10:00"), NOW) is Obstacle.FULL_DAY
    assert len(listed(full, date(2026, 12, 5))) == 4


def test_notice_and_horizon():
    now = at("2026-12-04T09:20")
    known = times(hours=["mon-sun 09:00-11:00"], notice=60, horizon=2)
    assert listed(known, now=now) == ["10:30"]
    assert obstacle(known, at("2026-12-04T10:00"), now) is Obstacle.NOTICE
    assert obstacle(known, at("2026-12-04T09:00"), now) is Obstacle.PAST
    assert len(listed(known, date(2026, 12, 5), now)) == 4
    assert obstacle(known, at("2026-12-06T09:00"), now) is Obstacle.HORIZON


@pytest.mark.parametrize(
    ("blackout", "left"),
    [
        ("2026-12-04", []),
        ("2026-12-01/2026-12-06", []),
        ("2026-12-04 10:00-24:00", ["09:00", "09:30"]),
        ("fri 09:15-09:45", ["10:00", "10:30"]),
        ("sat 09:00-10:00", ["09:00", "09:30", "10:00", "10:30"]),
    ],
)
def test_blackouts(blackout: str, left: list[str]):
    known = times(hours=["fri 09:00-11:00"], blackouts=[blackout])
    assert listed(known) == left
    extra = {"09:00", "09:30", "10:00", "10:30"} - set(left)
    assert {obstacle(known, at(f"2026-12-04T{other}"), NOW) for other in extra} <= {Obstacle.CLOSED}


def test_hours_and_capacity_of_a_kind():
    here = place(
        hours=["fri 09:00-10:00"],
        kinds={"in_person": {}, "self_guided": {"hours": ["fri 07:00-08:00"], "at_once": 3, "minutes": 60}},
    )
    own = rules_of(here, "self_guided")
    assert own is not None
    assert listed(Times(own)) == ["07:00"]
    assert own.at_once == 3
    assert kinds_of(here) == ("in_person", "self_guided")
    assert rules_of(here, "virtual") is None


def test_no_rule_and_closed_are_different():
    no_rule = Times(rules(hours=None, pms="ENTRATA"))
    closed = Times(rules(hours=[]))
    start = at("2026-12-04T10:00")
    assert obstacle(no_rule, start, NOW) is Obstacle.UNAVAILABLE
    assert obstacle(closed, start, NOW) is Obstacle.CLOSED


def test_what_the_pms_offers_counts_instead_of_the_hours():
    start = at("2026-12-04T19:07")
    known = times(offers={start: Offer(start + timedelta(minutes=30), at_once=1)}, hours=["fri 09:00-11:00"])
    assert free_starts(known, FRIDAY, NOW) == [start]
    assert obstacle(known, at("2026-12-04T09:00"), NOW) is Obstacle.NOT_OFFERED
    held = Times(known.rules, [Busy(start, start + timedelta(minutes=30), owner=1)], known.offers)
    assert taken(held, start) is Obstacle.TAKEN
    assert listed(times(offers={}, hours=["fri 09:00-11:00"])) == []


@pytest.mark.parametrize(
    ("zone", "day", "hours", "expected"),
    [
        # 02:00 to 03:00 does not exist; 01:00 to 02:00 comes twice and is offered once.
        ("America/Chicago", "2027-03-14", "00:30-04:30", ["00:30", "01:30", "03:30"]),
        ("America/Chicago", "2027-11-07", "00:00-03:00", ["00:00", "01:00", "02:00"]),
        ("Asia/Kolkata", "2027-02-28", "22:00-24:00", ["22:00", "23:00"]),
        ("Australia/Lord_Howe", "2027-10-03", "01:00-04:00", ["01:00", "03:00"]),
        ("Pacific/Chatham", "2028-02-29", "09:00-11:00", ["09:00", "10:00"]),
    ],
)
def test_each_date_has_its_own_offset(zone: str, day: str, hours: str, expected: list[str]):
    known = times(zone=zone, hours=[f"mon-sun {hours}"], minutes=60, horizon=1000, notice=0)
    on = date.fromisoformat(day)
    assert listed(known, on, at(f"{day}T00:00", zone) - timedelta(days=1)) == expected


def test_the_hour_after_a_clock_change_is_free_in_list_and_check():
    known = times(hours=["mon-sun 01:00-05:00"], horizon=400, notice=0)
    now = at("2027-03-13T12:00")
    starts = free_starts(known, date(2027, 3, 14), now)
    assert at("2027-03-14T03:00") in starts
    assert all(obstacle(known, start, now) is None for start in starts)
    second = at("2027-11-07T01:30", fold=1)
    assert obstacle(known, second, at("2027-11-06T12:00")) is Obstacle.CLOSED


# Over random settings: what is listed is accepted, all else refused; and a second, plain computation agrees.

ZONES = ("America/Chicago", "America/New_York", "Asia/Kolkata", "Pacific/Chatham", "Europe/London", "UTC")
DAYS = (date(2027, 3, 14), date(2027, 11, 7), date(2026, 12, 31), date(2028, 2, 29), date(2027, 3, 28))
STEP = timedelta(minutes=5)
MINUTES = st.integers(0, 288).map(lambda number: number * 5)


@st.composite
def spans(draw: st.DrawFn) -> tuple[int, int]:
    first, last = sorted((draw(MINUTES), draw(MINUTES)))
    assume(first < last)
    return first, last


@st.composite
def cases(draw: st.DrawFn) -> tuple[Times, date, datetime]:
    zone, day = ZoneInfo(draw(st.sampled_from(ZONES))), draw(st.sampled_from(DAYS))
    every_day = frozenset(range(7))
    known = Rules(
        kind="in_person",
        zone=zone,
        hours=tuple(DayHours(every_day, *one) for one in draw(st.lists(spans(), max_size=3))),
        length=timedelta(minutes=draw(st.integers(1, 18)) * 5),
        every=draw(st.integers(1, 18)) * 5,
        before=timedelta(minutes=draw(st.sampled_from((0, 5, 15)))),
        after=timedelta(minutes=draw(st.sampled_from((0, 10, 30)))),
        notice=timedelta(minutes=draw(st.sampled_from((0, 60, 600)))),
        horizon=draw(st.integers(1, 3)),
        at_once=draw(st.integers(1, 3)),
        most_a_day=draw(st.none() | st.integers(1, 6)),
        blackouts=tuple(
            Blackout(day, day, opens=first, closes=last)
            for first, last in draw(st.lists(spans(), max_size=2))
        ),
    )
    midnight = datetime.combine(day, datetime.min.time(), zone).astimezone(UTC)
    taken_times = [
        Busy(begins, begins + STEP * length, kind, owner=number)
        for number, (minute, length, kind) in enumerate(
            draw(
                st.lists(
                    st.tuples(
                        st.integers(-60, 340), st.integers(2, 18), st.sampled_from(("in_person", "virtual"))
                    ),
                    max_size=5,
                )
            )
        )
        for begins in [midnight + STEP * minute]
    ]
    now = midnight + timedelta(minutes=draw(st.integers(-3000, 1000)))
    return Times(known, taken_times), day, now


def plainly(known: Times, day: date, now: datetime) -> set[datetime]:
    """The free starts, found by going through the day in steps of five minutes."""
    rules_, zone = known.rules, known.rules.zone
    found: set[datetime] = set()
    shown: set[tuple[int, int]] = set()
    midnight = datetime.combine(day, datetime.min.time(), zone).astimezone(UTC)

    def at_wall(minute: int) -> datetime:
        naive = datetime.combine(day, datetime.min.time()) + timedelta(minutes=minute)
        return naive.replace(tzinfo=zone).astimezone(UTC)

    around, length = rules_.before + rules_.after, (rules_.length + rules_.before + rules_.after) // STEP
    same = [one for one in known.busy if one.kind == "in_person"]
    steps = [midnight + STEP * number for number in range(-60, 360)]
    at_step = [sum(one.starts_at <= step < one.ends_at + around for one in same) for step in steps]
    on_day = sum(one.starts_at.astimezone(zone).date() == day for one in known.busy)
    is_full = rules_.most_a_day is not None and on_day >= rules_.most_a_day
    is_near = (day - now.astimezone(zone).date()).days < rules_.horizon
    for number, start in enumerate(steps):
        local = start.astimezone(zone)
        if local.date() != day or (local.hour, local.minute) in shown:
            continue
        shown.add((local.hour, local.minute))
        wall, end = local.hour * 60 + local.minute, start + rules_.length
        fits = any(
            hour.opens <= wall and (wall - hour.opens) % rules_.every == 0 and end <= at_wall(hour.closes)
            for hour in rules_.hours or ()
        )
        dark = any(
            start < at_wall(blackout.closes) and at_wall(blackout.opens) < end
            for blackout in rules_.blackouts
        )
        is_in_time = start > now and start >= now + rules_.notice
        is_taken = max(at_step[number : number + length]) >= rules_.at_once
        if fits and is_in_time and is_near and not (dark or is_full or is_taken):
            found.add(start)
    return found


@hypothesis_settings(max_examples=examples(1000))
@given(cases())
def test_what_is_listed_is_accepted_and_all_else_refused(case: tuple[Times, date, datetime]):
    known, day, now = case
    starts = set(free_starts(known, day, now))
    assert starts == plainly(known, day, now)
    midnight = datetime.combine(day, datetime.min.time(), known.rules.zone).astimezone(UTC)
    for number in range(-60, 1560, 5):
        start = midnight + timedelta(minutes=number)
        if start.astimezone(known.rules.zone).date() == day:
            assert (obstacle(known, start, now) is None) == (start in starts), start
