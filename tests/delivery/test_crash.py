"""A worker that is killed at any step loses nothing and repeats no write."""

import signal
from dataclasses import replace

import pytest
from delivery.killed_worker import die
from sqlalchemy import text

from bridge import queue
from bridge.delivery.engine import AWAY
from bridge.models import Event

CALLS = ["find by e-mail", "find by phone", "create the lead", "ask", "create the appointment", "ask again"]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("number", range(1, len(CALLS) + 1))
def test_kill_9_at_every_call(world, number, when):
    booked = world.book()
    made = 0
    while made < number - 1:  # the calls before the fatal one happen in good health
        before = len(world.sandbox.requests)
        if number <= made + calls_of_next_run(made):
            break
        world.run_due()
        made += len(world.sandbox.requests) - before
        world.clock.now = max(world.clock.now, world.next_at())
    world.set_database_clock()
    assert die(world.settings, world.database.url, world.clock(), number - made, when) == -signal.SIGKILL

    world.run_due()
    assert world.status(booked)[0] not in ("written", "parked")  # the lease still holds
    world.clock.now += queue.LEASE
    world.run()
    if world.status(booked) == ("parked", "ambiguous"):
        assert when == "before"
        world.replay(booked)
        world.run()
    assert world.status(booked) == ("written", None), world.event(booked).detail
    assert (len(world.sandbox.leads), len(world.sandbox.appointments)) == (1, 1)


def calls_of_next_run(made: int) -> int:
    """How many calls a healthy run makes: find, find, create the lead; ask, create the appointment; ask."""
    return {0: 3, 3: 2, 5: 1}[made]


FULL = """
CREATE FUNCTION is_full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    RAISE 'No space left on device' USING ERRCODE = 'disk_full';
END $$;
CREATE TRIGGER is_full BEFORE UPDATE ON events FOR EACH ROW EXECUTE FUNCTION is_full();
"""


def test_a_result_that_cannot_be_recorded_is_kept_until_it_can(world):
    world.sandbox.add_lead("cintegration", "cproperty", email_1="maya@example.com")
    booked = world.book()
    create = world.tools.propexo.create_appointment

    def fill_the_disk(body):
        job_id = create(body)
        change(world, FULL)
        return job_id

    world.tools.propexo.create_appointment = fill_the_disk
    with pytest.raises(AWAY):
        world.run_due()
    with pytest.raises(AWAY):
        world.run_due()
    change(world, "DROP FUNCTION is_full CASCADE")
    world.run_due()
    assert world.status(booked) == ("submitted", "confirmation")
    world.run()
    assert world.status(booked) == ("written", None)
    assert len(world.sandbox.appointments) == 1


REFUSED = FULL.replace("disk_full", "data_exception").replace("UPDATE ON events", "INSERT ON bookings")


def test_an_event_whose_result_the_database_refuses_runs_a_few_times_only(world):
    change(world, REFUSED)
    booked = world.book()
    world.run()
    assert world.status(booked) == ("parked", "internal_error")
    change(world, "DROP FUNCTION is_full CASCADE")
    world.replay(booked)
    world.run()
    assert world.status(booked) == ("written", None)


def test_every_part_of_a_tick_shows_that_the_worker_is_alive(world):
    seen = []
    world.tools = replace(world.tools, heartbeat=lambda: seen.append(world.status(event)[0]))
    world.engine = world.new_engine()
    event = world.book(property="Nowhere")
    world.engine.tick()
    assert seen == ["received", "received", "parked"]  # nothing was answered; loaded; recorded


def change(world, statement):
    with world.database.session() as session:
        session.execute(text(statement))


def test_an_event_whose_lane_is_gone_is_given_one_again(world):
    booked = world.book()
    change(world, "DELETE FROM lanes")
    world.run()
    assert world.status(booked) == ("received", None)
    with world.database.session() as session:
        assert len(queue.repair(session)) == 1
        assert queue.repair(session) == []
    world.run()
    assert world.status(booked) == ("written", None)


def test_a_defect_in_a_run_is_retried_then_shown_to_an_operator(world):
    booked = world.book()
    with world.database.session() as session:
        session.get_one(Event, booked).headers = [1]  # nothing that the endpoint could have stored
    world.run()
    row = world.event(booked)
    assert (row.status, row.reason, row.tries) == ("parked", "internal_error", 5)


def test_an_event_that_ends_its_worker_is_parked_and_costs_the_others_nothing(world, clock):
    poison, extra = (
        world.book("P", email="poison@example.com"),
        [world.book(f"B-{n}", email=f"m{n}@example.com") for n in range(3)],
    )
    for _ in range(5):  # each time the worker has claimed it and died
        change(
            world,
            f"UPDATE lanes SET claims = claims + 1 WHERE lane = (SELECT lock FROM events WHERE id = {poison})",
        )
    world.run()
    assert world.status(poison) == ("parked", "internal_error")
    assert {world.status(other) for other in extra} == {("written", None)}


def test_lanes_that_were_only_beside_it_need_not_wait_until_nobody_else_comes(world):
    suspects = [world.book(f"S-{n}", email=f"s{n}@example.com") for n in range(4)]
    change(world, "UPDATE lanes SET claims = 2")
    for n in range(8):
        world.book(f"B-{n}", email=f"m{n}@example.com")
    world.run_due()
    called = list(dict.fromkeys(attempt.event_id for attempt in world.attempts()))
    assert len(called) == 12
    assert called[0] in suspects


def test_a_replay_sends_again_and_keeps_its_lineage(world, clock):
    world.sandbox.fail(method="POST", path="/v1/events/appointments/leads", status=400)
    booked = world.book()
    world.run()
    assert world.status(booked) == ("parked", "rejected")
    clock.advance(minutes=5)
    world.replay(booked)
    world.run()
    row = world.event(booked)
    assert (row.status, row.replays) == ("written", 1)
    creates = [attempt for attempt in world.attempts(booked) if attempt.kind == "create"]
    assert [create.outcome for create in creates] == ["rejected", "confirmed"]


def test_a_replay_of_what_is_written_books_nothing_twice(world, clock):
    booked = world.book()
    world.run()
    clock.advance(minutes=1)
    world.replay(booked)
    world.run()
    assert world.status(booked) == ("written", None)
    assert len(world.sandbox.appointments) == 1
