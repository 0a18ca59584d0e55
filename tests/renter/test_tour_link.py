"""The renter's link, through the whole application."""

import re
from datetime import datetime, timedelta
from typing import Any

import icalendar
import pytest
from sqlalchemy import text
from widget.conftest import SITE, Visitor, with_website
from world import World

from bridge.console.access import tokens
from bridge.models import Role
from bridge.renter import links
from bridge.signing_keys import signing_key
from bridge.widget.desk import LINK_KEY


@pytest.fixture
def visitor(world: World) -> Visitor:
    return Visitor(with_website(world))


class Renter:
    """Somebody who booked and holds the link."""

    def __init__(self, visitor: Visitor, path: str) -> None:
        self.world, self.visitor, self.path = visitor.world, visitor, path

    def get(self, more: str = "") -> Any:
        return self.world.client.get(self.path + more)

    def post(self, what: str, page: Any | None = None, **values: str) -> Any:
        """Press a button of a page, as it was when it was opened."""
        found = re.search(r'name="form_token" value="(\w+)"', (page or self.get(f"/{what}")).text)
        form = {"form_token": found[1] if found else "", what: "1", **values}
        return self.world.client.post(f"{self.path}/{what}", data=form)

    def heading(self) -> str:
        found = re.search(r"<h1>(.*?)</h1>", self.get().text)
        assert found
        return found[1]

    def starts(self) -> list[str]:
        """Of the tours that the PMS holds."""
        self.world.run()
        return [f"{tour.appointment_date} {tour.appointment_time}" for tour in self.world.tours]


@pytest.fixture
def renter(visitor: Visitor) -> Renter:
    answer = visitor.send(visitor.form(starts_at="2026-11-25T10:00:00-06:00"))
    assert answer.status_code == 200, answer.text
    return Renter(visitor, answer.json["tour"]["link"].removeprefix("http://localhost"))


def test_the_heading_says_what_is_so_from_the_first_moment(renter: Renter) -> None:
    assert renter.heading() == "Your tour is requested"  # no worker has seen it yet
    page = renter.get()
    assert "Wednesday, November 25<br>10:00 AM \u2013 10:30 AM" in page.text
    assert "Property time (CST)" in page.text
    renter.world.run()
    assert renter.heading() == "Your tour is booked"


def test_the_page_names_the_least_and_is_kept_by_nobody(renter: Renter) -> None:
    for page in (renter.get(), renter.get("/move"), renter.get("/cancel")):
        assert "Okafor" not in page.text
        assert "maya@example.com" not in page.text
        assert page.headers["Referrer-Policy"] == "no-referrer"
        assert page.headers["Cache-Control"] == "no-store"
        assert "noindex" in page.headers["X-Robots-Tag"]
        assert "<script" not in page.text
        assert "script-src" not in page.headers["Content-Security-Policy"]
    assert "Maya" in renter.get().text


def test_the_tour_moves_through_the_inbox(renter: Renter) -> None:
    renter.world.run()
    answer = renter.post("move", start="2026-11-26T11:30:00-06:00")
    assert "Your tour is moved to Thursday, November 26, 11:30 AM." in answer.text
    assert renter.heading() == "Your tour is requested"
    assert renter.starts() == ["2026-11-26 11:30:00"]
    assert renter.heading() == "Your tour is booked"
    event = renter.world.events()[-1]
    assert (event.source, event.action, event.status) == ("website", "reschedule", "written")


def test_a_tour_that_no_worker_has_read_moves_as_well(renter: Renter) -> None:
    renter.post("move", start="2026-11-26T11:30:00-06:00")
    assert renter.starts() == ["2026-11-26 11:30:00"]


def test_a_tour_is_cancelled_once_however_often_the_button_is_pressed(renter: Renter) -> None:
    renter.world.run()
    page = renter.get("/cancel")
    first, second = renter.post("cancel", page), renter.post("cancel", page)
    assert "Wednesday, November 25, 10:00 AM is cancelled." in first.text
    assert "This tour is already cancelled." in second.text
    assert renter.starts() == []
    assert renter.heading() == "Your tour is cancelled"
    assert len(renter.world.events()) == 2


def test_a_page_that_is_stale_changes_nothing_and_shows_the_present(renter: Renter) -> None:
    before = renter.get("/move")
    renter.post("move", start="2026-11-26T11:30:00-06:00")
    stale = renter.post("move", before, start="2026-11-27T09:00:00-06:00")
    assert stale.status_code == 409
    assert "has changed since you opened the page" in stale.text
    assert "Thursday, November 26" in stale.text
    renter.post("cancel")
    assert renter.post("move", before, start="2026-11-27T09:00:00-06:00").status_code == 409
    assert renter.starts() == []


