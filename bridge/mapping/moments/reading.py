"""The parts of a text become a start, and an end where the text gives a range."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

from bridge.mapping.moments import words
from bridge.mapping.moments.tokens import MOST_TOKENS, Token, tokens_at
from bridge.mapping.moments.zones import US_ZONES, offset, offsets_of

LONGEST = 120
"""Characters of a text that is read as a date and time."""
LONGEST_RANGE = timedelta(hours=4)
"""Of two times joined by a hyphen, where the second could also be an offset."""
YEARS = range(1970, 2200)
"""What a sender's clock or a tour can show; also far from the ends of the calendar, where arithmetic overflows."""

EXPECTED = "a date and a time, such as 2026-12-03 10:30"
TWO_DAYS = (
    "a date that can be read in one way only; set `date_order` of the source to day_first or month_first"
)
TWO_MEANINGS = "a time with an offset or a range of times, not what could be either"
NOT_ONCE = "a time that exists once in its zone"


class MomentError(ValueError):
    """The text is no date and time; the message says what was expected."""


@dataclass(frozen=True)
class Conventions:
    """How a source writes dates."""

    day_first: bool | None = False
    """Of `03/12/2026`; `None`: not known, such dates are refused."""
    zones: frozenset[str] = frozenset()
    """IANA names of the zones of the configured properties: what `CST` or `-06:00` can mean."""


@dataclass(frozen=True)
class Moment:
    """What a text says: wall time (naive), or an instant (aware) where it names an offset or a zone."""

    start: datetime
    end: datetime | None = None
    is_date_alone: bool = False
    """The time of day is missing, or `00:00` that nobody wrote as a time: the day begins, no tour does."""
    is_midnight: bool = False
    """The same, also where `00:00` is UTC and may be the evening at the property."""
    has_time: bool = True


@dataclass(frozen=True)
class _Clock:
    time: time
    half: str | None = None
    """`a` or `p`, as written."""
    is_zero: bool = False
    is_bare_hour: bool = False
    """A number that is an hour only as a part of a range: `10-11`."""


@dataclass
class _Side:
    """What one side of a range says."""

    days: tuple[date, ...] = ()
    clock: _Clock | None = None
    offset: timedelta | None = None
    zone: tzinfo | None = None
    weekday: int | None = None


def read(text: str, conventions: Conventions | None = None, hint: date | None = None) -> Moment:
    """The date and time of a text.

    Args:
        hint: the day, where another field of the payload tells it: it decides between day and month.

    Raises:
        MomentError: the text is no date, or can be read in two ways; says what was expected.
    """
    plain = words.normalised(text).strip()
    conventions = conventions or Conventions()
    if not plain or len(plain) > LONGEST:
        raise MomentError(EXPECTED)
    tokens = tokens_at(plain, 0, conventions.zones)
    if not tokens or plain[tokens[-1].match.end() :].strip():
        raise MomentError(EXPECTED)
    return _moment(tokens, conventions, hint)


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


def _moment(tokens: Sequence[Token], conventions: Conventions, hint: date | None) -> Moment:
    place = next((place for place, token in enumerate(tokens) if _splits(token, tokens[place + 1 :])), None)
    before, after = (tokens, []) if place is None else (tokens[:place], tokens[place + 1 :])
    left, right = (_side(side, conventions, hint) for side in (before, after))
    left, right = _without_false_offset(tokens, left, right, conventions)
    return _joined(left, right)


def _splits(token: Token, rest: Sequence[Token]) -> bool:
    """Whether a time follows what can join two times: in `10:30 AM - Thursday, December 3` none does."""
    return token.kind == "range" and any(each.kind in ("clock", "number") for each in rest)


def _side(tokens: Sequence[Token], conventions: Conventions, hint: date | None) -> _Side:
    of_kind = {
        kind: [token for token in tokens if token.kind == kind] for kind in ("day", "year", "offset", "zone")
    }
    clocks = [_clock(token) for token in tokens if token.kind in ("clock", "number")]
    weekdays = [
        words.WEEKDAYS[token.match["weekday"].casefold()] for token in tokens if token.kind == "weekday"
    ]
    if max(len(clocks), len(of_kind["day"]), len(of_kind["year"]), len(of_kind["offset"])) > 1:
        raise MomentError(EXPECTED)
    days, partial = _days(of_kind["day"][0], conventions, hint) if of_kind["day"] else ((), None)
    if bool(partial) != bool(of_kind["year"]):
        raise MomentError(EXPECTED)
    if partial:
        days = (_date(int(of_kind["year"][0].match["year"]), *partial),)
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


