"""How long something lasted in business hours."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bridge.settings import BusinessHours

MOST_DAYS = 60
"""Older events are not worth waiting for."""


def business_hours_between(since: datetime, until: datetime, hours: BusinessHours, zone: ZoneInfo) -> float:
    """The hours between two moments in which the office was open."""
    since = max(since, until - timedelta(days=MOST_DAYS))
    day, last = since.astimezone(zone).date(), until.astimezone(zone).date()
    total = timedelta()
    while day <= last:
        if day.weekday() in hours.days:
            opens = datetime.combine(day, hours.opens, zone)
            closes = datetime.combine(day, hours.closes, zone)
            total += max(timedelta(), min(closes, until) - max(opens, since))
        day += timedelta(days=1)
    return total / timedelta(hours=1)
