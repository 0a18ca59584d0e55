"""When a tour is: instants, wall time, wall time with its zone beside it. `bridge.mapping.moments` reads the texts."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, tzinfo
from typing import Any

from bridge.mapping.absent import is_no_value
from bridge.mapping.fields.base import Field, Match, described_paths, unwrapped
from bridge.mapping.moments import (
    YEARS,
    Conventions,
    Moment,
    MomentError,
    combine,
    in_zone,
    is_dated,
    read,
    read_epoch,
    read_zone,
)
from bridge.mapping.paths import DecodedRequest, Path, Paths, as_text, listed

TIME_OF_DAY = "a time of day as well: a date alone, or midnight, is no start"


class LocalTime(Field):
    """Wall time at the property: one text, or a date and a time in two fields. Naive.

    `path` finds text with both; `date` and `time` are the paths of the two parts, `zone` that of a zone beside them,
    `hint` that of the same moment since 1970, which decides between day and month. Reads every spelling of
    `bridge.mapping.moments`, also an object (`{"dateTime": ..., "timeZone": ...}`, or numbers: `{"year": 2026, ...}`).
    Where the value itself has an offset, a zone or is a number since 1970, the result is an instant: aware, in UTC.
    """

    expected = "a date and a time, such as 2026-12-03 10:30"
    conventions = Conventions()
    is_start = False
    """Set by the mapping: a start is never midnight that was not meant as a time."""

    is_tour_time = False
    """Set by the mapping for starts and ends: a bot's agent may have put its own offset behind them."""

    def __init__(
        self,
        *,
        path: Paths = (),
        date: str = "",
        time: str = "",
        zone: str = "",
        hint: str = "",
        midnight_is_date: bool = False,
        required: bool = False,
    ) -> None:
        super().__init__(path=[*listed(path), *([f"[{date}, {time}]"] if date else [])], required=required)
        self._parts = (date, time)
        self.zone = Path(zone) if zone else None
        self._hint = Path(hint) if hint else None
        self._midnight_is_date = midnight_is_date

    @property
    def where(self) -> str:
        whole = [path.expression for path in self.paths if path.expression != "[{}, {}]".format(*self._parts)]
        return described_paths([*whole, *(part for part in self._parts if part)])

    def find(self, received: DecodedRequest) -> list[Match]:
        found = [match for match in super().find(received) if not _all_absent(match.value)]
        zone = self.zone.search(received) if self.zone and found else None
        hint = self._hint.search(received) if self._hint and found else None
        return [replace(match, zone=zone, hint=hint) for match in found]

    def choose(self, found: list[Match]) -> datetime:
        return self.moment(found[0]).start

    def end_of(self, found: Sequence[Match]) -> datetime | None:
        """The end, where the value is a range such as `10:30 AM - 11:00 AM`."""
        return self.moment(found[0]).end if found else None

    def moment(self, found: Match) -> Moment:
        """What the value says. Raises ValidationError."""
        try:
            if self._are_several(found):
                raise MomentError("one date and time, not several")
            moment = self._placed(self._moment(found.value, _day_of(found.hint)), found)
            if self.is_tour_time and self.conventions.agent_zone:
                moment = without_offset_of(moment, self.conventions.agent_zone)
        except MomentError as error:
            message = str(error)
            raise self.refuse(
                found.value, "" if message.startswith("a date and a time") else message
            ) from error
        except (ValueError, OverflowError, OSError, TypeError, KeyError) as error:
            raise self.refuse(found.value) from error
        if moment.start.year not in YEARS:
            raise self.refuse(found.value)
        is_date_alone = moment.is_date_alone and (self.is_start or moment.start.tzinfo is None)
        if is_date_alone or (self._midnight_is_date and _is_utc_midnight(moment.start)):
            raise self.refuse(found.value, TIME_OF_DAY)
        return moment

    def shown(self, value: Any) -> str:
        if isinstance(value, list):
            value = " ".join(as_text(part) or "" for part in value if not is_no_value(part))
        return super().shown(value)

    def _are_several(self, found: Match) -> bool:
        """Whether a list has several starts, and is not made of a date and a time."""
        is_whole = found.path != "[{}, {}]".format(*self._parts)
        return is_whole and isinstance(found.value, list) and sum(map(is_dated, found.value)) > 1

    def _placed(self, moment: Moment, found: Match) -> Moment:
        """The moment in the zone beside it, unless it has its own."""
        if moment.start.tzinfo is not None or is_no_value(found.zone):
            return moment
        zone = read_zone(as_text(unwrapped(found.zone)) or "", self.conventions.zones)
        if zone is None:
            raise MomentError(f"a time zone such as America/Chicago, not {as_text(found.zone)}")
        is_utc = str(zone) in ("UTC", "Etc/UTC")
        return replace(
            moment,
            start=in_zone(moment.start, zone),
            end=in_zone(moment.end, zone) if moment.end else None,
            is_date_alone=moment.is_date_alone and not (is_utc and moment.has_time),
        )

    def _moment(self, value: Any, hint: date | None) -> Moment:
        if isinstance(value, Mapping):
            return self._of_object(value, hint)
        if isinstance(value, bool):
            raise MomentError(self.expected)
        if isinstance(value, list):
            return self._of_parts([_time_of_inputs(unwrapped(part)) for part in value], hint)
        text = as_text(value) or ""
        instant = read_epoch(text)
        return Moment(instant) if instant else read(text, self.conventions, hint)

    def _of_parts(self, parts: list[Any], hint: date | None) -> Moment:
        given = [part for part in parts if not is_no_value(part)]
        if len(given) == 1:
            moment = self._moment(given[0], hint)
            alone = moment.is_midnight or _is_utc_midnight(moment.start)
            return replace(moment, is_date_alone=moment.is_date_alone or alone)
        day, clock = (as_text(part) or "" for part in given)
        since = read_epoch(day)  # the midnight of a day, in UTC
        return combine(since.date().isoformat() if since else day, clock, self.conventions, hint)

    def _of_object(self, value: Mapping[str, Any], hint: date | None) -> Moment:
        found = {re.sub(r"[^a-z]", "", name.casefold()): inner for name, inner in value.items()}
        if text := _of_inputs(found):
            return self._moment(text, hint)
        text = next(
            (found[name] for name in ("datetime", "startdatetime", "value", "date") if found.get(name)), None
        )
        if text is None or isinstance(text, (Mapping, list)):
            raise MomentError(self.expected)
        parts = [text, found["time"]] if found.get("time") else text
        moment = self._moment(parts, _day_of(found.get("unix")) or hint)
        return self._placed(moment, Match("", text, zone=found.get("timezone")))


