"""Events of one booking in any order end in the same state of the PMS."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

TABLES = "attempts, events, booking_references, bookings, leads, integrations, budget, sweeps, notices, lanes"

BOOK, MOVE, MOVE_AGAIN, CANCEL = "book", "move", "move again", "cancel"


def send(world, what, began):
    """A sender that gives a new id on every reschedule and links the old one, as Calendly and Cal.com do."""
    match what:
        case "book":
            return world.book("A", at=began)
        case "move":
            return world.book_moved("B", "A", "2026-12-04T13:00:00-06:00", began + timedelta(minutes=1))
        case "move again":
            return world.book_moved("C", "B", "2026-12-05T09:00:00-06:00", began + timedelta(minutes=2))
        case "cancel":
            return world.cancel("C", at=began + timedelta(minutes=3))


@settings(
    max_examples=4,  # test_properties.py plays hundreds
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    order=st.permutations([BOOK, MOVE, MOVE_AGAIN, CANCEL]),
    cancelled=st.booleans(),
    pauses=st.lists(st.booleans(), min_size=4, max_size=4),
)
def test_any_order_ends_in_the_same_state(world, order, cancelled, pauses):
    clean(world)
    began = world.clock()
    sent = [what for what in order if cancelled or what != CANCEL]
    for what, pause in zip(sent, pauses, strict=False):
        send(world, what, began)
        if pause:
            world.run(until=world.clock() + timedelta(seconds=30))
    world.run()
    assert [event.status for event in world.events() if event.status not in ("written", "ignored")] == []
    expected = [] if cancelled else [("2026-12-05", "09:00:00")]
    assert [(tour.appointment_date, tour.appointment_time) for tour in world.tours] == expected
    assert len(world.sandbox.leads) <= 1


def clean(world):
    world.sandbox.reset()
    world.sandbox.add_integration("cintegration", "RENTMANAGER")
    world.sandbox.add_property("cintegration", "cproperty", "Oakwood Flats")
    with world.database.session() as session:
        session.execute(text(f"TRUNCATE {TABLES} CASCADE"))


@pytest.mark.parametrize("order", [[BOOK, MOVE], [MOVE, BOOK]])
def test_a_reschedule_pair_in_both_orders_makes_one_appointment(world, order):
    for what in order:
        send(world, what, world.clock())
    world.run()
    assert [tour.appointment_date for tour in world.tours] == ["2026-12-04"]
    assert len(world.sandbox.appointments) == 1


def test_an_older_event_does_not_overwrite_a_newer_one(world, clock):
    world.book()
    world.run()
    newer = world.reschedule(at=clock() + timedelta(hours=1))
    world.run()
    older = world.reschedule(start="2026-12-24T10:00:00-06:00", at=clock() - timedelta(hours=1))
    world.run()
    assert world.status(newer) == ("written", None)
    assert world.status(older) == ("ignored", "superseded")
    assert [tour.appointment_date for tour in world.tours] == ["2026-12-04"]


def test_a_cancel_for_an_unknown_booking_is_remembered(world, clock):
    cancelled = world.cancel(at=clock() + timedelta(minutes=5))
    world.run()
    assert world.status(cancelled) == ("ignored", "nothing_to_cancel")
    late = world.book(at=clock() - timedelta(minutes=5))
    world.run()
    assert world.status(late) == ("ignored", "superseded")
    assert world.sandbox.appointments == []


def test_a_reschedule_that_names_nobody_waits_for_its_booking(world, clock):
    began = clock()
    moved = world.reschedule(at=began + timedelta(minutes=1))
    world.run(until=began + timedelta(seconds=20))
    assert world.status(moved) == ("waiting", "unknown_booking")
    booked = world.book(at=began)
    world.run()
    assert world.status(moved)[0] in ("written", "ignored")
    assert world.status(booked) in (("written", None), ("ignored", "superseded"))  # whichever ran first
    assert [tour.appointment_date for tour in world.tours] == ["2026-12-04"]
    assert len(world.calls("POST", "/v1/events/appointments/leads")) == 1


def test_a_reschedule_whose_booking_never_comes_is_parked(world):
    moved = world.reschedule()
    world.run()
    assert world.status(moved) == ("parked", "unknown_booking")
    assert '"B-1"' in world.event(moved).detail


def test_a_reschedule_and_a_cancel_wait_for_a_create_that_is_still_running(world, clock):
    world.sandbox.write_seconds = 60
    world.book()
    world.run_due()
    moved = world.reschedule(email="ignored@example.com")
    cancelled = world.cancel(at=clock() + timedelta(seconds=5))
    world.run()
    assert world.status(moved)[0] in ("written", "ignored")
    assert world.status(cancelled) == ("written", None)
    assert world.tours == []
    assert len(world.sandbox.appointments) == 1


def test_another_contact_does_not_overtake(world, clock):
    """A reschedule by another e-mail has another lock; it still waits for the booking before it."""
    world.sandbox.write_seconds = 30
    booked = world.book("A")
    moved = world.book_moved(
        "B", "A", "2026-12-04T13:00:00-06:00", clock() + timedelta(minutes=1), email="partner@example.com"
    )
    world.run_due()
    assert world.status(moved) == ("waiting", "earlier_event")
    world.run()
    assert world.status(booked) == ("written", None)
    assert world.status(moved) == ("written", None)
    assert len(world.sandbox.appointments) == 1


def test_one_person_at_two_widgets_is_one_lead(world):
    world.book("A", source="widget")
    world.book("B", source="other", start="2026-12-08T10:00:00-06:00")
    world.run()
    assert len(world.sandbox.leads) == 1
    assert len(world.tours) == 2
