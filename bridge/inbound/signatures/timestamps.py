"""The formats of timestamps in signatures."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from bridge.errors import AuthFailure
from bridge.inbound.signatures.request import AuthFailureError

LONGEST_ISO = 40


@dataclass(frozen=True)
class TimestampFormat:
    """One way to write a moment."""

    read: Callable[[str], float]
    """The Unix seconds of what a sender wrote. Raises ValueError, with a sentence."""
    write: Callable[[datetime], str]


def require_recent(notation: TimestampFormat, timestamp: str, now: datetime, tolerance: int) -> None:
    """Raises ValueError where the moment is more than `tolerance` seconds away, in either direction."""
    age = now.timestamp() - notation.read(timestamp)
    if abs(age) > tolerance:
        message = f"The timestamp is {age:.0f} s old; {tolerance} s are allowed. Check both clocks."
        raise AuthFailureError(AuthFailure.STALE, message)


def _seconds(timestamp: str) -> float:
    if not re.fullmatch(r"[0-9]{1,12}", timestamp):
        raise ValueError("The timestamp is not a number of Unix seconds.")
    return int(timestamp)


def _milliseconds(timestamp: str) -> float:
    if not re.fullmatch(r"[0-9]{1,15}", timestamp):
        raise ValueError("The timestamp is not a number of Unix milliseconds.")
    return int(timestamp) / 1000


def _iso(timestamp: str) -> float:
    try:
        moment = datetime.fromisoformat(timestamp)
        if moment.tzinfo is not None and len(timestamp) <= LONGEST_ISO:
            return moment.timestamp()
    except (ValueError, OverflowError):
        pass
    raise ValueError("The timestamp is not ISO 8601 with an offset.")


NOTATIONS = {
    "s": TimestampFormat(_seconds, lambda now: str(int(now.timestamp()))),
    "ms": TimestampFormat(_milliseconds, lambda now: str(int(now.timestamp() * 1000))),
    "iso": TimestampFormat(
        _iso, lambda now: now.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    ),
}
