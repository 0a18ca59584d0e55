"""Hooks that carry ids only: the worker asks the sender's API, and only with what the configuration allows."""

import json
from datetime import timedelta
from typing import ClassVar

import pytest
from werkzeug.wrappers import Response

PATH = "/api/v1/appointments/54321"
APPOINTMENT = {
    "id": 54321,
    "firstName": "Maya",
    "lastName": "Okafor",
    "email": "maya@example.com",
    "phone": "5125550142",
    "datetime": "2026-12-03T10:30:00-0600",
    "duration": "30",
    "calendarID": 27238,
    "type": "Tour",
}
ACCESS = {"user_id": "17", "api_key": "top-secret-key"}


def hook(action="scheduled", **more):
    return {"action": action, "id": "54321", "calendarID": "27238", "appointmentTypeID": "1001", **more}


@pytest.fixture(autouse=True)
def acuity(world, sender_api):
    sender_api.answers[PATH] = APPOINTMENT
    world.document["properties"]["oakwood"]["aliases"] = ["27238"]
    world.connect("acuity", "acuity", api={"base_url": sender_api.url, **ACCESS})


def test_the_tour_is_written_from_what_the_api_answers(world, sender_api):
    (booked,) = world.deliver("acuity", hook())
    world.run()
    assert world.status(booked) == ("written", None), world.event(booked).detail
    (tour,) = world.tours
    assert (tour.appointment_date, tour.appointment_time) == ("2026-12-03", "10:30:00")
    (asked,) = sender_api.asked
    assert asked.headers["authorization"] == "Basic MTc6dG9wLXNlY3JldC1rZXk="
    assert [(attempt.kind, attempt.status_code) for attempt in world.attempts(booked)[:1]] == [
        ("fetch_appointment", 200)
    ]


def test_one_answer_serves_all_runs_of_an_event_and_a_replay_asks_anew(world, sender_api):
    (booked,) = world.deliver("acuity", hook())
    world.run()
    assert len(sender_api.asked) == 1 < len(world.attempts(booked))
    world.replay(booked)
    world.run()
    assert len(sender_api.asked) == 2
    assert (world.status(booked), len(world.tours)) == (("written", None), 1)


def test_equal_hooks_are_news_and_the_present_state_decides(world, sender_api):
    world.deliver("acuity", hook())
    world.run()
    for hour in (11, 12):
        sender_api.answers[PATH] = {**APPOINTMENT, "datetime": f"2026-12-03T{hour}:30:00-0600"}
        (moved,) = world.deliver("acuity", hook("rescheduled"))
        world.run()
        assert world.status(moved) == ("written", None)
    assert [tour.appointment_time for tour in world.tours] == ["12:30:00"]


def test_the_answer_can_turn_a_change_into_a_cancel(world, sender_api):
    world.deliver("acuity", hook())
    world.run()
    sender_api.answers[PATH] = {**APPOINTMENT, "canceled": True}
    (changed,) = world.deliver("acuity", hook("changed"))
    world.run()
    assert world.status(changed) == ("written", None)
    assert world.tours == []


def test_a_cancel_needs_no_answer(world, sender_api):
    world.deliver("acuity", hook())
    world.run()
    del sender_api.answers[PATH]
    asked_before = len(sender_api.asked)
    (cancelled,) = world.deliver("acuity", hook("canceled"))
    world.run()
    assert world.status(cancelled) == ("written", None)
    assert (world.tours, len(sender_api.asked)) == ([], asked_before)


def test_an_id_that_is_none_never_enters_an_address(world, sender_api):
    odd = ["../../admin", "1?x=1", "1/2", "1#", "a b", "", "9" * 40, {"id": 1}]
    events = [world.deliver("acuity", hook(id=one))[0] for one in odd]
    world.run()
    assert [world.status(event) for event in events] == [("parked", "unmappable")] * len(odd)
    assert sender_api.asked == []


