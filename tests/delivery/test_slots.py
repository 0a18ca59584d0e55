"""A time at a property with `slots` is one tour's: taken as the tour is accepted, given back as it ends."""

from datetime import timedelta

import pytest
from delivery.offered_times import FOUR, THREE, book, claims, offer, request
from sqlalchemy import event as listener
from world import World

from bridge.delivery.storage.claims import claim_written
from bridge.events.actions import dismiss
from bridge.models import Event


@pytest.fixture(autouse=True)
def slots(world: World) -> None:
    offer(world)


def test_the_second_tour_at_a_time_is_held_and_names_others(world: World):
    first = book(world, "A")
    world.run()
    second = book(world, "B")
    world.run()
    assert world.status(first) == ("written", None)
    assert world.status(second) == ("parked", "slot_taken")
    assert world.event(second).detail == (
        "2026-12-03 15:00 is taken by another tour. The nearest free times: "
        "2026-12-03 14:00, 2026-12-03 14:30, 2026-12-03 15:30, 2026-12-03 16:00."
    )
    assert len(world.tours) == 1
    assert claims(world) == ["21:00-21:30"]


def test_on_taken_book_writes_it_all_the_same(world: World):
    offer(world, on_taken="book")
    events = [book(world, name) for name in "AB"]
    world.run()
    assert [world.status(event) for event in events] == [("written", None)] * 2
    assert claims(world) == ["21:00-21:30"] * 2


def test_a_property_without_slots_takes_no_times(world: World):
    events = [
        world.book(name, start=THREE, email=f"{name}@example.com", property="elm") for name in ("A", "B")
    ]
    world.run()
    assert [world.status(event) for event in events] == [("written", None)] * 2
    assert claims(world) == []


def test_a_cancel_gives_the_time_back_before_the_pms_knows_of_it(world: World):
    book(world, "A")
    world.run()
    world.sandbox.fail(method="POST", path="/v1/events/appointments/leads/cancel", status=503, times=100)
    world.cancel("A")
    world.run_due()
    assert claims(world) == []
    assert len(world.tours) == 1
    second = book(world, "B")
    world.run(until=world.clock() + timedelta(minutes=2))
    assert world.status(second) == ("written", None)


def test_a_move_takes_the_new_time_and_frees_the_old_one(world: World):
    book(world, "A")
    world.run()
    world.reschedule("A", start="2026-12-03T15:15:00-06:00")  # overlaps its own time
    world.run()
    assert claims(world) == ["21:15-21:45"]
    second = book(world, "B", start="2026-12-03T14:45:00-06:00")
    world.run()
    assert world.status(second) == ("written", None)


def test_a_move_to_a_taken_time_is_held_and_keeps_the_old_one(world: World):
    book(world, "A")
    book(world, "B", start=FOUR)
    world.run()
    moved = world.reschedule("A", start=FOUR)
    world.run()
    assert world.status(moved) == ("parked", "slot_taken")
    assert claims(world) == ["21:00-21:30", "22:00-22:30"]
    assert sorted(tour.appointment_time for tour in world.tours) == ["15:00:00", "16:00:00"]


def test_a_refused_tour_gives_its_time_back(world: World):
    world.sandbox.fail(method="POST", path="/v1/events/appointments/leads", status=400)
    first = book(world, "A")
    world.run()
    assert world.status(first) == ("parked", "rejected")
    assert claims(world) == []
    second = book(world, "B")
    world.run()
    assert world.status(second) == ("written", None)
    world.replay(first)
    world.run()
    assert world.status(first) == ("parked", "slot_taken")


def test_a_move_that_is_refused_takes_the_old_time_again(world: World):
    book(world, "A")
    world.run()
    world.sandbox.fail(method="PUT", path="/v1/events/appointments/leads/*", status=405, times=9)
    world.reschedule("A", start=FOUR)
    world.run()
    assert claims(world) == ["21:00-21:30"]


