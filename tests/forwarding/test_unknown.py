"""Writes of unknown outcome: never a second appointment or lead, and never a lost one."""

from datetime import timedelta

import pytest

APPOINTMENTS = "/v1/events/appointments/leads"
LEADS = "/v1/leads/"

AMBIGUOUS = {
    "reset before the write": {"drop": "before"},
    "reset after the write": {"drop": "after"},
    "server error before the write": {"status": 500},
    "server error after the write": {"status": 500, "after_write": True},
    "200 without a job id": {"no_job_id": True},
    "conflict after the write": {"status": 409, "after_write": True},
}


@pytest.fixture(params=AMBIGUOUS)
def fault(request):
    return AMBIGUOUS[request.param]


@pytest.mark.parametrize("path", [APPOINTMENTS, LEADS])
@pytest.mark.parametrize("log_parameters", [True, False])
def test_a_create(world, fault, path, log_parameters):
    world.sandbox.log_parameters = log_parameters
    world.sandbox.fail(method="POST", path=path, **fault)
    event = world.book()
    world.run()
    assert len(world.sandbox.leads) <= 1
    assert len(world.sandbox.appointments) <= 1
    if world.status(event) == ("parked", "ambiguous"):
        assert not arrived(fault)
        assert "TB-" in world.event(event).detail or "LD-" in world.event(event).detail
        world.replay(event)
        world.run()
    assert world.status(event) == ("written", None), world.event(event).detail
    assert (len(world.sandbox.leads), len(world.tours)) == (1, 1)


def arrived(fault):
    return fault.get("drop") == "after" or fault.get("after_write") or fault.get("no_job_id")


@pytest.mark.parametrize("what", ["reschedule", "cancel"])
def test_an_update_or_a_cancel(world, fault, what):
    world.book()
    world.run()
    method = "PUT" if what == "reschedule" else "POST"
    world.sandbox.fail(method=method, path=f"{APPOINTMENTS}/*", **fault)
    event = getattr(world, what)()
    world.run()
    assert len(world.sandbox.appointments) == 1
    if what == "reschedule":
        assert world.status(event) == ("written", None)
        assert [one.appointment_date for one in world.tours] == ["2026-12-04"]
    else:
        assert world.tours == []
        assert world.status(event) == ("written", None), world.event(event).detail


def test_a_time_out_after_the_write(world):
    world.sandbox.fail(method="POST", path=APPOINTMENTS, delay=30)
    object.__setattr__(world.context.propexo._transport, "_timeouts", (1, 0.3))
    event = world.book()
    world.run()
    assert world.status(event) == ("written", None), world.event(event).detail
    assert len(world.tours) == 1


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
    assert len(world.calls("POST", APPOINTMENTS)) == 1  # nobody has decided yet
    world.replay(moved)
    world.run()
    assert [one.appointment_date for one in world.tours] == ["2026-12-04"]
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
    assert [one.appointment_date for one in world.tours] == ["2026-12-05"]
