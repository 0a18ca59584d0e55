"""A person is removed from all that is stored, wherever and however they were named."""

from datetime import datetime, timedelta

import pytest
from psycopg.errors import DivisionByZero
from sqlalchemy import select, text

from bridge import queue
from bridge.models import Booking, Erasure, Event, KnownContact, Lead, Status
from bridge.privacy.erasure import (
    InvalidAddressError,
    Person,
    StillOpenError,
    blockers,
    counts_of,
    erase_person,
    find,
)

TABLES = (
    "events",
    "bookings",
    "booking_references",
    "attempts",
    "leads",
    "known_contacts",
    "lanes",
)
MAYA = Person(email="maya@example.com")
AFTER = timedelta(days=12)
"""When the usual tour is over."""


def stored(world) -> str:
    with world.database.session() as session:
        return "\n".join(
            str(row)
            for table in TABLES
            for row in session.execute(text(f"SELECT t.*, t::text FROM {table} t"))
        )


def erase(world, person=MAYA, *, force=False):
    with world.database.session() as session:
        return erase_person(session, person, world.clock(), force=force)


@pytest.fixture
def reported(world):
    """Maya's tour and Noah's, both over."""
    events = [world.book(), world.book("B-2", email="noah@example.com", start="2026-12-03T11:30:00-06:00")]
    world.run()
    world.clock.advance(days=12)
    return events


class TestAPerson:
    @pytest.mark.parametrize("email", ["Maya@Example.com", " maya@EXAMPLE.COM "])
    def test_an_address_is_read_as_mappings_read_it(self, email):
        assert Person.of(email, None, "US") == MAYA

    @pytest.mark.parametrize("phone", ["+1 512 555 0142", "(512) 555-0142", "512.555.0142", "1-512-555-0142"])
    def test_a_phone_number_in_any_spelling(self, phone):
        assert Person.of(None, phone, "US") == Person(phone="+15125550142")

    @pytest.mark.parametrize(
        ("email", "phone"), [("maya@", None), (None, "555-0142"), (None, "maya"), (None, "")]
    )
    def test_other_texts_are_refused(self, email, phone):
        with pytest.raises(InvalidAddressError):
            Person.of(email, phone, "US")

    @pytest.mark.parametrize(
        "words",
        [
            "maya@example.com",
            '"MAYA@example.com"',
            "<maya@example.com>,",
            "mailto:maya@example.com.",
            "x maya@example.com",
        ],
    )
    def test_an_address_is_found_in_words(self, words):
        assert MAYA.is_in(words)

    @pytest.mark.parametrize(
        "words", ["xmaya@example.com", "o.maya@example.com", "maya@example.com.au", "maya@example.community"]
    )
    def test_a_longer_address_is_another_one(self, words):
        assert not MAYA.is_in(words)

    @pytest.mark.parametrize(
        "words",
        [
            "+15125550142",
            '"5125550142"',
            "(512) 555-0142",
            "512.555.0142",
            "+1 (512) 555 - 0142",
            "0015125550142",
            "call 512 555 0142.",
        ],
    )
    def test_a_number_is_found_in_any_spelling(self, words):
        assert Person(phone="+15125550142").is_in(words)

    @pytest.mark.parametrize("words", ["95125550142", "51255501423", "512, 5550143", '"512", "555", "0142"'])
    def test_other_digits_are_not_the_number(self, words):
        assert not Person(phone="+15125550142").is_in(words)


def test_everything_of_the_person_goes_and_nothing_of_another(world, reported):
    assert "Okafor" in stored(world)
    receipt = erase(world)
    assert (receipt.contact, receipt.forced) == (MAYA.key, False)
    assert receipt.counts["events"] == receipt.counts["tours"] == receipt.counts["leads"] == 1
    assert "maya@example.com" not in stored(world)
    assert "noah@example.com" in stored(world)
    with world.database.session() as session:
        assert session.scalars(select(Erasure)).one().contact == MAYA.key
        events = {event.id: event.removed_at for event in session.scalars(select(Event))}
        [lead] = session.scalars(select(Lead))
    assert events == {reported[0]: world.clock(), reported[1]: None}
    assert lead.lead_id
    assert erase(world) is None


def test_before_anything_is_erased_it_is_reported_what(world, reported):
    before = stored(world)
    with world.database.session() as session:
        traces = find(session, MAYA)
        counts = counts_of(session, traces)
        assert blockers(session, traces, world.clock()) == []
    assert (counts.events, counts.tours, counts.leads) == (1, 1, 1)
    assert counts.calls > 3
    assert stored(world) == before
    assert erase(world).counts["calls"] == counts.calls


def test_a_repeated_delivery_is_a_duplicate_and_a_repeated_booking_is_not_made_again(world, reported):
    erase(world)
    world._sent = 0
    assert world.book() == reported[0]
    world._sent = 10
    again = world.book()
    world.run()
    assert world.event(again).status in (Status.IGNORED, Status.PARKED)
    assert len(world.tours) == 2


