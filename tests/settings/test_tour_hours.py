"""`tour_hours` of a property, and `date_order` and the country of a source, which say how its dates are read."""

from datetime import time
from zoneinfo import ZoneInfo

import pytest

from bridge.mapping.sources import conventions_of
from bridge.settings import Property, PropexoSettings, Settings, Source
from bridge.settings.hours import TimeSpan
from bridge.settings.tour_times import TourHours


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("07:00-21:00", (time(7), time(21))),
        ("8:30 - 19:15", (time(8, 30), time(19, 15))),
        ("00:00-24:00", (time(0), time(23, 59))),
    ],
)
def test_hours(text: str, hours: tuple[time, time]) -> None:
    assert TimeSpan().convert(text) == TourHours(*hours)


@pytest.mark.parametrize("text", ["", "07:00", "21:00-07:00", "7-21", "07:00-25:00"])
def test_no_hours(text: str) -> None:
    with pytest.raises(Exception, match="two times of day"):
        TimeSpan().convert(text)


@pytest.mark.parametrize(
    ("source", "day_first"),
    [
        ({}, False),
        ({"phone_region": "GB"}, True),
        ({"phone_region": "CA"}, None),
        ({"date_order": "day_first"}, True),
        ({"phone_region": "GB", "date_order": "month_first"}, False),
    ],
)
def test_the_order_of_day_and_month(source: dict[str, str], day_first: bool | None) -> None:
    settings = Settings(PropexoSettings("x"))
    assert conventions_of(settings, Source("s", **source)).day_first is day_first


def test_the_zone_of_a_bots_agent() -> None:
    source = Source("s", agent_time_zone="Europe/Madrid")
    assert conventions_of(Settings(PropexoSettings("x")), source).agent_zone == ZoneInfo("Europe/Madrid")


def test_the_zones_are_those_of_the_properties_that_a_source_can_name() -> None:
    zones = {"oakwood": "America/Chicago", "palm": "America/New_York"}
    properties = {key: Property(key, "i", "p", "ENTRATA", zone) for key, zone in zones.items()}
    settings = Settings(PropexoSettings("x"), properties=properties)
    assert conventions_of(settings, Source("s")).zones == set(zones.values())
    assert conventions_of(settings, Source("s", property="palm")).zones == {"America/New_York"}
