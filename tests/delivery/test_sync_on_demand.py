"""A tour that cannot wait for the next sync: when one is asked for, and that it is then booked within minutes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bridge.delivery.rules.sync_on_demand import Waiter, is_look_due, models_to_sync, next_sync
from bridge.delivery.sync_on_demand import SyncOnDemand

NOW = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
EVERY, PAUSE = timedelta(hours=12), timedelta(minutes=30)
HOUR = timedelta(hours=1)


def needed(*waiters, last_completed=None, asked_at=None):
    return models_to_sync(
        waiters, last_completed=last_completed, asked_at=asked_at, now=NOW, every=EVERY, pause=PAUSE
    )


class TestDecision:
    @pytest.mark.parametrize(
        ("start", "last_completed", "expected"),
        [
            (NOW + 5 * HOUR, NOW - 2 * HOUR, ["leads"]),  # the next one comes in ten hours
            (NOW + 12 * HOUR, NOW - 2 * HOUR, []),
            (NOW + 10.5 * HOUR, NOW - 2 * HOUR, ["leads"]),  # too close to it
            (NOW + 5 * HOUR, NOW - 9 * HOUR, []),  # comes in three
            (NOW + 5 * HOUR, None, ["leads"]),  # nothing is known of syncs
            (NOW + 5 * HOUR, NOW - 20 * HOUR, ["leads"]),  # one is overdue
            (NOW + 20 * HOUR, None, []),
            (NOW - HOUR, NOW - 2 * HOUR, []),
            (None, None, []),
        ],
    )
    def test_a_tour_that_starts_before_the_next_sync_needs_one(self, start, last_completed, expected):
        assert needed(Waiter("leads", start), last_completed=last_completed) == expected

    def test_only_the_models_that_are_waited_for(self):
        soon, far = NOW + HOUR, NOW + timedelta(days=3)
        assert needed() == []
        assert needed(Waiter("leads", far), Waiter("events", soon)) == ["events"]
        assert needed(Waiter("leads", soon), Waiter("events", soon)) == ["events", "leads"]

    @pytest.mark.parametrize(("minutes", "is_asked"), [(0, False), (29, False), (30, True), (600, True)])
    def test_at_most_once_in_a_while(self, minutes, is_asked):
        asked_at = NOW - timedelta(minutes=minutes)
        assert bool(needed(Waiter("leads", NOW + HOUR), asked_at=asked_at)) == is_asked

    def test_the_next_sync(self):
        assert next_sync(NOW - HOUR, EVERY, NOW) == NOW + 11 * HOUR
        assert next_sync(NOW - 13 * HOUR, EVERY, NOW) == NOW + EVERY
        assert next_sync(None, EVERY, NOW) == NOW + EVERY

    def test_looks_after_it(self):
        looked, looks = None, []
        for minutes in range(40):
            now = NOW + timedelta(minutes=minutes)
            if is_look_due(NOW, looked, now):
                looked = now
                looks.append(minutes)
        assert looks == [1, 2, 3, 5, 8, 13, 21, 30]
        assert is_look_due(NOW, NOW - HOUR, NOW + timedelta(minutes=1))


SYNC = "/v1/admin/integrations/cintegration/manual-sync"
TODAY = "2026-11-24T15:30:00-06:00"


@pytest.mark.parametrize("vendor", ["ENTRATA"])
class TestEntrata:
    def minutes(self, world, on_demand, count):
        """Let time pass as a worker does that looks every minute."""
        for _ in range(count):
            on_demand.run()
            world.run(until=world.clock() + timedelta(minutes=1))

    def test_a_new_renters_tour_is_booked_within_minutes(self, world, clock, vendor):
        world.sandbox.sync("cintegration")
        world.sandbox.sync_seconds = 150
        booked, on_demand = world.book(start=TODAY), SyncOnDemand(world.tools)
        world.run(until=clock() + timedelta(minutes=1))
        assert world.status(booked) == ("waiting", "lead_id")
        self.minutes(world, on_demand, 6)
        assert world.status(booked) == ("written", None), world.event(booked).detail
        assert [tour.appointment_time for tour in world.tours] == ["14:30:00"]  # in Denver
        assert [call.body for call in world.calls("POST", SYNC)] == [{"models_to_sync": ["leads"]}]

    def test_a_move_waits_for_the_id_of_its_appointment(self, world, clock, vendor):
        world.sandbox.add_lead("cintegration", "cproperty", email_1="maya@example.com")
        world.book(start=TODAY)
        world.run(until=clock() + timedelta(minutes=1))
        moved, on_demand = world.reschedule(start="2026-11-24T16:00:00-06:00"), SyncOnDemand(world.tools)
        world.run(until=clock() + timedelta(minutes=1))
        assert world.status(moved) == ("waiting", "appointment_id")
        self.minutes(world, on_demand, 3)
        assert world.status(moved) == ("written", None), world.event(moved).detail
        assert [call.body for call in world.calls("POST", SYNC)] == [{"models_to_sync": ["events"]}]

    def test_it_is_asked_for_once_by_all_workers_until_the_pause_is_over(self, world, clock, vendor):
        world.sandbox.sync_seconds = 10**6
        world.book(start=TODAY)
        world.run(until=clock() + timedelta(minutes=1))
        workers = [SyncOnDemand(world.tools), SyncOnDemand(replace(world.tools))]
        for _ in range(29):
            for worker in workers:
                worker.run()
            clock.advance(minutes=1)
        assert len(world.calls("POST", SYNC)) == 1
        clock.advance(minutes=2)
        workers[1].run()
        assert len(world.calls("POST", SYNC)) == 2

    def test_a_tour_that_can_wait_does(self, world, clock, vendor):
        booked = world.book()
        world.run(until=clock() + timedelta(minutes=1))
        assert world.status(booked) == ("waiting", "lead_id")
        SyncOnDemand(world.tools).run()
        assert world.calls("POST", SYNC) == []

    def test_it_can_be_switched_off(self, world, clock, vendor):
        world.document["propexo"]["sync_on_demand"] = False
        world.restart()
        world.book(start=TODAY)
        world.run(until=clock() + timedelta(minutes=1))
        SyncOnDemand(world.tools).run()
        assert world.calls("POST", SYNC) == []

    @pytest.mark.parametrize("status", [400, 405, 503])
    def test_a_refusal_leaves_the_tour_as_it_is(self, world, clock, vendor, status):
        booked, on_demand = world.book(start=TODAY), SyncOnDemand(world.tools)
        world.run(until=clock() + timedelta(minutes=1))
        world.sandbox.fail(method="POST", path=SYNC, status=status)
        on_demand.run()
        on_demand.run()
        assert len(world.calls("POST", SYNC)) == 1
        assert world.status(booked) == ("waiting", "lead_id")
