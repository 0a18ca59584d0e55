"""Tours as a table for spreadsheets, and as a calendar."""

import csv
import io
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from bridge.console.queries.bookings import BookingSummary
from bridge.models import BookingState

if TYPE_CHECKING:
    from icalendar import Event

PRODUCT = "-//Propexo bridge//Tours//EN"
COLUMNS = (
    "Start", "Time zone", "Property", "Renter", "Phone", "Kind", "Unit", "Agent", "Status", "Reference", "Source",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
USUAL_LENGTH = timedelta(minutes=30)


def tours_as_csv(rows: Sequence[BookingSummary]) -> str:
    """One line for each tour. No cell begins as a formula does: a sender chose its text."""
    written = io.StringIO()
    table = csv.writer(written)
    table.writerow(COLUMNS)
    for row in rows:
        start = row.tour_at
        cells = (
            start.strftime("%Y-%m-%d %H:%M") if start else "", (start.tzname() if start else None) or "",
            row.property_name, row.renter, row.phone, row.kind, row.unit, row.agent, row.status_words.text, row.code,
            row.source,
        )  # fmt: skip
        table.writerow([_harmless(str(cell or "")) for cell in cells])
    return written.getvalue()


def tours_as_calendar(rows: Sequence[BookingSummary], name: str, now: datetime) -> bytes:
    """The tours of a property for a calendar that subscribes (RFC 5545), with as little of the renter as can be.

    All times are in UTC: a zone without its rules is an hour off in Outlook.
    """
    from icalendar import Calendar  # noqa: PLC0415 - 3 MB that most web processes never need

    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", name)
    calendar.add("refresh-interval", timedelta(minutes=15), parameters={"VALUE": "DURATION"})
    for row in rows:
        if row.tour_at is not None and row.tour_at.tzinfo is not None:
            calendar.add_component(_event(row, row.tour_at, now))
    written: bytes = calendar.to_ical()
    return written


def short_name(renter: str | None) -> str:
    """The first name and a letter: `Maya O.`; a renter of whom only an address is known has none."""
    words = (renter or "").split()
    if not words or "@" in words[0] or words[0][0] in "+0123456789":
        return "A renter"
    return " ".join([words[0], *(f"{word[0]}." for word in words[-1:] if len(words) > 1)])


def _event(row: BookingSummary, start: datetime, now: datetime) -> "Event":
    from icalendar import Event  # noqa: PLC0415 - as above

    event = Event()
    event.add("uid", f"booking-{row.id}@propexo-bridge")
    event.add("dtstamp", now.astimezone(UTC).replace(microsecond=0))
    event.add("dtstart", start.astimezone(UTC))
    event.add("dtend", start.astimezone(UTC) + (row.length or USUAL_LENGTH))
    event.add("summary", f"{row.kind or 'Tour'}: {short_name(row.renter)}")
    if row.property_name:
        event.add("location", row.property_name)
    event.add("description", f"{row.status_words.text}. Ref {row.code}")
    is_booked = row.written_state == BookingState.BOOKED
    cancelled = BookingState.CANCELLED in (row.state, row.written_state)
    event.add("status", "CANCELLED" if cancelled else "CONFIRMED" if is_booked else "TENTATIVE")
    return event


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text
