"""Sample conversations (`conversations/*.txt`), through the HTTP stack, PostgreSQL and the sandbox.

`renter:` is a text message, `event` what a bot posts, `bot:` the answer of the same call.
"""

import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from world import World

CONVERSATIONS = sorted(Path(__file__).parent.glob("conversations/*.txt"))
NOW = datetime.fromisoformat("2026-11-24T10:00:00-06:00")
OFFER = {
    "tour_hours": ["mon-fri 09:00-18:00"],
    "phone": "+1 512-555-0134",
    "aliases": ["+15125550199"],
    "slots": {"minutes": 30, "notice": 60},
}


class Chat:
    """Somebody who talks to the bridge by one sender."""

    def __init__(self, world: World) -> None:
        self.world, self.mapping, self._sent = world, "", 0

    def connect(self, mapping: str, **settings: Any) -> None:
        self.mapping = mapping
        self.close()
        self.world.connect("chat", mapping, **settings)

    def close(self) -> None:
        """Wait for the calls about free times that are on their way."""
        self.world.client.application.extensions["calendar"].close()

    def text(self, body: str) -> str:
        self._sent += 1
        form = {
            "From": "+15125550142", "To": "+15125550199", "Body": body, "MessageSid": f"SM{self._sent}",
            "SmsStatus": "received", "AccountSid": "AC1",
        }  # fmt: skip
        answer = self.world.client.post("/hooks/chat", data=form)
        assert answer.status_code == 200, answer.text
        assert answer.mimetype == "text/xml"
        found = re.search(r"<Message>(.*)</Message>", answer.text)
        return found[1] if found else "nothing"

    def event(self, name: str, values: dict[str, Any]) -> dict[str, Any]:
        self._sent += 1
        answer = self.world.client.post("/hooks/chat", json=self._body(name, values))
        assert answer.status_code == 200, answer.text
        document: dict[str, Any] = answer.json
        return document

    def _body(self, name: str, values: dict[str, Any]) -> dict[str, Any]:
        if self.mapping != "dialogflow_cx":
            return {"event": name, **values}
        return {
            "detectIntentResponseId": f"r{self._sent}",
            "languageCode": values.pop("languageCode", "en"),
            "fulfillmentInfo": {"tag": name},
            "sessionInfo": {"session": "projects/p/sessions/s1", "parameters": values},
        }

    def heard(self, document: dict[str, Any]) -> str:
        if self.mapping != "dialogflow_cx":
            return document.get("message") or "nothing"
        messages = document.get("fulfillmentResponse", {}).get("messages", [])
        return str(messages[0]["text"]["text"][0]) if messages else "nothing"


@pytest.fixture
def chat(world: World, clock: Any) -> Iterator[Chat]:
    clock.now = NOW
    world.set_database_clock()
    world.document["properties"]["oakwood"] |= OFFER
    found = Chat(world)
    yield found
    found.close()


@pytest.mark.parametrize("file", CONVERSATIONS, ids=lambda file: file.stem)
def test_a_conversation(chat: Chat, file: Path) -> None:
    heard = "nothing"
    for line in file.read_text(encoding="utf-8").splitlines():
        if line.startswith("source "):
            _, mapping, *settings = line.split()
            chat.connect(mapping, **dict(setting.split("=") for setting in settings))
        elif line.startswith("renter: "):
            heard = chat.text(line.removeprefix("renter: "))
        elif line.startswith("event "):
            _, name, values = line.split(" ", 2)
            heard = chat.heard(chat.event(name, json.loads(values)))
        elif line.startswith("bot: "):
            assert re.sub("[\xa0\u202f]", " ", heard) == line.removeprefix("bot: ")
        elif line == "the worker runs":
            chat.world.run()
        elif line.startswith("tours: "):
            tours = sorted(f"{tour.appointment_date} {tour.appointment_time}" for tour in chat.world.tours)
            assert ", ".join(tours) == line.removeprefix("tours: ").replace("none", "")
        else:
            assert line.startswith("#"), line


def test_the_times_are_also_data(chat: Chat) -> None:
    chat.connect("voiceflow")
    answer = chat.event("tour.times", {"session_id": "a", "date": "2026-11-27"})
    assert answer["reply"] == "times"
    assert answer["times"][0] == {
        "number": 1, "start": "2026-11-27T09:00:00-06:00", "label": "Fri, Nov 27, 9:00 AM",
    }  # fmt: skip
    start = answer["times"][0]["start"]
    booked = chat.event(
        "tour.booked",
        {"session_id": "a", "name": "Maya Okafor", "email": "maya@example.com", "tour_start": start},
    )
    assert (booked["reply"], booked["times"]) == ("requested", [])
    chat.world.run()
    assert [tour.appointment_time for tour in chat.world.tours] == ["09:00:00"]


def test_a_choice_that_is_sent_again_is_one_tour_and_gets_the_same_answer(chat: Chat) -> None:
    chat.connect("voiceflow")
    chat.event("tour.times", {"session_id": "a"})
    choice = {"session_id": "a", "choice": 2, "name": "Maya Okafor", "email": "maya@example.com"}
    first = chat.event("tour.choose_time", choice)
    chat.world.run()
    second = chat.event("tour.choose_time", choice)
    assert first["request_id"] == second["request_id"]
    assert (first["reply"], second["reply"]) == ("requested", "booked")
    assert len(chat.world.tours) == 1