def test_events_of_the_tour_that_name_nobody_go_too(world):
    ids = [
        world.book(),
        world.send("rescheduled", tour={"start": "2026-12-04T13:00:00-06:00", "notes": "2 BR Okafor"}),
    ]
    world.run()
    world.clock.advance(days=12)
    assert erase(world).counts["events"] == 2
    assert all(world.event(event_id).removed_at for event_id in ids)
    assert "Okafor" not in stored(world)


def test_by_phone_in_bodies_of_other_senders(world, reported):
    spelled = world.send(
        "booked", "B-7", source="other", prospect={"phone": "(512) 555-0142"}, tour={"start": "soon"}
    )
    world.run()
    assert world.status(spelled)[0] == Status.PARKED
    with world.database.session() as session:
        traces = find(session, Person(phone="+15125550142"))
    assert traces.events == {*reported, spelled}


def test_a_person_whom_only_a_sender_knows(world):
    details = {"email": {"value": "maya@example.com", "at": "2026-11-24T15:00:00+00:00", "rank": 0}}
    with world.database.session() as session:
        session.add(KnownContact(source="crm", contact_id="P-1", details=details, used_at=world.clock()))
    assert erase(world).counts["known_contacts"] == 1
    assert "maya" not in stored(world)


class TestWhatIsStillOpen:
    def test_a_tour_to_come_is_not_erased(self, world):
        world.book()
        world.run()
        before = stored(world)
        with pytest.raises(
            StillOpenError, match=r"Tour TB-\w+ at oakwood is still to come.*is in the PMS"
        ) as refusal:
            erase(world)
        assert "--force" in refusal.value.message
        assert stored(world) == before

    def test_unless_it_is_forced_and_a_late_cancel_still_reaches_it(self, world):
        world.book()
        world.run()
        assert erase(world, force=True).forced
        assert "maya@example.com" not in stored(world)
        assert "Okafor" not in stored(world)
        assert len(world.tours) == 1
        cancelled = world.cancel()
        world.run()
        assert world.status(cancelled) == (Status.WRITTEN, None)
        assert world.tours == []

    def test_an_event_on_its_way_is_not_erased(self, world):
        event_id = world.book()
        with pytest.raises(StillOpenError, match=f"Event {event_id} is received"):
            erase(world)

    def test_unless_it_is_forced_and_then_it_does_not_run(self, world):
        event_id = world.book()
        erase(world, force=True)
        world.run()
        assert world.status(event_id) == (Status.DISMISSED, None)
        assert world.tours == []
        assert "contact:" not in stored(world)

    def test_a_parked_event_is_dismissed_first(self, world):
        world.book(start="2026-11-23T10:30:00-06:00")
        world.run()
        with pytest.raises(StillOpenError, match="is parked: dismiss it first"):
            erase(world)

    def test_what_is_just_being_written_is_never_erased(self, world):
        event_id = world.book()
        world.run(until=world.clock() + timedelta(seconds=1))
        assert world.status(event_id)[0] == Status.SUBMITTED
        with pytest.raises(StillOpenError, match="just being written"):
            erase(world, force=True)

    def test_what_runs_is_never_erased(self, world):
        world.book()
        claim(world)
        with pytest.raises(StillOpenError, match="just being written"):
            erase(world, force=True)

    def test_a_lease_that_has_ended_does_not_keep_it(self, world):
        event_id = world.book()
        [late] = claim(world)
        world.clock.advance(minutes=3)
        world.set_database_clock()
        erase(world, force=True)
        with pytest.raises(DivisionByZero), world.database.engine.connect() as connection:
            queue.commit(connection, [], [queue.Release(late.lane, late.lease, None)], [])
        assert world.status(event_id)[0] == Status.DISMISSED
        assert "contact:" not in stored(world)

    def test_others_in_its_lane_go_on(self, world):
        names_both = world.book(email="noah@example.com", notes="Call maya@example.com")
        other = world.book("B-2", email="noah@example.com")
        [late] = claim(world)
        world.clock.advance(minutes=3)
        world.set_database_clock()
        erase(world, force=True)
        with world.database.autocommit.connect() as connection:
            assert queue.renew(connection, [late]) == 0
        world.run()
        assert world.status(names_both)[0] == Status.DISMISSED
        assert world.status(other)[0] == Status.WRITTEN
        assert len(world.tours) == 1


def claim(world):
    with world.database.autocommit.connect() as connection:
        return queue.claim(connection, unread=9, read=0)


def test_a_tour_keeps_what_shows_that_it_is_made(world, reported):
    erase(world)
    with world.database.session() as session:
        booking = session.scalars(select(Booking).order_by(Booking.id)).first()
    assert booking.appointment_id
    assert booking.lead_id is None
    assert datetime.fromisoformat(booking.written["starts_at"]) < world.clock()
