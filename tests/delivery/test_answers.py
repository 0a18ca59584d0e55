"""What each answer of Propexo does to an event: every status, at a read, a create, an update and a cancel."""

import random
from datetime import timedelta
from types import SimpleNamespace

import pytest
from delivery.cases import HERE, NOW, SETTINGS, attempt, in_flight, in_pms, lead, snapshot

from bridge.delivery.perform import after_failure, after_write
from bridge.delivery.rules.outcomes import WriteOutcome, backoff
from bridge.delivery.rules.state import Park, Wait, Write
from bridge.propexo.answers import error_of
from bridge.propexo.errors import UnknownOutcomeError

CREATE = ("POST", "/v1/events/appointments/leads")
LEADS = "/v1/leads/"
TOOLS = SimpleNamespace(random=random.Random(7), settings=SETTINGS)

PARKED_REJECTED = {400, 405, 422}
PAUSED = {401, 403}
STALE = {404, 410}
RETRIED = {408, 425, *range(500, 600)}


def meaning(step) -> tuple[str, str | None]:
    """The status and the reason that a step gives its event."""
    return ("parked", step.reason) if isinstance(step, Park) else (step.status, step.reason)


def expected(status: int, kind: str | None = None) -> tuple[str, str | None]:
    """What becomes of a write of this kind that is answered so, before anything else happens."""
    if (kind in ("update", "cancel") and status in {*STALE, 400}) or (kind == "create" and status in STALE):
        return (
            "retrying",
            "temporary",
        )  # Propexo may not know the appointment, or the lead: look for it first
    if status in PARKED_REJECTED:
        return ("parked", "rejected")
    if status in PAUSED:
        return ("waiting", "integration_paused")
    if status in STALE:
        return ("parked", "stale_link")
    if status == 429:
        return ("waiting", "budget")
    if status in {*RETRIED, 409}:
        return ("waiting", "outcome_unknown")  # it may have arrived: look first
    return ("parked", "misconfigured")


def expected_of_read(status: int) -> tuple[str, str | None]:
    return ("retrying", "temporary") if status in {*RETRIED, 409} else expected(status)


FAILED = [status for status in range(100, 600) if not 200 <= status < 300]
"""What is no success; a success without a job id is tested below."""


def error(status):
    return error_of("POST /x", status, {}, b'{"error": {"message": "y"}}', now=NOW, secret="secret-token")


@pytest.mark.parametrize("kind", ["create_lead", "create", "update", "cancel"])
def test_every_status_of_a_write(kind):
    of_lead = kind == "create_lead"
    row = attempt(
        "cancel" if kind == "cancel" else "create", kind=kind, outcome=WriteOutcome.SENDING, job_id=None
    )
    held = lead(in_flight_attempt_id=5)["leads"] if of_lead else {}
    known = snapshot(**in_flight(row, in_pms() if kind in ("update", "cancel") else None), leads=held)
    known = known.having(booking=known.bookings[0])
    owner = next(iter(held.values())) if of_lead else known.bookings[0]
    write = Write(kind, owner, HERE, row.request, row.on_confirm)
    for status in FAILED:
        sent = after_write(known, write, row, error(status), TOOLS, NOW)
        step, after = sent.decision.step, sent.decision.snapshot
        assert meaning(step) == expected(status, kind), status
        kept = after.leads[owner.key] if of_lead else after.booking
        may_have_arrived = meaning(step)[1] == "outcome_unknown"
        assert (kept.in_flight_attempt_id == 5) is may_have_arrived, status
        assert sent.observations[0].outcome == after.attempts[5].outcome
        assert after.event.failure_count == 0


def test_a_success_without_a_job_id_may_have_arrived():
    row = attempt(outcome=WriteOutcome.SENDING, job_id=None)
    known = snapshot(**in_flight(row))
    known = known.having(booking=known.bookings[0])
    write = Write("create", known.bookings[0], HERE, row.request, row.on_confirm)
    sent = after_write(
        known, write, row, UnknownOutcomeError("POST /x: the answer names no job."), TOOLS, NOW
    )
    assert meaning(sent.decision.step) == ("waiting", "outcome_unknown")
    assert sent.decision.snapshot.booking.in_flight_attempt_id == 5


def test_a_write_that_was_not_sent_in_time_begins_anew():
    row = attempt(outcome=WriteOutcome.SENDING, job_id=None)
    known = snapshot(**in_flight(row))
    known = known.having(booking=known.bookings[0])
    write = Write("create", known.bookings[0], HERE, row.request, row.on_confirm)
    sent = after_write(known, write, row, None, TOOLS, NOW)
    assert (meaning(sent.decision.step), sent.decision.step.until) == (("retrying", "temporary"), NOW)
    assert sent.decision.snapshot.attempts[5].outcome == WriteOutcome.NOT_SENT
    assert sent.decision.snapshot.booking.in_flight_attempt_id is None
    assert sent.observations == ()


def test_every_status_of_a_read():
    for status in FAILED:
        step = after_failure(snapshot(), error(status), HERE, TOOLS, NOW)
        assert meaning(step) == expected_of_read(status), status
        tries = step.failure_count if isinstance(step, Wait) else None
        assert tries == (1 if step.reason == "temporary" else None), status


THROUGH_THE_STACK = {
    400: ("parked", "rejected"),
    404: ("submitted", "confirmation"),
    409: ("waiting", "outcome_unknown"),
    204: ("waiting", "outcome_unknown"),
}


