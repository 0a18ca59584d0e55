"""What the parser of dates and times is given and returns."""

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

LONGEST = 120
"""Characters of a text that is read as a date and time."""
YEARS = range(1970, 2200)
"""What a sender's clock or a tour can show; also far from the ends of the calendar, where arithmetic overflows."""

EXPECTED = "a date and a time, such as 2026-12-03 10:30"
TWO_DAYS = (
    "a date that can be read in one way only; set `date_order` of the source to day_first or month_first"
)
TWO_MEANINGS = "a time with an offset or a range of times, not what could be either"
NOT_ONCE = "a time that exists once in its zone"


class MomentError(ValueError):
    """The text is not a date and time; the message has the expected format."""


@dataclass(frozen=True)
class Conventions:
    """How a source writes dates."""

    day_first: bool | None = False
    """Of `03/12/2026`; `None`: not known, such dates are refused."""
    zones: frozenset[str] = frozenset()
    """IANA names of the zones of the configured properties: what `CST` or `-06:00` can mean."""
    agent_zone: tzinfo | None = None
    """The zone of a bot's agent, which puts its offset behind times that people mean as the property's."""


@dataclass(frozen=True)
class Moment:
    """What a text says: wall time (naive), or an instant (aware) where it names an offset or a zone."""

    start: datetime
    end: datetime | None = None
    is_date_alone: bool = False
    """The time of day is missing, or `00:00` that was not meant as a time: the day begins, no tour does."""
    is_midnight: bool = False
    """The same, also where `00:00` is UTC and may be the evening at the property."""
    has_time: bool = True
    offset: timedelta | None = None
    """As it is written behind the time."""
