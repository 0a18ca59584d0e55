"""What waits for a decision: the soonest tour first, and one decision for all that it settles."""

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.event import listen

from bridge.console.actor import Actor, Via
from bridge.console.queries.action_needed import count_waiting, group_heading, grouped, waiting_events
from bridge.models import Event, Role

OPERATOR = Actor("olga", Role.OPERATOR, Via.CONSOLE)


@pytest.mark.parametrize(
    ("reason", "named", "place", "text"),
    [
        ("unknown_property", "The Oakwood Apts", None, "No property is called “The Oakwood Apts”"),
        ("unknown_property", None, None, "No property is named"),
        ("unknown_agent", "Dana", "Oakwood Flats", "No agent at Oakwood Flats is called “Dana”"),
        ("unknown_agent", None, "Oakwood Flats", "No agent at Oakwood Flats is named"),
        ("unmappable", "start", None, "The date could not be read"),
        ("unmappable", None, None, "The request could not be read as a tour"),
        ("slot_taken", None, "Oakwood Flats", "The time was taken meanwhile"),
        ("gave_up", None, None, "Gave up"),
        ("", None, None, ""),
    ],
)
def test_a_heading_says_what_a_group_has_in_common(reason: str, named: str, place: str, text: str) -> None:
    assert group_heading(reason, named, place) == text


def test_the_soonest_tour_comes_first_and_one_name_is_one_group(world: Any, signed_in: Any) -> None:
    west, now = {"property": "Elm Court West"}, world.clock()
    starts = {
        "far": now + timedelta(days=9),
        "soon": now + timedelta(hours=3),
        "later": now + timedelta(days=2),
    }
    ids = {
        name: world.book(name, start=start.isoformat(), email=f"{name}@example.com", **west)
        for name, start in starts.items()
    }
    ids["same"] = world.book("same", email="same@example.com", property="ELM COURT WEST ")
    ids["unread"] = world.book("unread", start="soon", email="unread@example.com")
    world.run_due()
    with world.database.session() as session:
        groups = grouped(waiting_events(session, world.settings, OPERATOR, now))
    order = [[event.summary.id for event in group.events] for group in groups]
    assert order == [[ids["soon"], ids["later"], ids["far"], ids["same"]], [ids["unread"]]]
    page = signed_in(Role.OPERATOR).get("/console/action-needed").text
    assert "No property is called “Elm Court West”" in page
    assert "Use this and send 4" in page
    assert "When: “soon”" in page
    assert (
        "No request of this group waits any more." in signed_in().get("/console/action-needed?group=x").text
    )
    assert page.count("(512) 555-0142") == 9  # a hidden one in each cell that stays live
    assert "Maya Okafor" not in signed_in(Role.VIEWER).get("/console/action-needed").text


def test_one_choice_gives_a_group_its_agent(world: Any, signed_in: Any) -> None:
    events = [
        world.book(f"B-{number}", email=f"{number}@example.com", agent="Nobody Known") for number in range(2)
    ]
    world.run_due()
    with world.database.session() as session:
        for event_id in events:
            event = session.get_one(Event, event_id)
            event.status, event.reason, event.ended_at = "parked", "unknown_agent", world.clock()
    operator = signed_in(Role.OPERATOR)
    data = {"ids": ",".join(map(str, events)), "field": "agent", "value": "Dana Ruiz"}
    assert (
        "Choose one of the list"
        in operator.post("/console/action-needed/correct", {**data, "value": ""}).text
    )
    assert (
        "Choose one of the list"
        in operator.post("/console/action-needed/correct", {**data, "field": "email"}).text
    )
    assert "2 of 2: 2 queued again." in re.sub(
        r"\s+", " ", operator.post("/console/action-needed/correct", data).text
    )
    assert [world.status(event)[0] for event in events] == ["received", "received"]


