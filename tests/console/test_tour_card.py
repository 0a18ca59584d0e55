"""The tour on the page of an event: its heading, what happens next, and what happened, the newest first."""

from datetime import UTC, datetime, timedelta

import pytest

from bridge.console.events.timeline import timeline
from bridge.console.events.tour_card import headline, next_step
from bridge.console.phones import readable_phone
from bridge.models import Status

NOW = datetime(2026, 11, 30, 15, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "action", "status", "text"),
    [
        ("Noor Haddad", "book", "parked", "Noor Haddad wants to book a tour"),
        ("Noor Haddad", "book", "written", "Noor Haddad booked a tour"),
        ("Noor Haddad", "reschedule", "submitted", "Noor Haddad wants to move a tour"),
        ("Noor Haddad", "cancel", "written", "Noor Haddad cancelled a tour"),
        ("Noor Haddad", "no_show", "ignored", "Noor Haddad did not come to a tour"),
        (None, "book", "parked", "A renter wants to book a tour"),
        (None, None, "received", "A message that is not read yet"),
        (None, "ignore", "ignored", "No tour"),
        ("Noor Haddad", "remember", "ignored", "Noor Haddad"),
    ],
)
def test_the_heading_says_what_the_renter_does(name: str, action: str, status: str, text: str) -> None:
    assert headline(name, action, status) == text


def test_each_status_says_what_happens_next() -> None:
    sentences = {status: next_step(status, "the PMS") for status in Status}
    assert sentences[Status.WRITTEN] == "Nothing: it is confirmed by the PMS."
    assert sentences[Status.SUBMITTED] == "The bridge checks until the PMS confirms it."
    assert next_step("waiting", "Entrata", "Nothing: it waits.") == "Nothing: it waits."
    assert next_step("parked", "Entrata", "Add an alias.") == "Nothing is sent until an operator decides."
    assert next_step("retrying", "Entrata") == "It continues automatically."
    assert not any("{" in sentence for sentence in sentences.values())


@pytest.mark.parametrize(
    ("e164", "text"),
    [
        ("+15125550142", "(512) 555-0142"),
        ("+442079460018", "+44 20 7946 0018"),
        ("extension 7", "extension 7"),
        (None, None),
    ],
)
def test_a_phone_is_written_as_in_its_country(e164: str, text: str) -> None:
    assert readable_phone(e164) == text


def test_the_history_has_writes_and_people_and_leaves_out_reads() -> None:
    at = [(NOW + timedelta(minutes=minutes)).isoformat() for minutes in range(4)]
    attempts = [
        {"kind": "find_lead", "outcome": "read", "started_at": at[0], "finished_at": at[0]},
        {"kind": "create", "outcome": "failed", "started_at": at[1], "finished_at": None},
        {"kind": "create", "outcome": "confirmed", "started_at": at[3], "finished_at": at[3]},
    ]
    history = [{"at": at[2], "what": "edited", "by": "ada", "changed": ["start"]}]
    found = timeline(NOW, "calendly", attempts, history, [], NOW - timedelta(seconds=1))
    assert [(moment.text, moment.tone) for moment in found] == [
        ("Booking confirmed by the PMS", "good"),
        ("Corrected by ada: start", "info"),
        ("Booking refused by the PMS", "bad"),
        ("Received from calendly", "info"),
        ("Happened at calendly", "info"),
    ]
