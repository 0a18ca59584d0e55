"""Writes of unknown outcome: never a second appointment or lead, and never a lost one."""

from datetime import timedelta

import pytest

from bridge.sandbox.faults import Fault

APPOINTMENTS = "/v1/events/appointments/leads"
LEADS = "/v1/leads/"

TOO_LONG = 30
"""Seconds; longer than the wait for an answer."""
AMBIGUOUS = {
    "time-out after the write": {"delay": TOO_LONG},
    "reset before the write": {"drop": "before"},
    "reset after the write": {"drop": "after"},
    "server error before the write": {"status": 500},
    "200 without a job id": {"no_job_id": True},
    "conflict after the write": {"status": 409, "after_write": True},
}


CREATES = [(APPOINTMENTS, True), (APPOINTMENTS, False), (LEADS, True), (LEADS, False)]
"""What is created, and whether the write log shows with what parameters."""
CHANGES = ["reschedule", "cancel"]
IN_FULL = ["reset before the write", "reset after the write"]
"""These meet each write. Of the others the client makes the same unknown outcome (propexo/test_transport.py; of every
status, 409 and 500 among them, test_answers.py): through the stack they meet a create or a change in turn."""
WRITES = [*CREATES, *CHANGES]


def met_by(writes, name):
    """The writes that an answer meets through the whole stack."""
    if name in IN_FULL:
        return writes
    met = WRITES[list(AMBIGUOUS).index(name) % len(WRITES)]
    return [met] if met in writes else []


def arranged(world, name):
    """How Propexo answers; the bridge does not wait as long as it is told to."""
    fault = AMBIGUOUS[name]
    if "delay" in fault:
        world.document["propexo"]["read_timeout"] = 0.5
        world.restart()
    return fault


@pytest.mark.parametrize(
    ("name", "path", "log_parameters"),
    [(name, *create) for name in AMBIGUOUS for create in met_by(CREATES, name)],
)
def test_a_create(world, name, path, log_parameters):
    fault = arranged(world, name)
    world.sandbox.log_parameters = log_parameters
    world.sandbox.fail(method="POST", path=path, **fault)
    event = world.book()
    world.run()
    assert len(world.sandbox.leads) <= 1
    assert len(world.sandbox.appointments) <= 1
    if world.status(event) == ("parked", "ambiguous"):
        assert Fault(**fault).prevents_write
        assert "TB-" in world.event(event).detail or "LD-" in world.event(event).detail
        world.replay(event)
        world.run()
    assert world.status(event) == ("written", None), world.event(event).detail
    assert (len(world.sandbox.leads), len(world.tours)) == (1, 1)


@pytest.mark.parametrize(
    ("name", "what"), [(name, what) for name in AMBIGUOUS for what in met_by(CHANGES, name)]
)
def test_an_update_or_a_cancel(world, name, what):
    fault = arranged(world, name)
    world.book()
    world.run()
    method = "PUT" if what == "reschedule" else "POST"
    world.sandbox.fail(method=method, path=f"{APPOINTMENTS}/*", **fault)
    event = getattr(world, what)()
    world.run()
    assert world.status(event) == ("written", None), world.event(event).detail
    assert len(world.sandbox.appointments) == 1
    stands = ["2026-12-04"] if what == "reschedule" else []
    assert [tour.appointment_date for tour in world.tours] == stands


def test_a_create_that_may_have_arrived_is_not_sent_again_before_it_was_looked_for(world, clock):
    world.sandbox.fail(method="POST", path=APPOINTMENTS, status=500)
    event = world.book()
    world.run(until=clock() + timedelta(seconds=90))
    assert world.status(event) == ("waiting", "outcome_unknown")
    assert len(world.calls("POST", APPOINTMENTS)) == 1
    assert len(world.calls("GET", "/v1/admin/logs/writes/")) >= 1


def test_the_next_event_of_the_booking_finds_what_an_ambiguous_create_made(world, clock):
    world.sandbox.log_parameters = False
    world.sandbox.fail(method="POST", path=APPOINTMENTS, drop="before")
    booked = world.book()
    world.run()
    assert world.status(booked) == ("parked", "ambiguous")
    moved = world.reschedule(at=clock() + timedelta(seconds=1))
    world.run()
    assert world.status(moved)[0] == "parked"
    assert len(world.calls("POST", APPOINTMENTS)) == 1  # not decided yet
    world.replay(moved)
    world.run()
    assert [tour.appointment_date for tour in world.tours] == ["2026-12-04"]
    assert len(world.sandbox.appointments) == 1


def test_booked_again_the_tour_is_not_taken_for_the_cancelled_one(world):
    world.book()
    world.run()
    world.cancel()
    world.run()
    world.sandbox.fail(method="POST", path=APPOINTMENTS, drop="before")
    again = world.book(start="2026-12-05T10:30:00-06:00")
    world.run()
    assert world.status(again) == ("parked", "ambiguous")
    world.replay(again)
    world.run()
    assert [tour.appointment_date for tour in world.tours] == ["2026-12-05"]


def test_a_lead_whose_tour_is_no_longer_wanted(world):
    world.sandbox.fail(method="POST", path=LEADS, drop="before")
    booked = world.book()
    world.run()
    assert world.status(booked) == ("parked", "ambiguous")
    world.cancel()
    world.run()
    world.replay(booked)
    world.run()
    assert world.status(booked) == ("ignored", "superseded")
    assert [attempt.outcome for attempt in world.attempts() if attempt.request] == ["abandoned"]
    world.book("B-2")
    world.run()
    assert (len(world.sandbox.leads), len(world.tours)) == (1, 1)
