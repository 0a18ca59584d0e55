"""What a worker finds out for those who watch, and how a scrape repeats it."""

import json
from datetime import timedelta
from typing import Any

from sqlalchemy import select, text
from world import World

from bridge.database import Database
from bridge.delivery.storage.breakers import CircuitBreakers
from bridge.metrics import GAUGES
from bridge.models import Gauge, HourlyCount
from bridge.monitoring import gauges, hourly_counts
from bridge.monitoring.collector import FRESH_FOR, KnownGauges

Key = tuple[str, ...]


def found(world: World) -> dict[Key, float]:
    """The gauges by name and label values, found out now."""
    with world.database.session() as session:
        gauges.refresh(session, world.settings, world.clock())
        return {
            (row.name, *json.loads(row.labels).values()): row.value for row in session.scalars(select(Gauge))
        }


def test_all_gauges_have_all_their_labels_from_the_start(world: World) -> None:
    values = found(world)
    assert {key[0] for key in values} == set(GAUGES)
    at = world.clock().timestamp()
    assert {key[0]: value for key, value in values.items() if value} == {
        "bridge_budget_limit_calls": 1000,
        "bridge_gauges_timestamp_seconds": at,
    }
    assert values["bridge_queue_events", "retrying"] == 0
    assert values["bridge_parked_events", "unknown_property"] == 0
    assert values["bridge_paused_integrations", "outage"] == 0
    assert values["bridge_last_event_timestamp_seconds", "other"] == 0


def test_they_show_what_waits_and_for_how_long(world: World, clock: Any) -> None:
    world.book(start="2026-12-03T10:30:00-06:00")
    world.book("B-2", start="2026-12-02T10:30:00-06:00", email="ben@example.com")
    arrived = clock().timestamp()
    clock.advance(minutes=3)
    values = found(world)
    assert values["bridge_queue_events", "received"] == 2
    assert values["bridge_oldest_due_age_seconds",] == 180
    assert values["bridge_last_event_timestamp_seconds", "widget"] == arrived
    world.run_due()
    values = found(world)
    assert values["bridge_oldest_due_age_seconds",] == 0
    assert values["bridge_queue_events", "submitted"] + values["bridge_queue_events", "waiting"] == 2
    assert values["bridge_soonest_unsent_start_timestamp_seconds",] == 1796229000
    assert values["bridge_budget_used_calls",] > 0
    world.run()
    values = found(world)
    assert values["bridge_soonest_unsent_start_timestamp_seconds",] == 0
    assert sum(value for key, value in values.items() if key[0] == "bridge_queue_events") == 0


def test_a_tour_starts_by_the_clock_of_its_property(world: World) -> None:
    world.book(start="2026-12-02T10:30:00")  # 16:30 in UTC
    world.run_due()
    assert found(world)["bridge_soonest_unsent_start_timestamp_seconds",] == 1796229000


def test_they_show_what_is_parked_and_paused(world: World, clock: Any) -> None:
    world.book(property="nowhere")
    world.run()
    CircuitBreakers(world.database, clock).pause("cintegration", "migration")
    values = found(world)
    parked = {key[1]: value for key, value in values.items() if key[0] == "bridge_parked_events" and value}
    assert sum(parked.values()) == len([event for event in world.events() if event.status == "parked"])
    assert values["bridge_paused_integrations", "operator"] == 1


def test_sources_that_are_gone_go(world: World) -> None:
    found(world)
    del world.document["sources"]["other"]
    world.restart()
    assert ("bridge_last_event_timestamp_seconds", "other") not in found(world)


def test_a_scrape_reads_them_once_in_a_while_and_goes_on_without_the_database(
    database: Database, world: World
) -> None:
    now = 0.0
    known = KnownGauges(database, lambda: now)

    def reported() -> float:
        [family] = [one for one in known.collect() if one.name == "bridge_gauges_timestamp_seconds"]
        return family.samples[0].value

    assert reported() == 0
    found(world)
    assert reported() == 0
    now = FRESH_FOR
    assert reported() == world.clock().timestamp()
    with database.session() as session:
        session.execute(text("ALTER TABLE gauges RENAME TO away"))
    now = 2 * FRESH_FOR
    assert reported() == world.clock().timestamp()


def tallied(world: World) -> dict[tuple[int, str], tuple[int, int, int, int]]:
    with world.database.session() as session:
        hourly_counts.count(session, world.clock())
        return {
            (row.hour.hour, row.source): (row.received, row.written, row.parked, row.ignored)
            for row in session.scalars(select(HourlyCount))
        }


def test_events_are_tallied_by_the_hour_in_which_they_came_and_ended(world: World, clock: Any) -> None:
    world.book()
    clock.advance(minutes=59)
    world.book("B-2", start="2026-12-04T10:30:00-06:00", email="ben@example.com", source="other")
    assert tallied(world) == {(15, "widget"): (1, 0, 0, 0), (15, "other"): (1, 0, 0, 0)}
    clock.advance(minutes=5)
    world.run()
    assert tallied(world) == {
        (15, "widget"): (1, 0, 0, 0),
        (15, "other"): (1, 0, 0, 0),
        (16, "widget"): (0, 1, 0, 0),
        (16, "other"): (0, 1, 0, 0),
    }


def test_a_tally_follows_what_changed_and_is_caught_up_after_a_pause(world: World, clock: Any) -> None:
    world.book()
    tallied(world)
    clock.advance(hours=5)
    world.run()
    clock.advance(hours=7)
    world.cancel("B-9")
    found = tallied(world)
    assert (found[15, "widget"], found[3, "widget"]) == ((1, 0, 0, 0), (1, 0, 0, 0))
    assert sum(one[1] for one in found.values()) == 1
    with world.database.session() as session:
        session.execute(text("DELETE FROM attempts"))
        session.execute(text("DELETE FROM events WHERE reference = 'B-9'"))
    assert (3, "widget") not in tallied(world)


def test_old_counts_are_deleted(world: World, clock: Any) -> None:
    world.book()
    tallied(world)
    clock.now += hourly_counts.KEEP + timedelta(hours=2)
    with world.database.session() as session:
        hourly_counts.forget(session, clock())
        assert session.scalars(select(HourlyCount)).all() == []
