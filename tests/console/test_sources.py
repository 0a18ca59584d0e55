"""Sources: how to set a sender up, whether it is well, and a test that books nothing."""

import html
import re
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from bridge.errors import BridgeError
from bridge.events.actions import replay
from bridge.inbound.views import TEST
from bridge.models import AuditEntry, Booking, Event, HourlyCount, RejectionCount, Role
from bridge.monitoring import hourly_counts


@pytest.fixture
def operator(signed_in):
    return signed_in(Role.OPERATOR)


def test_the_list_shows_who_sends(world, operator):
    world.book()
    world.clock.advance(minutes=25)
    page = operator.get("/console/sources").text
    assert "25 min ago" in page
    assert page.count("never") == 1


def test_an_event_is_counted_before_a_worker_has_counted_it(world, operator):
    with world.database.session() as session:
        for hours, received in ((30, 4), (2, 0)):
            at = world.clock() - timedelta(hours=hours)
            session.add(HourlyCount(hour=at, source="widget", received=received))
    world.book()
    world.book("B-2")
    page = operator.get("/console/sources/widget").text
    assert "<strong>2</strong> in 24 hours" in page
    assert "<strong>6</strong> in 30 days" in page
    assert "<td>2</td>" in operator.get("/console/sources").text
    with world.database.session() as session:
        hourly_counts.count(session, world.clock())
    world.book("B-3")
    assert "<strong>3</strong> in 24 hours" in operator.get("/console/sources/widget").text


def test_a_source_shows_what_to_paste_and_how(world, signed_in):
    page = signed_in(Role.VIEWER).get("/console/sources/widget").text
    assert "http://localhost/hooks/widget" in page
    assert "public_url" in page
    world.document["server"] = {"public_url": "https://bridge.example.com"}
    world.restart()
    page = signed_in(Role.VIEWER).get("/console/sources/widget").text
    assert "https://bridge.example.com/hooks/widget" in page
    assert "Set <code>public_url</code>" not in page
    assert world.tools.sources["widget"].mapping.sender() in html.unescape(page)


def test_an_unknown_source_is_a_page(operator):
    assert operator.get("/console/sources/nowhere").status_code == 404


def test_a_test_goes_through_the_endpoint_and_no_further(world, operator):
    before = world.sandbox.requests[:]
    [sample] = re.findall(
        r"<option>([\w.-]*booked[\w.-]*)</option>", operator.get("/console/sources/widget").text
    )[:1]
    for _ in range(2):  # the second is no duplicate
        page = operator.post("/console/sources/widget/test", {"sample": sample}).text
        assert "The endpoint answered 200." in page
    world.run()
    events = world.events()
    assert [(event.status, event.reason) for event in events] == [("ignored", "test")] * 2
    assert world.sandbox.requests == before
    with world.database.session() as session:
        assert session.scalar(select(func.count()).select_from(Booking)) == 0
        reported = session.scalars(select(AuditEntry).where(AuditEntry.what == "tested")).first()
        assert (reported.object_id, reported.after) == ("widget", {"sample": sample, "status": 200})


def test_a_test_is_never_forwarded_by_a_replay(world, operator):
    [sample] = re.findall(
        r"<option>([\w.-]*booked[\w.-]*)</option>", operator.get("/console/sources/widget").text
    )[:1]
    operator.post("/console/sources/widget/test", {"sample": sample})
    with world.database.session() as session, pytest.raises(BridgeError, match="never forwarded"):
        replay(session, session.scalars(select(Event)).one(), world.clock())


def test_no_header_makes_a_real_event_a_test(world):
    body = b'{"type": "tour.booked", "data": {"booking_id": "B-1"}}'
    scheme = world.tools.sources["widget"].mapping.signature
    from bridge.inbound.signatures import Request

    headers = scheme.sign_request(
        Request({}, body), ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"], world.clock(), "msg_1"
    ).headers
    headers |= {TEST: "1", "Bridge-Test": "1", "Content-Type": "application/json"}
    world.client.post("/hooks/widget", data=body, headers=headers)
    assert [event.reason for event in world.events()] == [None]


def test_a_wrong_secret_shows_in_the_test(world, operator, monkeypatch):
    page = operator.post("/console/sources/widget/test", {"sample": "no such sample"}).text
    assert "no sample with this name" in page


def test_failures_are_reported_by_reason(world, operator):
    hour = world.clock().replace(minute=0)
    with world.database.session() as session:
        session.add(
            RejectionCount(hour=hour, source="widget", cause="wrong_signature", count=3, last_at=hour)
        )
    assert "wrong signature" in operator.get("/console/sources/widget").text


def test_recorded_requests_are_shown_to_operators_only(world, signed_in):
    world.document["sources"]["fresh"] = {"record": True, "auth": "none", "property": "oakwood"}
    world.restart()
    world.deliver("fresh", {"visitor": {"name": "Maya Okafor"}})
    assert "Maya Okafor" in signed_in(Role.OPERATOR).get("/console/sources/fresh").text
    page = signed_in(Role.VIEWER).get("/console/sources/fresh").text
    assert "Only operators can see" in page
    assert "Maya" not in page


def test_events_that_no_rule_knows_are_listed_by_their_names(world, operator):
    assert "tour.viewed" not in operator.get("/console/sources/widget").text
    for number in range(3):
        event = world.send("viewed", f"B-{number}")
    world.book()
    world.run_due()
    assert world.status(event) == ("ignored", "unknown_event")
    page = operator.get("/console/sources/widget").text
    assert f'<a href="/console/events/{event}">tour.viewed</a></th><td>3</td>' in page
    assert "tour.booked</a>" not in page