def test_moving_there_and_back_are_two_changes(renter: Renter) -> None:
    for start in ("2026-11-26T11:30:00-06:00", "2026-11-25T10:00:00-06:00", "2026-11-26T11:30:00-06:00"):
        renter.world.clock.advance(minutes=1)
        assert renter.post("move", start=start).status_code == 200
    assert renter.starts() == ["2026-11-26 11:30:00"]


@pytest.mark.parametrize("start", ["2026-11-26T03:00:00-06:00", "2026-11-26T11:30:00", "tomorrow", ""])
def test_only_a_free_time_is_taken(renter: Renter, start: str) -> None:
    answer = renter.post("move", start=start)
    assert answer.status_code == 409
    assert "Choose" in answer.text
    assert len(renter.world.events()) == 1


def test_a_scanner_that_follows_every_link_and_sends_forms_without_their_tokens_changes_nothing(
    renter: Renter,
) -> None:
    client, seen, todo = renter.world.client, set(), [renter.path]
    while todo:
        path = todo.pop()
        if path in seen or "/tour/" not in path:
            continue
        seen.add(path)
        todo += re.findall(r'href="([^"#]+)"', client.get(path).text)
        client.head(path)
    assert seen == {renter.path, *(renter.path + more for more in ("/move", "/cancel", ".ics"))}
    for what in ("move", "cancel"):
        for token in ("", "0" * 64):
            form = {"form_token": token, what: "1", "start": "2026-11-26T11:30:00-06:00"}
            assert client.post(f"{renter.path}/{what}", data=form).status_code == 409
    assert len(renter.world.events()) == 1


def test_near_the_tour_only_the_office_changes_it(renter: Renter) -> None:
    page = renter.get("/cancel")
    renter.world.clock.now = datetime.fromisoformat("2026-11-25T09:30:00-06:00")
    for answer in (renter.get(), renter.get("/move"), renter.get("/cancel"), renter.post("cancel", page)):
        assert "too late to change this online" in answer.text
        assert "512-555-0134" in answer.text
        assert "<button" not in answer.text
    assert len(renter.world.events()) == 1


def test_the_notice_is_a_setting_of_its_own_for_both(renter: Renter) -> None:
    renter.world.document["properties"]["oakwood"] |= {"move_notice": 26 * 60, "cancel_notice": 10}
    renter.world.restart()
    page = renter.get().text
    assert "Change the time" not in page
    assert "Cancel the tour" in page


def test_a_tour_that_is_over_leads_to_a_new_booking(renter: Renter) -> None:
    renter.world.clock.now = datetime.fromisoformat("2026-11-25T11:00:00-06:00")
    answer = renter.get()
    assert answer.status_code == 410
    assert "/widget/website?property=oakwood" in answer.text
    assert "Maya" not in answer.text


@pytest.mark.parametrize("more", ["", ".ics", "/move", "/cancel"])
def test_another_token_opens_nothing(renter: Renter, more: str) -> None:
    answer = renter.world.client.get(f"/tour/{'A' * 24}{more}")
    assert (answer.status_code, "This link has ended" in answer.text) == (404, True)


def test_a_link_can_be_revoked_and_is_stored_as_a_digest(renter: Renter) -> None:
    token = renter.path.rpartition("/")[2]
    with renter.world.database.session() as session:
        stored = session.execute(text("SELECT tour_links::text FROM tour_links")).scalar_one()
        assert token not in stored
        assert links.digest_of(token) in stored
        session.execute(text("UPDATE tour_links SET revoked_at = now()"))
    assert renter.get().status_code == 404


def test_the_page_speaks_the_language_of_the_booking(visitor: Visitor) -> None:
    link = visitor.send(visitor.form(lang="fr")).json["tour"]["link"]
    page = visitor.world.client.get(link.removeprefix("http://localhost"), headers={"Accept-Language": "en"})
    assert "Votre visite est demandée" in page.text
    assert '<html lang="fr">' in page.text


