"""A write that failed: what its words mean, what is looked for first, and when it is sent again."""

from dataclasses import replace
from datetime import timedelta

import pytest
from delivery.cases import (
    HERE,
    NOW,
    SETTINGS,
    START,
    appointment,
    attempt,
    booking,
    in_flight,
    in_pms,
    snapshot,
)

from bridge.delivery.decide import decide
from bridge.delivery.rules.failures import RETRY_FAILED, Failure, failure_of
from bridge.delivery.rules.outcomes import Reason, WriteOutcome
from bridge.delivery.rules.state import Call, Park, Read, Wait, Write, Written
from bridge.propexo.client import WriteState, WriteStatus

CREATE = ("POST", "/v1/events/appointments/leads")
APPOINTMENTS = Call.of("list_appointments", HERE, integration_id=HERE, lead_id="clead")


@pytest.mark.parametrize(
    "words",
    [
        "The PMS did not answer within 60 s",
        "Request timed out",
        "Gateway Time-out",
        "Yardi is down for scheduled maintenance",
        "The service is temporarily unavailable. Please try again later.",
        "Entrata API is currently unavailable",
        "503 Service Unavailable",
        "Internal Server Error",
        "An error occurred. (code: 502)",
        "connection reset by peer",
        "ECONNREFUSED",
        "Too many requests",
        "Transaction was deadlocked on lock resources",
        "The record is locked by another user",
    ],
)
def test_a_pms_that_was_away_passes(words):
    assert failure_of(words) is Failure.PASSING


@pytest.mark.parametrize(
    "words",
    [
        "unit_id is required",
        "Invalid employee",
        "This time slot is no longer available. Please try again with another time.",
        "The time slot is not available at this time",
        "The calendar of this property is closed on 2026-12-25",
        "Agent is already booked",
        "Appointment time out of office hours is not allowed",
        "User does not have permission to create events",
        "Prospect not found",
        "appointment_date must be in the future",
        "The property-management system refused the record. (code: 500)",
        "Unit is not available. (code 305)",
    ],
)
def test_a_refusal_of_the_content_does_not(words):
    assert failure_of(words) is Failure.REFUSED


def test_other_words_are_unknown():
    assert failure_of("Computer says no") is Failure.UNKNOWN


def failed(words="The PMS did not answer within 60 s", kind="create", failures=0, found=()):
    """The snapshot of a write that failed with these words, and of the appointments that are found then."""
    status = Call.of("write_status", HERE, job_id="cjob")
    answers = {
        status: WriteStatus(WriteState.FAILURE, (words,), None),
        APPOINTMENTS: list(found),
    }
    known = in_flight(attempt(kind), in_pms() if kind != "create" else None, answers=answers)
    return snapshot(**known, failed_writes=failures)


def decided(known, now=NOW):
    return decide(known, SETTINGS, now)


class TestFailure:
    def test_what_a_create_made_is_looked_for_first(self):
        known = failed()
        unread = known.having(
            answers={call: answer for call, answer in known.answers.items() if call != APPOINTMENTS}
        )
        assert decided(unread).step == Read(APPOINTMENTS)

    def test_what_is_there_is_taken_over(self):
        decision = decided(failed(found=[appointment()]))
        assert isinstance(decision.step, Written)
        assert decision.snapshot.attempts[5].outcome == WriteOutcome.CONFIRMED
        assert decision.snapshot.booking.is_in_pms

    @pytest.mark.parametrize("failures", range(7))
    def test_what_passes_is_sent_again_ever_later(self, failures):
        decision = decided(failed(failures=failures))
        assert isinstance(decision.step, Wait)
        assert decision.step.reason is Reason.PMS_UNAVAILABLE
        assert decision.step.until - NOW == RETRY_FAILED[min(failures, 4)]
        assert decision.snapshot.booking.in_flight_attempt_id is None

    @pytest.mark.parametrize("kind", ["update", "cancel"])
    def test_changes_are_sent_again_as_well(self, kind):
        assert decided(failed(kind=kind)).step.reason is Reason.PMS_UNAVAILABLE

    def test_an_operator_learns_of_it_a_quarter_of_an_hour_before_the_tour(self):
        late = START - timedelta(minutes=14)
        known = failed()
        known = known.having(event=replace(known.event, received_at=START - timedelta(hours=5)))
        step = decided(known, late).step
        assert isinstance(step, Park)
        assert step.reason is Reason.PMS_REFUSED

    def test_a_refusal_is_parked_with_the_words(self):
        step = decided(failed("unit_id is required")).step
        assert (step.reason, step.detail) == (Reason.PMS_REFUSED, "The PMS refused it: unit_id is required")

    def test_unknown_words_are_a_refusal_the_second_time(self):
        assert isinstance(decided(failed("Computer says no")).step, Wait)
        assert isinstance(decided(failed("Computer says no", failures=1)).step, Park)


