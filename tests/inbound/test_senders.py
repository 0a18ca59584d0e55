"""What single senders need of the webhook endpoint: where they put secrets, what they ask, what they want to read."""

import base64
import gzip
import hmac
import json
from typing import Any

import pytest
from inbound.senders import PUBLIC, SOURCES, sample, stored_text
from sqlalchemy import text

from bridge.errors import ConfigurationError
from bridge.inbound.signatures import Request


@pytest.fixture
def endpoint(database: Any, open_endpoint: Any) -> Any:
    return open_endpoint(database, SOURCES, public_url=PUBLIC)


BOOKED = {"event": "tour.booked", "email": "maya@example.com", "tour_start": "2026-12-03T10:30:00-06:00"}


class TestHandshakes:
    QUERY = "hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token="

    def test_the_token_of_the_customer_gets_the_challenge(self, endpoint: Any) -> None:
        answer = endpoint.client.get(f"/hooks/meta?{self.QUERY}verify-me")
        assert (answer.status_code, answer.text, answer.mimetype) == (200, "1158201444", "text/plain")

    @pytest.mark.parametrize(
        "query", [f"{QUERY}wrong", QUERY, "", "hub.challenge=1&hub.verify_token=verify-me"]
    )
    def test_nobody_else_does(self, endpoint: Any, query: str) -> None:
        assert endpoint.client.get(f"/hooks/meta?{query}").status_code == 401

    def test_a_signed_challenge_is_answered_and_not_stored(self, endpoint: Any) -> None:
        body = sample("slack", "url_verification.json")
        answer = endpoint.send("slack", body)
        assert (answer.status_code, answer.text) == (200, json.loads(body)["challenge"])
        assert endpoint.events() == []

    def test_a_challenge_that_is_not_signed_is_refused(self, endpoint: Any) -> None:
        assert (
            endpoint.send("slack", sample("slack", "url_verification.json"), secrets=["other"]).status_code
            == 401
        )

    def test_cloudevents_asks_whether_it_may_send(self, endpoint: Any) -> None:
        answer = endpoint.client.options(
            "/hooks/zapier", headers={"WebHook-Request-Origin": "eventgrid.example"}
        )
        assert answer.headers["WebHook-Allowed-Origin"] == "eventgrid.example"
        assert "POST" in answer.headers["Allow"]
        assert "WebHook-Allowed-Origin" not in endpoint.client.options("/hooks/zapier").headers
        assert endpoint.client.options("/hooks/nobody").status_code == 404


class TestSecretsInTheAddressAndTheBody:
    @pytest.mark.parametrize(
        ("path", "headers"),
        [
            ("/zapier-secret", {}),
            ("?token=zapier-secret&community=oakwood", {}),
            ("", {"Authorization": "Bearer zapier-secret"}),
            ("", {"X-Bridge-Key": "zapier-secret"}),
        ],
    )
    def test_a_shared_secret_may_stand_anywhere_and_is_stored_nowhere(
        self, endpoint: Any, path: str, headers: dict[str, str]
    ) -> None:
        answer = endpoint.client.post(f"/hooks/zapier{path}", json=BOOKED, headers=headers)
        assert answer.status_code == 200, answer.text
        assert "zapier-secret" not in stored_text(endpoint)
        assert endpoint.events()[0].query == ({"community": "oakwood"} if "?" in path else {})

    @pytest.mark.parametrize("path", ["", "/wrong", "?token=wrong", "/zapier-secret/more"])
    def test_without_it_nothing_is_stored(self, endpoint: Any, path: str) -> None:
        answer = endpoint.client.post(f"/hooks/zapier{path}", json=BOOKED)
        assert answer.status_code in (401, 404)
        assert endpoint.events() == []

    def test_a_secret_in_the_body_is_taken_out_before_it_is_stored(self, endpoint: Any) -> None:
        payload = json.loads(sample("livechat", "incoming_event.filled_form.json"))
        payload["secret_key"] = "livechat-secret"
        answer = endpoint.client.post("/hooks/livechat", json=payload)
        assert answer.status_code == 200
        assert "livechat-secret" not in stored_text(endpoint)
        assert endpoint.client.post("/hooks/livechat", json={**payload, "secret_key": "x"}).status_code == 401

    @pytest.mark.parametrize("size", [0, 200_000])
    def test_also_of_a_compressed_body(self, endpoint: Any, size: int) -> None:
        payload = json.loads(sample("livechat", "incoming_event.filled_form.json"))
        body = json.dumps({**payload, "secret_key": "livechat-secret", "more": "x" * size}).encode()
        answer = endpoint.client.post(
            "/hooks/livechat",
            data=gzip.compress(body),
            headers={"Content-Type": "application/json", "Content-Encoding": "gzip"},
        )
        assert answer.status_code == (401 if size else 200)
        assert "livechat-secret" not in stored_text(endpoint)
        assert [event.event for event in endpoint.events()] == ["incoming_event"] * (not size)

    def test_also_of_a_batch_that_is_too_large(self, endpoint: Any) -> None:
        many = {
            "module": "Events",
            "operation": "update",
            "token": "zoho-token",
            "ids": [str(n) for n in range(1001)],
        }
        answer = endpoint.client.post("/hooks/zoho", json=many)
        assert answer.json["status"] == "parked"
        assert "zoho-token" not in stored_text(endpoint)

    def test_a_live_token_of_the_senders_user_is_forgotten(self, endpoint: Any) -> None:
        body = sample("salesforce_outbound", "Scheduled.xml").decode()
        start, end = body.index("<OrganizationId>"), body.index("<Notification>")
        session = "<SessionId>00D-live-session</SessionId>"
        body = body[: body.index("</OrganizationId>", start) + 17] + session + body[end:]
        answer = endpoint.send("salesforce", body.encode(), "text/xml")
        assert answer.status_code == 200
        assert "live-session" not in stored_text(endpoint)
        assert endpoint.events()[0].reference

    def test_anybody_may_send_only_where_that_is_spelled_out(self, endpoint: Any) -> None:
        assert endpoint.client.post("/hooks/open", json=BOOKED).status_code == 200


