"""When the embedded PostgreSQL is started again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.embedded import MOST_RESTARTS, WITHIN, may_restart


@pytest.mark.parametrize(
    ("restarts", "now", "may"),
    [
        ([], 5.0, True),
        ([1.0, 2.0], 3.0, True),
        ([1.0, 2.0, 3.0], 4.0, False),
        ([1.0, 2.0, 3.0], 600.9, False),
        ([1.0, 2.0, 3.0], 601.0, True),
        ([1.0, 2.0, 3.0, 602.0], 602.5, True),
        ([400.0, 500.0, 900.0], 999.0, False),
    ],
)
def test_three_times_in_ten_minutes(restarts: list[float], now: float, may: bool) -> None:
    assert may_restart(restarts, now) is may


@given(st.lists(st.floats(0, 7200), max_size=60))
def test_no_ten_minutes_have_more_restarts(ends: list[float]) -> None:
    restarts: list[float] = []
    for now in sorted(ends):
        if may_restart(restarts, now):
            restarts.append(now)
    assert all(
        sum(start <= each < start + WITHIN for each in restarts) <= MOST_RESTARTS for start in restarts
    )