def without_offset_of(moment: Moment, zone: tzinfo) -> Moment:
    """The wall time that a person named, where the offset behind it is that of this zone."""
    if moment.offset is None or moment.start.astimezone(zone).utcoffset() != moment.offset:
        return moment
    start = moment.start.astimezone(zone).replace(tzinfo=None)
    end = moment.end.astimezone(zone).replace(tzinfo=None) if moment.end else None
    return replace(moment, start=start, end=end, offset=None)


class Instant(LocalTime):
    """A moment: any spelling with `Z`, an offset or a zone, `/Date(ms)/`, or seconds or milliseconds since 1970; or
    wall time whose zone is beside it, at the path `zone`. Aware, in UTC."""

    expected = "a date and time with its offset, such as 2026-12-03T16:00:00Z"

    def moment(self, found: Match) -> Moment:
        moment = super().moment(found)
        if moment.start.tzinfo is None:
            raise self.refuse(found.value)
        return moment


class ZonedTime(Instant):
    """Wall time whose zone is beside it, at the path `zone`. Aware, in UTC.

    An offset in the time itself counts more. Zones are read by their IANA, Windows and Rails names. Without a zone it
    finds nothing, so that a `starts_at_local` at the same path reads the time as the property's.
    """

    expected = "a date and a time in a zone, such as 2026-12-03 10:30 in America/Chicago"

    def __init__(self, *, path: Paths, zone: str, required: bool = False) -> None:
        super().__init__(path=path, zone=zone, required=required)

    @property
    def where(self) -> str:
        return f"{super().where} in {self.zone.expression if self.zone else ''}"

    def find(self, received: DecodedRequest) -> list[Match]:
        return [found for found in super().find(received) if not is_no_value(found.zone)]


def _of_inputs(found: Mapping[str, Any]) -> str | None:
    """A date, a time or both as one text, of an object with an input or a number for each part."""
    year, month, day = (_number(found.get(name)) for name in ("year", "month", "day"))
    clock = as_text(found.get("timeinput")) or None
    hour = _number(found.get("hours", found.get("hour")))
    minute = _number(found.get("minutes", found.get("minute", found.get("min"))))
    if clock is None and hour is not None and (minute is not None or found.get("ampm")):
        clock = f"{hour}:{minute or 0:02d}"
    half = as_text(found.get("ampm", found.get("meridiem"))) or ""
    clock = clock and f"{clock} {half}".strip()
    if None in (year, month, day):
        return clock if year is None and clock else None
    return f"{year:04d}-{month:02d}-{day:02d} {clock or ''}".strip()


def _number(value: Any) -> int | None:
    try:
        return int(float(as_text(value) or ""))
    except (ValueError, OverflowError):
        return None


def _time_of_inputs(part: Any) -> Any:
    """`["10", "30", "am"]`, the inputs of a form's time, or an object of them, as one text."""
    if isinstance(part, Mapping):
        return (
            _of_inputs({re.sub(r"[^a-z]", "", name.casefold()): inner for name, inner in part.items()})
            or part
        )
    if isinstance(part, list) and 2 <= len(part) <= 4 and all(str(each).isdigit() for each in part[:2]):  # noqa: PLR2004
        return (
            f"{':'.join(str(each) for each in part[:2])} {' '.join(str(each) for each in part[2:])}".strip()
        )
    return part


def _day_of(hint: Any) -> date | None:
    since = read_epoch(as_text(hint) or "") if hint else None
    return since.date() if since else None


def _is_utc_midnight(moment: datetime) -> bool:
    return moment.tzinfo is not None and moment.astimezone(UTC).time() == time(0)


def _all_absent(value: Any) -> bool:
    return isinstance(value, list) and all(is_no_value(part) for part in value)
