"""Where several writes wait, one reading of the write log confirms them all."""

from datetime import timedelta

import pytest

LIMIT = 1000
MANY = 12


@pytest.fixture
def known(world):
    """Thirty people for whom a tour costs one write: Propexo knows them, and so does the bridge."""
    world.limit(LIMIT)
    for n in range(30):
        world.sandbox.add_lead(
            "cintegration", "cproperty", last_name="Okafor", email_1=f"renter{n}@example.com"
        )
    return world


def book(world, numbers):
    return [world.book(f"B-{n}", email=f"renter{n}@example.com") for n in numbers]


def statuses(world, events):
    return {world.event(one).status for one in events}


def readings(world):
    return [one.at for one in world.sandbox.requests if one.path.startswith("/v1/admin/logs/writes")]


def asked_for_one(world):
    return [one for one in world.sandbox.requests if one.path.startswith("/v1/admin/write-status")]


def test_one_reading_confirms_all(known, clock):
    began = clock()
    events = book(known, range(MANY))
    known.run(until=began + timedelta(seconds=3))
    assert statuses(known, events) == {"written"}
    assert readings(known) == [began + timedelta(seconds=3)]
    assert asked_for_one(known) == []


def test_a_reading_for_the_older_ones_confirms_younger_ones_before_they_ask(known, clock):
    began = clock()
    known.sandbox.write_seconds = 0
    older = book(known, range(MANY))
    known.run(until=began + timedelta(seconds=1))
    younger = book(known, range(MANY, MANY + 5))
    known.run(until=began + timedelta(seconds=3))
    assert statuses(known, older + younger) == {"written"}
    assert len(readings(known)) == 1


def test_a_young_write_that_the_log_does_not_show_yet_has_not_missed_a_reading(known, clock):
    began = clock()
    known.sandbox.write_seconds = 2
    older = book(known, range(MANY))
    known.run(until=began + timedelta(seconds=1.5))
    (young,) = book(known, [MANY])
    known.run(until=began + timedelta(seconds=3))
    assert statuses(known, older) == {"written"}
    assert known.status(young) == ("submitted", "confirmation")
    assert known.attempts(young)[-1].unlisted == 0


@pytest.mark.parametrize(("per_minute", "seconds"), [(150, 10), (1000, 1.5), (1_000_000, 1)])
def test_the_log_is_read_again_as_soon_as_the_budget_allows(known, clock, per_minute, seconds):
    known.limit(per_minute)
    known.sandbox.write_seconds = 3600
    began = clock()
    book(known, range(MANY))
    known.run(until=began + timedelta(seconds=4))
    book(known, range(MANY, 2 * MANY))
    known.run(until=began + timedelta(seconds=25))
    first, second = readings(known)[:2]
    assert second - first >= timedelta(seconds=seconds)


def test_who_is_not_listed_in_three_readings_is_asked_for_by_itself(known, clock):
    known.sandbox.write_seconds = 25
    began = clock()
    events = book(known, range(MANY))
    known.run(until=began + timedelta(minutes=2))
    assert statuses(known, events) == {"written"}
    assert len(readings(known)) == 3
    assert len(asked_for_one(known)) >= MANY