def test_a_booking_of_another_sender_has_a_link_as_well(visitor: Visitor) -> None:
    world = visitor.world
    world.book("B-1", start="2026-12-03T10:30:00-06:00")
    now = world.clock()
    key = signing_key(world.database, LINK_KEY, now)
    with world.database.session() as session:
        token = links.issue(session, key, "widget", "B-1", "en", now)
    renter = Renter(visitor, f"/tour/{token}")
    world.run()
    assert renter.heading() == "Your tour is booked"
    world.clock.advance(minutes=1)
    assert renter.post("move", start="2026-12-04T11:30:00-06:00").status_code == 200
    assert renter.starts() == ["2026-12-04 11:30:00"]
    # The sender moves it later: the same link follows.
    world.clock.advance(minutes=1)
    world.reschedule("B-1", start="2026-12-07T09:00:00-06:00")
    assert "Monday, December 7" in renter.get().text


def test_the_api_gives_the_link_to_whoever_sends_mails(visitor: Visitor) -> None:
    world = visitor.world
    event = world.book("B-1", start="2026-12-03T10:30:00-06:00")
    with world.database.session() as session:
        _, token = tokens.create(session, "mails", Role.OPERATOR, world.clock(), None)
    headers = {"Authorization": f"Bearer {token}"}
    answers = [
        world.client.post(f"/api/v1/events/{event}/tour-link", headers={**headers, "Idempotency-Key": key})
        for key in "ab"
    ]
    assert [answer.status_code for answer in answers] == [200, 200], answers[0].text
    assert answers[0].json == answers[1].json
    renter = Renter(visitor, answers[0].json["link"].removeprefix("http://localhost"))
    assert renter.heading() == "Your tour is requested"


def test_a_reply_can_hold_the_link(visitor: Visitor) -> None:
    visitor.world.connect("chat", "voiceflow", reply_text="Change or cancel: {tour_link}")
    payload = {
        "event": "book_tour", "booking_id": "V-1", "email": "maya@example.com", "start": "2026-12-03T10:30:00-06:00",
    }  # fmt: skip
    answer = visitor.world.client.post("/hooks/chat", json=payload)
    found = re.search(r"/tour/([\w-]{24})", answer.text)
    assert found, answer.text
    assert Renter(visitor, found[0]).heading() == "Your tour is requested"


# The calendar file


def read(renter: Renter) -> tuple[Any, Any]:
    answer = renter.get(".ics")
    assert answer.mimetype == "text/calendar"
    calendar = icalendar.Calendar.from_ical(answer.data)
    (event,) = calendar.walk("VEVENT")
    return calendar, event


def test_the_calendar_file_keeps_its_uid_and_counts_its_changes(renter: Renter) -> None:
    calendar, event = read(renter)
    assert "METHOD" not in calendar
    assert "ATTENDEE" not in event
    raw = renter.get(".ics").data.decode()
    assert "DTSTART:20261125T160000Z\r\n" in raw
    assert "TZID" not in raw
    assert all(len(line.encode()) <= 75 for line in raw.split("\r\n"))
    first = (str(event["UID"]), event["SEQUENCE"], str(event["STATUS"]))
    renter.world.run()
    renter.post("move", start="2026-11-26T11:30:00-06:00")
    _, moved = read(renter)
    assert moved.decoded("DTSTART").isoformat() == "2026-11-26T17:30:00+00:00"
    assert moved.decoded("DTEND") - moved.decoded("DTSTART") == timedelta(minutes=30)
    renter.post("cancel")
    _, cancelled = read(renter)
    assert [first[0]] * 2 == [str(moved["UID"]), str(cancelled["UID"])]
    assert [first[1], moved["SEQUENCE"], cancelled["SEQUENCE"]] == [0, 1, 2]
    assert [first[2], str(moved["STATUS"]), str(cancelled["STATUS"])] == [
        "TENTATIVE",
        "TENTATIVE",
        "CANCELLED",
    ]


def test_nothing_in_the_settings_breaks_the_file(renter: Renter) -> None:
    odd = "410 Oakwood, Unit 3; \\ back\nBEGIN:VALARM"
    renter.world.document["properties"]["oakwood"]["address"] = odd
    renter.world.restart()
    calendar, event = read(renter)
    assert str(event["LOCATION"]) == odd
    assert [component.name for component in calendar.walk()] == ["VCALENDAR", "VEVENT"]


def test_the_origin_of_the_website_is_not_needed(renter: Renter) -> None:
    """Browsers send `Origin: null` from a page without a referrer."""
    page = renter.get("/cancel")
    found = re.search(r'name="form_token" value="(\w+)"', page.text)
    assert found
    answer = renter.world.client.post(
        f"{renter.path}/cancel", data={"form_token": found[1]}, headers={"Origin": "null"}
    )
    assert (answer.status_code, SITE in answer.text) == (200, False)
