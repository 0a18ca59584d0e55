"""A status is said with its action and the PMS."""

import pytest

from bridge.console.status_words import action_words, booking_status, event_status
from bridge.mapping.booking import Action
from bridge.models import BookingState, Status


@pytest.mark.parametrize(
    ("status", "action", "reason", "in_pms", "text", "tone"),
    [
        ("written", "book", None, "booked", "Booked in Entrata", "written"),
        ("written", "reschedule", None, "booked", "Moved in Entrata", "written"),
        ("written", "cancel", None, "cancelled", "Cancelled in Entrata", "cancelled"),
        ("written", "book", None, "cancelled", "Booked in Entrata, cancelled since", "cancelled"),
        ("written", "cancel", None, "booked", "Cancelled in Entrata, booked again since", "cancelled"),
        ("written", "book", "lead_only", "unwritten", "Lead in Entrata, no tour booked", "written"),
        ("written", None, None, None, "Written to Entrata", "written"),
        ("submitted", "book", None, None, "Sent, waiting for Entrata", "submitted"),
        ("parked", "book", "unknown_property", None, "Not in Entrata", "parked"),
        ("parked", "reschedule", "pms_refused", "booked", "Not moved in Entrata", "parked"),
        ("parked", "cancel", "pms_refused", "booked", "Not cancelled in Entrata", "parked"),
        ("parked", None, "unmappable", None, "Not in Entrata", "parked"),
        ("ignored", "book", "shadow", None, "Shadow mode, not sent", "ignored"),
        ("ignored", "cancel", "nothing_to_cancel", None, "Nothing to do", "ignored"),
    ],
)
def test_an_event(status, action, reason, in_pms, text, tone):
    words = event_status(status, action, reason, "Entrata", in_pms=in_pms)
    assert (words.text, words.tone) == (text, tone)


@pytest.mark.parametrize(
    ("state", "in_pms", "text", "tone"),
    [
        ("booked", "booked", "Booked in Entrata", "written"),
        ("cancelled", "cancelled", "Cancelled in Entrata", "cancelled"),
        ("cancelled", "booked", "Booked in Entrata, to be cancelled", "waiting"),
        ("booked", "cancelled", "Cancelled in Entrata, to be booked again", "waiting"),
        ("cancelled", "unwritten", "Cancelled before it was in Entrata", "cancelled"),
        ("booked", "unwritten", "Not in Entrata", "waiting"),
    ],
)
def test_a_tour(state, in_pms, text, tone):
    words = booking_status(state, in_pms, "Entrata")
    assert (words.text, words.tone) == (text, tone)


def test_no_combination_fails_and_no_cancelled_tour_is_green():
    for status in Status:
        for action in (None, *Action):
            for in_pms in (None, *BookingState):
                words = event_status(status, action, None, "Entrata", in_pms=in_pms)
                assert words.text
                assert action_words(action)
                gone = status is Status.WRITTEN and (
                    action is Action.CANCEL or in_pms is BookingState.CANCELLED
                )
                assert (words.tone == "written") == (status is Status.WRITTEN and not gone)
