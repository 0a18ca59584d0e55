"""How people spell the bridge's own body: right, or held, never another tour."""

from datetime import UTC, datetime
from typing import Any

import pytest

from bridge.mapping.booking import BookingRequest
from bridge.mapping.canonical import CanonicalPayload
from bridge.mapping.paths import DecodedRequest

INSTANT = datetime(2026, 12, 3, 16, 30, tzinfo=UTC)
WALL = datetime(2026, 12, 3, 14, 30)  # noqa: DTZ001 - wall time has no zone
RENTER = {"event": "tour.booked", "booking_id": "T-1", "email": "maya@example.com"}


def booked(**fields: Any) -> BookingRequest:
    booking = CanonicalPayload().translate(DecodedRequest({**RENTER, **fields}, {})).booking
    assert booking
    return booking


@pytest.mark.parametrize("half", ["tour_ampm", "ampm", "AMPM"])
def test_the_half_of_the_day_in_a_field_of_its_own(half: str) -> None:
    booking = booked(tour_date="2026-12-03", tour_time="2:30", **{half: "PM"})
    assert (booking.starts_at, booking.starts_at_local) == (None, WALL)


def test_the_half_of_the_day_inside_the_start() -> None:
    assert booked(tour={"date": "2026-12-03", "time": "2:30", "ampm": "pm"}).starts_at_local == WALL


@pytest.mark.parametrize(
    "start",
    [
        {"_seconds": 1796315400, "_nanoseconds": 0},
        {"seconds": "1796315400"},
        {"value": "2026-12-03T16:30:00Z"},
    ],
)
def test_a_start_in_an_object_of_a_store(start: dict[str, Any]) -> None:
    assert booked(tour_start=start).starts_at == INSTANT


def test_the_caller_of_an_agent_is_the_renter() -> None:
    contact = booked(caller_name="King Lee", tour_start="2026-12-03T16:30:00Z").contact
    assert (contact.first_name, contact.last_name) == ("King", "Lee")


@pytest.mark.parametrize(
    ("slot", "minutes"), [("14:30-15:00", 30), ("2:30 PM to 3:15 PM", 45), ("between 2:30 and 3:00 pm", 30)]
)
def test_a_slot_is_a_start_and_a_length(slot: str, minutes: int) -> None:
    booking = booked(tour_date="2026-12-03", tour_time=slot)
    assert (booking.starts_at_local, booking.duration_minutes) == (WALL, minutes)


@pytest.mark.parametrize("slot", ["Morning", "9am-5pm", "Afternoon (12-5)", "slot_3"])
def test_a_part_of_the_day_is_held(slot: str) -> None:
    payload = {**RENTER, "tour_date": "2026-12-03", "tour_time": slot}
    errors = CanonicalPayload().translate(DecodedRequest(payload, {})).errors
    assert "starts_at_local" in {error.field for error in errors}
