"""When a tour is, and how long: instants, wall time, lengths."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Literal
from zoneinfo import ZoneInfo

import dateutil.parser

from bridge.mapping.fields.base import Field, Found, Integer, told
from bridge.mapping.paths import Path, Received, as_text, is_absent

EPOCH_MILLISECONDS_FROM = 100_000_000_000
"""Numbers from here on are milliseconds: as seconds they would lie after the year 5138."""

YEARS = range(1970, 2200)
"""What a sender's clock or a tour can show; also far from the ends of the calendar, where arithmetic overflows."""

LONGEST_TIME = 60
"""Characters. The parser is slow on long text, and a public form takes anything."""


class Instant(Field):
    """A moment: ISO 8601 or another spelling with `Z` or an offset, `/Date(ms)/`, or seconds or milliseconds
    since 1970. Aware, in UTC."""

    expected = "a date and time with its offset, such as 2026-12-03T16:00:00Z"

    def convert(self, value: Any) -> datetime:
        try:
            moment = self._parse(value)
        except (ValueError, OverflowError, OSError) as error:
            raise self.refuse(value) from error
        if moment.tzinfo is None or moment.year not in YEARS:
            raise self.refuse(value)
        try:
            return moment.astimezone(UTC)
        except OverflowError as error:
            raise self.refuse(value) from error

    def _parse(self, value: Any) -> datetime:
        if isinstance(value, (dict, list, bool)):
            raise self.refuse(value)
        text = _MICROSOFT.sub(r"\1", as_text(value) or "")
        if text.isascii() and text.isdigit() and len(text) >= 9:  # noqa: PLR2004 - seconds since 1973
            number = int(text)
            return datetime.fromtimestamp(number / 1000 if number >= EPOCH_MILLISECONDS_FROM else number, UTC)
        try:
            return datetime.fromisoformat(text.upper())
        except ValueError:
            if len(text) > LONGEST_TIME or not _OFFSET.search(text):
                raise
            return _complete(text, None)


_MICROSOFT = re.compile(r"/Date\((\d+)(?:[+-]\d{4})?\)/")
"""Milliseconds since 1970; the offset behind them says only how the sender would show them."""
_OFFSET = re.compile(r"(Z|UTC|GMT|[+-]\d\d:?\d\d)\)?$", re.IGNORECASE)


class LocalTime(Field):
    """Wall time at the property: one text, or a date and a time in two fields. Naive.

    `path` finds text with both; `date` and `time` are the paths of the two parts. Takes ISO 8601 and the
    spellings of forms (`12/03/2026`, `Dec 3, 2026`, `10:30 AM`); month before day, as in the United States. Also an
    object of numbers: `{"year": 2026, "month": 12, "day": 3, "hours": 10, "minutes": 30}`.
    """

    expected = "a date and a time, such as 2026-12-03 10:30"

    def __init__(
        self, *, path: str | Sequence[str] = (), date: str = "", time: str = "", required: bool = False
    ) -> None:
        whole = [path] if isinstance(path, str) else list(path)
        super().__init__(path=[*whole, *([f"[{date}, {time}]"] if date else [])], required=required)
        self._parts = (date, time)

    @property
    def where(self) -> str:
        whole = [path.expression for path in self.paths if path.expression != "[{}, {}]".format(*self._parts)]
        return told([*whole, *(part for part in self._parts if part)])

    def find(self, received: Received) -> list[Found]:
        return [found for found in super().find(received) if not _all_absent(found.value)]

    def convert(self, value: Any) -> datetime:
        if isinstance(value, dict):
            return self._of_numbers(value)
        parts = value if isinstance(value, list) else [value]
        if len(parts) > 1:
            parts = [_day(part) for part in parts]
        text = " ".join(as_text(part) or "" for part in parts).strip()
        if len(text) > LONGEST_TIME or text.isdecimal():  # digits alone are seconds since 1970, or nothing
            raise self.refuse(text)
        try:
            moment = _complete(text, _any_zone)
        except (ValueError, OverflowError) as error:
            raise self.refuse(text) from error
        if moment.tzinfo is not None or moment.year not in YEARS:
            raise self.refuse(text)
        return moment

    def _of_numbers(self, value: Mapping[str, Any]) -> datetime:
        try:
            year, month, day, hour, minute = (
                int(value[name]) for name in ("year", "month", "day", "hours", "minutes")
            )
            moment = datetime(year, month, day, hour, minute)  # noqa: DTZ001 - wall time has no zone
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise self.refuse(value) from error
        if moment.year not in YEARS:
            raise self.refuse(value)
        return moment


