"""Times of day and business hours, as bridge.toml writes them."""

import re
from datetime import time

from bridge.settings.fields import Text
from bridge.settings.records import BusinessHours, TourHours

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class TimeOfDay(Text):
    expected = 'a time of day in quotes, such as "07:30"'

    def convert(self, text: str) -> time:  # type: ignore[override]  # as the records hold it
        found = _time(text)
        if found is None:
            raise self.refused()
        return found


class Hours(Text):
    expected = 'days and hours, such as "mon-sat 09:00-18:00"'

    def convert(self, text: str) -> BusinessHours:  # type: ignore[override]  # as the records hold it
        told = re.fullmatch(r"(\w{3})(?:-(\w{3}))? +([\d:]+)-([\d:]+)", text.lower())
        if told is None or not {told[1], told[2] or told[1]} <= set(DAYS):
            raise self.refused()
        first, last = DAYS.index(told[1]), DAYS.index(told[2] or told[1])
        opens, closes = _time(told[3]), _time(told[4])
        if opens is None or closes is None or opens >= closes:
            raise self.refused()
        days = frozenset((first + after) % 7 for after in range((last - first) % 7 + 1))
        return BusinessHours(days, opens, closes)


class TimeSpan(Text):
    expected = 'two times of day in quotes, such as "07:00-21:00"'

    def convert(self, text: str) -> TourHours:  # type: ignore[override]  # as the records hold it
        first, hyphen, last = text.replace(" ", "").partition("-")
        begins, ends = _time(first), time(23, 59) if last == "24:00" else _time(last)
        if not hyphen or begins is None or ends is None or begins >= ends:
            raise self.refused()
        return TourHours(begins, ends)


def _time(text: str) -> time | None:
    told = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)", text, re.ASCII)
    return time(int(told[1]), int(told[2])) if told else None