@pytest.mark.parametrize("status", [500, 502, 503, 429, 408])
def test_a_busy_api_is_asked_again(world, sender_api, status):
    sender_api.answers[PATH] = Response("", status, {"Retry-After": "120"})
    (booked,) = world.deliver("acuity", hook())
    world.run_due()
    assert world.status(booked) == ("retrying", "temporary")
    assert world.next_at() - world.clock() >= timedelta(seconds=120)
    sender_api.answers[PATH] = APPOINTMENT
    world.run()
    assert world.status(booked) == ("written", None)


@pytest.mark.parametrize("status", [401, 403])
def test_refused_credentials_are_for_the_operator_and_lose_nothing(world, sender_api, status):
    sender_api.answers[PATH] = Response("", status)
    (booked,) = world.deliver("acuity", hook())
    world.run_due()
    assert world.status(booked) == ("waiting", "needs_details")
    assert "[sources.acuity.api]" in world.event(booked).detail
    sender_api.answers[PATH] = APPOINTMENT
    world.run()
    assert world.status(booked) == ("written", None)


WITHOUT_DETAILS = [
    (Response("gone", 404), "answered 404"),
    (Response("", 302, {"Location": "http://127.0.0.1:1/elsewhere"}), "answered 302"),
    (Response("<html>", 200), "not JSON"),
    (Response("[" * 100_000, 200), "not JSON"),
    (Response('{"price": NaN}', 200), "not JSON"),
    (Response(b"\xff", 200), "not JSON"),
    (Response("x" * 1_100_000, 200), "over 1048576 bytes"),
    (Response("", 400), "answered 400"),
]


def test_an_answer_without_the_details_parks(world, sender_api):
    for number, (answer, reported) in enumerate(WITHOUT_DETAILS):
        path = PATH.replace("54321", str(number + 1))
        sender_api.answers[path] = answer
        (booked,) = world.deliver("acuity", hook(id=str(number + 1)))
        world.run()
        assert world.status(booked) == ("parked", "needs_details"), reported
        assert reported in world.event(booked).detail
    assert len(sender_api.asked) == len(WITHOUT_DETAILS)


def test_an_answer_with_what_the_database_refuses_is_kept_without_it(world, sender_api):
    sender_api.answers[PATH] = {**APPOINTMENT, "notes": "2 BR\0 \ud800"}
    (booked,) = world.deliver("acuity", hook())
    world.run()
    assert world.status(booked) == ("written", None), world.event(booked).detail
    assert "2 BR\ufffd" in world.event(booked).answers["appointment"]["notes"]


def test_a_wait_beyond_the_calendar_is_no_defect_of_ours(world, sender_api):
    sender_api.answers[PATH] = Response("", 429, {"Retry-After": "999999999999999"})
    (booked,) = world.deliver("acuity", hook())
    world.run_due()
    assert world.status(booked) == ("retrying", "temporary")


def test_an_api_that_cannot_be_reached_is_tried_until_an_operator_is_notified(world, clock):
    world.connect("acuity", "acuity", api={"base_url": "http://127.0.0.1:9", **ACCESS})
    (booked,) = world.deliver("acuity", hook())
    world.run(until=clock() + timedelta(minutes=5))
    clock.advance(hours=71)
    world.run()
    assert world.status(booked) == ("parked", "gave_up")
    assert (
        "Acuity Scheduling answered nothing (ConnectionError) to GET /api/v1/appointments/{id}"
        in world.event(booked).detail
    )


def test_without_credentials_it_parks_with_the_way_that_needs_none(world):
    world.connect("acuity", "acuity")
    (booked,) = world.deliver("acuity", hook())
    world.run()
    assert world.status(booked) == ("parked", "needs_details")
    detail = world.event(booked).detail
    assert "`[sources.acuity.api]` with user_id, api_key" in detail
    assert "(mapping `zapier`)" in detail


