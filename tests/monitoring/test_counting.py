"""What processes count, as a scrape tells it."""

from datetime import timedelta
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from world import World

from bridge.delivery.perform import KINDS
from bridge.propexo.quota import SharedQuota

Samples = dict[str, float]


def scraped(world: World) -> Samples:
    """Every sample of a scrape as `name{label=value}`."""
    answer = world.client.get("/metrics")
    assert answer.content_type.startswith("text/plain")
    return {
        name_of(sample.name, sample.labels): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def name_of(name: str, labels: dict[str, str]) -> str:
    inside = ",".join(f"{label}={value}" for label, value in sorted(labels.items()))
    return f"{name}{{{inside}}}" if inside else name


class Counted:
    """What has been added since the beginning of a test: the counts of one process go on from test to test."""

    def __init__(self, world: World) -> None:
        self._world, self._before = world, scraped(world)

    def __getitem__(self, name: str) -> float:
        return scraped(self._world)[name] - self._before[name]

    def all(self, name: str) -> Samples:
        """The samples of a metric that have grown."""
        now = scraped(self._world)
        return {
            key: value - self._before.get(key, 0)
            for key, value in now.items()
            if key.partition("{")[0] == name and value != self._before.get(key, 0)
        }


@pytest.fixture
def counted(world: World) -> Counted:
    return Counted(world)


def test_an_event_is_counted_on_its_way(world: World, counted: Counted) -> None:
    world.book()
    world.run()
    assert counted["bridge_events_received_total{source=widget}"] == 1
    assert counted["bridge_commit_requests_count"] == 1
    assert counted["bridge_inbound_request_duration_seconds_count"] == 1
    assert counted["bridge_delivery_attempts_total{kind=create,outcome=submitted}"] == 1
    assert counted["bridge_delivery_attempts_total{kind=create_lead,outcome=submitted}"] == 1
    assert counted["bridge_delivery_lag_seconds_count"] == 1
    assert counted["bridge_event_to_written_seconds_count"] == 1
    assert counted["bridge_events_ended_total{status=written}"] == 1


def test_seconds_are_those_of_the_event_and_its_first_call_counts_once(
    world: World, counted: Counted, clock: Any
) -> None:
    event = world.book()
    arrived = clock()
    clock.advance(seconds=7)
    world.run()
    assert counted["bridge_delivery_lag_seconds_sum"] == 7
    written = world.event(event).ended_at
    assert written is not None
    assert counted["bridge_event_to_written_seconds_sum"] == pytest.approx(
        (written - arrived).total_seconds()
    )
    world.reschedule()
    world.run()
    assert counted["bridge_delivery_lag_seconds_count"] == 2


def test_a_first_call_that_had_no_budget_is_not_one(world: World, counted: Counted, clock: Any) -> None:
    quota = SharedQuota(world.database, "secret-token", 1000, clock)
    quota.take()
    quota.block_until(clock() + timedelta(seconds=40))
    world.book()
    world.run()
    assert counted["bridge_delivery_attempts_total{kind=find_leads,outcome=budget}"] == 1
    assert counted["bridge_delivery_lag_seconds_count"] == 1
    assert counted["bridge_delivery_lag_seconds_sum"] == 40


def test_a_duplicate_is_counted_as_one(world: World, counted: Counted) -> None:
    body = b'{"type": "tour.booked", "timestamp": "2026-11-24T15:00:00Z", "data": {"booking_id": "B-1"}}'
    for _ in range(3):
        world.post(body, "msg_1")
    assert counted["bridge_events_received_total{source=widget}"] == 1
    assert counted["bridge_events_duplicate_total{source=widget}"] == 2


def test_refused_requests_are_counted_by_their_code(world: World, counted: Counted) -> None:
    world.client.post("/hooks/widget", data=b"{}")
    world.client.post("/hooks/nobody", data=b"{}")
    world.client.post("/hooks/nobody", data=b"{}")
    world.client.get("/nowhere")
    assert counted.all("bridge_requests_refused_total") == {
        "bridge_requests_refused_total{code=not_authentic}": 1,
        "bridge_requests_refused_total{code=unknown_source}": 2,
        "bridge_requests_refused_total{code=http_error}": 1,
    }
    assert counted.all("bridge_verification_failures_total") == {
        "bridge_verification_failures_total{cause=missing,source=widget}": 1
    }


def test_everything_is_there_before_anything_happened(world: World) -> None:
    reported = scraped(world)
    assert reported["bridge_events_received_total{source=other}"] >= 0
    assert reported["bridge_verification_failures_total{cause=stale,source=other}"] >= 0
    assert reported["bridge_requests_refused_total{code=body_too_large}"] >= 0
    assert reported["bridge_delivery_attempts_total{kind=cancel,outcome=conflict}"] >= 0
    assert reported["bridge_events_ended_total{status=dismissed}"] >= 0


def test_every_call_is_of_a_kind_that_is_counted_from_the_start(world: World) -> None:
    world.book()
    world.run()
    world.reschedule()
    world.run()
    world.cancel()
    world.run()
    assert {attempt.kind for attempt in world.attempts()} <= set(KINDS)


def test_labels_hold_nothing_that_was_sent(world: World) -> None:
    world.book(email="secret.person@example.com")
    world.client.post("/hooks/somebody@example.com?token=s3cret", data=b"{}")
    world.run()
    text = world.client.get("/metrics").text
    for word in ("secret.person", "somebody", "s3cret", "Okafor", "B-1"):
        assert word not in text
