"""Moments as text."""

from datetime import UTC, datetime

import pytest

from bridge.clock import readable


@pytest.mark.parametrize(
    ("moment", "time_zone", "text"),
    [
        (datetime(2026, 12, 3, 16, 30, tzinfo=UTC), "America/Chicago", "Thu, Dec 3, 2026, 10:30 AM CST"),
        (datetime(2026, 7, 4, 17, 5, tzinfo=UTC), "America/Chicago", "Sat, Jul 4, 2026, 12:05 PM CDT"),
        (datetime(2026, 7, 4, 7, 0, tzinfo=UTC), "America/Los_Angeles", "Sat, Jul 4, 2026, 12:00 AM PDT"),
    ],
)
def test_a_start_is_readable(moment: datetime, time_zone: str, text: str) -> None:
    assert readable(moment, time_zone) == text
