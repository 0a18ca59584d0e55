"""The clock as a parameter: production passes the system clock, tests pass one that they move."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import overload

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