class TestAfterwards:
    """Where a create has failed, an operator may replay, or another event of the booking come."""

    def known(self, **changes):
        row = attempt(outcome=WriteOutcome.FAILED)
        return snapshot(bookings=(booking(),), links={"B-1": 1}, failed_create=row, **changes)

    def test_the_appointment_is_looked_for_before_another_is_made(self):
        assert decided(self.known()).step == Read(APPOINTMENTS)

    def test_it_is_taken_over(self):
        decision = decided(self.known(answers={APPOINTMENTS: [appointment()]}))
        assert decision.snapshot.booking.is_in_pms
        assert not isinstance(decision.step, Write)


class TestThroughTheStack:
    def fail(self, world, **fault):
        world.sandbox.fail(method="POST", path=CREATE[1], write_status="FAILURE", **fault)

    def test_a_create_that_failed_for_a_while_is_made_once(self, world):
        for _ in range(3):
            self.fail(world, message="The PMS did not answer within 60 s")
        event = world.book()
        world.run()
        assert world.status(event) == ("written", None)
        assert len(world.tours) == 1
        assert len(world.calls(*CREATE)) == 4

    def test_a_failure_of_the_sandbox_without_other_words_passes(self, world):
        self.fail(world)
        event = world.book()
        world.run(until=world.clock() + timedelta(seconds=30))
        assert world.status(event) == ("retrying", "pms_unavailable")
        world.run()
        assert world.status(event) == ("written", None)
        assert len(world.tours) == 1

    def test_a_create_that_failed_and_was_written_is_made_once(self, world):
        self.fail(world, message="The PMS did not answer within 60 s", is_written=True)
        event = world.book()
        world.run()
        assert world.status(event) == ("written", None)
        assert len(world.calls(*CREATE)) == len(world.tours) == 1

    def test_a_replay_after_a_refusal_makes_it_once(self, world):
        self.fail(world, message="unit_id is required")
        event = world.book()
        world.run()
        assert world.status(event) == ("parked", "pms_refused")
        world.replay(event)
        world.run()
        assert world.status(event) == ("written", None)
        assert len(world.tours) == 1

    def test_a_cancel_overtakes_a_create_that_waits_for_the_pms(self, world):
        for _ in range(3):
            self.fail(world, message="The PMS is down for maintenance")
        booked = world.book()
        world.run(until=world.clock() + timedelta(minutes=2))
        assert world.status(booked) == ("retrying", "pms_unavailable")
        cancelled = world.cancel()
        world.run()
        assert world.tours == []
        assert world.status(cancelled) == ("ignored", "nothing_to_cancel")
        assert world.status(booked)[0] == "ignored"


