"""The day that a part of a text means."""

from datetime import date, timedelta

from bridge.mapping.moments import words
from bridge.mapping.moments.model import EXPECTED, Conventions, MomentError
from bridge.mapping.moments.tokens import TimeToken


def days_of(
    token: TimeToken, conventions: Conventions, hint: date | None
) -> tuple[tuple[date, ...], tuple[int, int] | None]:
    """The days that the text can mean; month and day where the year is elsewhere."""
    found = token.match.groupdict()
    if "one" in found:
        return _numeric(token, conventions, hint), None
    month = found["month"].casefold().rstrip(".")
    number = int(month) if month.isdigit() else words.MONTHS[month]
    if found.get("year") is None:
        return (), (number, int(found["day"]))
    return (date_of(_year(found["year"]), number, int(found["day"])),), None


def _numeric(token: TimeToken, conventions: Conventions, hint: date | None) -> tuple[date, ...]:
    first, second = int(token.match["one"]), int(token.match["other"])
    year = _year(token.match["year"])
    possible = {}
    for day_first, (month, day) in {False: (first, second), True: (second, first)}.items():
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


def date_of(year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError as error:
        raise MomentError(EXPECTED) from error