def test_the_api_settles_a_group_by_one_call(world: Any, signed_in: Any, api: Any) -> None:
    agents = [world.book(f"A-{n}", email=f"a{n}@example.com", agent="Nobody Known") for n in range(2)]
    named = [world.book(f"P-{n}", email=f"p{n}@example.com", property="Elm Court West") for n in range(2)]
    world.run_due()
    with world.database.session() as session:
        for event_id in agents:
            event = session.get_one(Event, event_id)
            event.status, event.reason, event.ended_at = "parked", "unknown_agent", world.clock()
    operator = api(Role.OPERATOR)
    listed = operator.get("/api/v1/action-needed").json
    groups = {group["field"]: group for group in listed["groups"]}
    assert (listed["total"], groups["agent"]["ids"], groups["property"]["ids"]) == (4, agents, named)
    assert groups["property"]["heading"] == "No property is called “Elm Court West”"
    assert [choice["value"] for choice in groups["property"]["choices"]] == list(world.settings.properties)
    assert groups["property"]["events"][0]["phone"] == "(512) 555-0142"
    asked = operator.get("/api/v1/action-needed", query_string={"group": groups["agent"]["id"]}).json
    assert [group["ids"] for group in asked["groups"]] == [agents]

    body = {"ids": [*agents, 999_999], "field": "agent", "value": "Dana Ruiz"}
    settled = operator.post("/api/v1/action-needed/correct", json=body).json
    assert settled == {"queued": agents, "refused": {"999999": "There is no event 999999."}}
    place = next(iter(world.settings.properties))
    chosen = operator.post(
        f"/api/v1/events/{named[0]}/property", json={"property": place, "replay": True}
    ).json
    assert chosen == {"ids": named, "left_out": [], "queued": named}
    assert operator.get("/api/v1/action-needed").json == {"total": 0, "groups": []}

    viewer = api(Role.VIEWER)
    assert viewer.post("/api/v1/action-needed/correct", json=body).status_code == 403


def test_a_viewer_sees_no_name_of_a_sender_in_a_group(world: Any, signed_in: Any, api: Any) -> None:
    for number in range(6):
        world.book(f"B-{number}", email=f"{number}@example.com", property="Maya Okafor's")
    world.run_due()
    page = signed_in(Role.VIEWER).get("/console/action-needed").text
    assert "Show all 6" in page
    assert "okafor" not in (page + api(Role.VIEWER).get("/api/v1/action-needed").text).lower()


def test_the_head_of_each_page_counts_what_waits(world: Any, signed_in: Any) -> None:
    first, *_ = [world.book(f"B-{n}", email=f"{n}@example.com", property="Elm Court West") for n in range(3)]
    world.book("B-3")
    world.run()

    def counted(page: str) -> list[str]:
        return re.findall(r'id="waiting-count"[^>]*> <span class="badge badge-parked">(\d+)<', page)

    for role in (Role.VIEWER, Role.OPERATOR):
        assert counted(signed_in(role).get("/console/properties").text) == ["3"]
    answer = signed_in(Role.OPERATOR).post(f"/console/events/{first}/done", {"note": "Called her"}).text
    assert 'id="waiting-count" hx-swap-oob="true"' in answer
    assert counted(answer) == ["2"]


def test_the_count_is_read_from_an_index(world: Any) -> None:
    with world.database.session() as session:
        session.execute(text("SET LOCAL enable_seqscan = off"))
        statements: list[str] = []
        listen(session.connection(), "before_cursor_execute", lambda _c, _cu, sql, *_: statements.append(sql))
        assert count_waiting(session) == 0
        plan = session.connection().exec_driver_sql(
            f"EXPLAIN {statements[-1]}", {"status_1": "parked", "param_1": 1000}
        )
        assert "ix_events_status" in str(plan.fetchall())


def test_a_page_about_a_failing_database_needs_no_count(world: Any, signed_in: Any) -> None:
    browser = signed_in(Role.VIEWER)
    with world.database.session() as session:
        session.execute(text("ALTER TABLE events RENAME TO events_away"))
    try:
        answer = browser.get("/console/action-needed")
    finally:
        with world.database.session() as session:
            session.execute(text("ALTER TABLE events_away RENAME TO events"))
    assert (answer.status_code, "<h1>Not accepting</h1>" in answer.text) == (503, True)


def test_nothing_that_waits(signed_in: Any) -> None:
    assert "Nothing needs you" in signed_in(Role.VIEWER).get("/console/action-needed").text