class TestAnAppointmentThatPropexoDoesNotKnow:
    UPDATE = "/v1/events/appointments/leads/*"

    def test_is_found_by_its_reference(self, world):
        world.book()
        world.run()
        world.sandbox.fail(
            method="PUT", path=self.UPDATE, status=400, body={"error": {"message": "invalid request"}}
        )
        moved = world.reschedule()
        world.run()
        assert world.status(moved) == ("written", None)
        assert len(world.tours) == 1

    def test_is_parked_where_the_search_finds_none(self, world):
        world.book()
        world.run()
        world.sandbox.fail(method="PUT", path=self.UPDATE, status=404, times=2)
        moved = world.reschedule()
        world.run()
        assert world.status(moved) == ("parked", "stale_link")


class TestALeadThatPropexoDoesNotKnow:
    @pytest.fixture(params=[400, 404])
    def event(self, world, request):
        """A second tour of somebody whose lead is known."""
        world.book()
        world.run()
        issues = [{"code": "custom", "path": ["lead_id"], "message": "Lead not found"}]
        error = {"message": "invalid request", "details": {"details": {"issues": issues, "name": "ZodError"}}}
        self.fault = {
            "method": "POST",
            "path": "/v1/events/appointments/leads",
            "status": request.param,
            "body": {"error": error},
        }
        return world.book("B-2", start="2026-12-05T10:30:00-06:00")

    def test_it_is_searched_for_anew(self, world, event):
        world.sandbox.fail(**self.fault)
        searches = len(world.calls("GET", "/v1/leads/"))
        world.run()
        assert world.status(event) == ("written", None)
        assert len(world.calls("GET", "/v1/leads/")) > searches

    def test_refused_again_an_operator_decides(self, world, event):
        world.sandbox.fail(**self.fault, times=2)
        world.run()
        assert world.status(event) == ("parked", "stale_link")


MAYA = {"first_name": "Maya", "last_name": "Okafor", "email": "maya@example.com"}
PHONE = {"phone": "+15125550142"}
JONAS = {"first_name": "Jonas", "last_name": "Weller", "phone": "+13035550188"}


@pytest.mark.parametrize(
    ("known", "named", "is_held"),
    [
        (MAYA, JONAS, True),  # one left an e-mail, the other a phone
        (MAYA | PHONE, {"email": "jonas@example.com", "phone": "+13035550188"}, True),  # no name
        (MAYA | PHONE, JONAS | {"last_name": None}, True),
        (MAYA, JONAS | {"first_name": "Maya A."}, False),  # a part of the name is the same
        (MAYA, {"first_name": "Jonas", "last_name": "Okafor", "phone": "+13035550188"}, False),
        (MAYA | PHONE, {"email": "m.okafor@example.com"}, False),  # a corrected address
        (MAYA | PHONE, JONAS | PHONE, False),  # a visitor in her place
    ],
)
def test_who_is_another_renter(world, known, named, is_held):
    world.send("booked", prospect=known, tour={"start": "2026-12-03T10:30:00-06:00"})
    world.run()
    other = world.send("booked", prospect=named, tour={"start": "2026-12-04T13:00:00-06:00"})
    world.run()
    assert world.status(other) == (("parked", "reference_reused") if is_held else ("written", None))
    [tour] = world.tours
    assert tour.appointment_date == ("2026-12-03" if is_held else "2026-12-04")


def test_a_reference_of_another_renter_takes_no_booking_over(world):
    world.book(email="maya@example.com")
    world.run()
    jonas = {
        "first_name": "Jonas",
        "last_name": "Weller",
        "email": "jonas@example.com",
        "phone": "+13035550188",
    }
    other = world.send("booked", prospect=jonas, tour={"start": "2026-12-04T13:00:00-06:00"})
    world.run()
    assert world.status(other) == ("parked", "reference_reused")
    assert "Maya Okafor" in world.event(other).detail
    assert "Jonas Weller" in world.event(other).detail
    [tour] = world.tours
    assert tour.appointment_date == "2026-12-03"
    world.replay(other)
    world.run()
    assert world.status(other) == ("written", None)
