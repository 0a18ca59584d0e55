"""Today: the first page of the console."""

import html
import re
from datetime import timedelta
from itertools import pairwise

import pytest
from sqlalchemy import update

from bridge.console.dates import office_zone
from bridge.console.today.charts import Bar, Chart, last_days, last_hours, ticks
from bridge.delivery.storage.breakers import CircuitBreakers
from bridge.models import Booking, Event, HourlyCount, Role


def tally(world, ago, received, written):
    hour = world.clock().replace(minute=0, second=0) - ago
    with world.database.session() as session:
        session.add(HourlyCount(hour=hour, source="widget", received=received, written=written))


def test_without_anything_it_says_so(signed_in):
    page = signed_in(Role.VIEWER).get("/console").text
    assert "Nothing needs you. Every tour that the bridge knows of is in its PMS." in page
    assert "No events in this period." in page
    assert "never" in page


def test_what_came_and_was_written_since_midnight(world, signed_in):
    tally(world, timedelta(hours=2), 7, 5)  # it is nine in Chicago
    tally(world, timedelta(hours=12), 100, 100)
    tally(world, timedelta(), 0, 0)  # the worker has counted up to now
    page = signed_in().get("/console").text
    assert "<strong>7</strong> received" in page
    assert "<strong>5</strong> done in the PMS" in page
    assert "midnight in America/Chicago" in page


def test_what_has_just_come_is_counted_at_once(world, signed_in):
    world.book("B-1")
    world.run_due()
    page = signed_in().get("/console").text
    assert "<strong>1</strong> received" in page
    assert "<strong>0</strong> done in the PMS" in page
    world.run()
    assert "<strong>1</strong> done in the PMS" in signed_in().get("/console").text


def test_what_needs_a_person_first_stands_in_groups(world, signed_in):
    assert "Needs you first" not in signed_in(Role.OPERATOR).get("/console").text
    far = {"start": "2026-12-04T10:30:00-06:00"}
    for number in range(3):
        world.book(f"W-{number}", property="Elm Court West", email=f"w{number}@example.com", **far)
    world.book("E-1", start="soon", email="e@example.com")
    world.book("S-1", property="Elm Cuort", start="2026-11-24T15:30:00-06:00", email="s@example.com")
    world.book("L-1", property="Nowhere", start="2026-12-09T15:30:00-06:00", email="l@example.com")
    world.run_due()
    page = html.unescape(signed_in(Role.OPERATOR).get("/console").text)
    card = page[page.index("Needs you first") : page.index("Show all 6")]
    order = (
        "No property is called “Elm Cuort”",
        "Time not known, may be soon",
        "No property is called “Elm Court West”",
    )
    assert [card.index(text) for text in order] == sorted(card.index(text) for text in order)
    assert "Enter the date</a>" in card
    assert "soonest of 3 tours" in card
    assert "Maya Okafor</a> and 2 more" in card
    assert card.count("One choice settles all") == 1
    assert "Nowhere" not in card  # the fourth
    [group] = re.findall(r'href="(/console/action-needed\?group=\w+)">Choose the property', card)
    assert "Use this and send 3" in signed_in(Role.OPERATOR).get(group).text
    assert page.count("Tue, Nov 24, 3:30 PM CST") == 2  # also as the next tour that is not in the PMS
    assert "Elm Court West" not in signed_in(Role.VIEWER).get("/console").text


def test_the_soonest_tour_that_is_not_in_the_pms_counts_down(world, signed_in):
    CircuitBreakers(world.database, world.clock).pause("cintegration", "PMS migration")
    world.book("B-1", start="2026-12-04T10:30:00-06:00", email="noah@example.com")
    world.book("B-2", start="2026-11-24T12:30:00-06:00")
    world.run_due()
    page = signed_in(Role.OPERATOR).get("/console").text
    assert "Maya Okafor</a> at Oakwood Flats" in page
    assert "Tue, Nov 24, 12:30 PM CST" in page
    assert "in <strong>3 h 30 min</strong>" in page
    assert "has been paused since" in page
    assert "PMS migration" in page
    assert "<strong>2</strong> on their way" in page


def test_all_is_not_well_while_something_that_may_be_a_tour_is_unread(world, signed_in):
    world.book("B-1", start="next Tuesday, maybe")
    world.run_due()
    page = signed_in(Role.VIEWER).get("/console").text
    assert "Nothing needs you" not in page
    assert "1 request has no start that could be read." in page


def test_all_is_not_well_while_a_tour_is_held_or_not_confirmed(world, signed_in):
    booked = world.book("B-1", start="2026-11-24T15:30:00-06:00")
    world.run()
    assert "Nothing needs you" in signed_in(Role.VIEWER).get("/console").text
    world.clock.advance(days=2)
    with world.database.session() as session:
        session.get_one(Event, booked).status = "parked"
    page = signed_in(Role.VIEWER).get("/console").text
    assert "Nothing needs you" not in page
    assert "1 needs an operator" in page


