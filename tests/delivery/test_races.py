"""Events that meet: in two workers, behind one lock, or in Propexo's log."""

from datetime import timedelta

import pytest
from delivery.cases import snapshot
from sqlalchemy import text

from bridge import queue
from bridge.delivery.batch import MOST_CLAIMS, MOST_LOST_RACES, BatchLoader, Job
from bridge.delivery.rules.outcomes import Reason
from bridge.delivery.rules.state import Ignore, StepDecision
from bridge.queue import Claim

APPOINTMENTS = "/v1/events/appointments/leads"


def test_two_events_that_name_nobody_do_not_hold_up_their_booking(world, clock):
    began = clock()
    world.reschedule(start="2026-11-24T13:00:00-06:00", at=began + timedelta(seconds=2))
    world.reschedule(start=(began + timedelta(minutes=20)).isoformat(), at=began + timedelta(seconds=3))
    world.run_due()
    world.book(at=began, start=(began + timedelta(minutes=18)).isoformat())
    world.run(until=began + timedelta(minutes=5))
    assert len(world.tours) == 1


@pytest.mark.parametrize("vendor", ["RENTMANAGER", "ENTRATA"])
def test_a_create_that_a_gateway_gave_up_on_is_not_sent_again_by_itself(world, vendor):
    world.sandbox.write_seconds = 600
    world.sandbox.fail(method="POST", path=APPOINTMENTS, status=504, after_write=True)
    world.sandbox.add_lead("cintegration", "cproperty", email_1="maya@example.com")
    world.book()
    world.run()
    assert len(world.sandbox.appointments) == 1


def test_a_cancel_is_not_taken_for_an_earlier_update(world, clock):
    world.book()
    world.run()
    world.sandbox.write_seconds = 300
    world.sandbox.fail(method="PUT", path=f"{APPOINTMENTS}/*", drop="after")
    world.reschedule()
    world.run()
    clock.advance(minutes=10)
    world.sandbox.write_seconds = 2
    world.sandbox.fail(method="POST", path=f"{APPOINTMENTS}/cancel", drop="before")
    world.cancel()
    world.run()
    assert world.tours == []


@pytest.mark.parametrize("what", ["cancel", "reschedule"])
def test_after_the_old_start_has_passed(world, clock, what):
    world.book(start=(clock() + timedelta(hours=1)).isoformat())
    world.run()
    clock.advance(minutes=90)
    world.sandbox.write_seconds = 10
    event = getattr(world, what)()
    world.run()
    assert world.status(event) == ("written", None)


def test_a_person_whose_one_tour_cannot_be_sent_is_reported_of_the_other_in_time(world, clock):
    world.sandbox.fail(method="GET", path="/v1/leads/", status=503, times=10_000)
    world.book("A", start="2027-03-03T12:30:00-06:00")
    world.run_due()
    soon = world.book("B", start=(clock() + timedelta(hours=2)).isoformat())
    world.run(until=clock() + timedelta(hours=2), most=400)
    assert world.status(soon) == ("parked", "gave_up")


@pytest.mark.parametrize("vendor", ["ENTRATA"])
def test_a_tour_that_waits_for_its_lead_makes_way_for_one_elsewhere(world, clock, vendor):
    world.book("A", property="elm", start="2027-03-03T12:30:00-06:00")
    world.run(until=clock() + timedelta(minutes=5))
    world.sandbox.add_lead("cintegration", "cproperty", email_1="maya@example.com")
    elsewhere = world.book("B", start=(clock() + timedelta(hours=5)).isoformat())
    world.run(most=400)
    assert world.status(elsewhere) == ("written", None)


def test_a_replay_of_another_event_is_not_taken_for_a_look(world, clock):
    world.sandbox.log_parameters = False
    world.sandbox.add_lead("cintegration", "cproperty", email_1="maya@example.com")
    other = world.book(property="Nowhere")
    world.run()
    world.sandbox.write_seconds = 3600
    world.sandbox.fail(method="POST", path=APPOINTMENTS, drop="after")
    world.reschedule(property="oakwood")
    world.run(until=clock() + timedelta(minutes=1))
    world.replay(other)
    world.run()
    assert len(world.calls("POST", APPOINTMENTS)) == 1


def meanwhile(propexo, call, happen):
    """Let something happen between Propexo's next answer to this call and what its worker, now frozen, makes of it."""
    made = getattr(propexo, call)

    def answer(*given, **named):
        setattr(propexo, call, made)
        result = made(*given, **named)
        happen()
        return result

    setattr(propexo, call, answer)


def another_worker(world):
    """A second worker, to which the lanes of a frozen one fall once their leases have ended."""
    engine = world.new_engine()

    def run(**options):
        own, world.engine = world.engine, engine
        world.clock.now += queue.LEASE
        world.run(**options)
        world.engine = own

    return run


