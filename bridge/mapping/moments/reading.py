"""The parts of a text become a start, and an end where the text gives a range."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from html import unescape
from zoneinfo import ZoneInfo

from bridge.mapping.moments import words
from bridge.mapping.moments.clocks import Clock, clock_of, start_of_range
from bridge.mapping.moments.days import date_of, days_of
from bridge.mapping.moments.model import (
    EXPECTED,
    LONGEST,
    NOT_ONCE,
    TWO_DAYS,
    TWO_MEANINGS,
    YEARS,
    Conventions,
    Moment,
    MomentError,
)
from bridge.mapping.moments.tokens import MOST_TOKENS, TimeToken, tokens_at
from bridge.mapping.moments.zones import US_ZONES, offset, offsets_of

LONGEST_RANGE = timedelta(hours=4)
"""Of two times joined by a hyphen, where the second could also be an offset."""


@dataclass
class _Side:
    """What one side of a range says."""

    days: tuple[date, ...] = ()
    clock: Clock | None = None
    offset: timedelta | None = None
    zone: tzinfo | None = None
    weekday: int | None = None


def read(text: str, conventions: Conventions | None = None, hint: date | None = None) -> Moment:
    """The date and time of a text.

    Args:
        hint: the day, if another field of the payload has it: it decides between day and month.

    Raises:
        MomentError: the text is no date, or can be read in two ways; says what was expected.
    """
    if instant := None if hint else _instant(text):
        return instant
    text = unescape(text) if "&" in text else text
    text = _TAG.sub(" ", text) if "<" in text and len(text) <= LONGEST else text
    plain = words.normalised(text).strip().strip("\"'\u201c\u201d").strip()
    conventions = conventions or Conventions()
    if not plain or len(plain) > LONGEST:
        raise MomentError(EXPECTED)
    tokens = tokens_at(plain, 0, conventions.zones)
    if not tokens or plain[tokens[-1].match.end() :].strip():
        raise MomentError(EXPECTED)
    return _moment(tokens, conventions, hint)


_TAG = re.compile(r"</?[a-z]{1,10}\s?/?>", re.IGNORECASE)
_INSTANT = re.compile(
    r"\d{4}-\d\d-\d\dT(?!00:00:00)\d\d:\d\d:\d\d(?:\.(?:\d{3}|\d{6}))?(?:Z|[+-](?:0\d|1[01]):\d\d)", re.ASCII
)


def _instant(text: str) -> Moment | None:
    """What programs write (RFC 3339), read at once; `None` for all else, and for what only seems to be that."""
    if not _INSTANT.fullmatch(text):
        return None
    try:
        wall = datetime.fromisoformat(text)
    except ValueError:
        return None
    offset = None if text.endswith("Z") else wall.utcoffset()
    return Moment(wall.astimezone(UTC), offset=offset) if wall.year in YEARS else None


def combine(day: str, clock: str, conventions: Conventions | None = None, hint: date | None = None) -> Moment:
    """The day of one text at the time of another.

    A time in the first and a day in the second are left out: `2026-12-03T00:00:00.000Z` with `10:30`. So is the `Z` of
    a time alone (Salesforce's `10:30:00.000Z`).

    Raises:
        MomentError: as `read`.
    """
    conventions = conventions or Conventions()
    of_clock = words.normalised(clock).strip()
    tokens = tokens_at(of_clock, 0, conventions.zones)
    if any(token.kind in ("day", "year") for token in tokens):
        of_clock = " ".join(token.text for token in tokens if token.kind not in ("day", "year", "weekday"))
    elif of_clock.endswith(("Z", "z")):
        of_clock = of_clock[:-1]
    return read(f"{_day_in(day, conventions, hint).isoformat()} {of_clock}", conventions)


def _day_in(text: str, conventions: Conventions, hint: date | None) -> date:
    """The day of a text, whatever its time of day and zone say."""
    read(text, conventions, hint)
    tokens = tokens_at(words.normalised(text).strip(), 0, conventions.zones)
    side = _side([token for token in tokens if token.kind in ("day", "year", "weekday")], conventions, hint)
    return side.days[0]


def find(text: str, conventions: Conventions | None = None) -> tuple[int, int] | None:
    """Where in a text its first date and time stand: the beginning and the end of the longest such part."""
    plain, conventions = _same_length(text), conventions or Conventions()
    starts = [place for place in range(len(plain)) if _may_begin(plain, place)][:MOST_TOKENS]
    for start in starts:
        tokens = tokens_at(plain, start, conventions.zones)
        while tokens:
            if tokens[-1].kind not in ("filler", "range"):
                end = tokens[-1].match.end()
                try:
                    moment = _moment(tokens, conventions, None)
                except ValueError:
                    pass
                else:
                    if not moment.is_date_alone:
                        return start, end
            tokens.pop()
    return None


def _same_length(text: str) -> str:
    """As `normalised`, character by character."""
    return "".join((words.normalised(char) or " ")[:1] for char in text)


def _may_begin(text: str, place: int) -> bool:
    return text[place].isalnum() and (place == 0 or not text[place - 1].isalnum())


def _moment(tokens: Sequence[TimeToken], conventions: Conventions, hint: date | None) -> Moment:
    place = next((place for place, token in enumerate(tokens) if _splits(token, tokens[place + 1 :])), None)
    before, after = (tokens, []) if place is None else (tokens[:place], tokens[place + 1 :])
    left, right = (_side(side, conventions, hint) for side in (before, after))
    left, right = _without_false_offset(tokens, left, right, conventions)
    return _joined(left, right)


def _splits(token: TimeToken, rest: Sequence[TimeToken]) -> bool:
    """Whether a time follows what can join two times: in `10:30 AM - Thursday, December 3` none does."""
    return token.kind == "range" and any(each.kind in ("clock", "number") for each in rest)


def _side(tokens: Sequence[TimeToken], conventions: Conventions, hint: date | None) -> _Side:
    of_kind = {
        kind: [token for token in tokens if token.kind == kind] for kind in ("day", "year", "offset", "zone")
    }
    clocks = [clock_of(token) for token in tokens if token.kind in ("clock", "number")]
    weekdays = [
        words.WEEKDAYS[token.match["weekday"].casefold()] for token in tokens if token.kind == "weekday"
    ]
    if max(len(clocks), len(of_kind["day"]), len(of_kind["year"]), len(of_kind["offset"])) > 1:
        raise MomentError(EXPECTED)
    days, partial = days_of(of_kind["day"][0], conventions, hint) if of_kind["day"] else ((), None)
    if bool(partial) != bool(of_kind["year"]):
        raise MomentError(EXPECTED)
    if partial:
        days = (date_of(int(of_kind["year"][0].match["year"]), *partial),)
    if days and weekdays:
        days = tuple(day for day in days if day.weekday() == weekdays[-1])
        if not days:
            raise MomentError("a date that falls on the weekday beside it")
    if len(days) > 1:
        raise MomentError(TWO_DAYS)
    return _Side(
        days,
        clocks[0] if clocks else None,
        offset(of_kind["offset"][0].match) if of_kind["offset"] else None,
        of_kind["zone"][0].zone if of_kind["zone"] else None,
        weekdays[-1] if weekdays else None,
    )


def _without_false_offset(
    tokens: Sequence[TimeToken], left: _Side, right: _Side, conventions: Conventions
) -> tuple[_Side, _Side]:
    """`10:30-11:00`: a range, unless a property can have that offset."""
    token = next((token for token in tokens if token.kind == "offset"), None)
    if token is None or right.clock or left.clock is None or left.offset is None:
        return left, right
    if not _is_doubtful(token, tokens, left.clock):
        return left, right
    end = Clock(time(int(token.match["hours"]), int(token.match["minutes"] or 0)))
    span = _span(left.clock.time, end.time)
    is_range = timedelta(0) < span <= LONGEST_RANGE
    is_offset = left.offset in offsets_of(conventions.zones or US_ZONES)
    if is_range and is_offset:
        raise MomentError(TWO_MEANINGS)
    if is_range:
        return replace(left, offset=None), _Side(clock=end)
    return left, right


def _is_doubtful(token: TimeToken, tokens: Sequence[TimeToken], clock: Clock) -> bool:
    text = token.text
    of_clock = next(each for each in tokens if each.kind in ("clock", "number"))
    is_iso = of_clock.text[:1] in "Tt" or any(
        each.kind == "day" and each.text.endswith(("T", "t")) for each in tokens
    )
    return not (
        token.match["sign"] == "+"
        or token.match["prefix"]
        or token.match["named"]
        or (token.match["minutes"] and ":" not in text)
        or "(" in text
        or clock.half
        or (is_iso and not text[0].isspace())
        or of_clock.match.groupdict().get("second")
    )


def _span(start: time, end: time) -> timedelta:
    day = date(2000, 1, 1)
    return datetime.combine(day, end) - datetime.combine(day, start)


def _joined(left: _Side, right: _Side) -> Moment:
    days = left.days or right.days
    if not days:
        raise MomentError(EXPECTED)
    clock, until = left.clock, right.clock
    if clock is None:
        return Moment(
            datetime.combine(days[0], time(0)), is_date_alone=True, is_midnight=True, has_time=False
        )
    if clock.is_bare_hour and until is None:
        raise MomentError(EXPECTED)
    start_time = start_of_range(clock, until) if until else clock.time
    gap = left.offset if left.offset is not None else right.offset
    zone = left.zone or right.zone
    start = _placed(datetime.combine(days[0], start_time), gap, zone)
    end = None
    if until:
        end = _placed(datetime.combine((right.days or days)[0], until.time), gap, zone)
    if end is not None and end - start >= LONGEST_RANGE:
        raise MomentError("a start, not a part of the day")
    is_utc = start.tzinfo is not None and not gap and (gap is not None or zone in (UTC, timezone.utc))  # noqa: UP017
    is_midnight = clock.is_zero and until is None
    end = end if end is not None and end > start else None
    return Moment(start, end, is_midnight and not is_utc, is_midnight, offset=gap)


def _placed(wall: datetime, gap: timedelta | None, zone: tzinfo | None) -> datetime:
    if wall.year not in YEARS:
        raise MomentError(EXPECTED)
    if gap is not None:
        return wall.replace(tzinfo=timezone(gap)).astimezone(UTC)
    if zone is not None:
        return in_zone(wall, zone)
    return wall


def in_zone(wall: datetime, zone: tzinfo) -> datetime:
    """The instant of a wall time in a zone. Raises MomentError where there are two or none."""
    instants = {wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)}
    if isinstance(zone, ZoneInfo) and len(instants) > 1:
        raise MomentError(NOT_ONCE)
    return instants.pop()
