"""The time, as something that is handed in: production reads the system clock, tests move their own."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Answers the present moment as an aware datetime in UTC."""


def utc_now() -> datetime:
    """The system clock."""
    return datetime.now(UTC)
