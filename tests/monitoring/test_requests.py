"""Every request has an id, in its answer and in the log."""

import re

import pytest
import structlog
from structlog.testing import LogCapture
from world import World


def test_an_answer_has_the_id_that_a_proxy_gave(world: World) -> None:
    answer = world.client.get("/livez", headers={"X-Request-ID": "req-0af76519.17"})
    assert answer.headers["X-Request-ID"] == "req-0af76519.17"


@pytest.mark.parametrize(
    "reported", ["", "short", "maya@example.com", "two words here", "a" * 65, "<script>alert</script>"]
)
def test_what_does_not_look_like_an_id_is_replaced(world: World, reported: str) -> None:
    answer = world.client.get("/livez", headers={"X-Request-ID": reported})
    assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["X-Request-ID"])


def test_the_log_of_a_request_has_its_id_and_that_of_a_run_its_event(world: World) -> None:
    captured = LogCapture()
    before = structlog.get_config()["processors"]
    structlog.configure(processors=[structlog.contextvars.merge_contextvars, captured])
    try:
        world.client.post("/hooks/widget", data=b"{}", headers={"X-Request-ID": "req-00000001"})
        event = world.book()
        world.run_due()
    finally:
        structlog.configure(processors=before)
    refused = next(entry for entry in captured.entries if entry["event"] == "refused")
    assert refused["request_id"] == "req-00000001"
    ran = [entry for entry in captured.entries if entry["event"] == "event ran"]
    assert {entry["event_id"] for entry in ran} == {event}
    assert all("request_id" not in entry for entry in ran)
