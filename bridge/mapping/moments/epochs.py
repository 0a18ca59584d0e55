"""Seconds, milliseconds, microseconds or nanoseconds since 1970, as a number or as text."""

import math
import re
from datetime import UTC, datetime

_NUMBER = re.compile(r"\d{9,19}(?:\.\d{1,9})?")
_MICROSOFT = re.compile(r"\\?/Date\((-?\d+)(?:[+-]\d{4})?\)\\?/")
"""Milliseconds since 1970; the offset behind them says only how the sender would show them."""
_UNITS = ((1e17, 1e9), (1e14, 1e6), (1e11, 1e3), (0, 1))
"""From which number on it counts which part of a second: in a larger unit it would lie after the year 5138."""


def read_epoch(text: str) -> datetime | None:
    """The instant of a number since 1970; `None` where the text is no such number (`20261203` is a day)."""
    if found := _MICROSOFT.fullmatch(text):
        return _instant(int(found[1]) / 1000)
    if re.fullmatch(r"\d(?:\.\d+)?e\+?\d{1,2}", text, re.IGNORECASE):
        text = f"{float(text):.0f}"
    if not text.isascii() or not _NUMBER.fullmatch(text):
        return None
    number = float(text)
    if re.fullmatch(r"20\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])[0-2]\d[0-5]\d(?:[0-5]\d)?", text):
        return None  # 202612031030 and 20261203103000 are a date and time
    per_second = next(unit for least, unit in _UNITS if number >= least)
    if per_second > 1 and "." not in text:
        whole, part = divmod(int(text), int(per_second))
        found_at = _instant(whole)
        return found_at and found_at.replace(microsecond=round(part * 1e6 / per_second) % 1_000_000)
    return _instant(number / per_second)


def _instant(seconds: float) -> datetime | None:
    if not math.isfinite(seconds) or not 0 <= seconds < 1e11:  # noqa: PLR2004 - the year 5138
        return None
    return datetime.fromtimestamp(seconds, UTC)
