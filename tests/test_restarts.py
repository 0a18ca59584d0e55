"""When the embedded PostgreSQL is started again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.embedded import MOST_RESTARTS, WITHIN, may_restart


@pytest.mark.parametrize(
    ("ends", "now", "may"),
    [
        ([5.0], 5.0, True),
        ([1.0, 2.0, 3.0], 3.0, True),
        ([1.0, 2.0, 3.0, 4.0], 4.0, False),
        ([1.0, 2.0, 3.0, 600.9], 600.9, False),
        ([1.0, 2.0, 3.0, 601.0], 601.0, True),
        ([1.0, 2.0, 3.0, 602.0, 602.5], 602.5, True),
        ([1.0, 2.0, 3.0], 602.9, True),  # and has not started since, for lack of space on the disk
        ([3.0], 603.0, False),
    ],
)
def test_three_times_in_ten_minutes(ends: list[float], now: float, may: bool) -> None:
    assert may_restart(ends, now) is may


@given(st.lists(st.floats(0, 7200), max_size=60))
def test_no_ten_minutes_have_more_restarts(moments: list[float]) -> None:
    ends: list[float] = []
    restarts: list[float] = []
    for now in sorted(moments):
        ends.append(now)
        if may_restart(ends, now):
            restarts.append(now)
    assert all(
        sum(start <= each < start + WITHIN for each in restarts) <= MOST_RESTARTS for start in restarts
    )
