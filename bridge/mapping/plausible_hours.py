"""A plausibility check for all times: a tour at night is a misread time or a slip.

A lost `pm`, an offset read as another, a time in the zone of a visitor: each ends at an hour at which no one shows an
apartment. Such a tour is held for an operator instead of booked.
"""

from datetime import datetime, time
from zoneinfo import ZoneInfo

from bridge.settings.records import Property


def implausible_hour(starts_at: datetime, at: Property) -> str | None:
    """Why a start cannot be meant, as a sentence; `None` where it lies in the property's `tour_hours`.

    Both ends count as plausible. Hours of `00:00-24:00` let every start pass.
    """
    local = starts_at.astimezone(ZoneInfo(at.time_zone))
    hours = at.tour_hours
    if hours.first <= local.time() <= hours.last:
        return None
    part = "at night " if local.time() < time(6) or local.time() >= time(21) else ""
    return (
        f"{local:%H:%M} {part}at {at.name or at.key}; "
        f"expected between {hours.first:%H:%M} and {hours.last:%H:%M}"
    )