class TestTenants:
    BODY = sample("gohighlevel_app", "AppointmentCreate.json")

    def body_of(self, location: str) -> bytes:
        return json.dumps({**json.loads(self.BODY), "locationId": location}).encode()

    def test_an_event_of_another_customer_of_the_vendor_is_refused(self, endpoint: Any) -> None:
        assert endpoint.send("ghl", self.body_of("loc-1")).status_code == 200
        assert endpoint.send("ghl", self.body_of("loc-2")).status_code == 401
        assert len(endpoint.events()) == 1

    def test_a_vendor_wide_key_needs_them(self, database: Any, open_endpoint: Any) -> None:
        with pytest.raises(
            ConfigurationError, match=r"sources\.ghl\.tenants: found none, expected your accounts"
        ):
            open_endpoint(database, {"ghl": {"mapping": "gohighlevel_app"}})


class TestSignedAddresses:
    BODY = b"From=%2B15125550142&Body=hello+&MessageSid=SM1"
    FORM = "application/x-www-form-urlencoded"

    def test_the_public_address_counts_whatever_the_host_header_says(self, endpoint: Any) -> None:
        answer = endpoint.send("twilio", self.BODY, self.FORM, query="?community=maple%20court")
        assert answer.status_code == 200
        assert endpoint.events()[0].query == {"community": "maple court"}

    def test_another_address_is_not_authentic(self, endpoint: Any, database: Any, open_endpoint: Any) -> None:
        elsewhere = open_endpoint(database, SOURCES, public_url="https://elsewhere.example.com")
        configured = endpoint.sources["twilio"].mapping.signature
        sent = configured.sign_request(
            Request({"content-type": self.FORM}, self.BODY, url=f"{PUBLIC}/hooks/twilio"),
            ["twilio-secret"],
            endpoint.clock(),
        )
        for at, status in ((endpoint, 200), (elsewhere, 401)):
            answer = at.client.post("/hooks/twilio", data=sent.body, headers=dict(sent.headers))
            assert answer.status_code == status

    @pytest.mark.parametrize("host", [PUBLIC, f"{PUBLIC}:443"])
    @pytest.mark.parametrize("path", ["/hooks/twilio", "/hooks/twilio/", "/hooks/twilio?community=oakwood"])
    def test_the_default_port_and_a_slash_at_the_end_may_be_signed(
        self, endpoint: Any, host: str, path: str
    ) -> None:
        fields = "Body" + "hello " + "From" + "+15125550142" + "MessageSid" + "SM1"
        digest = hmac.new(b"twilio-secret", f"{host}{path}{fields}".encode(), "sha1").digest()
        signed = {"X-Twilio-Signature": base64.b64encode(digest).decode()}
        posted = endpoint.client.post(path, data=self.BODY, content_type=self.FORM, headers=signed)
        assert posted.status_code == 200
        other = endpoint.client.post(path, data=self.BODY + b"x", content_type=self.FORM, headers=signed)
        assert other.status_code == 401

    def test_the_fields_of_a_compressed_form_are_signed(self, endpoint: Any) -> None:
        fields = "Body" + "hello " + "From" + "+15125550142" + "MessageSid" + "SM1"
        digest = hmac.new(b"twilio-secret", f"{PUBLIC}/hooks/twilio{fields}".encode(), "sha1").digest()
        headers = {"X-Twilio-Signature": base64.b64encode(digest).decode(), "Content-Encoding": "gzip"}
        answers = [
            endpoint.client.post(
                "/hooks/twilio", data=gzip.compress(body), content_type=self.FORM, headers=headers
            )
            for body in (self.BODY, self.BODY + b"&Body=other")
        ]
        assert [answer.status_code for answer in answers] == [200, 401]

    def test_without_a_public_address_the_source_does_not_start(
        self, database: Any, open_endpoint: Any
    ) -> None:
        with pytest.raises(
            ConfigurationError, match=r"server\.public_url: missing; Twilio.* signs the address"
        ):
            open_endpoint(database, {"twilio": SOURCES["twilio"]})


