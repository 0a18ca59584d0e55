"""The tours of some days, by the clock of their properties, the soonest first."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from bridge.console.actor import Actor
from bridge.console.dates import day_bounds, office_zone
from bridge.console.queries.bookings import BookingSummary, summaries
from bridge.console.queries.paging import check_choice
from bridge.errors import BridgeError
from bridge.events.query import configured
from bridge.models import Booking
from bridge.settings import Settings

MOST = 2_000
"""Tours that are read at one go."""
MOST_DAYS = 92
FARTHEST_ZONE = timedelta(hours=14)


class InvalidTourDaysError(BridgeError):
    """Write the days of the tours as 2026-12-31, the first before the last, at most three months apart."""

    code = "invalid_tour_days"


@dataclass(frozen=True)
class TourDays:
    """A span of days, both included."""

    first: date
    last: date

    @classmethod
    def named(cls, name: str, today: date) -> "TourDays | None":
        """Those of `today`, `tomorrow` and `week`, seen from a day; None: all. Raises UnknownChoiceError."""
        spans = {"today": (0, 0), "tomorrow": (1, 1), "week": (0, 6)}
        check_choice("day", name, spans)
        if not name:
            return None
        first, last = spans[name]
        return cls(today + timedelta(days=first), today + timedelta(days=last))

    @classmethod
    def between(cls, first: str, last: str) -> "TourDays":
        """Those from one day to another; one of the two is enough. Raises InvalidTourDaysError."""
        try:
            begins, ends = date.fromisoformat(first or last), date.fromisoformat(last or first)
        except ValueError as error:
            raise InvalidTourDaysError from error
        if not timedelta(0) <= ends - begins <= timedelta(days=MOST_DAYS) or not 1 < begins.year < 9999:  # noqa: PLR2004 - what a date can be
            raise InvalidTourDaysError
        return cls(begins, ends)


def tours_on(
    session: Session, settings: Settings, actor: Actor, days: TourDays, property_name: str | None = None
) -> list[BookingSummary]:
    """The tours of these days, the soonest first. Raises UnknownPropertyError."""
    key = configured(session, settings, property_name).key if property_name else None
    zone = office_zone(settings)
    begins, ends = day_bounds(days.first, days.last, zone)
    start: ColumnElement[datetime] = func.tour_start(Booking.__table__.c.details)
    query = (
        select(Booking)
        .where(
            Booking.merged_into.is_(None),
            start >= begins - FARTHEST_ZONE,
            start < ends + FARTHEST_ZONE,
        )
        .order_by(start, Booking.id)
        .limit(MOST)
    )
    rows = summaries(session, settings, actor, list(session.scalars(query)))
    of_days = [
        row
        for row in rows
        if row.tour_at and days.first <= row.tour_at.date() <= days.last and key in (None, row.property)
    ]
    return sorted(of_days, key=lambda row: (_instant(row.tour_at), row.id))


def _instant(start: datetime | None) -> datetime:
    """Wall time of an unknown zone counts as UTC."""
    assert start is not None  # it has a day
    return start.replace(tzinfo=start.tzinfo or UTC).astimezone(UTC)
