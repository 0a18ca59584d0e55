"""The tours of some days: which they are, as a table for spreadsheets, and as a calendar that others read."""

import csv
import re
from datetime import date, timedelta
from typing import Any

import pytest
from icalendar import Calendar

from bridge.console.bookings.exports import short_name
from bridge.console.queries.tour_days import InvalidTourDaysError, TourDays
from bridge.models import Role

TODAY = date(2026, 11, 24)


def test_days_by_name_and_by_date() -> None:
    assert TourDays.named("today", TODAY) == TourDays(TODAY, TODAY)
    assert TourDays.named("tomorrow", TODAY) == TourDays(date(2026, 11, 25), date(2026, 11, 25))
    assert TourDays.named("week", TODAY) == TourDays(TODAY, date(2026, 11, 30))
    assert TourDays.named("", TODAY) is None
    assert TourDays.between("2026-12-03", "") == TourDays(date(2026, 12, 3), date(2026, 12, 3))


@pytest.mark.parametrize(
    ("first", "last"),
    [("soon", ""), ("2026-12-03", "2026-12-01"), ("2026-01-01", "2026-12-31"), ("0001-01-01", "0001-01-02")],
)
def test_days_that_are_none(first: str, last: str) -> None:
    with pytest.raises(InvalidTourDaysError):
        TourDays.between(first, last)


@pytest.mark.parametrize(
    ("renter", "text"),
    [
        ("Maya Okafor", "Maya O."),
        ("Ana Maria de la Cruz", "Ana C."),
        ("Maya", "Maya"),
        ("maya@example.com", "A renter"),
        ("+15125550142", "A renter"),
        (None, "A renter"),
    ],
)
def test_a_calendar_shows_little_of_a_renter(renter: str, text: str) -> None:
    assert short_name(renter) == text


@pytest.fixture
def toured(world: Any) -> Any:
    """Two tours of tomorrow at Oakwood, the later one first; one elsewhere, one late in the evening of today."""
    world.book("B-1", start="2026-11-25T14:00:00-06:00", email="b1@example.com")
    world.book("B-2", start="2026-11-25T09:30:00-06:00", email="b2@example.com")
    world.book("B-3", start="2026-11-25T11:00:00-06:00", email="b3@example.com", property="elm")
    world.book("B-4", start="2026-11-24T21:00:00-06:00", email="b4@example.com")
    world.run()
    return world


def test_tomorrow_at_a_property(toured: Any, signed_in: Any) -> None:
    operator = signed_in(Role.OPERATOR)
    page = operator.get("/console/bookings?day=tomorrow&property=oakwood").text
    assert "Tours on Wednesday, November 25" in page
    assert re.findall(r"Nov 25, (\d+:\d+ [AP]M) CST", page) == ["9:30 AM", "2:00 PM"]
    table = operator.get("/console/bookings/tours.csv?day=tomorrow&property=oakwood")
    assert table.headers["Content-Disposition"] == 'attachment; filename="tours-2026-11-25.csv"'
    rows = list(csv.DictReader(table.text.splitlines()))
    assert [(row["Start"], row["Time zone"], row["Renter"], row["Phone"]) for row in rows] == [
        ("2026-11-25 09:30", "CST", "Maya Okafor", "(512) 555-0142"),
        ("2026-11-25 14:00", "CST", "Maya Okafor", "(512) 555-0142"),
    ]
    assert {row["Status"] for row in rows} == {"Booked in Rent Manager"}
    assert "Maya" not in signed_in(Role.VIEWER).get("/console/bookings/tours.csv?day=tomorrow").text
    assert "No tours on this day" in operator.get("/console/bookings?from=2026-11-29").text
    assert "Write the days of the tours as" in operator.get("/console/bookings?from=soon").text
    for query in ("", "?from=soon", "?day=tomorrow&property=nowhere"):
        assert operator.get(f"/console/bookings/tours.csv{query}").status_code == 422


def test_a_calendar_feed_is_shown_once_and_ends_when_it_is_revoked(toured: Any, signed_in: Any) -> None:
    operator, stranger = signed_in(Role.OPERATOR), toured.client
    made = operator.post("/console/bookings/feeds", {"property": "oakwood"})
    [address] = re.findall(r"http://localhost(/calendar/[^<]+\.ics)", made.text)
    assert address not in operator.get("/console/bookings").text
    answer = stranger.get(address)
    assert answer.headers["Content-Type"].startswith("text/calendar")
    events = Calendar.from_ical(answer.text).walk("VEVENT")
    assert [(str(event["SUMMARY"]), event["DTSTART"].dt.hour) for event in events] == [
        ("Tour: Maya O.", 3), ("Tour: Maya O.", 15), ("Tour: Maya O.", 20),
    ]  # fmt: skip
    assert {str(event["STATUS"]) for event in events} == {"CONFIRMED"}
    assert events[0]["DTEND"].dt - events[0]["DTSTART"].dt == timedelta(minutes=30)
    for secret in ("Okafor", "5125550142", "555-0142", "example.com"):
        assert secret not in answer.text
    assert stranger.get("/calendar/guessed.ics").status_code == 404
    assert operator.post("/console/bookings/feeds/1/revoke").status_code == 303
    assert stranger.get(address).status_code == 404
    assert operator.post("/console/bookings/feeds/1/revoke").status_code == 404
    assert signed_in(Role.VIEWER).post("/console/bookings/feeds", {"property": ""}).status_code == 403
