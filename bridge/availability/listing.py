"""The free times of a property over some days: what is offered, and why a day has nothing."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bridge.availability.rules.slots import Obstacle, Times, free_starts, obstacle, starts_of
from bridge.availability.rules.wall_clock import local_date

MOST_DAYS = 14
"""That one answer lists."""
MOST_SLOTS = 2000
CLASSES: Mapping[Obstacle, str] = {
    Obstacle.TAKEN: "full",
    Obstacle.FULL_DAY: "full",
    Obstacle.NOT_OFFERED: "full",
    Obstacle.NOT_A_START: "closed",
}
"""What renters read of a reason; the rest as it is."""


@dataclass(frozen=True)
class Slot:
    """A time that is free. Both ends are aware, in the zone of the property."""

    start: datetime
    end: datetime
    kinds: tuple[str, ...]
    agent: str | None = None
    """The PMS's id of the agent who is free, where the PMS names one."""

    def as_json(self) -> dict[str, Any]:
        """As the API answers it; `start` comes back as it is."""
        agent = {"agent": self.agent} if self.agent else {}
        return {
            "start": self.start.isoformat(), "end": self.end.isoformat(), "kinds": list(self.kinds), **agent
        }  # fmt: skip


@dataclass(frozen=True)
class ListedDay:
    """One day of the answer; the widget shows the reason of an empty one."""

    day: date
    free: int
    reason: Obstacle | None = None
    """Why it has no times."""
    next: date | None = None
    """Of an empty day: the next one with times, as far as that is known."""

    def as_json(self) -> dict[str, Any]:
        if self.free:
            return {"date": self.day.isoformat(), "free": self.free}
        following = self.next.isoformat() if self.next else None
        reason = CLASSES.get(self.reason, self.reason) if self.reason else None
        return {"date": self.day.isoformat(), "free": 0, "reason": reason, "next": following}


@dataclass(frozen=True)
class Availability:
    """The free times of one property."""

    property: str
    time_zone: str
    as_of: datetime
    """When that was known."""
    origin: str
    """`pms`: the PMS says so; `hours`: the property's own hours."""
    slots: tuple[Slot, ...] = ()
    days: tuple[ListedDay, ...] = ()
    kinds: tuple[str, ...] = field(default=())
    """All that the property offers."""

    def as_json(self) -> dict[str, Any]:
        return {
            "property": self.property,
            "time_zone": self.time_zone,
            "as_of": self.as_of.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
            "origin": self.origin,
            "kinds": list(self.kinds),
            "slots": [slot.as_json() for slot in self.slots],
            "days": [day.as_json() for day in self.days],
        }


def slots_between(times: Mapping[str, Times], first: date, days: int, now: datetime) -> list[Slot]:
    """The free times of all these kinds, by their start."""
    found: dict[tuple[datetime, datetime, str | None], list[str]] = {}
    for kind, each in times.items():
        for number in range(days):
            for start in free_starts(each, first + timedelta(days=number), now):
                offer = (each.offers or {}).get(start)
                end = offer.ends_at if offer else start + each.rules.length
                agent = next(iter(offer.agents), None) if offer else None
                found.setdefault((start, end, agent), []).append(kind)
    zone = next((time.rules.zone for time in times.values()), ZoneInfo("UTC"))
    return [
        Slot(start.astimezone(zone), end.astimezone(zone), tuple(found[start, end, agent]), agent)
        for start, end, agent in sorted(found, key=lambda key: (key[0], key[1], key[2] or ""))
    ][:MOST_SLOTS]


def days_of(
    times: Mapping[str, Times],
    slots: list[Slot],
    first: date,
    days: int,
    now: datetime,
    beyond: Callable[[date], date | None] = lambda _: None,
) -> list[ListedDay]:
    """Each day with the number of its times, or why it has none.

    Args:
        beyond: the first day with times from this one on, asked at most once.
    """
    free = Counter(slot.start.date() for slot in slots)
    dates = [first + timedelta(days=number) for number in range(days)]
    following = None if free[dates[-1]] else beyond(dates[-1] + timedelta(days=1))
    found = []
    for day in reversed(dates):
        if free[day]:
            found.append(ListedDay(day, free[day]))
            following = day
        else:
            found.append(ListedDay(day, 0, why_empty(times, day, now), following))
    return found[::-1]


def why_empty(times: Mapping[str, Times], day: date, now: datetime) -> Obstacle:
    """Why a day has no times: what its last start lacks, or that it has none."""
    reasons = [_why_empty(time, day, now) for time in times.values()]
    order = list(Obstacle)
    return max(reasons, key=order.index, default=Obstacle.CLOSED)


def _why_empty(times: Times, day: date, now: datetime) -> Obstacle:
    rules = times.rules
    today = local_date(now, rules.zone)
    if day < today:
        return Obstacle.PAST
    if day > today + timedelta(days=rules.horizon - 1):
        return Obstacle.HORIZON
    if times.offers is None and rules.hours is None:
        return Obstacle.UNAVAILABLE
    reasons = [obstacle(times, start, now) for start in starts_of(times, day)]
    blocking = [reason for reason in reasons if reason is not None]
    return max(blocking, key=list(Obstacle).index, default=Obstacle.CLOSED)
