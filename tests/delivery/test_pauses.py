"""One integration pauses: refused, unreachable, or by an operator. Its events wait; the others do not notice."""

from datetime import timedelta

import pytest

from bridge.delivery.rules.circuit_breaker import (
    OUTAGE_AFTER,
    OUTAGE_FAILURES,
    PROBE_INTERVAL,
    Cause,
    after_call,
)
from bridge.delivery.rules.entities import Breaker
from bridge.delivery.storage.breakers import CircuitBreakers
from bridge.models import IntegrationState
from bridge.propexo.errors import Outcome, RateLimitedError

HERE, THERE = "cintegration", "celmintegration"
PAUSED, WRITTEN = ("waiting", "integration_paused"), ("written", None)


@pytest.fixture
def breakers(world) -> CircuitBreakers:
    return world.tools.breakers


def state(world, integration_id: str = HERE) -> IntegrationState:
    with world.database.session() as session:
        return session.get(IntegrationState, integration_id)


def book_several(world, number: int, **more) -> list[int]:
    return [world.book(f"B-{n}", email=f"maya{n}@example.com", **more) for n in range(number)]


def book_at_elm(world, name: str = "E-1") -> int:
    tour = {"start": "2026-12-03T10:30:00-06:00", "notes": "2 BR"}
    prospect = {"first_name": "Tom", "last_name": "Ito", "email": f"{name.lower()}@example.com"}
    return world.send("booked", name, prospect=prospect, tour=tour, property="elm")


def away(world) -> None:
    world.sandbox.fail(path="/v1/*", status=503, times=100_000)


class TestRefused:
    @pytest.mark.parametrize("status", [401, 403])
    def test_waits_without_using_up_a_try_and_goes_on_by_itself(self, world, clock, status):
        world.sandbox.fail(path="/v1/*", status=status, times=3)
        event = world.book()
        began = clock()
        world.run()
        assert world.status(event) == WRITTEN
        assert world.event(event).tries == 0
        refused = [seen.at - began for seen in world.sandbox.requests if seen.status == status]
        assert refused == [timedelta(0), PROBE_INTERVAL, 2 * PROBE_INTERVAL]
        assert state(world).paused_at is None

    def test_one_of_many_probes_and_the_others_sleep(self, world, clock):
        world.sandbox.token = "another"
        events = book_several(world, 12)
        world.run_due()
        before = len(world.sandbox.requests)
        world.run(until=clock() + 3 * PROBE_INTERVAL)
        probes = [seen.at for seen in world.sandbox.requests[before:]]
        assert len(probes) == len(set(probes)) == 3
        assert {world.status(event) for event in events} == {PAUSED}

    def test_a_403_for_one_integration_does_not_touch_the_other(self, world, clock):
        world.sandbox.fail(path="/v1/*", status=403)
        paused = world.book()
        world.run_due()
        other = book_at_elm(world)
        world.run(until=clock() + timedelta(minutes=4))
        assert (world.status(paused), world.status(other)) == (PAUSED, WRITTEN)
        assert state(world, THERE) is None

    def test_a_refusal_of_what_was_sent_is_an_answer_and_ends_the_pause(self, world, clock):
        world.sandbox.fail(path="/v1/leads/", method="GET", status=401)
        world.sandbox.fail(path="/v1/leads/", method="GET", status=400)
        one = world.book()
        world.run_due()
        two = world.book("B-2", email="tom@example.com")
        world.run()
        assert (world.status(one), world.status(two)) == (("parked", "rejected"), WRITTEN)

    def test_a_probe_that_the_budget_holds_back_is_made_in_the_next_minute(self, world, breakers, clock):
        world.sandbox.fail(path="/v1/*", status=401)
        event = world.book()
        world.run_due()
        clock.advance(minutes=5)
        quota = world.tools.propexo._transport._quota
        quota.take()
        quota.block_until(clock() + timedelta(minutes=1))
        began = clock()
        world.run()
        assert world.status(event) == WRITTEN
        first = next(seen for seen in world.sandbox.requests if seen.at >= began)
        assert first.at - began <= timedelta(minutes=2)


