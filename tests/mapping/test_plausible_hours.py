"""The net under every reader of times: a tour that begins at night is held."""

from datetime import UTC, datetime, time

import pytest

from bridge.delivery.rules.outcomes import Reason
from bridge.delivery.rules.resolve import start_of
from bridge.delivery.rules.state import Park
from bridge.mapping.booking import Action, BookingRequest
from bridge.mapping.plausible_hours import implausible_hour
from bridge.settings import Property
from bridge.settings.tour_times import TourHours

OAKWOOD = Property("oakwood", "i", "p", "ENTRATA", "America/Chicago", name="Oakwood Flats")
WALL = datetime(2026, 12, 3, 2, 30)  # noqa: DTZ001 - wall time has no zone
NIGHT = "02:30 at night at Oakwood Flats; expected between 07:00 and 21:00"


def at(hour: int, minute: int = 0) -> datetime:
    """An instant of 3 December 2026 that the clock in Chicago shows as this time."""
    return datetime(2026, 12, 3, 6, 0, tzinfo=UTC).replace(hour=(hour + 6) % 24, minute=minute)


@pytest.mark.parametrize(("hour", "minute"), [(7, 0), (10, 30), (21, 0)])
def test_by_day(hour: int, minute: int) -> None:
    assert implausible_hour(at(hour, minute), OAKWOOD) is None


def test_at_night() -> None:
    assert implausible_hour(at(2, 30), OAKWOOD) == NIGHT
    assert implausible_hour(at(6, 59), OAKWOOD) == "06:59 at Oakwood Flats; expected between 07:00 and 21:00"


def test_the_hours_of_a_property() -> None:
    always = Property(
        "oakwood", "i", "p", "ENTRATA", "America/Chicago", tour_hours=TourHours(time(0), time(23, 59))
    )
    assert implausible_hour(at(2, 30), always) is None


@pytest.mark.parametrize("start", [{"starts_at": at(2, 30)}, {"starts_at_local": WALL}])
def test_such_a_tour_is_held_for_an_operator(start: dict[str, datetime]) -> None:
    held = start_of(BookingRequest(Action.BOOK, "B-1", **start), OAKWOOD)
    assert isinstance(held, Park)
    assert held.reason is Reason.INVALID_TIME
    assert held.detail.startswith(f"{NIGHT}. If that is right, widen `tour_hours`")