def test_no_secret_and_no_address_with_an_id_is_on_record(world, sender_api):
    sender_api.answers[PATH] = Response("no", 500)
    (booked,) = world.deliver("acuity", hook())
    world.run_due()
    reported = json.dumps([vars(attempt)["detail"] for attempt in world.attempts(booked)]) + (
        world.event(booked).detail or ""
    )
    assert "top-secret-key" not in reported
    assert "54321" not in reported


class TestLogin:
    """Zoho: a refresh token gets an access token, which gets the meeting."""

    MEETING: ClassVar = {
        "data": [
            {
                "Event_Title": "Tour", "Start_DateTime": "2026-12-03T10:30:00-06:00",
                "End_DateTime": "2026-12-03T11:00:00-06:00", "Propexo_Property_Id": "oakwood",
                "Who_Id": {"id": "33", "name": "Maya Okafor"},
            }
        ]
    }  # fmt: skip
    LOGIN, EVENT, PERSON = "/oauth/v2/token", "/crm/v8/Events/701", "/crm/v8/Contacts/33"

    @pytest.fixture(autouse=True)
    def zoho(self, world, sender_api):
        person = {"First_Name": "Maya", "Last_Name": "Okafor", "Email": "maya@example.com"}
        sender_api.answers |= {
            self.LOGIN: {"access_token": "short-lived-1"}, self.EVENT: self.MEETING, self.PERSON: {"data": [person]},
        }  # fmt: skip
        access = {"client_id": "c", "client_secret": "a-secret", "refresh_token": "a-refresh-token"}
        addresses = {"base_url": sender_api.url, "login_url": sender_api.url}
        world.connect("zoho", "zoho_notification", api={**addresses, **access})

    def notify(self, world, server_time):
        body = {
            "module": "Events",
            "operation": "update",
            "ids": ["701"],
            "channel_id": "5",
            "server_time": 1795363200000 + server_time,
        }
        (event,) = world.deliver("zoho", body)
        world.run()
        return event

    def paths(self, sender_api):
        return [request.url.partition("?")[0] for request in sender_api.asked]

    def test_one_token_serves_many_questions(self, world, sender_api):
        first = self.notify(world, 1)
        assert world.status(first) == ("written", None), world.event(first).detail
        self.notify(world, 2)
        assert self.paths(sender_api) == [self.LOGIN, *[self.EVENT, self.PERSON] * 2]
        assert b"refresh_token=a-refresh-token" in sender_api.asked[0].body
        assert {one.headers.get("authorization") for one in sender_api.asked[1:]} == {
            "Zoho-oauthtoken short-lived-1"
        }

    def test_a_token_that_is_no_longer_taken_is_replaced(self, world, sender_api):
        self.notify(world, 1)
        sender_api.answers[self.LOGIN] = {"access_token": "short-lived-2"}
        sender_api.refused = "Zoho-oauthtoken short-lived-1"
        moved = self.notify(world, 2)
        assert world.status(moved) == ("ignored", "already_written")
        assert self.paths(sender_api)[3:] == [self.EVENT, self.LOGIN, self.EVENT, self.PERSON]

    def test_a_login_that_is_refused_is_for_the_operator(self, world, sender_api):
        sender_api.answers[self.LOGIN] = {"error": "invalid_client"}
        body = {
            "module": "Events",
            "operation": "insert",
            "ids": ["701"],
            "channel_id": "5",
            "server_time": 1,
        }
        (event,) = world.deliver("zoho", body)
        world.run_due()
        assert world.status(event) == ("waiting", "needs_details")
        assert "[sources.zoho.api]" in world.event(event).detail

    def test_tokens_are_nowhere_on_record(self, world):
        event = self.notify(world, 1)
        reported = json.dumps([vars(world.event(event)), *map(vars, world.attempts(event))], default=str)
        assert "short-lived" not in reported
        assert "a-refresh-token" not in reported
