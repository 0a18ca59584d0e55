"""Times of day and business hours, as bridge.toml writes them."""

import re
from datetime import date, time
from typing import Any

from marshmallow import ValidationError

from bridge.settings.document import UntypedText
from bridge.settings.fields import Setting, Text
from bridge.settings.tour_times import Blackout, BusinessHours, DayHours, TourHours

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
        match = re.fullmatch(r"(\w{3})(?:-(\w{3}))? +([\d:]+)-([\d:]+)", text.lower())
        if match is None or not {match[1], match[2] or match[1]} <= set(DAYS):
            raise self.refused()
        first, last = DAYS.index(match[1]), DAYS.index(match[2] or match[1])
        opens, closes = _time(match[3]), _time(match[4])
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


class WeeklyHours(Setting):
    """Hours of the week, as a list; several for one day leave a break between them. An empty list: always closed."""

    expected = 'days and hours, such as ["mon-fri 09:00-18:00", "sat 10:00-16:00"]'

    def read(self, value: Any) -> tuple[DayHours, ...]:
        texts = value.split(",") if isinstance(value, UntypedText) else value
        if not isinstance(texts, list):
            raise self.refused()
        found = [_day_hours(text) if isinstance(text, str) else None for text in texts]
        wrong = {index: [self.expected] for index, period in enumerate(found) if period is None}
        if wrong:
            raise ValidationError(wrong)
        return tuple(period for period in found if period is not None)


class TourTimes(Setting):
    """A text: when tours can be meant. A list: when they are offered as well."""

    expected = f"{TimeSpan.expected}, or {WeeklyHours.expected}"

    def read(self, value: Any) -> TourHours:
        if isinstance(value, list) or (isinstance(value, UntypedText) and re.search("[a-z]", value.lower())):
            week = WeeklyHours().read(value)
            return TourHours(*_around(week), week)
        hours: Any = TimeSpan(self.message).read(value)
        return hours  # type: ignore[no-any-return]  # as its `convert` says


class Closed(Text):
    """A time without tours: dates or days of the week, and hours unless it is the whole day."""

    expected = 'dates or days, and hours if not all day: "2026-12-25/2027-01-02" or "mon-fri 12:00-13:00"'

    def convert(self, text: str) -> Blackout:  # type: ignore[override]  # as the records hold it
        on, _, hours = text.partition(" ")
        span = _minutes_of(hours.strip()) if hours.strip() else (0, 1440)
        if span is None:
            raise self.refused()
        if on[:1].isdigit():
            first, _, last = on.partition("/")
            try:
                dates = date.fromisoformat(first), date.fromisoformat(last or first)
            except ValueError:
                raise self.refused() from None
            if dates[0] > dates[1]:
                raise self.refused()
            return Blackout(*dates, opens=span[0], closes=span[1])
        days = _days(on.lower())
        if days is None:
            raise self.refused()
        return Blackout(days=days, opens=span[0], closes=span[1])


def _day_hours(text: str) -> DayHours | None:
    on, _, hours = text.strip().lower().partition(" ")
    days, span = _days(on), _minutes_of(hours.strip())
    return DayHours(days, *span) if days and span else None


def _days(text: str) -> frozenset[int] | None:
    first, hyphen, last = text.partition("-")
    if not {first, last if hyphen else first} <= set(DAYS):
        return None
    begin, end = DAYS.index(first), DAYS.index(last or first)
    return frozenset((begin + after) % 7 for after in range((end - begin) % 7 + 1))


def _minutes_of(text: str) -> tuple[int, int] | None:
    first, _, last = text.replace(" ", "").partition("-")
    opens, closes = _minute(first), _minute(last)
    return (opens, closes) if opens is not None and closes is not None and opens < closes else None


def _minute(text: str) -> int | None:
    found = _time(text)
    return 1440 if text == "24:00" else None if found is None else found.hour * 60 + found.minute


def _around(week: tuple[DayHours, ...]) -> tuple[time, time]:
    """When tours can be meant: a time that is offered always can, and others as without such a list."""
    usual = TourHours()
    first = min([usual.first, *(time(*divmod(period.opens, 60)) for period in week)])
    last = max([usual.last, *(time(*divmod(min(period.closes, 1439), 60)) for period in week)])
    return first, last


def _time(text: str) -> time | None:
    match = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)", text, re.ASCII)
    return time(int(match[1]), int(match[2])) if match else None
