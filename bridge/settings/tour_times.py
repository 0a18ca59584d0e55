"""When tours are offered at a property, and when an office works."""

from dataclasses import dataclass, field
from datetime import date, time

from bridge.settings.amounts import Buffer, Minutes
from bridge.settings.derived import read_as
from bridge.settings.fields import OneOf


@dataclass(frozen=True)
class BusinessHours:
    """When a leasing office works: the same hours on some days of the week."""

    days: frozenset[int] = frozenset(range(6))
    """0 is Monday."""
    opens: time = time(9)
    closes: time = time(18)


@dataclass(frozen=True)
class DayHours:
    """From when to when, on some days of the week. Minutes since midnight by the wall clock; 1440 is 24:00."""

    days: frozenset[int]
    """0 is Monday."""
    opens: int
    closes: int


@dataclass(frozen=True)
class TourHours:
    """Between which local times tours begin at a property."""

    first: time = time(7)
    last: time = time(21)
    week: tuple[DayHours, ...] | None = None
    """When tours are offered; `None`: the property offers no times of its own."""


@dataclass(frozen=True)
class Blackout:
    """When no tour takes place: on some dates, or on some days of every week; the whole day or a part of it."""

    first: date | None = None
    last: date | None = None
    """Both included; `None`: every week."""
    days: frozenset[int] = frozenset(range(7))
    opens: int = 0
    closes: int = 1440

    def covers(self, day: date) -> bool:
        """Whether it is on this date."""
        is_dated = self.first is not None and self.last is not None
        return day.weekday() in self.days and (
            not is_dated or (self.first or day) <= day <= (self.last or day)
        )


@dataclass(frozen=True)
class KindSettings:
    """What is different for one kind of tour; `None`: as for all."""

    hours: tuple[DayHours, ...] | None = None
    """When this kind is offered; unset: as `tour_hours` of the property, and so on with the other keys."""
    minutes: int | None = field(default=None, metadata=read_as(Minutes()))
    """Length of such a tour."""
    every: int | None = field(default=None, metadata=read_as(Minutes()))
    """Minutes from one start to the next."""
    buffer_before: int | None = field(default=None, metadata=read_as(Buffer()))
    """Minutes that stay free before it."""
    buffer_after: int | None = field(default=None, metadata=read_as(Buffer()))
    """Minutes that stay free after it."""
    at_once: int | None = None
    """Such tours at the same time."""


@dataclass(frozen=True)
class SlotSettings:
    """Which times of a property are offered, and what happens to a tour whose time is taken."""

    minutes: int = field(default=30, metadata=read_as(Minutes()))
    """Length of a tour whose booking does not contain one."""
    every: int | None = field(default=None, metadata=read_as(Minutes()))
    """Minutes from one start to the next, counted from opening; unset: `minutes`."""
    buffer_before: int = field(default=0, metadata=read_as(Buffer()))
    """Minutes that stay free before each tour."""
    buffer_after: int = field(default=0, metadata=read_as(Buffer()))
    """Minutes that stay free after each tour."""
    notice: int = field(default=60, metadata=read_as(Buffer()))
    """Minutes between the booking and the tour, at least."""
    horizon: int = 30
    """Days from today on for which tours can be booked; 1 is today only."""
    at_once: int = 1
    """Tours of one kind at the same time."""
    most_a_day: int | None = None
    """Tours of all kinds on one day; unset: no limit."""
    blackouts: tuple[Blackout, ...] = ()
    """When no tour takes place: dates, or days of every week."""
    on_taken: str = field(default="hold", metadata=read_as(OneOf("hold", "book", "other_agent")))
    """What happens to a tour whose time is taken."""
    subtract_appointments: bool = True
    """Whether appointments that Propexo lists take time away, where the PMS offers no times itself."""
    appointment_times: str = field(
        default="either", metadata=read_as(OneOf("instant", "wall_clock", "either"))
    )
    """How the times of these appointments are read; `either`: both readings take time away."""
    kinds: dict[str, KindSettings] = field(default_factory=dict)
    """The kinds that are offered, and what differs; none: `in_person`."""