def test_the_end_that_another_worker_wrote_stands(world):
    booked = world.book()

    def others_end_it():
        another_worker(world)()
        world.sandbox.fail(method="GET", path="/v1/leads/", status=400)

    meanwhile(world.tools.propexo, "find_leads", others_end_it)
    world.run_due()
    assert world.status(booked) == ("written", None)
    assert len(world.sandbox.appointments) == 1


def test_a_replay_is_not_ended_by_a_run_from_before(world):
    booked = world.book()

    def others_end_it():
        world.sandbox.fail(method="GET", path="/v1/leads/", status=400, times=2)
        another_worker(world)()
        world.replay(booked)

    meanwhile(world.tools.propexo, "find_leads", others_end_it)
    world.engine.tick()
    world.engine.tick()
    assert world.status(booked) == ("received", None)
    world.run()
    assert world.status(booked) == ("written", None)


@pytest.mark.parametrize("call", ["create_lead", "create_appointment", "write_status"])
def test_a_write_that_another_worker_settled_stays_settled(world, call):
    world.sandbox.write_seconds = 0
    booked = world.book()
    if call != "create_lead":
        world.run(until=world.clock())
        world.clock.now = world.next_at()
    meanwhile(world.tools.propexo, call, another_worker(world))
    world.run()
    assert {attempt.outcome for attempt in world.attempts() if attempt.request} == {"confirmed"}
    assert world.status(booked) == ("written", None)
    assert (len(world.sandbox.leads), len(world.sandbox.appointments)) == (1, 1)


def test_a_booking_that_changed_since_it_was_loaded_is_decided_anew(world):
    world.book()
    world.run()
    moved = world.reschedule()

    def somebody_changes_it():
        with world.database.session() as session:
            session.execute(text("UPDATE bookings SET version = version + 1"))

    meanwhile(world.tools.propexo, "get_appointment", somebody_changes_it)
    world.run()
    assert world.status(moved) == ("written", None)
    assert len(world.calls("PUT", f"{APPOINTMENTS}/{world.tours[0].id}")) == 1


def test_an_event_that_loses_races_is_not_taken_for_what_ends_workers(world):
    world.book()
    world.run()
    moved = world.reschedule()
    ask, left = world.tools.propexo.get_appointment, list(range(MOST_CLAIMS + 2))

    def answer(*given, **named):
        if left:
            left.pop()
            with world.database.session() as session:
                session.execute(text("UPDATE bookings SET version = version + 1"))
        return ask(*given, **named)

    world.tools.propexo.get_appointment = answer
    world.run()
    assert world.status(moved) == ("written", None)
    assert left == []


def test_races_that_never_end_are_a_defect(world):
    loader, known = BatchLoader(world.tools), snapshot()
    decided = StepDecision(Ignore(Reason.LINKED, ""), known)
    job = Job(Claim("a", 1, 1, 0, world.clock()), 0, [], known, known, decided, 0)
    assert loader.not_taken(job, is_late=False)
    counted = [loader.not_taken(job, is_late=True) for _ in range(MOST_LOST_RACES)]
    assert counted == [False] * (MOST_LOST_RACES - 1) + [True]


def test_what_became_of_a_write_is_recorded_although_its_booking_changed(world):
    world.sandbox.add_lead("cintegration", "cproperty", email_1="maya@example.com")
    booked = world.book()

    def somebody_changes_it():
        with world.database.session() as session:
            session.execute(text("UPDATE bookings SET version = version + 1"))

    meanwhile(world.tools.propexo, "create_appointment", somebody_changes_it)
    world.run()
    assert world.status(booked) == ("written", None)
    assert len(world.sandbox.appointments) == 1
    assert "outcome_unknown" not in {event.reason for event in world.events()}


def test_a_lead_that_another_event_is_creating_is_waited_for(world, clock):
    """Two events of one person in two lanes: the second waits until the first one's write has an outcome."""
    world.book("A")
    elsewhere = []

    def another_event():
        elsewhere.append(world.book("B", source="other", start="2026-12-08T10:00:00-06:00"))
        with world.database.session() as session:
            session.execute(text("UPDATE events SET lock = 'another' WHERE id = :id"), {"id": elsewhere[0]})
            session.execute(text("INSERT INTO lanes VALUES ('another', 0, true, now())"))
        other = world.new_engine()
        while other.tick():
            pass
        assert world.status(elsewhere[0]) == ("waiting", "outcome_unknown")

    meanwhile(world.tools.propexo, "create_lead", another_event)
    world.run()
    assert len(world.sandbox.leads) == 1
    assert len(world.tours) == 2
