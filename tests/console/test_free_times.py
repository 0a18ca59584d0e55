"""A tour whose time is taken gets another one by a click; and why a time is not offered."""

import re
from typing import Any

import pytest

from bridge.availability.rules.slots import Obstacle
from bridge.console.availability.views import REASONS
from bridge.mapping.conversation import OfferedTimes
from bridge.models import Event, Role

THREE, HALF_PAST = "2026-12-03T15:00:00-06:00", "2026-12-03T15:30:00-06:00"


@pytest.fixture
def taken(world: Any) -> int:
    """An event that is held because another tour has its time."""
    world.document["properties"]["oakwood"] |= {"tour_hours": ["mon-sun 09:00-18:00"], "slots": {}}
    world.restart()
    world.book("A", start=THREE, email="a@example.com")
    world.run()
    second = world.book("B", start=THREE, email="b@example.com")
    world.run()
    assert world.status(second) == ("parked", "slot_taken")
    return int(second)


def test_the_nearest_free_times_are_buttons(world: Any, taken: int, signed_in: Any) -> None:
    browser = signed_in(Role.OPERATOR)
    assert "Choose another time" in browser.get(f"/console/events/{taken}").text
    panel = browser.get(f"/console/events/{taken}/times").text
    assert "Thu, Dec 3, 3:00 PM CST" in panel
    starts = re.findall(r'name="start" value="([^"]+)"', panel)
    assert THREE not in starts
    assert HALF_PAST in starts
    answer = browser.post(f"/console/events/{taken}/times", {"start": HALF_PAST})
    assert answer.headers["HX-Redirect"] == f"/console/events/{taken}"
    world.run()
    assert world.status(taken) == ("written", None)
    assert sorted(tour.appointment_time for tour in world.tours) == ["15:00:00", "15:30:00"]
    with world.database.session() as session:
        event = session.get_one(Event, taken)
        assert event.original_body is not None
        assert OfferedTimes.from_text(event.headers["bridge-chosen-time"]) is not None


def test_a_time_that_is_not_free_changes_nothing(world: Any, taken: int, signed_in: Any) -> None:
    browser = signed_in(Role.OPERATOR)
    for start in (THREE, "", "tomorrow", "2026-12-03T15:30:00", "2026-12-03T03:00:00-06:00"):
        answer = browser.post(f"/console/events/{taken}/times", {"start": start})
        assert "This time is not free any more." in answer.text, start
        assert world.status(taken) == ("parked", "slot_taken"), start


def test_a_program_chooses_one(world: Any, taken: int, api: Any) -> None:
    client = api(Role.OPERATOR)
    offered = client.get(f"/api/v1/events/{taken}/times").json
    assert (offered["property"], offered["wanted"], offered["is_free"]) == ("oakwood", THREE, False)
    assert HALF_PAST in [slot["start"] for slot in offered["nearest"]]
    gone = client.post(f"/api/v1/events/{taken}/times", json={"start": THREE})
    assert (gone.status_code, gone.json["code"]) == (409, "time_gone")
    assert client.post(f"/api/v1/events/{taken}/times", json={"start": HALF_PAST}).json["queued"] is True
    world.run()
    assert world.status(taken) == ("written", None)
    listed = client.get("/api/v1/availability?property=Oakwood Flats&from=2026-12-03").json
    starts = {start["start"]: start["reason"] for day in listed["days"] for start in day["starts"]}
    assert (starts[THREE], starts["2026-12-03T17:00:00-06:00"]) == ("taken", None)
    assert len(listed["days"]) == 7
    assert client.get("/api/v1/availability?property=oakwood&kind=balloon").status_code == 422
    assert client.get("/api/v1/events/99/times").status_code == 404


def test_a_viewer_chooses_no_time(world: Any, taken: int, signed_in: Any) -> None:
    browser = signed_in(Role.VIEWER)
    assert browser.get(f"/console/events/{taken}/times").status_code == 403
    assert browser.post(f"/console/events/{taken}/times", {"start": HALF_PAST}).status_code == 403


def test_a_tour_that_ends_at_a_time_keeps_its_length(world: Any) -> None:
    chosen = OfferedTimes("oakwood", None, (world.clock(),))
    values = {
        "starts_at": world.clock(),
        "ends_at": world.clock().replace(minute=45),
        "starts_at_local": None,
    }
    expected = int((values["ends_at"] - values["starts_at"]).total_seconds() // 60)
    filled, errors = chosen.fill_in(values, {"starts_at": "x", "email": "y"})
    assert (filled["duration_minutes"], filled["ends_at"], errors) == (expected, None, {"email": "y"})


def test_each_start_says_why_it_is_not_free(world: Any, taken: int, signed_in: Any) -> None:
    page = signed_in(Role.VIEWER).get("/console/availability?property=oakwood&from=2026-12-03").text
    row = re.search(r"3:00 PM</time></td>\s*<td>(\w+)</td>\s*<td><code>(\w+)</code> ([^<]+)", page)
    assert row is not None
    assert row.groups() == ("no", "taken", "Another tour has it, with its buffers.")
    assert re.search(r"3:30 PM</time></td>\s*<td>free</td>", page)


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("", "Choose a property"),
        ("?property=nowhere", "No property has this name."),
        ("?property=oakwood&from=soon", "A day is written as 2026-12-03."),
        ("?property=elm", "This property offers no times."),
    ],
)
def test_what_cannot_be_shown_is_reported(
    world: Any, taken: int, signed_in: Any, query: str, text: str
) -> None:
    assert text in signed_in(Role.VIEWER).get(f"/console/availability{query}").text


def test_every_reason_has_a_sentence() -> None:
    assert REASONS.keys() == set(Obstacle)
