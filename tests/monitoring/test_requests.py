"""Every request has an id, in its answer and in the log."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import structlog
from structlog.testing import LogCapture
from world import World

from bridge.delivery.record import is_news
from bridge.delivery.rules.entities import EventRow
from bridge.models import Event, Status
from bridge.propexo.quota import SharedQuota

MOMENT = datetime(2026, 12, 1, tzinfo=UTC)


def test_an_answer_has_the_id_that_a_proxy_gave(world: World) -> None:
    answer = world.client.get("/livez", headers={"X-Request-ID": "req-0af76519.17"})
    assert answer.headers["X-Request-ID"] == "req-0af76519.17"


@pytest.mark.parametrize(
    "reported", ["", "short", "maya@example.com", "two words here", "a" * 65, "<script>alert</script>"]
)
def test_what_does_not_look_like_an_id_is_replaced(world: World, reported: str) -> None:
    answer = world.client.get("/livez", headers={"X-Request-ID": reported})
    assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["X-Request-ID"])


@pytest.fixture
def logged() -> Iterator[list[Any]]:
    """What is logged meanwhile."""
    captured = LogCapture()
    before = structlog.get_config()["processors"]
    structlog.configure(processors=[structlog.contextvars.merge_contextvars, captured])
    yield captured.entries
    structlog.configure(processors=before)


def of_kind(entries: list[Any], message: str) -> list[Any]:
    return [entry for entry in entries if entry["event"] == message]


def test_a_request_leads_to_its_event_and_to_all_that_is_logged_of_its_delivery(
    world: World, logged: list[Any]
) -> None:
    world.client.post("/hooks/widget", data=b"{}", headers={"X-Request-ID": "req-00000001"})
    [refused] = of_kind(logged, "refused")
    assert refused["request_id"] == "req-00000001"
    event = world.book()
    world.run_due()
    [accepted] = of_kind(logged, "request accepted")
    assert (accepted["source"], accepted["event_ids"], accepted["status"]) == ("widget", [event], 200)
    assert accepted["seconds"] >= 0
    with world.database.session() as session:
        assert session.get_one(Event, event).request_id == accepted["request_id"]
    ran = of_kind(logged, "event ran")
    assert {(entry["event_id"], entry["request_id"]) for entry in ran} == {(event, accepted["request_id"])}


def test_waiting_for_budget_is_logged_once(world: World, logged: list[Any]) -> None:
    quota = SharedQuota(world.database, "secret-token", 1000, world.clock)
    world.book()
    for _ in range(3):
        quota.take()
        quota.block_until(world.clock() + timedelta(seconds=40))
        world.run_due()
        world.clock.advance(seconds=41)
    assert [entry["reason"] for entry in of_kind(logged, "event ran")] == ["budget"]


@pytest.mark.parametrize(
    ("changes", "logs"),
    [
        ({}, False),
        ({"poll_count": 3, "due_at": MOMENT}, False),
        ({"reason": "unconfirmed"}, True),
        ({"failure_count": 1}, True),
        ({"propexo_job_id": "job-2"}, True),
        ({"ended_at": MOMENT}, True),
    ],
)
def test_only_another_state_is_news(changes: dict[str, Any], logs: bool) -> None:
    before = EventRow(7, "widget", "msg_1", MOMENT, "lane", 7, status=Status.RETRYING, reason="budget")
    assert is_news(before, replace(before, **changes)) is logs
