"""Which times a property offers: weekly hours, blackouts, and what is refused."""

from datetime import date

import pytest
from settings.documents import parse, problems_of

from bridge.settings.hours import Closed
from bridge.settings.tour_times import Blackout, DayHours, SlotSettings


def test_hours_as_a_text_offer_nothing():
    oakwood = parse(properties__oakwood__tour_hours="08:00-20:00").properties["oakwood"]
    assert (oakwood.slots, oakwood.tour_hours.week) == (None, None)


def test_hours_of_the_week_are_offered_and_stay_plausible():
    oakwood = parse(properties__oakwood__tour_hours=["mon-fri 06:00-18:00", "sat 10:00-24:00"]).properties[
        "oakwood"
    ]
    assert oakwood.slots == SlotSettings()
    assert oakwood.tour_hours.week == (
        DayHours(frozenset(range(5)), 360, 1080), DayHours(frozenset({5}), 600, 1440)
    )  # fmt: skip
    assert f"{oakwood.tour_hours.first:%H:%M}-{oakwood.tour_hours.last:%H:%M}" == "06:00-23:59"


def test_hours_from_the_environment():
    found = parse({"H": "mon 09:00-12:00,tue 09:00-12:00"}, properties__oakwood__tour_hours="${H}")
    assert len(found.properties["oakwood"].tour_hours.week or ()) == 2


@pytest.mark.parametrize(
    ("text", "blackout"),
    [
        ("2026-12-25", Blackout(date(2026, 12, 25), date(2026, 12, 25))),
        ("2026-12-25/2027-01-01", Blackout(date(2026, 12, 25), date(2027, 1, 1))),
        ("2026-12-24 12:00-24:00", Blackout(date(2026, 12, 24), date(2026, 12, 24), opens=720)),
        ("sat-mon 09:00-10:00", Blackout(days=frozenset({5, 6, 0}), opens=540, closes=600)),
    ],
)
def test_blackouts(text: str, blackout: Blackout):
    assert Closed().convert(text) == blackout


@pytest.mark.parametrize(
    "text", ["2026-02-30", "2027-01-01/2026-12-25", "xmas", "mon 10:00", "mon 12:00-10:00"]
)
def test_no_blackouts(text: str):
    with pytest.raises(Exception, match="dates or days"):
        Closed().convert(text)


def test_what_is_wrong():
    assert problems_of(
        properties__oakwood__tour_hours=["mon-fri 09:00-18:00", "monday 9-5"],
        properties__oakwood__slots={"minutes": 0, "notice": -1, "kinds": {"helicopter": {}}},
    ) == [
        (
            'properties.oakwood.tour_hours[1]: found "monday 9-5", expected days and hours, such as '
            '["mon-fri 09:00-18:00", "sat 10:00-16:00"]'
        ),
        "properties.oakwood.slots.minutes: found 0, expected minutes from 1 to 1440, without quotes",
        "properties.oakwood.slots.notice: found -1, expected minutes from 0 on, without quotes",
        "properties.oakwood.slots.kinds.helicopter: found a table, expected one of in_person, self_guided, virtual",
    ]


def test_slots_need_hours_or_a_pms_that_offers_times():
    assert parse(properties__oakwood__slots={}).properties["oakwood"].slots == SlotSettings()  # Entrata
    [problem] = problems_of({"BRIDGE_PROPERTIES__ELM_PARK__SLOTS__MINUTES": "30"})
    assert problem.startswith("properties.elm-park.tour_hours: missing, expected days and hours")
