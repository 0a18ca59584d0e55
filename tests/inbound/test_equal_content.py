"""Senders without ids: equal content is a duplicate, or news."""

import json
from typing import Any

import pytest
from inbound.senders import PUBLIC, SOURCES, sample


@pytest.fixture
def endpoint(database: Any, open_endpoint: Any) -> Any:
    return open_endpoint(database, SOURCES, public_url=PUBLIC)


class TestEqualContentOfSendersWithoutIds:
    def post(self, endpoint: Any, event: str) -> Any:
        body = {
            "event": event,
            "booking_id": "B-1",
            "email": "maya@example.com",
            "tour_start": "2026-12-03 10:30",
        }
        return endpoint.client.post("/hooks/open", json=body).json

    def test_sent_twice_it_is_a_duplicate(self, endpoint: Any) -> None:
        first, second = self.post(endpoint, "tour.booked"), self.post(endpoint, "tour.booked")
        assert (second["id"], second["duplicate"]) == (first["id"], True)

    def test_after_another_event_of_the_booking_it_is_news_once(self, endpoint: Any) -> None:
        ids = [
            self.post(endpoint, f"tour.{word}")["id"]
            for word in ("booked", "cancelled", "booked", "cancelled")
        ]
        assert len(set(ids)) == 4
        again = self.post(endpoint, "tour.cancelled")
        assert (again["id"], again["duplicate"]) == (ids[3], True)

    def test_a_button_without_an_id_cancels_again_after_another_form(self, endpoint: Any) -> None:
        def post(name: str) -> Any:
            body = sample("livechat", f"{name}.json")
            return endpoint.send("livechat", body, secrets=["livechat-secret"]).json

        cancelled = post("incoming_rich_message_postback.cancel")
        assert post("incoming_rich_message_postback.cancel")["duplicate"]
        form = json.loads(sample("livechat", "incoming_event.filled_form.json"))
        form["payload"]["chat_id"] = endpoint.events()[0].reference
        assert "duplicate" not in endpoint.send("livechat", json.dumps(form).encode()).json
        again = post("incoming_rich_message_postback.cancel")
        assert "duplicate" not in again
        assert again["id"] != cancelled["id"]

    def test_a_signed_request_is_never_news_again(self, endpoint: Any) -> None:
        def signed(event: str) -> Any:
            body = {"payload": {"uid": "U1"}, "triggerEvent": event}
            return endpoint.post(body, source="cal_com").json

        first = signed("BOOKING_CREATED")
        signed("BOOKING_CANCELLED")
        assert signed("BOOKING_CREATED") == {**first, "duplicate": True}
