"""The pages of the events, as the server answers them: what they show to whom, and what a live page is told."""

import re
from typing import Any

import pytest

from bridge.models import Role

WEST = {"property": "Elm Court West"}


def versions(page: str) -> list[str]:
    """What a live page says of the lines that it shows."""
    return re.findall(r'name="row" value="([^"]+)"', page)


@pytest.fixture
def parked(world: Any) -> int:
    event = world.book(**WEST)
    world.run()
    return int(event)


def test_the_list_shows_who_when_and_where(world: Any, signed_in: Any) -> None:
    world.book()
    world.run()
    page = signed_in(Role.OPERATOR).get("/console/events").text
    assert "Maya Okafor" in page
    assert "Thu, Dec 3, 10:30 AM CST" in page
    assert "Oakwood Flats" in page


def test_a_viewer_sees_no_renter_and_no_action(parked: int, signed_in: Any) -> None:
    viewer = signed_in(Role.VIEWER)
    for path in ("/console/events", f"/console/events/{parked}"):
        page = viewer.get(path).text
        assert "M••• O•••" in page
        for secret in ("Maya", "Okafor", "maya@example.com", "5125550142"):
            assert secret not in page, path
        assert "Replay" not in page
    for action in ("replay", "edit", "property", "done"):
        assert viewer.get(f"/console/events/{parked}/{action}").status_code == 403


def test_the_technical_details_name_the_request(world: Any, parked: int, signed_in: Any) -> None:
    request_id = world.event(parked).request_id
    assert request_id
    for role in (Role.VIEWER, Role.OPERATOR):
        page = signed_in(role).get(f"/console/events/{parked}").text
        assert f'<code id="request-id">{request_id}</code>' in page.partition('id="technical"')[2]


def test_a_search_and_filters_together_restrict(world: Any, parked: int, signed_in: Any) -> None:
    world.book("B-2", email="jo@example.com")
    world.run()
    operator = signed_in(Role.OPERATOR)

    def shown(query: str) -> list[int]:
        return [
            int(version.partition(":")[0])
            for version in versions(operator.get(f"/console/events?{query}").text)
        ]

    assert shown("") == [parked + 1, parked]
    assert shown("q=jo@example.com") == [parked + 1]
    assert shown("q=maya@example.com&status=written") == []
    assert shown("status=open") == []
    assert shown("since=2026-11-24&until=2026-11-24&reason=unknown_property") == [parked]


@pytest.mark.parametrize(
    ("address", "reported"),
    [
        ("events?since=soon", "One of the days is not a date"),
        ("events?cursor=none-of-ours", "This cursor is not from a page of this list"),
        ("events?property=nobody", "is configured; there are"),
        ("events?status=nope", "`status` is one of open, "),
        ("events?reason=nope", "`reason` is one of "),
        ("bookings?from=soon", ""),
        ("bookings?day=nope", "`day` is one of today, tomorrow, week"),
        ("bookings?state=nope", "`state` is one of unwritten, booked, cancelled"),
        ("bookings?written=nope", "`written` is one of "),
        ("availability?property=oakwood&kind=nope", "`kind` is one of "),
        ("bookings?property=nobody", "is configured; there are"),
        ("appointments?property=nobody", "No property has this name"),
        ("appointments?property=oakwood&from=soon", "A day is written as"),
        ("availability?property=nobody", "No property has this name"),
    ],
)
def test_a_wrong_parameter_is_named_on_the_page(signed_in: Any, address: str, reported: str) -> None:
    answer = signed_in().get(f"/console/{address}")
    assert (answer.status_code, reported in answer.text) == (422, True)


def test_what_is_unknown_is_not_found(signed_in: Any) -> None:
    browser = signed_in()
    changes = ("done", "replay", "property", "edit", "reading", "correct", "correct/choices", "times")
    answers = {change: browser.post(f"/console/events/999/{change}").status_code for change in changes}
    assert answers == dict.fromkeys(changes, 404)
    assert browser.get("/console/sources/_new?mapping=nope").status_code == 404
    assert browser.post("/console/sources/_new", {"mapping": "nope", "key": "x"}).status_code == 404


@pytest.mark.parametrize(
    ("query", "reported"),
    [("", "No events yet"), ("?status=parked", "No event matches")],
)
def test_an_empty_list_says_what_to_do(signed_in: Any, query: str, reported: str) -> None:
    assert reported in signed_in().get(f"/console/events{query}").text


def test_pages_follow_one_another_whatever_comes_in(world: Any, signed_in: Any) -> None:
    for number in range(60):
        world.book(f"B-{number}", email=f"{number}@example.com")
    browser = signed_in()
    first = browser.get("/console/events").text
    world.book("B-60")
    older = re.search(r'href="([^"]+)" rel="next"', first)
    assert older
    second = browser.get(older[1].replace("&amp;", "&")).text
    ids = [int(version.partition(":")[0]) for version in versions(first) + versions(second)]
    assert ids == list(range(60, 0, -1))


