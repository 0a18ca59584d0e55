"""The time of day that a part of a text means, on a clock of 12 or 24 hours."""

from dataclasses import dataclass
from datetime import time

from bridge.mapping.moments.model import EXPECTED, MomentError
from bridge.mapping.moments.tokens import TimeToken


@dataclass(frozen=True)
class Clock:
    time: time
    half: str | None = None
    """`a` or `p`, as written."""
    is_zero: bool = False
    is_bare_hour: bool = False
    """A number that is an hour only as a part of a range: `10-11`."""


def clock_of(token: TimeToken) -> Clock:
    found = token.match.groupdict()
    if found.get("noon"):
        return Clock(time(12), "p")
    if found.get("midnight"):
        return Clock(time(0), "a")
    half = _half(found)
    if token.kind == "number":
        digits = token.match["hour"]
        return Clock(_of_number(digits), is_bare_hour=len(digits) < 4)  # noqa: PLR2004 - `1030`
    hour = int(found["hour"])
    if half:
        hour = _on_24(hour, half)
    fraction = (found.get("fraction") or "").ljust(6, "0")[:6]
    try:
        clock = time(hour, int(found.get("minute") or 0), int(found.get("second") or 0), int(fraction))
    except ValueError as error:
        raise MomentError(EXPECTED) from error
    is_zero = clock == time(0) and not half
    return Clock(clock, half, is_zero)


def _of_number(digits: str) -> time:
    hour, minute = (int(digits[:2]), int(digits[2:])) if len(digits) == 4 else (int(digits), 0)  # noqa: PLR2004
    try:
        return time(hour, minute)
    except ValueError as error:
        raise MomentError(EXPECTED) from error


def _half(found: dict[str, str | None]) -> str | None:
    if found.get("morning"):
        return "a"
    if found.get("evening"):
        return "p"
    half = found.get("half")
    return half.casefold() if half else None


def _on_24(hour: int, half: str) -> int:
    if hour == 12:  # noqa: PLR2004
        return 0 if half == "a" else 12
    if half == "a" and hour < 12:  # noqa: PLR2004
        return hour
    if half == "p" and hour:
        return hour if hour > 12 else hour + 12  # noqa: PLR2004 - `14:30 PM` is a 24-hour clock
    raise MomentError("a time whose half of the day fits its hour")


def start_of_range(clock: Clock, until: Clock) -> time:
    """Of `10-11 am` and `11-1 pm` the half of the end, or the other one where the start would be after it."""
    if clock.half or not until.half or clock.time.hour > 12:  # noqa: PLR2004
        return clock.time
    for half in (until.half, "a" if until.half == "p" else "p"):
        start = clock.time.replace(hour=_on_24(clock.time.hour, half))
        if start < until.time:
            return start
    raise MomentError(EXPECTED)
