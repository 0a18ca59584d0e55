"""The one parser of dates and times: no field and no mapping has a clock expression of its own.

`read` takes a whole text, `combine` a day and a time of two fields, `find` the place of a date and time in a sentence,
`read_epoch` a number, `read_zone` the name of a zone. What can be read in two ways is refused.
"""

from bridge.mapping.moments.epochs import read_epoch
from bridge.mapping.moments.model import LONGEST, YEARS, Conventions, Moment, MomentError
from bridge.mapping.moments.reading import combine, find, in_zone, read
from bridge.mapping.moments.zones import read_zone


def is_dated(value: object) -> bool:
    """Whether a value has a date and a time of day; midnight is none."""
    text = str(value)
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return False
    if (since := read_epoch(text)) is not None:
        return bool(since.hour or since.minute or since.second)
    try:
        return not read(text, Conventions(day_first=True)).is_midnight
    except MomentError:
        return False


def is_clock(value: object) -> bool:
    """Whether a value is a time of day, or a range of two, without a day."""
    if not isinstance(value, str):
        return False
    try:
        return read(f"2026-01-15 {value}").has_time  # a second day beside this one is an error
    except ValueError:
        return False


__all__ = [
    "LONGEST",
    "YEARS",
    "Conventions",
    "Moment",
    "MomentError",
    "combine",
    "find",
    "in_zone",
    "is_clock",
    "is_dated",
    "read",
    "read_epoch",
    "read_zone",
]
