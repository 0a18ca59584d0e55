"""What a value looks like, judged by the fields that would read it."""

import re
from typing import Any, Literal

import marshmallow

from bridge.mapping.fields import Email, Field, Instant, LocalTime, Match, Phone
from bridge.mapping.paths import as_text

Moment = Literal["instant", "local", "date", "time"]

_EMAIL, _PHONE, _INSTANT, _LOCAL = Email(path="@"), Phone(path="@"), Instant(path="@"), LocalTime(path="@")
_DATE = re.compile(r"\d{4}-\d{1,2}-\d{1,2}(T00:00:00(\.0+)?Z?)?|\d{1,2}[/.]\d{1,2}[/.]\d{4}")
_TIME = re.compile(r"\d{1,2}(:\d\d){1,2}( ?[ap]\.?m\.?)?|\d{1,2} ?[ap]\.?m\.?", re.IGNORECASE)
_NUMBER = re.compile(r"\+?[\d\s().-]{10,20}")
_NAME = re.compile(r"(?!.*\w\.\w)[^\d@_:/<>{}\[\]=\n]{1,80}")
_ID = re.compile(r"(?=.*\d)[^\s@]{1,200}")
_ZONE = re.compile(r"(UTC|GMT|[A-Z]\w+/[A-Z]\w+|[A-Z]\w+ Standard Time)\b")
LONGEST_MOMENT = 40  # characters
EPOCHS = range(1_000_000_000, 5_000_000_000)
"""Seconds, from 2001 to 2128."""


def is_email(value: Any) -> bool:
    return isinstance(value, str) and "@" in value and _reads(_EMAIL, value)


def is_phone(value: Any) -> bool:
    """A number with as many digits as one with its area code has; no date and no time."""
    text = _scalar(value)
    return bool(text and _NUMBER.fullmatch(text)) and moment_of(value) is None and _reads(_PHONE, text)


def is_name(value: Any) -> bool:
    return isinstance(value, str) and bool(_NAME.fullmatch(value.strip()))


def is_id(value: Any) -> bool:
    """A number, or a word that has one, and no time."""
    text = _scalar(value)
    return bool(text and _ID.fullmatch(text)) and moment_of(value) is None


def is_zone(value: Any) -> bool:
    """The name of a zone, perhaps with more behind it: `America/Chicago (GMT-06:00)`."""
    return isinstance(value, str) and bool(_ZONE.match(value))


def moment_of(value: Any) -> Moment | None:
    """Which kind of time a value shows."""
    text = _scalar(value)
    if text is None or len(text) > LONGEST_MOMENT or not re.search(r"\d", text):
        return None
    if text.isdigit():
        return "instant" if int(text) in EPOCHS or int(text) // 1000 in EPOCHS else None
    if _TIME.fullmatch(text):
        return "time"
    if _DATE.fullmatch(text):
        return "date"
    if not re.search(r"\d[:.]\d\d|\d ?[ap]\.?m", text, re.IGNORECASE):
        return None
    return "instant" if _reads(_INSTANT, text) else "local" if _reads(_LOCAL, text) else None


def _scalar(value: Any) -> str | None:
    return as_text(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else None


def _reads(field: Field, value: Any) -> bool:
    try:
        return bool(field.choose([Match("@", value)]))
    except marshmallow.ValidationError:
        return False
