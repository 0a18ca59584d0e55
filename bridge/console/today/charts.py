"""Bars of received against written, drawn by the server as SVG; what they show stands in a table as well."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bridge.models import Tally

WIDTH, HEIGHT, BASE = 720, 160, 138
"""Of the drawing, and where its bars stand, in units of the drawing."""
HOURS, DAYS = 24, 30


@dataclass(frozen=True)
class Bar:
    """One hour or one day."""

    label: str
    received: int
    written: int


@dataclass(frozen=True)
class Drawn:
    """A bar as it is drawn."""

    bar: Bar
    x: float
    width: float
    received_height: float
    written_height: float
    shows_label: bool


@dataclass(frozen=True)
class Chart:
    """Some bars with what they are about."""

    name: str
    title: str
    bars: tuple[Bar, ...]

    @property
    def top(self) -> int:
        """What the highest bar stands for."""
        return max((max(bar.received, bar.written) for bar in self.bars), default=0)

    @property
    def drawn(self) -> list[Drawn]:
        step = WIDTH / max(1, len(self.bars))
        scale = (BASE - 12) / max(1, self.top)
        every = max(1, len(self.bars) // 6)
        return [
            Drawn(
                bar, round(place * step, 1), round(step * 0.38, 1), round(bar.received * scale, 1),
                round(bar.written * scale, 1), place % every == 0,
            )
            for place, bar in enumerate(self.bars)
        ]  # fmt: skip

    @property
    def words(self) -> str:
        """What it shows, for who does not see it."""
        received, written = (sum(getattr(bar, name) for bar in self.bars) for name in ("received", "written"))
        return f"{received} received and {written} booked, moved or cancelled in the PMS."


def last_hours(session: Session, now: datetime, zone: ZoneInfo) -> Chart:
    """The last 24 hours, this one included."""
    last = now.replace(minute=0, second=0, microsecond=0)
    hours = [last - timedelta(hours=ago) for ago in range(HOURS - 1, -1, -1)]
    counted = _tallies(session, hours[0])
    bars = [Bar(f"{hour.astimezone(zone):%-I %p}", *counted.get(hour, (0, 0))) for hour in hours]
    return Chart("hours", "The last 24 hours", tuple(bars))


def last_days(session: Session, now: datetime, zone: ZoneInfo) -> Chart:
    """The last 30 days in a zone, today included."""
    today = now.astimezone(zone).date()
    days = [today - timedelta(days=ago) for ago in range(DAYS - 1, -1, -1)]
    sums = dict.fromkeys(days, (0, 0))
    for hour, (received, written) in _tallies(session, now - timedelta(days=DAYS)).items():
        day = hour.astimezone(zone).date()
        if day in sums:
            sums[day] = (sums[day][0] + received, sums[day][1] + written)
    return Chart("days", "The last 30 days", tuple(Bar(f"{day:%b %-d}", *sums[day]) for day in days))


def _tallies(session: Session, since: datetime) -> dict[datetime, tuple[int, int]]:
    query = select(Tally.hour, func.sum(Tally.received), func.sum(Tally.written)).where(Tally.hour >= since)
    rows: Sequence[tuple[datetime, int, int]] = [
        (hour, int(received), int(written))
        for hour, received, written in session.execute(query.group_by(Tally.hour))
    ]
    return {hour: (received, written) for hour, received, written in rows}
