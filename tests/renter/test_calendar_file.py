"""The calendar file of a tour, read by a parser of others (`ical`, which refuses what RFC 5545 does not allow)."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from ical.calendar_stream import IcsCalendarStream

from bridge.renter.calendar_file import calendar_file
from bridge.renter.tour import RenterTour
from bridge.settings import parse

NOW = datetime(2026, 11, 24, 16, tzinfo=UTC)
ODD = "410 Oakwood, Unit 3; \\ back\nBEGIN:VALARM, and many more words so that the line has to be folded: café, 東京"


def tour(address: str, **changes: object) -> RenterTour:
    place = {
        "integration_id": "i", "property_id": "p", "pms": "RESMAN", "time_zone": "America/Chicago",
        "name": "Oakwood Flats", "address": address,
    }  # fmt: skip
    settings = parse({"propexo": {"token": "t"}, "properties": {"oakwood": place}}, {})
    known = {
        "place": settings.properties["oakwood"],
        "booking_id": 1,
        "start": datetime(2026, 12, 4, 15, tzinfo=ZoneInfo("America/Chicago")),
        "length": timedelta(minutes=45),
        "kind": "in_person",
        "first_name": "Maya",
        "is_cancelled": False,
        "is_confirmed": True,
        "needs_attention": False,
        "changes": 0,
    }
    return RenterTour(**{**known, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize("address", ["410 Oakwood Avenue", ODD])
def test_another_parser_reads_the_same(address: str) -> None:
    raw = calendar_file(
        tour(address), "tour-1", "https://bridge.example.com/tour/x", "Tour of Oakwood Flats", NOW
    )
    calendar = IcsCalendarStream.calendar_from_ics(raw.decode() if isinstance(raw, bytes) else raw)
    (event,) = calendar.events
    assert event.dtstart == datetime(2026, 12, 4, 21, tzinfo=UTC)
    assert event.end == datetime(2026, 12, 4, 21, 45, tzinfo=UTC)
    assert (event.summary, event.location, event.sequence) == ("Tour of Oakwood Flats", address, 0)
    assert event.status.value == "CONFIRMED"
    assert not event.attendees
    assert not event.alarm


def test_another_parser_sees_the_change_and_the_end() -> None:
    before, moved, cancelled = (
        IcsCalendarStream.calendar_from_ics(_text(tour("410 Oakwood", **changes))).events[0]
        for changes in ({}, {"changes": 1, "is_confirmed": False}, {"changes": 2, "is_cancelled": True})
    )
    assert before.uid == moved.uid == cancelled.uid
    assert [before.sequence, moved.sequence, cancelled.sequence] == [0, 1, 2]
    assert [one.status.value for one in (before, moved, cancelled)] == ["CONFIRMED", "TENTATIVE", "CANCELLED"]


def _text(known: RenterTour) -> str:
    raw = calendar_file(known, "tour-1", "https://bridge.example.com/tour/x", "Tour of Oakwood Flats", NOW)
    return raw.decode() if isinstance(raw, bytes) else raw
