"""Events by the names that people and AI agents give them."""

import pytest

from bridge.mapping.booking import Action
from bridge.mapping.canonical import EVENTS, CanonicalPayload
from bridge.mapping.event_words import meaning
from bridge.mapping.paths import DecodedRequest

NAMES = {
    "book": ["tour.booked", "book_tour", "schedule_tour", "New Appointment", "New Booking", "Tour booked - Oakwood",
             "bookAppointment", "Booking created",
             "create_booking", "Appointment Confirmed", "make_reservation",
             "Tour scheduled for 3pm", "Tour Booked (Self-Guided)", "[Oakwood] Tour booked", "Tour booked: Maya Okafor",
             "reserve_tour", "Reservation made", "tour/booked"],
    "cancel": ["cancel_tour", "Canceled by guest", "Tour has been cancelled", "appointment.cancellation",
               "delete_appointment", "Booking deleted", "TOUR-CANCELLED", "tour cancelled by renter",
               "cancelAppointment"],
    "reschedule": ["reschedule_appointment", "move_tour", "Rescheduled by host", "booking.updated", "update_tour",
                   "re-schedule",
                   "Re-scheduled", "booking_rescheduled_by_attendee"],
    "request": ["request_tour", "New Tour Request", "tour.requested", "pending"],
    "no_show": ["no-show", "Tour no show", "missed", "noshow", "did not show"],
    "nothing": ["tour completed", "showed", "booking_reminder"],
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "expected"), [(name, meant) for meant, names in NAMES.items() for name in names]
)
def test_the_meaning_of_a_name(name: str, expected: str) -> None:
    assert meaning(name) == expected


@pytest.mark.parametrize(
    "name",
    [
        "contact.user.created",
        "ticket.created",
        "message",
        "not cancelled",
        "reschedule requested",
        "cancel request",
        "Tour booked - cancelled by guest",
        "Tour booked (did not show)",
        "booking_failed",
        "un-cancel",
        "in person",
        "session:set_email",
        "",
        None,
    ],
)
def test_a_name_that_asks_for_nothing_certain(name: str | None) -> None:
    assert meaning(name) is None


class Bot(CanonicalPayload):
    """Bot"""


TOUR = {"booking_id": "B-1", "email": "maya@example.com", "tour_start": "2026-12-03T10:30:00-06:00"}


@pytest.mark.parametrize(
    ("event", "more", "is_held"),
    [
        ("submitted", TOUR, True),
        ("not cancelled", {"booking_id": "B-1"}, True),
        ("booking.exploded", {}, True),
        ("submitted", {"booking_id": "B-1"}, False),
        ("page_view", {}, False),
    ],
)
def test_an_unknown_event_of_a_tour_is_held_and_others_are_ignored(
    event: str, more: dict[str, str], is_held: bool
) -> None:
    translation = Bot().translate(DecodedRequest({"event": event, **more}, {}))
    assert (translation.action is Action.IGNORE) == (not is_held)
    assert [error.expected for error in translation.errors] == [EVENTS] * is_held


def test_a_tool_of_an_agent_names_the_event() -> None:
    assert Bot().translate(DecodedRequest({"action": "book_tour", **TOUR}, {})).action is Action.BOOK
    assert (
        Bot().translate(DecodedRequest({"tool_name": "cancel_appointment", "booking_id": "B-1"}, {})).action
        is Action.CANCEL
    )
