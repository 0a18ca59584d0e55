"""Business hours between two moments."""

from datetime import datetime, time
from zoneinfo import ZoneInfo

import pytest

from bridge.alerts.hours import business_hours_between
from bridge.settings import BusinessHours

CHICAGO = ZoneInfo("America/Chicago")
WEEKDAYS = BusinessHours(frozenset(range(5)), time(9), time(17))


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """In November 2026, whose first Monday is the 2nd."""
    return datetime(2026, 11, day, hour, minute, tzinfo=CHICAGO)


@pytest.mark.parametrize(
    ("since", "until", "hours"),
    [
        (at(2, 10), at(2, 12, 30), 2.5),
        (at(2, 7), at(2, 20), 8),
        (at(2, 16), at(3, 10), 2),
        (at(6, 16), at(9, 10), 2),  # over a weekend
        (at(7, 10), at(8, 10), 0),
        (at(2, 12), at(2, 12), 0),
    ],
)
def test_only_the_hours_count_in_which_the_office_is_open(since, until, hours):
    assert business_hours_between(since, until, WEEKDAYS, CHICAGO) == hours


def test_a_day_of_a_daylight_saving_change_has_its_business_hours():
    every_day = BusinessHours(frozenset(range(7)), time(9), time(17))
    assert business_hours_between(at(1, 0), at(2, 0), every_day, CHICAGO) == 8


def test_years_do_not_take_long_to_count():
    ages_ago = datetime(1990, 1, 1, tzinfo=CHICAGO)
    assert business_hours_between(ages_ago, at(2, 12), WEEKDAYS, CHICAGO) > 300
