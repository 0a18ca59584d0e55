"""Events that meet: in two workers, behind one lock, or in Propexo's log."""

import contextlib
from datetime import timedelta

import pytest

from bridge.forwarding.job import Again, forward

APPOINTMENTS = "/v1/events/appointments/leads"


def test_two_events_that_name_nobody_do_not_hold_up_their_booking(world, clock):
    began = clock()
    world.reschedule(start="2026-11-24T13:00:00-06:00", at=began + timedelta(seconds=2))
    world.reschedule(start=(began + timedelta(minutes=20)).isoformat(), at=began + timedelta(seconds=3))
    world.run_due()
    world.book(at=began, start=(began + timedelta(minutes=18)).isoformat())
    world.run(until=began + timedelta(minutes=5))
    assert len(world.tours) == 1


def test_two_workers_at_one_contact_make_one_lead(world, clock):
    moved = world.reschedule(at=clock() + timedelta(minutes=1))
    world.run_due()
    booked = world.book(at=clock())
    propexo = world.context.propexo
    find_leads = propexo.find_leads

    def find(**query):
        answer = find_leads(**query)
        if query.get("phone"):
            propexo.find_leads = find_leads
            with contextlib.suppress(Again):
                forward(world.context, moved)  # the other worker, between our search and our create
        return answer

    propexo.find_leads = find
    with contextlib.suppress(Again):
        forward(world.context, booked)
    world.run()
    assert len(world.calls("POST", "/v1/leads/")) == 1
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


def test_a_person_whose_one_tour_cannot_be_sent_is_told_of_the_other_in_time(world, clock):
    world.sandbox.fail(method="GET", path="/v1/leads/", status=503, times=10_000)
    world.book("A", start="2027-03-03T12:30:00-06:00")
    world.run_due()
    soon = world.book("B", start=(clock() + timedelta(hours=5)).isoformat())
    world.run(until=clock() + timedelta(hours=5), most=400)
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
