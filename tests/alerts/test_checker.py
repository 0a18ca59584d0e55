"""What people are told: once, in their words, and again only when it got worse."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update
from werkzeug.wrappers import Response

from bridge.alerts.channels import AlertDeliveryError, Channels
from bridge.alerts.checker import AlertChecker
from bridge.alerts.digest import Digest
from bridge.delivery.storage.breakers import CircuitBreakers
from bridge.models import Alert, Event, HourlyCount, PayloadField, RejectionCount
from bridge.propexo.errors import Outcome

PUBLIC = "https://bridge.example.com"
AT_NOON = datetime(2026, 11, 24, 18, 0, tzinfo=UTC)
"""In Chicago, a Tuesday."""


class Office:
    """Who is told, and what they have read."""

    def __init__(self, world: Any, api: Any) -> None:
        self.world, self.api = world, api
        api.answers["/"] = {}
        address = api.url.removeprefix("http://")
        world.document["alerts"] = {
            "urls": [f"json://user:secret-password@{address}/"],
            "time_zone": "America/Chicago",
            "business_hours": "mon-fri 09:00-17:00",
            "silent_after": 4,
        }
        world.document["server"] = {"public_url": PUBLIC}
        world.restart()

    def check(self) -> list[dict[str, str]]:
        """One look of the watch; answers the messages that arrived."""
        before = len(self.api.asked)
        settings = self.world.settings
        watch = AlertChecker(settings, self.world.database, Channels(settings.alerts.urls), self.world.clock)
        watch.check()
        return self.messages(before)

    def messages(self, before: int = 0) -> list[dict[str, str]]:
        return [json.loads(request.body) for request in self.api.asked[before:]]

    def digest(self, **reported: str) -> list[dict[str, str]]:
        before = len(self.api.asked)
        self.world.document["alerts"] |= reported
        self.world.restart()
        settings = self.world.settings
        Digest(settings, self.world.database, Channels(settings.alerts.urls), self.world.clock).send_if_due()
        return self.messages(before)


@pytest.fixture
def office(world, sender_api):
    return Office(world, sender_api)


def park(world, booking_id="B-1", **more):
    """A tour whose property nobody knows."""
    event = world.book(booking_id, property="Elm Cuort", **more)
    world.run_due()
    assert world.status(event)[0] == "parked"
    return event


def test_a_parked_tour_is_reported_with_who_when_where_and_what_to_do(world, office):
    event = world.book(start="2026-11-24T10:00:00-06:00", email="maya@example.com")
    with world.database.session() as session:
        session.execute(update(Event).values(status="received"))
    world.clock.advance(hours=2)
    world.run_due()
    assert world.status(event) == ("parked", "start_passed")
    [message] = office.check()
    assert message["title"] == "Tours that need attention"
    assert "Maya Okafor, Tue, Nov 24, 10:00 AM CST at Oakwood Flats: " in message["message"]
    assert "Call the renter, then dismiss." in message["message"]
    assert message["message"].endswith(f"{PUBLIC}/console/action-needed")


def test_it_is_reported_once_and_the_next_one_alone(world, office):
    park(world, "B-1")
    assert len(office.check()) == 1
    assert office.check() == []
    world.clock.advance(minutes=1)
    park(world, "B-2", email="noah@example.com")
    [message] = office.check()
    assert message["message"].count("\n- ") == 1
    assert office.check() == []


def test_many_are_one_message(world, office):
    for number in range(13):
        world.book(f"B-{number}", property="Elm Cuort", email=f"renter{number}@example.com")
    world.run_due()
    [message] = office.check()
    assert message["message"].count("\n- ") == 11
    assert "- And 3 more." in message["message"]


def test_a_tour_that_starts_soon_is_reported_again_as_it_comes_closer(world, office):
    CircuitBreakers(world.database, world.clock).pause("cintegration", "PMS migration")
    world.book(start="2026-11-24T11:00:00-06:00")  # in two hours
    world.run_due()
    reported = {}
    for minute in range(0, 104, 2):
        reported[minute] = [message["title"] for message in office.check()]
        world.clock.advance(minutes=2)
    assert {minute: titles for minute, titles in reported.items() if titles} == {
        6: ["Starts in 114 minutes and is not in the PMS as booked"],
        60: ["Starts in 60 minutes and is not in the PMS as booked"],
        90: ["Starts in 30 minutes and is not in the PMS as booked"],
    }


def test_a_tour_on_its_way_is_not_reported(world, office):
    world.book(start="2026-11-24T10:00:00-06:00")
    assert office.check() == []
    world.run()
    world.clock.advance(minutes=20)
    assert office.check() == []


def test_a_silent_source_is_reported_by_business_hours_and_when_it_sends_again(world, office):
    world.clock.now = AT_NOON
    world.book()
    world.clock.now = AT_NOON + timedelta(hours=3)  # three business hours later
    assert office.check() == []
    world.clock.now = AT_NOON + timedelta(hours=20)  # the office closed at 17 and has not opened yet
    [message] = office.check()
    assert "widget has sent nothing for 5 business hours, since Tue, Nov 24, 12:00 PM" in message["message"]
    assert office.check() == []
    world.clock.now = AT_NOON + timedelta(hours=24)
    [message] = office.check()  # twice as long
    assert "for 8 business hours" in message["message"]
    world.book("B-2")
    [message] = office.check()
    assert message == message | {"title": "widget sends again", "message": "Over\n- widget sends again."}
    assert office.check() == []


def test_a_source_may_be_silent_for_as_long_as_it_says(world, office):
    world.clock.now = AT_NOON
    world.document["sources"]["widget"]["silent_after"] = 40
    world.restart()
    world.book()
    world.clock.advance(days=2)
    assert office.check() == []


def test_verification_failures_above_normal_are_reported(world, office):
    hour = world.clock().replace(minute=0)
    refusals(world, [(hour, "signature", 9)])
    assert office.check() == []  # somebody always tries
    refusals(world, [(hour, "signature", 30), (hour, "stale", 2)])
    [message] = office.check()
    assert (
        "widget: 32 requests in two hours failed their verification (signature 30, stale 2)"
        in message["message"]
    )
    assert office.check() == []


def test_failures_that_are_usual_are_not_reported(world, office):
    hour = world.clock().replace(minute=0)
    usual = [(hour - timedelta(hours=n), "signature", 15) for n in range(2, 160)]
    refusals(world, [*usual, (hour, "signature", 30)])
    assert office.check() == []


def refusals(world, rows):
    with world.database.session() as session:
        session.query(RejectionCount).delete()
        for hour, cause, count in rows:
            session.add(RejectionCount(hour=hour, source="widget", cause=cause, count=count, last_at=hour))


def test_a_paused_integration_is_reported_and_its_end(world, office):
    breakers = CircuitBreakers(world.database, world.clock)
    breakers.observe(
        "cintegration", Outcome.UNAUTHORIZED, "Propexo does not accept the token.", probing=False
    )
    [message] = office.check()
    assert "Oakwood Flats: Propexo does not accept the token." in message["message"]
    breakers.observe("cintegration", Outcome.READ, "", probing=True)
    [message] = office.check()
    assert message["message"] == "Over\n- Oakwood Flats: the connection works again."


def test_who_pauses_one_by_hand_is_not_notified_of_it(world, office):
    CircuitBreakers(world.database, world.clock).pause("cintegration", "PMS migration")
    assert office.check() == []


def test_an_exhausted_budget_is_reported_after_some_minutes(world, office):
    event = world.book()
    with world.database.session() as session:
        session.execute(update(Event).where(Event.id == event).values(status="waiting", reason="budget"))
    world.clock.advance(minutes=4)
    assert office.check() == []
    world.clock.advance(minutes=2)
    [message] = office.check()
    assert "1 events wait for a free call, one of them for 6 minutes" in message["message"]


def test_what_could_not_be_sent_is_sent_later(world, office):
    park(world)
    office.api.answers["/"] = Response("", 500)
    with pytest.raises(AlertDeliveryError):
        office.check()
    office.api.answers["/"] = {}
    assert len(office.check()) == 1


def test_nobody_is_notified_twice_of_what_is_dismissed_meanwhile(world, office):
    event = park(world)
    office.check()
    with world.database.session() as session:
        session.execute(update(Event).where(Event.id == event).values(status="dismissed"))
    assert office.check() == []
    with world.database.session() as session:
        assert session.query(Alert).count() == 0


def test_the_digest_comes_once_a_day(world, office):
    yesterday = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)
    with world.database.session() as session:
        session.add(HourlyCount(hour=yesterday, source="widget", received=7, written=5, parked=1, ignored=1))
        session.add(HourlyCount(hour=yesterday - timedelta(days=1), source="widget", received=3, written=3))
    park(world)
    assert office.digest() == []  # nobody asked for one
    assert office.digest(digest_at="09:30") == []  # it is 9:00 in Chicago
    world.clock.advance(minutes=45)
    [message] = office.digest()
    assert message["title"] == "Monday, Nov 23: 7 events received, 5 written"
    assert "widget: 7 received, 5 written" in message["message"]
    assert "Parked: 1." in message["message"]
    assert office.digest() == []
    world.clock.advance(days=1)
    assert len(office.digest()) == 1
    office.check()
    assert office.digest() == []


def test_neither_names_nor_secrets_reach_the_log(world, office, capsys, caplog):
    park(world)
    office.check()
    heard = "".join((*capsys.readouterr(), caplog.text))
    assert "alerts sent" in heard
    for word in ("Maya", "Okafor", "maya@example.com", "secret-password", "Elm Cuort"):
        assert word not in heard


def test_an_event_that_no_rule_knows_is_reported_once_for_its_name(world, office):
    world.send("viewed")
    world.run_due()
    [message] = office.check()
    assert message["title"] == "Events that a mapping does not know"
    assert 'widget sends events named "tour.viewed", which its mapping does not know' in message["message"]
    world.send("viewed", "B-2")
    world.run_due()
    assert office.check() == []
    world.send("opened", "B-2")
    world.run_due()
    [message] = office.check()
    assert "tour.opened" in message["message"]
    assert "tour.viewed" not in message["message"]


def test_a_field_that_changed_or_vanished_is_reported_once(world, office):
    moment = world.clock()
    seen = [
        ("data.tour.start", "text", 60, 20),
        ("data.tour.start", "number", 10, 0),
        ("data.prospect.phone", "text", 60, 9),
        ("data.prospect.email", "text", 60, 0),
        ("data.new", "text", 1, 0),
    ]
    with world.database.session() as session:
        for path, kind, first, last in seen:
            known = {"first_seen": moment - timedelta(days=first), "last_seen": moment - timedelta(days=last)}
            session.add(PayloadField(source="widget", event="booked", path=path, type=kind, **known))
    [message] = office.check()
    assert message["title"] == "Payloads that have changed"
    assert "data.tour.start was text and is number now" in message["message"]
    assert "data.prospect.phone no longer comes" in message["message"]
    assert "data.new" not in message["message"]
    assert office.check() == []