class TestReplies:
    FORM = "application/x-www-form-urlencoded"

    def test_salesforce_reads_an_ack(self, endpoint: Any) -> None:
        body = sample("salesforce_outbound", "batch.xml")
        answer = endpoint.send("salesforce", body, "text/xml")
        assert "<Ack>true</Ack>" in answer.text
        assert answer.mimetype == "text/xml"
        assert len(endpoint.events()) == 2

    def test_a_text_message_is_answered_only_with_words_of_the_operator(self, endpoint: Any) -> None:
        body = sample("twilio", "sms.booked.form")
        quiet, reported = (endpoint.send(source, body, self.FORM) for source in ("twilio", "texting"))
        assert (quiet.text.partition("?>")[2], quiet.mimetype) == ("<Response></Response>", "text/xml")
        assert (
            reported.text.partition("?>")[2] == "<Response><Message>Thanks &amp; see you</Message></Response>"
        )

    def test_a_bot_says_that_the_tour_is_received(self, endpoint: Any) -> None:
        answer = endpoint.send("dialogflow", sample("dialogflow_cx", "tour.book.json"))
        (message,) = answer.json["fulfillmentResponse"]["messages"]
        assert "confirm" not in message["text"]["text"][0].lower().replace("will confirm", "")

    def test_a_turn_that_books_nothing_is_answered_with_an_empty_success(self, endpoint: Any) -> None:
        body = json.loads(sample("dialogflow_cx", "tour.book.json"))
        body["fulfillmentInfo"]["tag"] = "weather"
        body["detectIntentResponseId"] = "another"
        answer = endpoint.send("dialogflow", json.dumps(body).encode())
        assert (answer.status_code, answer.json) == (200, {})

    def test_a_voice_agent_gets_a_result_for_each_of_its_tools(self, endpoint: Any) -> None:
        answer = endpoint.send("vapi", sample("vapi", "book_tour.json"))
        (result,) = answer.json["results"]
        assert result["toolCallId"] == "call_1"
        assert result["result"].startswith(
            "I have requested your tour of Oakwood Flats: Tuesday, March 4, 10:30 AM."
        )
        both = endpoint.send("vapi", sample("vapi", "schedule_appointment.two_tools.json"))
        assert [result["toolCallId"] for result in both.json["results"]] == ["call_2", "call_3"]
        assert endpoint.send("vapi", sample("vapi", "status-update.json")).json == {}
        assert len(endpoint.events()) == 4
        reported = endpoint.send("retell", sample("retell", "book_tour.json"))
        assert reported.json["message"] == "We have that, thanks."

    def test_a_guest_card_in_a_form_field_is_read_and_its_key_is_not_stored(self, endpoint: Any) -> None:
        body = sample("mits", "appointment.field.form") + b"&ApiKey=resman-key"
        assert endpoint.client.post("/hooks/resman", data=body, content_type=self.FORM).status_code == 200
        assert b"resman-key" not in endpoint.events()[0].body
        assert endpoint.events()[0].reference
        wrong = endpoint.client.post("/hooks/resman?ApiKey=other", data=sample("mits", "appointment.xml"))
        assert wrong.status_code == 401

    def test_who_is_busy_says_so_in_the_senders_words(self, endpoint: Any) -> None:
        with endpoint.database.session() as session:
            session.execute(text("ALTER TABLE events RENAME TO gone"))
        answers = [
            endpoint.send("ghl", TestTenants().body_of("loc-1")),
            endpoint.client.post("/hooks/open", json=BOOKED),
        ]
        assert [answer.status_code for answer in answers] == [429, 503]
        assert all(answer.headers["Retry-After"] for answer in answers)


class TestRecordedSources:
    @pytest.mark.parametrize(
        ("body", "content_type"),
        [
            (b'{"anything": 1}', "application/json"),
            (b"a=1&b=2", "application/x-www-form-urlencoded"),
            (b"<a><b>1</b></a>", "text/xml"),
        ],
    )
    def test_whatever_comes_is_kept_with_the_names_of_its_headers(
        self, endpoint: Any, body: bytes, content_type: str
    ) -> None:
        headers = {"Content-Type": content_type, "X-Acme-Signature": "9f86d0", "X-Bridge-Key": "new-secret"}
        answer = endpoint.client.post("/hooks/new", data=body, headers=headers)
        assert answer.json["status"] == "received"
        (event,) = endpoint.events()
        assert (event.body, event.content_type) == (body, content_type)
        assert event.headers["x-acme-signature"] == "(not stored)"
        assert "new-secret" not in stored_text(endpoint)