def test_an_offer_is_forgotten_after_a_day_and_holds_no_personal_data(chat: Chat, clock: Any) -> None:
    chat.connect("twilio")
    assert "1) " in chat.text("TIMES")
    with chat.world.database.session() as session:
        assert "512555" not in str(session.execute(text("SELECT time_offers::text FROM time_offers")).all())
    clock.now = NOW + timedelta(days=1, minutes=1)
    assert chat.text("2") == "nothing"


def test_a_request_cannot_bring_the_header_of_a_choice(chat: Chat) -> None:
    chat.connect("voiceflow")
    forged = json.dumps({"property": "oakwood", "kind": None, "starts": ["2026-11-27T03:00:00-06:00"]})
    answer = chat.world.client.post(
        "/hooks/chat",
        json={"event": "tour.choose_time", "session_id": "a", "choice": 1, "email": "maya@example.com"},
        headers={"Bridge-Chosen-Time": forged},
    )
    assert answer.json["reply"] == "no_choice"


def test_a_chosen_tour_can_be_replayed(chat: Chat) -> None:
    chat.connect("voiceflow")
    chat.event("tour.times", {"session_id": "a"})
    choice = {"session_id": "a", "choice": 2, "name": "Maya Okafor", "email": "maya@example.com"}
    chat.world.sandbox.fail(method="POST", path="/v1/events/appointments/leads", status=400)
    event = int(chat.event("tour.choose_time", choice)["request_id"])
    chat.world.run()
    assert chat.world.status(event) == ("parked", "rejected")
    chat.world.replay(event)
    chat.world.run()
    assert [tour.appointment_time for tour in chat.world.tours] == ["14:00:00"]


def test_each_tool_of_a_request_gets_its_own_result(chat: Chat) -> None:
    chat.connect("vapi")
    calls = [
        {"id": "c1", "function": {"name": "get_available_times", "arguments": {}}},
        {
            "id": "c2",
            "function": {
                "name": "book_tour",
                "arguments": {"email": "maya@example.com", "tour_start": "2026-11-27T09:00:00-06:00"},
            },
        },
    ]
    body = {"message": {"type": "tool-calls", "toolCallList": calls, "call": {"id": "call-1"}}}
    answer = chat.world.client.post("/hooks/chat", json=body)
    times, booked = answer.json["results"]
    assert times["toolCallId"] == "c1"
    assert times["result"].startswith("Free times for a tour of Oakwood Flats: 1) Tue, Nov 24, 11:00 AM")
    assert booked["toolCallId"] == "c2"
    assert booked["result"].startswith(
        "I have requested your tour of Oakwood Flats: Friday, November 27, 9:00 AM."
    )


def test_an_answer_reads_availability_once_and_waits_for_no_slow_propexo(chat: Chat) -> None:
    chat.world.sandbox.fail(method="POST", path="/v1/appointment-availability/", status=503, times=100)
    for pms, path in (("RESMAN", "/v1/events/"), ("ENTRATA", "/v1/appointment-availability/")):
        chat.world.document["properties"]["oakwood"]["pms"] = pms
        chat.connect("voiceflow")
        before = len(chat.world.sandbox.requests)
        for number in range(8):  # of which each would ask twice
            answer = chat.event("tour.times", {"session_id": f"{pms}{number}"})
            assert answer["reply"] == "times", answer
        asked = [request.path for request in chat.world.sandbox.requests[before:]]
        assert len(asked) <= 4, (path, asked)


class TestWithPms:
    @pytest.fixture
    def vendor(self) -> str:
        return "ENTRATA"

    def test_an_answer_does_not_wait_until_a_slow_propexo_has_answered(self, chat: Chat) -> None:
        path = "/v1/appointment-availability/"
        chat.world.sandbox.fail(method="POST", path=path, delay=1.5, times=1)
        chat.connect("voiceflow")
        answer = chat.event("tour.times", {"session_id": "a", "date": "2026-11-27"})
        assert answer["times"][0]["start"] == "2026-11-27T09:00:00-06:00"  # by the property's own hours
        chat.close()
        chat.connect("voiceflow")
        answer = chat.event("tour.times", {"session_id": "a", "date": "2026-11-27"})
        assert (
            answer["times"][0]["start"] == "2026-11-27T10:00:00-06:00"
        )  # by the PMS, which has answered meanwhile
        assert len(chat.world.calls("POST", path)) == 1


def test_slack_answers_a_command_and_leaves_a_form_alone(chat: Chat) -> None:
    chat.connect("slack")
    command = {"command": "/tour", "text": "times Oakwood Flats 2026-11-27", "trigger_id": "1"}
    answer = chat.world.client.post("/hooks/chat", data=command)
    assert answer.json["response_type"] == "ephemeral"
    assert "1) Fri, Nov 27, 9:00 AM" in answer.json["text"]
    form = {
        "type": "block_actions",
        "trigger_id": "2",
        "actions": [{"action_id": "tour_cancel", "value": "B-1"}],
    }
    answer = chat.world.client.post("/hooks/chat", data={"payload": json.dumps(form)})
    assert (answer.status_code, answer.text) == (200, "")


def test_sentences_of_the_operator(chat: Chat) -> None:
    chat.connect("voiceflow", replies={"en": {"requested": "Noted: {day}, {time}. Change it: {tour_link}"}})
    answer = chat.event(
        "tour.booked", {"session_id": "a", "email": "maya@example.com", "tour_start": "2026-11-27 09:00"}
    )
    assert re.fullmatch(
        r"Noted: Friday, November 27, 9:00 AM\. Change it: \S+/tour/[\w-]{24}", answer["message"]
    )
