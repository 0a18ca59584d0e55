"""Which starts of a day are free, and why another one is not.

Starts are laid out from opening on, by the wall clock of the property; a tour ends at closing at the latest. A tour
keeps its buffers free before and after; buffers lie around tours, not inside opening hours.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from bridge.availability.rules.wall_clock import end_of, instant, local_date, minute_of
from bridge.settings import Property
from bridge.settings.tour_times import Blackout, DayHours, KindSettings, SlotSettings

IN_PERSON = "in_person"


class Obstacle(StrEnum):
    """Why a start is not free, from the first that is checked to the last."""

    PAST = "past"
    NOTICE = "notice"
    """Too soon after now."""
    HORIZON = "horizon"
    """Too far ahead."""
    CLOSED = "closed"
    """Outside of the hours of that day, or the property is closed then."""
    NOT_A_START = "not_a_start"
    """Within the hours, and between two starts that are offered."""
    NOT_OFFERED = "not_offered"
    """The PMS does not offer it."""
    FULL_DAY = "full_day"
    """As many tours as there may be on one day."""
    TAKEN = "taken"
    UNAVAILABLE = "unavailable"
    """Unknown: Propexo is unreachable, and the property has no hours of its own."""


KNOWN_AFTER = timedelta(minutes=2)
"""So long after a tour took its time, one that is written is among what the PMS counts."""


@dataclass(frozen=True)
class Rules:
    """When one kind of tour takes place at a property."""

    kind: str
    zone: ZoneInfo
    hours: tuple[DayHours, ...] | None
    """`None`: there is no rule; `()`: always closed."""
    length: timedelta
    every: int
    """Minutes."""
    before: timedelta
    after: timedelta
    notice: timedelta
    horizon: int
    """Days, today included."""
    at_once: int
    most_a_day: int | None
    blackouts: tuple[Blackout, ...]


@dataclass(frozen=True)
class Busy:
    """A time that is taken. `owner`: the booking that has it; `None`: an appointment that is not ours."""

    starts_at: datetime
    ends_at: datetime
    kind: str = IN_PERSON
    owner: int | None = None
    agent: str | None = None
    written_since: datetime | None = None
    """When it was taken, of a tour that the PMS has confirmed."""


@dataclass(frozen=True)
class Offer:
    """A start that the PMS offers: how many tours may begin then, and the agent who is free."""

    ends_at: datetime
    at_once: int
    agents: tuple[str, ...] = ()


@dataclass(frozen=True)
class Times:
    """What is known of the times of one kind at a property."""

    rules: Rules
    busy: Sequence[Busy] = ()
    offers: dict[datetime, Offer] | None = None
    """What the PMS offers, by start; `None`: it is not asked, and the hours of the rules count."""
    fetched_at: datetime | None = None
    """When the PMS offered that."""


def rules_of(place: Property, kind: str = IN_PERSON) -> Rules | None:
    """The rules for a kind of tour; `None`: the property offers no times, or not of this kind."""
    if place.slots is None or kind not in kinds_of(place):
        return None
    every, own = place.slots, place.slots.kinds.get(kind, KindSettings())
    hours = own.hours if own.hours is not None else place.tour_hours.week
    minutes = own.minutes or every.minutes
    return Rules(
        kind=kind,
        zone=ZoneInfo(place.time_zone),
        hours=hours,
        length=timedelta(minutes=minutes),
        every=own.every or every.every or minutes,
        before=_minutes(own.buffer_before, every.buffer_before),
        after=_minutes(own.buffer_after, every.buffer_after),
        notice=timedelta(minutes=every.notice),
        horizon=every.horizon,
        at_once=own.at_once or every.at_once,
        most_a_day=every.most_a_day,
        blackouts=every.blackouts,
    )


def kinds_of(place: Property) -> tuple[str, ...]:
    """The kinds of tours that a property offers."""
    slots = place.slots or SlotSettings()
    return tuple(slots.kinds) or (IN_PERSON,)


def _minutes(own: int | None, usual: int) -> timedelta:
    return timedelta(minutes=usual if own is None else own)


def starts_of(times: Times, day: date) -> Iterator[datetime]:
    """Every start of a day that could be offered, in order; taken ones as well."""
    rules = times.rules
    if times.offers is not None:
        yield from sorted(start for start in times.offers if local_date(start, rules.zone) == day)
        return
    yield from sorted({start for hours in _hours(rules, day) for start in _grid(rules, hours, day)})


def candidates(times: Times, day: date) -> list[datetime]:
    """The starts of a day that are offered, and those that the hours alone would give."""
    found = set(starts_of(times, day)) | set(starts_of(replace(times, offers=None), day))
    dark = replace(times, offers=None, rules=replace(times.rules, blackouts=()))
    return sorted(found | set(starts_of(dark, day)))


def free_starts(times: Times, day: date, now: datetime) -> list[datetime]:
    """The starts of a day that are free."""
    return [start for start in starts_of(times, day) if obstacle(times, start, now) is None]


def obstacle(
    times: Times, start: datetime, now: datetime, *, length: timedelta | None = None, owner: int | None = None
) -> Obstacle | None:
    """Why a start is not free; `None`: it is.

    Args:
        length: of the tour, where it is not the usual one.
        owner: the booking that moves there: its present time is not in its way.
    """
    return (
        _too_soon_or_late(times.rules, start, now)
        or _closed(times, start)
        or taken(times, start, length, owner)
    )


def taken(
    times: Times, start: datetime, length: timedelta | None = None, owner: int | None = None
) -> Obstacle | None:
    """Which other tours are in the way of a start, whatever the hours."""
    rules = times.rules
    if times.offers is not None and start not in times.offers:
        return Obstacle.NOT_OFFERED
    busy = [held for held in times.busy if owner is None or held.owner != owner]
    if times.fetched_at is not None:
        busy = [held for held in busy if not _is_counted(held, times.fetched_at)]
    day = local_date(start, rules.zone)
    if rules.most_a_day is not None:
        same_day = sum(local_date(held.starts_at, rules.zone) == day for held in busy)
        if same_day >= rules.most_a_day:
            return Obstacle.FULL_DAY
    at_once = times.offers[start].at_once if times.offers is not None else rules.at_once
    begins, ends = start - rules.before, start + (length or rules.length) + rules.after
    around = [
        (held.starts_at - rules.before, held.ends_at + rules.after)
        for held in busy
        if held.kind == rules.kind
    ]
    overlapping = [held for held in around if held[0] < ends and begins < held[1]]
    return Obstacle.TAKEN if _most_at_once(overlapping, begins) >= at_once else None


def _is_counted(busy: Busy, fetched_at: datetime) -> bool:
    """Whether the PMS knew of a tour when it reported its free times."""
    return busy.written_since is not None and busy.written_since <= fetched_at - KNOWN_AFTER


def _most_at_once(spans: Sequence[tuple[datetime, datetime]], begins: datetime) -> int:
    """How many of some spans overlap at one moment, from `begins` on."""
    moments = {max(begin, begins) for begin, _ in spans}
    return max((sum(begin <= moment < end for begin, end in spans) for moment in moments), default=0)


def _too_soon_or_late(rules: Rules, start: datetime, now: datetime) -> Obstacle | None:
    if start <= now:
        return Obstacle.PAST
    if start < now + rules.notice:
        return Obstacle.NOTICE
    last = local_date(now, rules.zone) + timedelta(days=rules.horizon - 1)
    return Obstacle.HORIZON if local_date(start, rules.zone) > last else None


def _closed(times: Times, start: datetime) -> Obstacle | None:
    """Why no tour could begin then, even if none were booked."""
    rules, day = times.rules, local_date(start, times.rules.zone)
    if times.offers is not None:
        if _is_blacked_out(rules, day, start, start + rules.length):
            return Obstacle.CLOSED
        return None if start in times.offers else Obstacle.NOT_OFFERED
    if rules.hours is None:
        return Obstacle.UNAVAILABLE
    minute = minute_of(start, rules.zone)
    within = [
        period
        for period in _hours(rules, day)
        if minute is not None and period.opens <= minute < period.closes
    ]
    if not within or minute is None:
        return Obstacle.CLOSED
    if any(
        (minute - period.opens) % rules.every == 0 and _start(rules, period, day, minute) for period in within
    ):
        return None
    is_dark = _is_blacked_out(rules, day, start, start + rules.length)
    return Obstacle.CLOSED if is_dark else Obstacle.NOT_A_START


def _hours(rules: Rules, day: date) -> list[DayHours]:
    return [hour for hour in rules.hours or () if day.weekday() in hour.days]


def _grid(rules: Rules, hours: DayHours, day: date) -> Iterator[datetime]:
    """The starts from opening to closing, without those in a blackout."""
    for minute in range(hours.opens, hours.closes, rules.every):
        start = _start(rules, hours, day, minute)
        if start is not None:
            yield start


def _start(rules: Rules, hours: DayHours, day: date, minute: int) -> datetime | None:
    """When a tour begins at this minute, if one can."""
    start = instant(day, minute, rules.zone)
    if start is None or start + rules.length > end_of(day, hours.closes, rules.zone):
        return None
    return None if _is_blacked_out(rules, day, start, start + rules.length) else start


def _is_blacked_out(rules: Rules, day: date, start: datetime, end: datetime) -> bool:
    return any(
        start < end_of(day, blackout.closes, rules.zone) and end_of(day, blackout.opens, rules.zone) < end
        for blackout in rules.blackouts
        if blackout.covers(day)
    )