def _day(part: Any) -> Any:
    """Milliseconds since 1970 beside a time are the midnight of a day, in UTC; all else stays."""
    text = as_text(part) or ""
    if not re.fullmatch(r"\d{12,13}", text):
        return part
    return datetime.fromtimestamp(int(text) / 1000, UTC).date().isoformat()


def _complete(text: str, zones: Callable[[str | None, int | None], tzinfo | None] | None) -> datetime:
    """A date and time in any usual spelling. Raises ValueError where a part of it is missing."""
    # What is missing is filled from a default: two defaults that give different results tell it.
    one, other = (dateutil.parser.parse(text, default=day, tzinfos=zones) for day in _DEFAULTS)
    if one != other:
        raise ValueError("no complete date and time")
    return one


_DEFAULTS = (datetime(2000, 1, 1, 3), datetime(2011, 12, 28, 4))  # noqa: DTZ001 - wall time has no zone


class ZonedTime(LocalTime):
    """Wall time whose zone stands beside it: `zone` is the path of an IANA name. Aware, in UTC.

    An offset in the time itself counts more. Zones are also read as `America/Chicago (GMT-06:00)` and by the names
    that Rails gives them (`Central Time (US & Canada)`). Without a zone it finds nothing, so that a `starts_at_local`
    at the same path reads the time as the property's.
    """

    expected = "a date and a time in a zone, such as 2026-12-03 10:30 in America/Chicago"

    def __init__(self, *, path: str | Sequence[str], zone: str, required: bool = False) -> None:
        super().__init__(path=path, required=required)
        self._zone = Path(zone)

    @property
    def where(self) -> str:
        return f"{super().where} in {self._zone.expression}"

    def find(self, received: Received) -> list[Found]:
        zone = self._zone.search(received)
        found = super().find(received) if zone else []
        return [Found(one.path, {"time": one.value, "zone": zone}) for one in found]

    def convert(self, value: Any) -> datetime:
        if isinstance(value["time"], str) and _OFFSET.search(value["time"]):
            return Instant(path="time").convert(value["time"])
        wall, zone = super().convert(value["time"]), self._read_zone(value["zone"])
        instants = {wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)}
        if len(instants) > 1:
            raise self.refuse(f"{value['time']} {value['zone']}", "a time that exists once in its zone")
        return instants.pop()

    def _read_zone(self, value: Any) -> ZoneInfo:
        name = RAILS_ZONES.get(str(value), str(value).partition(" (")[0].strip())
        try:
            return ZoneInfo(name)
        except (ValueError, OSError, KeyError) as error:
            raise self.refuse(value, "a time zone such as America/Chicago") from error


RAILS_ZONES = {
    "Hawaii": "Pacific/Honolulu",
    "Alaska": "America/Juneau",
    "Pacific Time (US & Canada)": "America/Los_Angeles",
    "Arizona": "America/Phoenix",
    "Mountain Time (US & Canada)": "America/Denver",
    "Central Time (US & Canada)": "America/Chicago",
    "Eastern Time (US & Canada)": "America/New_York",
    "Indiana (East)": "America/Indiana/Indianapolis",
    "Atlantic Time (Canada)": "America/Halifax",
}
"""ActiveSupport::TimeZone::MAPPING, the zones of the United States and Canada."""


class Duration(Integer):
    """Minutes: a number, `30 min`, or `HH:MM`, also with seconds. `unit="seconds"` for senders that count those."""

    expected = "a number of minutes above 0, such as 30 or 00:30"

    def __init__(
        self,
        *,
        path: str | Sequence[str],
        unit: Literal["minutes", "seconds"] = "minutes",
        required: bool = False,
    ) -> None:
        super().__init__(path=path, required=required)
        self._unit = unit

    def convert(self, value: Any) -> int:
        text = (as_text(value) or "").lower()
        if len(text) > LONGEST_TIME:  # the expression below takes the square of its length
            raise self.refuse(value)
        if match := re.fullmatch(r"(\d{1,2}):(\d\d)(?::\d\d)?", text):
            return super().convert(int(match[1]) * 60 + int(match[2]))
        number = super().convert(re.sub(r"\s*(m|mins?|minutes?)$", "", text))
        return number if self._unit == "minutes" else max(1, round(number / 60))


def _any_zone(name: str | None, offset: int | None) -> tzinfo | None:
    """A text that names a zone is no wall time, whichever it is."""
    return None if name is None and offset is None else UTC


def _all_absent(value: Any) -> bool:
    return isinstance(value, list) and all(is_absent(part) for part in value)


def minutes_between(start: datetime, end: datetime) -> int | None:
    """The length of a tour in whole minutes; `None` where the end is not after the start."""
    minutes = round((end - start) / timedelta(minutes=1))
    return minutes if minutes > 0 else None