def test_what_is_held_for_an_operator_keeps_its_time_until_it_is_dismissed(world: World):
    world.sandbox.fail(method="GET", path="/v1/leads/", status=418)
    first = book(world, "A")
    world.run()
    assert world.event(first).status == "parked"
    assert claims(world) == ["21:00-21:30"]
    second = book(world, "B")
    world.run()
    assert world.status(second) == ("parked", "slot_taken")
    with world.database.session() as session:
        dismiss(session.get_one(Event, first), world.clock(), "booked by hand")
    assert claims(world) == []
    world.replay(second)
    world.run()
    assert world.status(second) == ("written", None)


def test_tours_from_before_the_property_offered_times_hold_theirs(world: World):
    oakwood = world.document["properties"]["oakwood"]
    del oakwood["slots"]
    oakwood["tour_hours"] = "00:00-24:00"
    world.restart()
    book(world, "A")
    world.run()
    assert claims(world) == []
    offer(world)
    for expected in (1, 0):
        with world.database.engine.begin() as connection:
            assert claim_written(connection, world.settings, world.clock()) == expected
    assert claims(world) == ["21:00-21:30"]
    second = book(world, "B")
    world.run()
    assert world.status(second) == ("parked", "slot_taken")


def test_buffers_and_length_count(world: World):
    offer(world, buffer_after=15)
    book(world, "A")
    events = [
        book(world, "B", start="2026-12-03T15:40:00-06:00"),
        book(world, "C", start="2026-12-03T15:45:00-06:00"),
    ]
    world.run()
    assert [world.status(event) for event in events] == [("parked", "slot_taken"), ("written", None)]


def test_an_earlier_time_taken_by_another_worker_meanwhile_is_decided_anew(world: World):
    """The claim is checked again under the lock: what was free when it was decided may be taken as it is stored."""
    first = book(world, "A")
    engine = world.new_engine()
    world.set_database_clock()
    assert engine.tick()  # claims the lane of A and decides
    second = book(world, "B")
    world.run()
    while engine.tick() or engine.is_calling:
        pass
    world.run()
    assert sorted([world.status(first), world.status(second)]) == [
        ("parked", "slot_taken"),
        ("written", None),
    ]
    assert len(world.tours) == 1


def test_a_batch_takes_its_times_in_few_statements(world: World):
    """However many tours a commit has, its times cost at most four statements."""
    world.at_once = 8
    for number in range(8):
        book(world, f"T{number}", start=f"2026-12-{number + 3:02}T15:00:00-06:00")
    statements: list[str] = []
    listener.listen(
        world.database.engine, "before_cursor_execute", lambda *given: statements.append(given[2])
    )
    world.run()
    assert len(claims(world)) == 8
    locks = [statement for statement in statements if "INSERT INTO slot_calendars" in statement]
    takes = [statement for statement in statements if "INSERT INTO slot_claims" in statement]
    assert len(locks) == len(takes) < 8


def test_a_tour_that_nobody_has_confirmed_holds_its_time(world: World):
    wish = request(world, "A")
    world.run_due()
    assert world.status(wish) == ("waiting", "requested")
    assert claims(world) == ["21:00-21:30"]
    second = book(world, "B")
    world.run_due()
    assert world.status(second) == ("parked", "slot_taken")
    booked = book(world, "A")
    world.run(until=world.clock() + timedelta(minutes=10))
    assert world.status(booked) == ("written", None)
    assert claims(world) == ["21:00-21:30"]
    assert [tour.appointment_time for tour in world.tours] == ["15:00:00"]


def test_a_request_for_a_time_that_is_taken_is_held_for_an_operator(world: World):
    book(world, "A")
    world.run()
    wish = request(world, "B")
    world.run_due()
    assert world.status(wish) == ("parked", "slot_taken")
    assert claims(world) == ["21:00-21:30"]


def test_a_request_that_is_cancelled_or_dismissed_gives_its_time_back(world: World):
    request(world, "A")
    world.run_due()
    world.cancel("A")
    world.run(until=world.clock() + timedelta(minutes=10))
    assert claims(world) == []
    wish = request(world, "B", FOUR)
    world.run_due()
    assert claims(world) == ["22:00-22:30"]
    world.clock.advance(days=40)
    world.run_due()
    assert world.event(wish).status == "parked"
    with world.database.session() as session:
        dismiss(session.get_one(Event, wish), world.clock(), "nobody answered")
    assert claims(world) == []
