"""What is forgotten, when, and what stays so that nothing is booked twice."""

from datetime import timedelta

import pytest
from sqlalchemy import select, text

from bridge.models import Attempt, Booking, BookingReference, Event, KnownContact, Lead, Status
from bridge.privacy.retention import Retention
from bridge.settings import PrivacySettings

DAY = timedelta(days=1)
PERSON = ("maya", "Maya", "Okafor", "5550142", "2 BR")


@pytest.fixture
def retention(world):
    return Retention(world.database, PrivacySettings(body_days=30, row_days=90), world.clock)


def stored(world) -> str:
    """Everything in the tables, as text."""
    tables = (
        "events",
        "bookings",
        "booking_references",
        "attempts",
        "leads",
        "known_contacts",
        "lanes",
    )
    with world.database.session() as session:
        rows = [
            row for table in tables for row in session.execute(text(f"SELECT t.*, t::text FROM {table} t"))
        ]
    return "\n".join(str(row) for row in rows)


def named(world) -> list[str]:
    return [word for word in PERSON if word in stored(world)]


def later(world, days: float) -> None:
    world.clock.advance(days=days)


def test_nothing_is_due_while_it_is_young(world, retention):
    world.book()
    world.run()
    later(world, 29)
    assert not any(retention.report().values())
    assert not any(retention.run().values())
    assert set(named(world)) == set(PERSON)


def test_content_goes_first(world, retention):
    event_id = world.book(start="2026-12-03T10:30:00-06:00")
    world.run()
    later(world, 31)  # the tour is only 22 days ago
    assert retention.report() == {
        "events_removed": 0, "events_blanked": 1, "tours_removed": 0, "tours_blanked": 0, "people_forgotten": 0,
        "links_removed": 0,
        "answers_removed": 0,
    }  # fmt: skip
    assert retention.run()["events_blanked"] == 1
    event = world.event(event_id)
    assert (event.body, event.headers, event.query, event.answers, event.detail) == (b"", {}, {}, None, None)
    assert (event.status, event.reference, event.blanked_at) == (Status.WRITTEN, "B-1", world.clock())
    assert {(call.request, call.effect, call.detail) for call in world.attempts()} == {(None, None, None)}
    later(world, 10)
    assert retention.run()["tours_blanked"] == 1
    assert named(world) == []
    assert not any(retention.run().values())
    with world.database.session() as session:
        [booking] = session.scalars(select(Booking))
    assert (
        booking.details.keys() == {"property", "start", "duration_minutes", "kind"} & booking.details.keys()
    )
    assert booking.written["starts_at"] == "2026-12-03T16:30:00+00:00"
    assert booking.appointment_id


def test_then_the_rows_and_a_late_repetition_is_a_duplicate(world, retention):
    event_id = world.book()
    world.run()
    later(world, 120)
    counts = retention.run()
    assert (counts["events_removed"], counts["tours_removed"]) == (1, 1)
    with world.database.session() as session:
        for table in (Booking, BookingReference, Attempt):
            assert session.scalars(select(table)).all() == []
        [lead] = session.scalars(select(Lead))
    assert lead.lead_id
    assert lead.contact.startswith("contact:")
    assert named(world) == []
    event = world.event(event_id)
    assert (event.source, event.status, event.reference, event.lock) == ("widget", Status.WRITTEN, None, "")
    world._sent -= 1
    assert world.book() == event_id
    world.run()
    assert len(world.sandbox.active_appointments()) == 1
    assert not any(retention.run().values())


def test_a_tour_to_come_keeps_its_contact(world, retention):
    world.book(start="2027-06-03T10:30:00-05:00")
    world.run()
    later(world, 100)
    assert retention.run() == {
        "events_removed": 1, "events_blanked": 0, "tours_removed": 0, "tours_blanked": 0, "people_forgotten": 0,
        "links_removed": 0,
        "answers_removed": 0,
    }  # fmt: skip
    moved = world.reschedule(start="2027-06-04T10:30:00-05:00")
    world.run()
    assert world.status(moved) == (Status.WRITTEN, None)
    assert len(world.tours) == 1


def test_a_tour_that_is_booked_anew_after_it_was_blanked(world, retention):
    world.book(start="2026-11-25T10:30:00-06:00")
    world.run()
    later(world, 40)
    assert retention.run()["tours_blanked"] == 1
    moved = world.reschedule(start="2027-03-04T13:00:00-06:00")
    world.run()
    assert world.status(moved) == (Status.WRITTEN, None)


def test_what_waits_for_a_person_is_kept_with_its_tour(world, retention):
    parked = world.book(start="2026-11-23T10:30:00-06:00")
    world.run()
    assert world.status(parked) == (Status.PARKED, "start_passed")
    later(world, 400)
    assert not any(retention.run().values())
    assert set(named(world)) == set(PERSON)


def test_a_call_of_unknown_outcome_is_kept_while_its_tour_is_to_come(world, retention):
    event_id = world.book(start="2027-06-03T10:30:00-05:00")
    world.run()
    with world.database.session() as session:
        booking = session.scalars(select(Booking)).one()
        open_call = session.scalars(select(Attempt).where(Attempt.kind == "create")).one()
        booking.open_attempt_id = open_call.id
    later(world, 100)
    retention.run()
    assert world.event(event_id).removed_at
    assert [(call.id, bool(call.request)) for call in world.attempts()] == [(open_call.id, True)]
    later(world, 200)
    retention.run()
    assert world.attempts() == []


def test_people_are_kept_while_they_are_booked_for(world, retention):
    with world.database.session() as session:
        for name, days in (("P-1", 10), ("P-2", 100)):
            used = world.clock() - days * DAY
            session.add(
                KnownContact(
                    source="crm", contact_id=name, details={"email": {"value": "a@b.c"}}, used_at=used
                )
            )
    assert retention.run()["people_forgotten"] == 1
    with world.database.session() as session:
        assert session.scalars(select(KnownContact.contact_id)).all() == ["P-1"]


def test_many_are_taken_in_batches(world, retention, monkeypatch):
    monkeypatch.setattr("bridge.privacy.retention.BATCH", 2)
    for number in range(5):
        world.book(f"B-{number}", email=f"maya{number}@example.com")
    world.run()
    later(world, 31)
    assert retention.run()["events_blanked"] == 5
    later(world, 100)
    assert retention.run()["tours_removed"] == 5


def test_removed_events_are_not_listed(world, retention):
    from bridge.events.query import Selection, find_events

    world.book()
    world.run()
    later(world, 120)
    retention.run()
    with world.database.session() as session:
        assert find_events(session, world.settings, Selection(), 10).rows == []
        assert len(session.scalars(select(Event)).all()) == 1