def test_a_page_without_news_gets_nothing(parked: int, signed_in: Any) -> None:
    browser = signed_in()
    shown = versions(browser.get("/console/events").text)
    assert browser.get("/console/events/live", query_string={"row": shown}).status_code == 204
    page = browser.get(f"/console/events/{parked}").text
    live = re.search(r'hx-get="([^"]+live[^"]+)"', page)
    assert live
    assert browser.get(live[1].replace("&amp;", "&")).status_code == 204


def live_of(page: str) -> str:
    """The address at which a page asks what has changed."""
    found = re.search(r'hx-get="([^"]+live[^"]+)"', page)
    assert found
    return found[1].replace("&amp;", "&")


def test_what_an_action_changes_is_replaced_everywhere(world: Any, parked: int, signed_in: Any) -> None:
    browser = signed_in()
    page = browser.get(f"/console/events/{parked}").text
    answer = browser.post(f"/console/events/{parked}/property", {"property": "elm"})
    assert answer.headers["HX-Trigger"] == "changed"
    world.replay(parked)
    world.run()
    reported = browser.get(live_of(page)).text
    assert "Booked in Rent Manager" in reported
    assert "Elm Court" in reported
    parts = re.findall(r'id="(\w+)"[^>]* hx-swap-oob="true"', reported)
    assert parts == ["head", "state", "tour", "actions", "history", "mapping", "calls", "pulse"]
    assert browser.get(live_of(reported)).status_code == 204


def test_a_page_with_news_gets_only_that(world: Any, parked: int, signed_in: Any) -> None:
    browser = signed_in()
    quiet = world.book("B-2", email="jo@example.com")
    shown = versions(browser.get("/console/events").text)
    world.replay(parked)
    reported = browser.get("/console/events/live", query_string={"row": shown}).text
    assert f'id="event-{parked}-state"' in reported
    assert f"event-{quiet}" not in reported


def test_an_older_page_gets_changes_but_no_new_lines(world: Any, parked: int, signed_in: Any) -> None:
    browser = signed_in()
    shown = versions(browser.get("/console/events").text)
    world.book("B-2", email="jo@example.com")
    query = {"row": shown, "cursor": "PDI"}
    assert browser.get("/console/events/live", query_string=query).status_code == 204


def test_the_story_of_an_event_that_is_gone(signed_in: Any) -> None:
    answer = signed_in().get("/console/events/404")
    assert (answer.status_code, "no longer kept" in answer.text) == (404, True)


def test_the_rehearsal_of_a_replay_sends_nothing(world: Any, parked: int, signed_in: Any) -> None:
    page = signed_in().get(f"/console/events/{parked}/replay").text
    assert "It would be parked" in page
    assert world.status(parked)[0] == "parked"


def test_every_action_is_written_down(world: Any, parked: int, signed_in: Any) -> None:
    browser = signed_in(Role.OPERATOR)
    browser.post(f"/console/events/{parked}/done", {"note": "Called"})
    browser.post(f"/console/events/{parked}/replay")
    entries = signed_in(Role.ADMIN).get("/console/audit").text
    assert entries.index("replayed") < entries.index("dismissed")
    assert world.status(parked)[0] == "received"


def test_a_action_that_is_not_possible_says_why(world: Any, parked: int, signed_in: Any) -> None:
    browser = signed_in(Role.OPERATOR)
    browser.post(f"/console/events/{parked}/replay")
    assert "has not ended" in browser.post(f"/console/events/{parked}/replay").text
    assert "is not parked" in browser.post(f"/console/events/{parked}/done", {"note": "x"}).text


def test_what_cannot_be_read_is_not_saved(world: Any, parked: int, signed_in: Any) -> None:
    browser = signed_in(Role.OPERATOR)
    payload = '{"type": "tour.booked", "data": {"booking_id": "B-1"}}'
    assert "found nothing" in browser.post(f"/console/events/{parked}/edit", {"payload": payload}).text
    assert b"maya@example.com" in world.event(parked).body


def test_many_at_once_leave_out_what_is_not_possible(world: Any, parked: int, signed_in: Any) -> None:
    written = world.book("B-2", email="jo@example.com")
    world.run()
    browser = signed_in(Role.OPERATOR)
    data = {"action": "dismiss", "id": [str(parked), str(written)]}
    page = browser.post("/console/events/bulk", data).text
    assert "Dismiss 1 event<" in page.replace("\n", "")
    assert f"Event {written} is not parked" in page
    assert "None of these events" in browser.post("/console/events/bulk", {"all": "1", "status": "open"}).text


def test_all_that_match_means_the_filters_and_the_search(world: Any, parked: int, signed_in: Any) -> None:
    other = world.book("B-2", email="jo@example.com", **WEST)
    world.run()
    browser = signed_in(Role.OPERATOR)
    page = browser.post("/console/events/bulk", {"all": "1", "q": "jo@example.com"}).text
    assert f'name="ids" value="{other}"' in page
