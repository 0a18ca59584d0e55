"""The clock as a parameter: production passes the system clock, tests pass one that they move."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import overload
from zoneinfo import ZoneInfo

Clock = Callable[[], datetime]
"""Answers the present moment as an aware datetime in UTC."""


def utc_now() -> datetime:
    """The system clock."""
    return datetime.now(UTC)


@overload
def iso(moment: datetime) -> str: ...
@overload
def iso(moment: None) -> None: ...
def iso(moment: datetime | None) -> str | None:
    """A moment in UTC, with Z, as every JSON document of the bridge spells it."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z") if moment else None


def readable(moment: datetime, time_zone: str) -> str:
    """The start of a tour in a stored sentence, as the console's pages write it: `Thu, Dec 3, 2026, 10:30 AM CST`."""
    here = moment.astimezone(ZoneInfo(time_zone))
    return f"{here:%a, %b} {here.day}, {here.year}, {here.hour % 12 or 12}:{here:%M %p} {here.tzname()}"
