"""Under a backlog the budget is spent, never overspent, and on few calls for each tour."""

from collections import Counter
from datetime import timedelta

import pytest

from bridge.propexo.errors import Outcome

LIMIT = 150
ENOUGH = 0.95
CREATE = "/v1/events/appointments/leads"


def email(n):
    return f"renter{n}@example.com"


def burst(world, clock, count, *, days=2, limit=LIMIT):
    """Bookings of as many people, the soonest tour last."""
    world.limit(limit)
    world.at_once = 4
    began = clock()
    for n in range(count):
        start = began + timedelta(days=days, hours=count - n)
        prospect = {
            "first_name": "Maya",
            "last_name": f"Okafor{n}",
            "email": email(n),
            "phone": f"+1512555{n:04}",
        }
        world.send(
            "booked", f"B-{days}-{n}", prospect=prospect, tour={"start": start.isoformat(), "notes": "2 BR"}
        )


def booked_before(world, clock, count):
    burst(world, clock, count, days=20, limit=2000)
    world.run()
    clock.advance(minutes=2)


def known_to_propexo(world, clock, count):
    for n in range(count):
        world.sandbox.add_lead("cintegration", "cproperty", last_name=f"Okafor{n}", email_1=email(n))


def new(world, clock, count):
    """The people are unknown."""


@pytest.fixture(autouse=True)
def dry_run_equals_run():
    """Not compared here: there are too many runs."""


@pytest.mark.parametrize(
    ("person", "limit", "count", "most"),
    [(booked_before, 60, 70, 1.1), (known_to_propexo, 90, 50, 2.15), (new, LIMIT, 100, 4.3)],
)
def test_a_burst_costs_few_calls_and_spends_the_budget(world, clock, person, limit, count, most):
    """So many bookings take more calls than a minute has.

    A call that the rate limiter refuses costs no other call: no write is put on record without its permit, and what an
    event has read is not read again.
    """
    person(world, clock, count)
    before = len(world.sandbox.requests)
    burst(world, clock, count, limit=limit)
    world.run()
    seen = world.sandbox.requests[before:]
    assert {event.status for event in world.events()} == {"written"}
    assert len(world.tours) == len(world.events())
    used = list(Counter(one.at.replace(second=0, microsecond=0) for one in seen).values())
    per_tour = len(seen) / count
    print(f"{person.__name__}: {per_tour:.3f} calls for each written tour; by the minute {used}")  # noqa: T201 - the figures are what it is for
    assert [one for one in seen if one.status == 429] == []
    assert per_tour <= most
    assert [attempt.kind for attempt in world.attempts() if attempt.outcome == Outcome.BUDGET] == []
    assert min(used[: len(seen) // limit]) >= ENOUGH * limit  # the minutes that such a burst fills
