"""How long a tour takes."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Literal

from bridge.mapping.fields.base import Integer, Match, unwrapped
from bridge.mapping.paths import Paths, as_text

LONGEST = 60
"""Characters."""
LONGEST_TOUR = 12 * 60
"""Minutes: `1800` without a unit counts seconds, or is a slip."""
_BESIDE = re.compile(
    r"\b(?:about|approx(?:imately)?|around|circa|ca|up to|long|duration|length|default"
    r"|tour|showing|viewing|visit|appointment|meeting|session|slot)\b\.?|[~:()]"
)
_MINUTES = {"h": 60.0, "m": 1.0, "s": 1 / 60, "d": 1440.0}
_PART = re.compile(
    r"(\d+(?:[.,]\d+)?|\d+\s?\u00bd|half(?: an?)?|an?|one|fifteen|twenty|thirty|forty(?:[ -]five)?|sixty|ninety"
    r"|\u00bd|(?<!\d)1/2)[\s-]*"
    r"(hours?|hrs?|h|horas?|heures?|stunden?|minutes?|minutos?|minuten|mins?|m|\u2032|'|seconds?|secs?|s|days?)(?![a-z])\.?"
)
_ISO = re.compile(
    r"p(?:0+y)?(?:0+m)?(?:(\d+)d)?(?:t(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s)?)?"
)
_WORDS = {
    "a": 1.0, "an": 1.0, "one": 1.0, "half": 0.5, "half a": 0.5, "half an": 0.5, "\u00bd": 0.5, "1/2": 0.5,
    "fifteen": 15.0, "twenty": 20.0, "thirty": 30.0, "forty": 40.0, "forty five": 45.0, "forty-five": 45.0,
    "sixty": 60.0, "ninety": 90.0,
}  # fmt: skip


class Duration(Integer):
    """Minutes: a number, `30 min`, `1 hour`, `1h 30m`, `HH:MM`, also with seconds, or `PT30M`.

    `unit="seconds"` for senders that count those; a path whose last key says seconds, hours or milliseconds needs none.
    """

    expected = "a number of minutes above 0, such as 30 or 00:30, or a length such as 1 hour or PT30M"

    def __init__(
        self,
        *,
        path: Paths,
        unit: Literal["minutes", "seconds"] = "minutes",
        required: bool = False,
    ) -> None:
        super().__init__(path=path, required=required)
        self._unit = unit

    def choose(self, found: list[Match]) -> int:
        return self._minutes(found[0].value, _unit_named(found[0].path) or self._unit)

    def convert(self, value: Any) -> int:
        return self._minutes(value, self._unit)

    def _minutes(self, value: Any, unit: str) -> int:
        value = unwrapped(value)
        if isinstance(value, Mapping):
            value = " ".join(f"{number} {name}" for name, number in value.items() if number)
        text = " ".join((as_text(value) or "").casefold().split())
        if isinstance(value, bool) or len(text) > LONGEST:
            raise self.refuse(value)
        minutes = _spelled(text)
        if minutes is None:
            try:
                minutes = float(text.replace(",", ".")) * _PER_UNIT[unit]
            except ValueError as error:
                raise self.refuse(value) from error
        if minutes and unit != "minutes":
            minutes = max(1, round(minutes))
        if minutes > LONGEST_TOUR:
            raise self.refuse(value)
        try:
            return super().convert(minutes if minutes != round(minutes) else int(minutes))
        except (ValueError, OverflowError) as error:
            raise self.refuse(value) from error


_PER_UNIT = {"minutes": 1.0, "seconds": 1 / 60, "hours": 60.0, "milliseconds": 1 / 60_000}


def _unit_named(path: str) -> str | None:
    """The unit that the last key of a path names."""
    found = re.search(r"(milliseconds?|_?ms|seconds?|secs?|hours?|hrs)\W*$", path, re.IGNORECASE)
    if found is None:
        return None
    word = found[1].casefold().strip("_")
    return "milliseconds" if word.startswith("m") else "seconds" if word.startswith("s") else "hours"


def _spelled(text: str) -> float | None:
    """The minutes of a text with units; `None` where it has none."""
    if match := re.fullmatch(r"(\d{1,2}):(\d\d)(?::(\d\d)(?:\.\d+)?)?", text):
        return int(match[1]) * 60 + int(match[2])
    if (match := _ISO.fullmatch(text)) and any(match.groups()):
        days, hours, minutes, seconds = (float(part or 0) for part in match.groups())
        return days * 1440 + hours * 60 + minutes + seconds / 60
    text = _BESIDE.sub(" ", text)
    parts = _PART.findall(text)
    if not parts or re.sub(r"[\s,&+]|and|y\b|et\b|und\b", "", _PART.sub("", text)):
        return None
    return sum(_number(number) * _MINUTES[_initial(unit)] for number, unit in parts)


def _number(text: str) -> float:
    if text not in _WORDS and text.endswith("\u00bd"):
        return float(text[:-1]) + 0.5
    return _WORDS.get(text) or float(text.replace(",", "."))


def _initial(unit: str) -> str:
    if unit.startswith("st"):  # Stunden
        return "h"
    return "m" if unit in ("\u2032", "'") else unit[0]


def minutes_between(start: datetime, end: datetime) -> int | None:
    """The length of a tour in whole minutes; `None` where the end is not after the start."""
    minutes = round((end - start) / timedelta(minutes=1))
    return minutes if minutes > 0 else None
