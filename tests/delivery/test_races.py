"""Events that meet: in two workers, behind one lock, or in Propexo's log."""

import contextlib
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from bridge.delivery.calls import Calls
from bridge.delivery.job import Again, forward, save
from bridge.delivery.outcomes import NotYet, Reason
from bridge.delivery.writing import Writing
from bridge.models import Attempt, Lead, Status

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


def meanwhile(propexo, call, happen):
    """Let something happen between Propexo's next answer to this call and what its worker, now frozen, makes of it."""
    made = getattr(propexo, call)

    def answer(*given, **named):
        setattr(propexo, call, made)
        told = made(*given, **named)
        happen()
        return told

    setattr(propexo, call, answer)


def run_on(world, event):
    """What a worker does who was frozen in the midst of an event, whose job others have taken over."""
    with contextlib.suppress(Again):
        forward(world.context, event)


def test_the_end_that_another_worker_wrote_stands(world):
    booked = world.book()

    def others_end_it():
        world.run()
        world.sandbox.fail(method="GET", path="/v1/leads/", status=400)

    meanwhile(world.context.propexo, "find_leads", others_end_it)
    run_on(world, booked)
    assert world.status(booked) == ("written", None)


def test_a_replay_is_not_ended_by_a_run_from_before(world):
    booked = world.book()

    def others_end_it():
        world.sandbox.fail(method="GET", path="/v1/leads/", status=400, times=2)
        world.run()
        world.replay(booked)

    meanwhile(world.context.propexo, "find_leads", others_end_it)
    run_on(world, booked)
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
    meanwhile(world.context.propexo, call, world.run)
    run_on(world, booked)
    world.run()
    assert {one.outcome for one in world.attempts() if one.request} == {"confirmed"}
    assert world.status(booked) == ("written", None)


def test_a_write_of_a_later_event_stays_open_whatever_a_frozen_worker_learns_of_an_earlier_one(world):
    booked = world.book()
    world.run(until=world.clock() + timedelta(seconds=1))
    while not world.calls("POST", APPOINTMENTS):
        world.clock.now = world.next_at()
        world.run_due()
    world.clock.now = world.next_at()

    def others_go_on():
        world.run()
        world.cancel()
        world.run_due()

    meanwhile(world.context.propexo, "write_status", others_go_on)
    run_on(world, booked)
    world.run()
    assert world.tours == []
    assert len(world.calls("POST", f"{APPOINTMENTS}/cancel")) == 1


def test_a_lead_that_is_found_leaves_a_write_alone_that_has_begun_meanwhile(world, clock):
    moved = world.reschedule(at=clock() + timedelta(minutes=1))
    world.run_due()
    booked = world.book(at=clock())

    def another_creates_it():
        with contextlib.suppress(Again):
            forward(world.context, moved)

    world.sandbox.write_seconds = 0
    meanwhile(world.context.propexo, "find_leads", another_creates_it)
    run_on(world, booked)
    created = next(one for one in world.attempts() if one.kind == "create_lead")
    with world.database.session() as session:
        lead = session.scalars(select(Lead)).one()
    assert lead.lead_id is not None
    assert lead.open_attempt_id == created.id


def test_who_finds_a_write_already_noted_as_it_would_note_it_looks_anew(world):
    """Two events can share the open write of one lead; both learn how it ended."""
    world.sandbox.write_seconds = 0
    booked = world.book()
    world.run_due()
    with world.database.session() as session:
        lead = session.scalars(select(Lead)).one()
    calls = Calls(world.context, world.event(booked))
    world.run()
    with world.database.session() as session:
        noted = session.get_one(Attempt, lead.open_attempt_id)
    assert noted.outcome == "confirmed"
    with pytest.raises(NotYet, match="settled"):
        Writing(calls, "cintegration")._close(lead, noted, "confirmed", {})


def test_an_event_stands_where_its_last_run_left_it_whatever_another_wrote_meanwhile(world, clock):
    world.sandbox.write_seconds = 3600
    booked = world.book()
    world.run(until=clock() + timedelta(seconds=4))
    event = world.event(booked)
    assert (event.status, event.reason) == ("submitted", "confirmation")
    paused = (
        "UPDATE events SET status = 'waiting', reason = 'integration_paused', detail = 'paused', looks = 9"
    )
    with world.database.session() as session:
        session.execute(text(paused))
    later = NotYet(
        clock() + timedelta(minutes=1), Status.SUBMITTED, Reason.CONFIRMATION, event.detail or "queued"
    )
    assert save(world.context, event, later)
    saved = world.event(booked)
    assert (saved.status, saved.reason, saved.detail, saved.looks) == (
        "submitted", "confirmation", event.detail, event.looks,
    )  # fmt: skip
