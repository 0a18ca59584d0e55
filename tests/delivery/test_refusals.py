"""One refusal of the rate limiter stops all calls but those for tours that start soon."""

from datetime import UTC, datetime, timedelta

import pytest

from bridge.delivery.slots import RateLimitRefusals

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
UNTIL = NOW + timedelta(seconds=40)
SOON, FAR = NOW + timedelta(hours=3), NOW + timedelta(days=9)


class Time:
    now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


def test_nothing_waits_before_a_refusal(time: Time) -> None:
    assert [RateLimitRefusals(time).until(start) for start in (None, SOON, FAR)] == [None] * 3


@pytest.mark.parametrize("refused", [None, FAR])
def test_a_tour_that_starts_soon_tries_where_others_were_refused(
    time: Time, refused: datetime | None
) -> None:
    refusals = RateLimitRefusals(time)
    refusals.note(UNTIL, refused)
    assert [refusals.until(start) for start in (None, FAR, SOON)] == [UNTIL, UNTIL, None]


def test_one_refusal_is_enough_for_tours_that_start_soon(time: Time) -> None:
    """Else a job that has read something would ask the limiter again in each tick."""
    refusals = RateLimitRefusals(time)
    refusals.note(UNTIL, SOON)
    assert [refusals.until(start) for start in (None, FAR, SOON)] == [UNTIL] * 3


def test_a_refusal_ends(time: Time) -> None:
    refusals = RateLimitRefusals(time)
    refusals.note(UNTIL, SOON)
    time.now = UNTIL
    assert [refusals.until(start) for start in (None, FAR, SOON)] == [None] * 3
