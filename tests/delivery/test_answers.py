"""What each answer of Propexo does to an event: every status, at a read, a create, an update and a cancel."""

import contextlib
from datetime import timedelta

import pytest
from sqlalchemy import text

from bridge.delivery.job import Again, forward
from bridge.delivery.outcomes import backoff

CREATE = ("POST", "/v1/events/appointments/leads")
LEADS = "/v1/leads/"

PARKED_REJECTED = {400, 405, 422}
PAUSED = {401, 403}
STALE = {404, 410}
RETRIED = {408, 425, *range(500, 600)}


def expected(status: int) -> tuple[str, str | None]:
    """What becomes of a write that is answered so, before anything else happens."""
    if status == 200:
        return ("submitted", "confirmation")
    if status in PARKED_REJECTED:
        return ("parked", "rejected")
    if status in PAUSED:
        return ("waiting", "integration_paused")
    if status in STALE:
        return ("parked", "stale_link")
    if status == 429:
        return ("waiting", "budget")
    if status in {*RETRIED, 409}:
        return ("waiting", "outcome_unknown")  # a create may have arrived: look first
    if 200 < status < 300:
        return ("waiting", "outcome_unknown")  # no job id
    return ("parked", "misconfigured")


def expected_of_read(status: int) -> tuple[str, str | None]:
    if status in RETRIED or 200 < status < 300 or status == 409:
        return ("retrying", "temporary")
    return expected(status)


STATUSES = [status for status in range(100, 600) if status not in (100, 200)]
"""100 is consumed by every HTTP client; 200 is the rest of the suite."""


@pytest.fixture
def answers(world):
    """Answers one status after the other to a fresh booking each, and tells what became of it."""
    world.sandbox.write_seconds = 0

    def answer(status, method, path, number):
        world.sandbox.clear_faults()
        world.sandbox.fail(
            method=method, path=path, status=status, body={"error": {"code": "x", "message": "y"}}
        )
        event = world.book(f"B-{number}-{status}", email=f"maya{status}@example.com")
        with contextlib.suppress(Again):  # the job itself: eight hundred workers would take a while
            forward(world.context, event)
        told = world.status(event)
        with world.database.session() as session:  # a pause or a spent budget must not outlive its case
            session.execute(text("DELETE FROM integrations"))
            session.execute(text("DELETE FROM budget"))
            session.execute(text("DELETE FROM procrastinate_jobs"))
        return told

    return answer


@pytest.mark.parametrize("hundred", [2, 3, 4, 5])
def test_every_status_of_a_create(world, answers, hundred):
    statuses = [status for status in STATUSES if status // 100 == hundred]
    for status in statuses:
        world.sandbox.add_lead("cintegration", "cproperty", email_1=f"maya{status}@example.com")
    told = {status: answers(status, *CREATE, "create") for status in statuses}
    assert told == {status: expected(status) for status in statuses}


@pytest.mark.parametrize("hundred", [2, 3, 4, 5])
def test_every_status_of_a_read(world, answers, hundred):
    statuses = [status for status in STATUSES if status // 100 == hundred]
    told = {status: answers(status, "GET", LEADS, "read") for status in statuses}
    assert told == {status: expected_of_read(status) for status in statuses}


ENDS = {
    "rejected": (400, ("parked", "rejected")),
    "stale": (404, ("parked", "stale_link")),
    "server error": (503, ("written", None)),
    "conflict": (409, ("written", None)),
    "time-out": (408, ("written", None)),
    "budget": (429, ("written", None)),
    "paused": (401, ("written", None)),
    "misconfigured": (302, ("parked", "misconfigured")),
}


@pytest.mark.parametrize("name", ENDS)
@pytest.mark.parametrize("what", ["reschedule", "cancel"])
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
    waits = sorted(backoff(4, world.context.random) / timedelta(seconds=80) for _ in range(1000))
    assert 0 <= waits[0] < 0.02
    assert 0.98 < waits[-1] <= 1
    assert 0.4 < waits[500] < 0.6


def test_gives_up_at_the_start_of_the_tour(world):
    world.sandbox.fail(method="GET", path=LEADS, status=503, times=10_000)
    event = world.book(start="2026-11-24T12:30:00-06:00")
    world.run()
    assert world.status(event) == ("parked", "gave_up")
    assert world.event(event).ended_at.isoformat() <= "2026-11-24T18:30:00+00:00"


def test_gives_up_after_three_days(world, clock):
    began = clock()
    world.sandbox.fail(method="GET", path=LEADS, status=503, times=10_000)
    event = world.book(start="2027-03-03T12:30:00-06:00")
    world.run(until=began + timedelta(hours=1))
    clock.advance(hours=70)
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
    world.sandbox.budget_per_minute = 20
    world.context.propexo._transport._quota._per_minute = 20
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


def test_a_refusal_is_told_in_words_with_the_place_it_came_from(world):
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
    world.sandbox.fail(method="POST", path=CREATE[1], write_status=write_status)
    event = world.book()
    world.run()
    assert world.status(event) == ("parked", reason)
    assert len(world.calls(*CREATE)) == 1


def test_a_write_that_stays_pending_is_told_after_an_hour(world, clock):
    began = clock()
    world.sandbox.write_seconds = 10**9
    event = world.book()
    world.run()
    assert world.status(event) == ("parked", "unconfirmed")
    assert timedelta(minutes=55) < world.event(event).ended_at - began < timedelta(minutes=70)
