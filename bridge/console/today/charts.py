"""What became of requests, hour by hour and day by day: stacked bars that the server draws as SVG.

The same figures are in a table as well.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bridge.console.dates import DEFAULT_LOCALE, hour_label, month_day
from bridge.models import HourlyCount

WIDTH, HEIGHT = 720, 230
"""Of the drawing, in units of the drawing."""
LEFT, TOP, BASE = 44, 14, 196
"""Where the bars begin, how high they may be, and where they stand."""
GAP = 1.0
"""Between the parts of a bar."""
HOURS, DAYS = 24, 30
MOST_TICKS = 4
OUTCOMES = (
    ("written", "Booked, moved or cancelled in the PMS"),
    ("ignored", "Nothing to do"),
    ("parked", "Needed an operator"),
)
"""The parts of a bar, from below, and what the key calls them."""


@dataclass(frozen=True)
class Bar:
    """One hour or one day: the events received, and the events ended in it."""

    label: str
    received: int = 0
    written: int = 0
    ignored: int = 0
    parked: int = 0

    @property
    def ended(self) -> int:
        """How high its parts are together."""
        return self.written + self.ignored + self.parked

    @property
    def words(self) -> str:
        """All of it, for the table and the sign that the pointer shows."""
        parts = (f"{getattr(self, name)} {label.lower().replace('pms', 'PMS')}" for name, label in OUTCOMES)
        return f"{self.label}: {self.received} received; {', '.join(parts)}"


@dataclass(frozen=True)
class Part:
    """One outcome of a bar, as it is drawn."""

    outcome: str
    y: float
    height: float


@dataclass(frozen=True)
class Drawn:
    """A bar as it is drawn."""

    bar: Bar
    x: float
    width: float
    parts: tuple[Part, ...]
    received_y: float
    shows_label: bool

    @property
    def middle(self) -> float:
        """Its label is below it."""
        return round(self.x + self.width / 2, 1)


@dataclass(frozen=True)
class Tick:
    """A line of the scale."""

    value: int
    y: float


@dataclass(frozen=True)
class Chart:
    """Some bars with what they are about."""

    name: str
    title: str
    bars: tuple[Bar, ...]
    outcomes = OUTCOMES

    @property
    def top(self) -> int:
        """The value of the highest bar."""
        return max((max(bar.received, bar.ended) for bar in self.bars), default=0)

    @property
    def ticks(self) -> list[Tick]:
        return [Tick(value, round(self._y(value), 1)) for value in ticks(self.top)]

    @property
    def drawn(self) -> list[Drawn]:
        step = (WIDTH - LEFT) / max(1, len(self.bars))
        every = max(1, len(self.bars) // 6)
        return [
            Drawn(
                bar, round(LEFT + place * step + step * 0.15, 1), round(step * 0.7, 1), tuple(self._parts(bar)),
                round(self._y(bar.received), 1), place % every == 0,
            )
            for place, bar in enumerate(self.bars)
        ]  # fmt: skip

    @property
    def words(self) -> str:
        """What it shows, for who does not see it."""
        whole = Bar("In all", *(sum(getattr(bar, name) for bar in self.bars) for name in COLUMNS))
        return f"{whole.words}."

    def _parts(self, bar: Bar) -> list[Part]:
        parts, below = [], 0
        for outcome, _ in OUTCOMES:
            count = getattr(bar, outcome)
            if count:
                low, high = self._y(below), self._y(below + count)
                parts.append(Part(outcome, round(high, 1), round(max(low - high - GAP, GAP), 1)))
            below += count
        return parts

    def _y(self, value: int) -> float:
        return BASE - value * (BASE - TOP) / ticks(self.top)[-1]


COLUMNS = ("received", *(name for name, _ in OUTCOMES))


def ticks(top: int) -> list[int]:
    """The round numbers of a scale from nothing to `top` or a little more, five of them at most."""
    step, power = 1, 1
    while True:
        for factor in (1, 2, 5):
            step = factor * power
            if step * MOST_TICKS >= top:
                count = max(1, -(-top // step))
                return [step * number for number in range(count + 1)]
        power *= 10


def last_hours(session: Session, now: datetime, zone: ZoneInfo, locale: str = DEFAULT_LOCALE) -> Chart:
    """The last 24 hours, this one included."""
    last = now.replace(minute=0, second=0, microsecond=0)
    hours = [last - timedelta(hours=ago) for ago in range(HOURS - 1, -1, -1)]
    counted = _hourly_counts(session, hours[0])
    bars = [Bar(hour_label(hour.astimezone(zone), locale), *counted.get(hour, ())) for hour in hours]
    return Chart("hours", "The last 24 hours", tuple(bars))


def last_days(session: Session, now: datetime, zone: ZoneInfo, locale: str = DEFAULT_LOCALE) -> Chart:
    """The last 30 days in a zone, today included."""
    today = now.astimezone(zone).date()
    days = [today - timedelta(days=ago) for ago in range(DAYS - 1, -1, -1)]
    sums = {day: [0] * len(COLUMNS) for day in days}
    for hour, counts in _hourly_counts(session, now - timedelta(days=DAYS)).items():
        day = hour.astimezone(zone).date()
        if day in sums:
            sums[day] = [so_far + count for so_far, count in zip(sums[day], counts, strict=True)]
    bars = [Bar(month_day(day, locale), *sums[day]) for day in days]
    return Chart("days", "The last 30 days", tuple(bars))


def _hourly_counts(session: Session, since: datetime) -> dict[datetime, Sequence[int]]:
    sums = [func.sum(getattr(HourlyCount, name)) for name in COLUMNS]
    query = select(HourlyCount.hour, *sums).where(HourlyCount.hour >= since).group_by(HourlyCount.hour)
    return {hour: [int(count) for count in counts] for hour, *counts in session.execute(query)}