@pytest.mark.parametrize("status", THROUGH_THE_STACK)
def test_a_create_through_the_stack(world, status):
    world.sandbox.add_lead("cintegration", "cproperty", email_1="maya@example.com")
    world.sandbox.fail(
        method=CREATE[0], path=CREATE[1], status=status, body={"error": {"code": "x", "message": "y"}}
    )
    event = world.book()
    world.run_due()
    assert world.status(event) == THROUGH_THE_STACK[status]


ENDS = {
    "rejected": (400, ("parked", "rejected")),
    "stale": (404, ("parked", "stale_link")),
    "server error": (503, ("written", None)),
    "budget": (429, ("written", None)),
    "misconfigured": (302, ("parked", "misconfigured")),
}


@pytest.mark.parametrize(
    ("what", "name"),
    [
        ("reschedule", "rejected"), ("reschedule", "server error"), ("reschedule", "budget"),
        ("cancel", "stale"), ("cancel", "misconfigured"),
    ],
)  # fmt: skip
def test_an_update_or_a_cancel(world, what, name):
    status, end = ENDS[name]
    world.book()
    world.run()
    method = "PUT" if what == "reschedule" else "POST"
    path = "/v1/events/appointments/leads/*"
    world.sandbox.fail(method=method, path=path, status=status, times=2)
    event = getattr(world, what)()
    world.run()
    assert world.status(event) == end, world.event(event).detail


def test_a_mass_failure_spreads_over_the_whole_window(world):
    """Full jitter: a thousand equal failures do not return as one."""
    waits = sorted(backoff(4, world.tools.random) / timedelta(seconds=80) for _ in range(1000))
    assert 0 <= waits[0] < 0.02
    assert 0.98 < waits[-1] <= 1
    assert 0.4 < waits[500] < 0.6


def test_gives_up_at_the_start_of_the_tour(world, clock):
    world.sandbox.fail(method="GET", path=LEADS, status=503, times=10_000)
    event = world.book(start="2026-11-24T12:30:00-06:00")
    world.run(until=clock() + timedelta(minutes=5))
    clock.advance(hours=3)
    world.run()
    assert world.status(event) == ("parked", "gave_up")
    assert world.event(event).ended_at.isoformat() <= "2026-11-24T18:30:00+00:00"


def test_gives_up_after_three_days(world, clock):
    began = clock()
    world.sandbox.fail(method="GET", path=LEADS, status=503, times=10_000)
    event = world.book(start="2027-03-03T12:30:00-06:00")
    world.run(until=began + timedelta(minutes=5))
    clock.advance(hours=71)
    world.run()
    assert world.status(event) == ("parked", "gave_up")
    assert timedelta(hours=70) < world.event(event).ended_at - began <= timedelta(hours=72)


def test_a_wrong_token_pauses_the_integration_and_nothing_is_lost(world, clock):
    world.sandbox.token = "another"
    one, two = world.book("A"), world.book("B", email="tom@example.com")
    world.run(until=clock() + timedelta(minutes=12))
    assert [world.status(event) for event in (one, two)] == [("waiting", "integration_paused")] * 2
    refused = [seen for seen in world.sandbox.requests if seen.status == 401]
    assert 2 <= len(refused) <= 5  # one at a time looks whether it is over
    assert world.event(one).tries == 0
    world.sandbox.token = None
    world.run()
    assert [world.status(event) for event in (one, two)] == [("written", None)] * 2


def test_the_budget_is_never_overspent(world):
    world.limit(20)
    events = [world.book(f"B-{n}", email=f"maya{n}@example.com") for n in range(8)]
    world.run()
    assert {world.status(event) for event in events} == {("written", None)}
    assert [seen for seen in world.sandbox.requests if seen.status == 429] == []
    assert {world.event(event).tries for event in events} == {0}


def test_a_429_waits_for_retry_after_and_uses_up_no_try(world, clock):
    world.sandbox.fail(method="GET", path=LEADS, status=429, headers={"Retry-After": "42"})
    event = world.book()
    world.run_due()
    row = world.event(event)
    assert (row.status, row.reason, row.tries) == ("waiting", "budget", 0)
    assert row.next_attempt_at == clock() + timedelta(seconds=42)


def test_a_refusal_names_the_place_it_came_from(world):
    issues = [{"code": "invalid_type", "path": ["appointment_time"], "message": "Required"}]
    body = {
        "error": {
            "code": "invalid_request",
            "message": "invalid request",
            "details": {"details": {"issues": issues, "name": "ZodError"}},
        }
    }
    world.sandbox.fail(method="POST", path=CREATE[1], status=400, body=body)
    event = world.book()
    world.run()
    assert world.status(event) == ("parked", "rejected")
    detail = world.event(event).detail
    assert "appointment_time: is missing" in detail
    assert "tour_start" in detail


@pytest.mark.parametrize(
    ("write_status", "reason"), [("FAILURE", "pms_refused"), ("PARTIAL_SUCCESS", "partly_written")]
)
def test_a_write_that_the_pms_does_not_finish_is_parked_and_never_sent_again(world, write_status, reason):
    world.sandbox.fail(method="POST", path=CREATE[1], write_status=write_status, message="Refused.")
    event = world.book()
    world.run()
    assert world.status(event) == ("parked", reason)
    assert len(world.calls(*CREATE)) == 1


def test_a_write_that_stays_pending_is_parked_after_an_hour(world, clock):
    began = clock()
    world.sandbox.write_seconds = 10**9
    event = world.book()
    world.run(until=began + timedelta(minutes=3))
    clock.advance(minutes=50)
    world.run()
    assert world.status(event) == ("parked", "unconfirmed")
    assert timedelta(minutes=55) < world.event(event).ended_at - began < timedelta(minutes=70)
