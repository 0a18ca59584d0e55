"""A worker that is killed at any step loses nothing and repeats no write."""

import asyncio
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from bridge.delivery.job import requeue_forgotten, take_over
from bridge.delivery.worker import WorkerEnded, work
from bridge.models import Event
from bridge.queue import Queue, queue_app

WORKER = Path(__file__).with_name("killed_worker.py")
CALLS = ["find by e-mail", "find by phone", "create the lead", "ask", "create the appointment", "ask again"]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("number", range(1, len(CALLS) + 1))
def test_kill_9_at_every_call(world, tmp_path, number, when):
    booked = world.book()
    made = 0
    while made < number - 1:  # the calls before the fatal one happen in good health
        before = len(world.sandbox.requests)
        if number <= made + calls_of_next_run(made):
            break
        world.run_due()
        made += len(world.sandbox.requests) - before
        world.clock.now = max(world.clock.now, world.next_at())
    assert die(world, tmp_path, number - made, when) == -signal.SIGKILL

    world.run_due()
    assert world.status(booked)[0] not in ("written", "parked")  # the dead worker's job is still its own
    assert revive(world) == 1
    world.run()
    if world.status(booked) == ("parked", "ambiguous"):
        assert when == "before"
        world.replay(booked)
        world.run()
    assert world.status(booked) == ("written", None), world.event(booked).detail
    assert (len(world.sandbox.leads), len(world.sandbox.appointments)) == (1, 1)


A_DEAD_ROUND = """
INSERT INTO procrastinate_jobs (queue_name, task_name, args, status, lock, queueing_lock)
VALUES ('default', 'gauge', '{}', 'doing', 'gauge', 'gauge'), ('default', 'gauge', '{}', 'todo', 'gauge', 'gauge')
"""


def test_a_periodic_task_that_died_holds_nothing_up(world, tmp_path):
    booked = world.book()
    assert die(world, tmp_path, 1, "before") == -signal.SIGKILL
    change(world, A_DEAD_ROUND)  # its next round waits for it, and is the only one that may wait
    assert revive(world) == 1
    with world.database.session() as session:
        rounds = text("SELECT status FROM procrastinate_jobs WHERE task_name = 'gauge'")
        assert session.scalars(rounds).all() == ["todo"]
    world.run()
    assert world.status(booked) == ("written", None)


def calls_of_next_run(made: int) -> int:
    """How many calls a healthy run makes: find, find, create the lead; ask, create the appointment; ask."""
    return {0: 3, 3: 2, 5: 1}[made]


def die(world, tmp_path, number, when) -> int:
    config = tmp_path / "bridge.toml"
    config.write_text(world.toml())
    with world.database.session() as session:
        session.execute(text("UPDATE test_clock.moment SET now = :now"), {"now": world.clock()})
    command = [
        sys.executable,
        WORKER,
        config,
        world.database.url,
        world.clock().isoformat(),
        str(number),
        when,
    ]
    return subprocess.run(list(map(str, command)), timeout=60, check=False, capture_output=True).returncode


def revive(world) -> int:
    """Let another worker find what the dead one had begun; answers how many events it takes over.

    The dead one may have been in the middle of a periodic task too, which depends on the minute of the machine.
    """
    held = text("SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'forward' AND status = 'doing'")
    with world.database.session() as session:
        session.execute(text("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 hour'"))
        before = session.scalar(held)

    async def run():
        app = queue_app(world.database, worker=True)
        async with app.open_async():
            await take_over(app, world.clock)

    asyncio.run(run())
    with world.database.session() as session:
        return before - session.scalar(held)


FULL = """
CREATE FUNCTION is_full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    RAISE 'No space left on device' USING ERRCODE = 'disk_full';
END $$;
CREATE TRIGGER is_full BEFORE UPDATE ON procrastinate_jobs FOR EACH ROW WHEN (NEW.status = 'todo')
    EXECUTE FUNCTION is_full();
"""


def test_a_worker_that_cannot_tell_how_a_job_ended_ends_so_that_others_take_it_over(world):
    booked = world.book()
    change(world, FULL)
    with pytest.raises(WorkerEnded):
        asyncio.run(work(world.context))
    change(world, "DROP FUNCTION is_full CASCADE")
    world.run_due()
    assert world.status(booked) == ("submitted", "confirmation")
    assert revive(world) == 1
    world.run()
    assert world.status(booked) == ("written", None)


def change(world, statement):
    with world.database.session() as session:
        session.execute(text(statement))


def test_an_event_whose_job_is_gone_is_queued_again(world):
    booked = world.book()
    with world.database.session() as session:
        session.execute(text("DELETE FROM procrastinate_jobs"))
    world.run()
    assert world.status(booked) == ("received", None)
    assert requeue_forgotten(world.context, Queue(queue_app(world.database))) == 1
    assert requeue_forgotten(world.context, Queue(queue_app(world.database))) == 0
    world.run()
    assert world.status(booked) == ("written", None)


def test_a_defect_in_a_run_is_retried_then_shown_to_a_person(world):
    booked = world.book()
    with world.database.session() as session:
        session.get_one(Event, booked).headers = []  # nothing that the door could have stored
    world.run()
    row = world.event(booked)
    assert (row.status, row.reason, row.tries) == ("parked", "internal_error", 6)


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
    creates = [one for one in world.attempts(booked) if one.kind == "create"]
    assert [one.outcome for one in creates] == ["rejected", "confirmed"]


def test_a_replay_of_what_is_written_books_nothing_twice(world, clock):
    booked = world.book()
    world.run()
    clock.advance(minutes=1)
    world.replay(booked)
    world.run()
    assert world.status(booked) == ("written", None)
    assert len(world.sandbox.appointments) == 1
