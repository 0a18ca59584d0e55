"""The wall clock of a property: each date makes its own instants, with the offset of that date."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

DAY = 24 * 60


def instant(day: date, minute: int, zone: ZoneInfo) -> datetime | None:
    """When the wall clock shows this minute of a date, in UTC.

    Args:
        minute: from midnight; 1440 is the midnight after.

    Returns:
        `None` where a clock change skips it; the first of two moments where it repeats it.
    """
    naive = datetime.combine(day, datetime.min.time()) + timedelta(minutes=minute)
    moment = naive.replace(tzinfo=zone).astimezone(UTC)
    return moment if moment.astimezone(zone).replace(tzinfo=None) == naive else None


def end_of(day: date, minute: int, zone: ZoneInfo) -> datetime:
    """As `instant`; where it is skipped, the moment of the change or shortly after."""
    naive = datetime.combine(day, datetime.min.time()) + timedelta(minutes=minute)
    return naive.replace(tzinfo=zone).astimezone(UTC)


def local_date(moment: datetime, zone: ZoneInfo) -> date:
    """The date that the wall clock shows."""
    return moment.astimezone(zone).date()


def minute_of(moment: datetime, zone: ZoneInfo) -> int | None:
    """The minute of its date that the wall clock shows; `None`: it shows seconds besides, or this minute twice."""
    local = moment.astimezone(zone)
    if local.second or local.microsecond or local.fold:
        return None
    return local.hour * 60 + local.minute


def bounds(first: date, days: int, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The moments at which some days begin and end."""
    return end_of(first, 0, zone), end_of(first + timedelta(days=days), 0, zone)