def test_a_viewer_sees_no_names(world, signed_in):
    world.book(property="Elm Cuort", start="2026-11-24T12:30:00-06:00")
    world.run_due()
    page = signed_in(Role.VIEWER).get("/console").text
    assert "Maya" not in page
    assert "M•••" in page
    assert "<strong>1</strong> needs an operator" in page


def test_the_oldest_event_that_is_due(world, signed_in):
    world.book()
    world.clock.advance(minutes=9)
    assert "waits 9 min" in signed_in().get("/console").text
    with world.database.session() as session:
        later = world.clock() + timedelta(minutes=1)
        session.execute(update(Event).values(next_attempt_at=later, status="waiting"))
    assert "<dt>Oldest waiting event</dt><dd>none</dd>" in signed_in().get("/console").text


def test_only_the_figures_are_asked_again(signed_in):
    fragment = signed_in().get("/console", headers={"HX-Request": "true"}).text
    assert "<html" not in fragment
    assert "received" in fragment


def test_the_charts_count_by_hours_and_by_days_of_the_zone(world):
    tally(world, timedelta(), 3, 2)
    tally(world, timedelta(hours=23), 4, 4)
    tally(world, timedelta(hours=24), 50, 50)
    zone = office_zone(world.settings)
    with world.database.session() as session:
        hours, days = last_hours(session, world.clock(), zone), last_days(session, world.clock(), zone)
    assert [(bar.received, bar.written) for bar in hours.bars if bar.received] == [(4, 4), (3, 2)]
    assert (len(hours.bars), hours.bars[-1].label) == (24, "9 AM")
    assert [(bar.label, bar.received) for bar in days.bars if bar.received] == [("Nov 23", 54), ("Nov 24", 3)]


def test_many_tours_that_have_just_begun_do_not_hide_the_next_one(world, signed_in):
    event = world.book("B-1", property="Elm Cuort", start="2026-11-24T12:30:00-06:00")
    world.run_due()
    begun = {"starts_at": (world.clock() - timedelta(hours=1)).isoformat()}
    with world.database.session() as session:
        for number in range(120):
            booking = Booking(source="widget", code=f"TB-{number}", created_at=world.clock(), details={
                "start": {"value": begun, "at": world.clock().isoformat(), "rank": 0}
            })  # fmt: skip
            session.add(Event(
                source="widget", delivery_id=f"begun-{number}", received_at=world.clock(), body=b"{}", lock="x",
                status="parked", reason="gave_up", ended_at=world.clock(), booking=booking,
            ))  # fmt: skip
    page = signed_in(Role.OPERATOR).get("/console").text
    assert f'<a href="/console/events/{event}">Maya Okafor</a>' in page


def test_all_is_not_well_while_ignored_events_may_be_tours(world, signed_in):
    world.book("B-1", start="2026-11-24T15:30:00-06:00")
    world.send("viewed", "B-2")
    world.run()
    page = signed_in(Role.VIEWER).get("/console").text
    assert "1 event was ignored in the last 7 days because no rule of the mapping knows it." in page
    assert "Nothing needs you" not in page
    world.clock.advance(days=8)
    assert "because no rule of the mapping knows" not in signed_in(Role.VIEWER).get("/console").text


@pytest.mark.parametrize(
    ("top", "expected"),
    [
        (0, [0, 1]),
        (1, [0, 1]),
        (4, [0, 1, 2, 3, 4]),
        (5, [0, 2, 4, 6]),
        (8, [0, 2, 4, 6, 8]),
        (9, [0, 5, 10]),
        (63, [0, 20, 40, 60, 80]),
        (100, [0, 50, 100]),
        (12_345, [0, 5000, 10_000, 15_000]),
    ],
)
def test_a_scale_has_round_numbers(top, expected):
    assert ticks(top) == expected


def test_the_parts_of_a_bar_stand_on_each_other():
    chart = Chart("days", "Days", (Bar("Nov 24", 10, 5, 3, 2), Bar("Nov 25")))
    full, empty = chart.drawn
    assert [part.outcome for part in full.parts] == ["written", "ignored", "parked"]
    for lower, upper in pairwise(full.parts):
        assert upper.y + upper.height < lower.y
    assert full.parts[0].y + full.parts[0].height <= 196
    assert full.parts[-1].y == full.received_y == chart.ticks[-1].y
    assert (empty.parts, empty.received_y) == ((), 196)
    assert (
        chart.words
        == "In all: 10 received; 5 booked, moved or cancelled in the PMS, 3 nothing to do, 2 needed an operator."
    )
