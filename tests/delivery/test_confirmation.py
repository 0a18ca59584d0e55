"""Where several writes wait, one reading of the write log confirms them all."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from bridge.delivery.confirm import sweep_interval

LIMIT = 1000
MANY = 12


@pytest.fixture
def known(world):
    """Forty people for whom a tour costs one write: Propexo knows them, and so does the bridge."""
    world.limit(LIMIT)
    for n in range(40):
        world.sandbox.add_lead(
            "cintegration", "cproperty", last_name="Okafor", email_1=f"renter{n}@example.com"
        )
    return world


def book(world, numbers):
    return [world.book(f"B-{n}", email=f"renter{n}@example.com") for n in numbers]


def statuses(world, events):
    return {world.event(event).status for event in events}


def readings(world):
    return [
        request.at for request in world.sandbox.requests if request.path.startswith("/v1/admin/logs/writes")
    ]


def asked_for_one(world):
    return [
        request for request in world.sandbox.requests if request.path.startswith("/v1/admin/write-status")
    ]


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


@pytest.mark.parametrize(
    ("per_minute", "seconds"),
    [(1, 10), (150, 10), (600, 10), (1000, 6), (3000, 2), (6000, 1), (1_000_000, 1)],
)
def test_how_often_a_log_is_read(per_minute, seconds):
    assert sweep_interval(per_minute) == timedelta(seconds=seconds)


def test_the_log_is_read_again_as_soon_as_the_budget_allows(known, clock):
    known.sandbox.write_seconds = 3600
    began = clock()
    book(known, range(MANY))
    for n in range(MANY, 40):  # from then on somebody asks in every second
        known.run(until=clock() + timedelta(seconds=1))
        if len(readings(known)) > 1:
            break
        book(known, [n])
    first, second = readings(known)
    assert first == began + timedelta(seconds=3)
    assert second == first + sweep_interval(LIMIT)


def test_who_is_not_listed_for_some_time_is_asked_for_by_itself(known, clock):
    known.sandbox.write_seconds = 100
    began = clock()
    events = book(known, range(MANY))
    known.run()
    assert statuses(known, events) == {"written"}
    assert len(readings(known)) == 3
    assert min(one.at for one in asked_for_one(known)) >= readings(known)[-1] >= began + timedelta(seconds=23)


def test_readings_in_quick_succession_are_one_miss(known, clock):
    known.limit(1_000_000)
    known.sandbox.write_seconds = 3600
    began = clock()
    events = book(known, range(MANY))
    for n in range(MANY, 20):
        known.run(until=clock() + timedelta(seconds=1))
        book(known, [n])
    assert len([at for at in readings(known) if at < began + timedelta(seconds=13)]) > 3
    assert {
        attempt.unlisted for attempt in known.attempts() if attempt.event_id in events and attempt.request
    } == {1}


def test_a_write_whose_worker_died_while_sending_is_listed_too(known, clock):
    events = book(known, range(MANY))
    known.run_due()
    with known.database.session() as session:
        session.execute(text("UPDATE attempts SET finished_at = NULL"))
    known.run(until=clock() + timedelta(seconds=3))
    assert statuses(known, events) == {"written"}
    assert len(readings(known)) == 1
