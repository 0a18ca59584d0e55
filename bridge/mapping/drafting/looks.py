"""What a value looks like, found out by the fields that would read it."""

import re
from datetime import datetime
from typing import Any, Literal

import dateutil.parser
import marshmallow

from bridge.mapping.fields import Choice, Email, Field, Found, Instant, LocalTime, Phone
from bridge.mapping.own_body import KINDS
from bridge.mapping.paths import as_text, is_absent

Moment = Literal["instant", "epoch", "local", "date", "time"]

_EMAIL, _PHONE = Email(path="@"), Phone(path="@")
_INSTANT, _LOCAL = Instant(path="@"), LocalTime(path="@")
_KIND = Choice(path="@", table=KINDS)
_TIME = re.compile(r"\d{1,2}(:\d\d){1,2}( ?[ap]\.?m\.?)?|\d{1,2} ?[ap]\.?m\.?", re.IGNORECASE)
_NUMBER = re.compile(r"\+?[\d\s().-]{10,20}")
_PERSON = re.compile(r"\S*[^\W\d_]\S*( \S*[^\W\d_]\S*){1,3}")
_NAME = re.compile(r"(?!.*\w\.\w)[^\d@_:/<>{}\[\]=\n]{1,80}")
LONGEST_MOMENT = 40
EPOCHS = range(1_000_000_000, 5_000_000_000)
"""Seconds, from 2001 to 2128."""


def is_email(value: Any) -> bool:
    return isinstance(value, str) and "@" in value and _reads(_EMAIL, value)


def is_phone(value: Any) -> bool:
    """A number with a plus, or with as many digits as a number with its area code has."""
    text = as_text(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else None
    if text is None or not _NUMBER.fullmatch(text) or moment(text) not in {None, "epoch"}:
        return False
    return _reads(_PHONE, text)


def is_spaced_phone(value: Any) -> bool:
    """A phone number that is written like one, and no other number."""
    return is_phone(value) and isinstance(value, str) and bool(re.search(r"^\+|^\(|\d[ .)-]+\d", value))


def moment(value: Any) -> Moment | None:
    """Which kind of time a value shows."""
    if isinstance(value, dict):
        return "local" if _reads(_LOCAL, value) else None
    text = as_text(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else None
    if text is None or len(text) > LONGEST_MOMENT or not re.search(r"\d", text):
        return None
    if text.isdigit():
        number = int(text)
        return "epoch" if number in EPOCHS or number // 1000 in EPOCHS else None
    if _TIME.fullmatch(text):
        return "time"
    if _reads(_INSTANT, text):
        return "instant"
    return "local" if _reads(_LOCAL, text) else _date(text)


def instant(value: Any) -> datetime:
    """The moment that such a value shows."""
    found: datetime = _INSTANT.deserialize([Found("@", value)])
    return found


def _date(text: str) -> Moment | None:
    if not re.search(r"\d.*[\s/.-]", text):
        return None
    try:
        days = {
            dateutil.parser.parse(text, default=datetime(year, month, day)).date()  # noqa: DTZ001 - a day has no zone
            for year, month, day in ((2000, 1, 1), (2011, 12, 28))
        }
    except (ValueError, OverflowError):
        return None
    return "date" if len(days) == 1 else None


def is_person(value: Any) -> bool:
    """Two to four words without digits."""
    return is_name(value) and bool(_PERSON.fullmatch(value.strip()))


def is_word(value: Any, longest: int = 80) -> bool:
    """A short text, or a number."""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return False
    return not is_absent(value) and len(str(value)) <= longest and "\n" not in str(value)


def is_name(value: Any) -> bool:
    """Words of letters, and no name of a program."""
    return isinstance(value, str) and bool(_NAME.fullmatch(value.strip()))


def is_place(value: Any) -> bool:
    """A word for a property, not an address of another kind."""
    return (
        is_word(value)
        and not is_email(value)
        and not is_phone(value)
        and not re.search("://|^\\w+:", str(value))
    )


def is_id(value: Any) -> bool:
    return is_word(value, 200) and " " not in str(value).strip() and not is_email(value)


def is_kind(value: Any) -> bool:
    """A word for in person, self-guided or virtual."""
    return is_word(value, 40) and _reads(_KIND, value)


def _reads(field: Field, value: Any) -> bool:
    try:
        return field.deserialize([Found("@", value)]) is not None
    except marshmallow.ValidationError:
        return False