def _days(
    token: Token, conventions: Conventions, hint: date | None
) -> tuple[tuple[date, ...], tuple[int, int] | None]:
    """The days that the text can mean; month and day where the year stands elsewhere."""
    found = token.match.groupdict()
    if "one" in found:
        return _numeric(token, conventions, hint), None
    month = found["month"].casefold().rstrip(".")
    number = int(month) if month.isdigit() else words.MONTHS[month]
    if found.get("year") is None:
        return (), (number, int(found["day"]))
    return (_date(_year(found["year"]), number, int(found["day"])),), None


def _numeric(token: Token, conventions: Conventions, hint: date | None) -> tuple[date, ...]:
    one, other = int(token.match["one"]), int(token.match["other"])
    year = _year(token.match["year"])
    possible = {}
    for day_first, (month, day) in {False: (one, other), True: (other, one)}.items():
        try:
            possible[day_first] = date(year, month, day)
        except ValueError:
            continue
    if not possible:
        raise MomentError(EXPECTED)
    if hint is not None and len(possible) > 1:
        near = [day for day in possible.values() if abs(day - hint) <= timedelta(days=1)]
        if near:
            return tuple(near[:1])
    if token.match["by"] == "." and True in possible:
        return (possible[True],)
    if len(set(possible.values())) == 1:
        return (next(iter(possible.values())),)
    return tuple(possible.values()) if conventions.day_first is None else (possible[conventions.day_first],)


def _year(text: str) -> int:
    number = int(text.lstrip("'"))
    return number + 2000 if len(text.lstrip("'")) == 2 else number  # noqa: PLR2004 - two digits


def _date(year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError as error:
        raise MomentError(EXPECTED) from error


def _clock(token: Token) -> _Clock:
    found = token.match.groupdict()
    if found.get("noon"):
        return _Clock(time(12), "p")
    if found.get("midnight"):
        return _Clock(time(0), "a")
    half = _half(found)
    if token.kind == "number":
        digits = token.match["hour"]
        return _Clock(_of_number(digits), is_bare_hour=len(digits) < 4)  # noqa: PLR2004 - `1030`
    hour = int(found["hour"])
    if half:
        hour = _on_24(hour, half)
    fraction = (found.get("fraction") or "").ljust(6, "0")[:6]
    try:
        clock = time(hour, int(found.get("minute") or 0), int(found.get("second") or 0), int(fraction))
    except ValueError as error:
        raise MomentError(EXPECTED) from error
    is_zero = clock == time(0) and not half
    return _Clock(clock, half, is_zero)


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


def _without_false_offset(
    tokens: Sequence[Token], left: _Side, right: _Side, conventions: Conventions
) -> tuple[_Side, _Side]:
    """`10:30-11:00`: a range, unless a property can have that offset."""
    token = next((token for token in tokens if token.kind == "offset"), None)
    if token is None or right.clock or left.clock is None or left.offset is None:
        return left, right
    if not _is_doubtful(token, tokens, left.clock):
        return left, right
    end = _Clock(time(int(token.match["hours"]), int(token.match["minutes"] or 0)))
    span = _span(left.clock.time, end.time)
    is_range = timedelta(0) < span <= LONGEST_RANGE
    is_offset = left.offset in offsets_of(conventions.zones or US_ZONES)
    if is_range and is_offset:
        raise MomentError(TWO_MEANINGS)
    if is_range:
        return replace(left, offset=None), _Side(clock=end)
    return left, right


def _is_doubtful(token: Token, tokens: Sequence[Token], clock: _Clock) -> bool:
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
    start_time = _start_of_range(clock, until) if until else clock.time
    gap = left.offset if left.offset is not None else right.offset
    zone = left.zone or right.zone
    start = _placed(datetime.combine(days[0], start_time), gap, zone)
    end = None
    if until:
        end = _placed(datetime.combine((right.days or days)[0], until.time), gap, zone)
    is_utc = start.tzinfo is not None and not gap and (gap is not None or zone in (UTC, timezone.utc))  # noqa: UP017
    is_midnight = clock.is_zero and until is None
    end = end if end is not None and end > start else None
    return Moment(start, end, is_midnight and not is_utc, is_midnight)


def _start_of_range(clock: _Clock, until: _Clock) -> time:
    """Of `10-11 am` and `11-1 pm` the half of the end, or the other one where the start would be after it."""
    if clock.half or not until.half or clock.time.hour > 12:  # noqa: PLR2004
        return clock.time
    for half in (until.half, "a" if until.half == "p" else "p"):
        start = clock.time.replace(hour=_on_24(clock.time.hour, half))
        if start < until.time:
            return start
    raise MomentError(EXPECTED)


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