class TestOutage:
    def test_opens_after_so_many_failures_in_a_row_over_so_long(self, clock):
        breaker = Breaker(HERE)
        for _ in range(OUTAGE_FAILURES):
            breaker = after_call(breaker, Outcome.TRANSIENT, "away", clock(), probing=False)
            assert breaker.paused_at is None
        clock.now += OUTAGE_AFTER
        breaker = after_call(breaker, Outcome.UNKNOWN, "away", clock(), probing=False)
        assert (breaker.cause, breaker.probe_at) == (Cause.OUTAGE, clock() + PROBE_INTERVAL)

    def test_an_answer_in_between_begins_the_count_anew(self, clock):
        breaker = Breaker(HERE, failures=OUTAGE_FAILURES, failing_since=clock())
        clock.now += OUTAGE_AFTER
        assert after_call(breaker, Outcome.READ, "", clock(), probing=False) == Breaker(HERE)
        breaker = after_call(Breaker(HERE), Outcome.TRANSIENT, "away", clock(), probing=False)
        assert (breaker.failures, breaker.paused_at) == (1, None)

    def test_events_wait_instead_of_retrying_and_their_tries_stand_still(self, world, clock):
        away(world)
        events = book_several(world, 6)
        world.run(until=clock() + timedelta(minutes=20))
        assert {world.status(event) for event in events} == {PAUSED}
        assert state(world).cause == Cause.OUTAGE
        tries = [world.event(event).tries for event in events]
        before = len(world.sandbox.requests)
        world.run(until=clock() + timedelta(minutes=60))
        assert [world.event(event).tries for event in events] == tries
        assert len(world.sandbox.requests) - before <= 12  # one probe each five minutes
        world.sandbox.clear_faults()
        world.run()
        assert {world.status(event) for event in events} == {WRITTEN}
        assert len(world.tours) == 6

    def test_a_lost_write_is_not_the_probe(self, world, clock):
        """A create might get lost half-way: whether somebody is there, a reading call finds out."""
        event = world.book()
        world.run_due()  # the lead is on its way
        away(world)
        world.run(until=clock() + timedelta(minutes=15))
        assert world.status(event) == PAUSED
        creates = [seen for seen in world.sandbox.requests if seen.path == "/v1/events/appointments/leads"]
        assert creates == []
        world.sandbox.clear_faults()
        world.run()
        assert (world.status(event), len(world.tours)) == (WRITTEN, 1)

    def test_writes_that_nobody_answers_count_too_and_none_is_made_twice(self, world, clock):
        world.sandbox.fail(method="POST", path="/v1/events/*", drop="after", times=100)
        world.sandbox.fail(method="GET", path="/v1/*", status=503, times=100)
        for n in range(3):
            world.sandbox.add_lead(
                HERE, "cproperty", first_name="Maya", last_name="Okafor", email_1=f"maya{n}@example.com"
            )
        events = book_several(world, 3)
        world.run(until=clock() + timedelta(minutes=30))
        assert state(world).cause == Cause.OUTAGE
        world.sandbox.clear_faults()
        world.run()
        assert {world.status(event) for event in events} == {WRITTEN}
        assert len(world.tours) == 3


class TestOperator:
    def test_lasts_until_it_is_resumed_and_is_never_probed(self, world, breakers, clock):
        assert breakers.pause(HERE, "migration of the PMS") == 0
        events = book_several(world, 3)
        world.run(until=clock() + timedelta(hours=7))
        assert world.sandbox.requests == []
        assert {world.status(event) for event in events} == {PAUSED}
        assert "migration of the PMS" in world.event(events[0]).detail
        assert {world.event(event).tries for event in events} == {0}
        assert breakers.resume(HERE) == 3
        world.run(until=clock() + timedelta(minutes=2))
        assert {world.status(event) for event in events} == {WRITTEN}

    def test_what_is_refused_or_answered_meanwhile_does_not_change_it(self, breakers, clock):
        breakers.pause(HERE, "migration")
        for outcome in (Outcome.UNAUTHORIZED, Outcome.TRANSIENT, Outcome.READ):
            assert breakers.observe(HERE, outcome, "", probing=False).cause == Cause.OPERATOR
        assert breakers.resume(HERE) == 0
        assert breakers.resume(HERE) is None

    def test_takes_over_a_pause_that_began_by_itself(self, world, breakers, clock):
        began = clock()
        breakers.observe(HERE, Outcome.UNAUTHORIZED, "the token", probing=False)
        clock.advance(minutes=1)
        breakers.pause(HERE, "the token is being changed")
        row = state(world)
        assert (row.paused_at, row.cause, row.probe_at) == (began, Cause.OPERATOR, None)

    def test_ends_any_other_pause_too(self, world, breakers):
        world.sandbox.fail(path="/v1/*", status=401)
        event = world.book()
        world.run_due()
        assert breakers.resume(HERE) == 1
        world.run_due()
        world.run_due()
        assert world.status(event)[0] == "submitted"

    def test_a_tour_that_comes_near_is_shown_to_a_person(self, world, breakers, clock):
        breakers.pause(HERE, "migration")
        event = world.book(start=(clock() + timedelta(hours=5)).isoformat())
        world.run(until=clock() + timedelta(hours=6))
        assert world.status(event) == ("parked", "gave_up")


def test_the_backlog_goes_on_at_the_pace_of_the_rate_limit(world, breakers, clock):
    world.limit(30)
    breakers.pause(HERE, "migration")
    events = book_several(world, 16)
    world.run(until=clock() + timedelta(minutes=2))
    assert {world.status(event) for event in events} == {PAUSED}
    breakers.resume(HERE)
    world.run_due()
    soon = clock() + timedelta(minutes=1)  # all woken, none asleep for half an hour
    assert max(event.next_attempt_at for event in world.events() if event.ended_at is None) <= soon
    world.run()
    assert {world.status(event) for event in events} == {WRITTEN}
    assert [seen for seen in world.sandbox.requests if seen.status == 429] == []


def test_a_cancel_that_came_during_a_pause_goes_on_with_its_booking(world, breakers, clock):
    breakers.pause(HERE, "migration")
    booked = world.book()
    world.run(until=clock() + timedelta(minutes=1))
    cancelled = world.cancel(at=clock() + timedelta(seconds=1))
    world.run(until=clock() + timedelta(minutes=1))
    began = clock()
    breakers.resume(HERE)
    world.run(until=began + timedelta(minutes=2))
    assert world.event(cancelled).ended_at is not None, world.event(cancelled).detail
    assert world.status(booked)[0] in ("written", "ignored")
    assert world.tours == []


def test_every_event_knows_its_integration(world):
    one, two = world.book(), book_at_elm(world)
    world.run()
    assert (world.event(one).integration_id, world.event(two).integration_id) == (HERE, THERE)


def test_the_budget_is_neither_a_failure_nor_an_answer(world, breakers):
    quota = world.tools.propexo._transport._quota
    quota.take()
    quota.block_until(world.clock() + timedelta(hours=1))
    event = world.book()
    world.run_due()
    assert world.status(event) == ("waiting", "budget")
    assert state(world) is None
    with pytest.raises(RateLimitedError):
        quota.take()
