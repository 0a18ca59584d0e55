"""Dates as every page writes them: tours by the clock of their property, everything else by the clock of the office."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from bridge.settings import Settings


def office_zone(settings: Settings) -> ZoneInfo:
    """The zone of most properties, UTC where there is none."""
    counted = Counter(place.time_zone for place in settings.properties.values()).most_common(1)
    return ZoneInfo(counted[0][0] if counted else "UTC")


def zone_label(zone: ZoneInfo, now: datetime) -> str:
    """What people call a zone: `Chicago time (CST)`."""
    city = zone.key.rpartition("/")[2].replace("_", " ")
    short = now.astimezone(zone).tzname() or ""
    return city if city == short else f"{city} time ({short})"


def tour_time(start: datetime, now: datetime) -> str:
    """The start of a tour: `Tue, Dec 1, 10:00 AM CST`; naive where nobody knows its zone."""
    zone = f" {start.tzname()}" if start.tzinfo else ""
    return f"{_day(start.date(), now.date())}, {_clock(start)}{zone}"


def office_time(moment: datetime, zone: ZoneInfo, now: datetime) -> str:
    """A moment by the clock of the office, whose zone the head of each page names: `Mon, Nov 30, 8:41 AM`."""
    here = moment.astimezone(zone)
    return f"{_day(here.date(), now.astimezone(zone).date())}, {_clock(here)}"


def day_label(day: date, today: date) -> str:
    """A day as a heading: `Tuesday, December 1`."""
    year = "" if _is_near(day, today) else f", {day.year}"
    return f"{day:%A}, {day:%B} {day.day}{year}"


def day_bounds(first: date, last: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """From the first moment of one day up to that of the day after another, in a zone."""
    begins = datetime.combine(first, datetime.min.time(), zone)
    ends = datetime.combine(last + timedelta(days=1), datetime.min.time(), zone)
    return begins.astimezone(UTC), ends.astimezone(UTC)


def _day(day: date, today: date) -> str:
    year = "" if _is_near(day, today) else f" {day.year}"
    return f"{day:%a}, {day:%b} {day.day}{year}"


def _is_near(day: date, today: date) -> bool:
    """Whether a day is clear without its year."""
    return abs((day - today).days) <= NEAR_DAYS


def _clock(moment: datetime) -> str:
    return f"{moment.hour % 12 or 12}:{moment:%M %p}"


NEAR_DAYS = 180
"""From a day that is farther away the year is written as well."""
