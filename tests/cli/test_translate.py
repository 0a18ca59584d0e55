"""`bridge translate`, on payloads that no mapping was written from."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cli.translating import BOOKING_KEYS, KEYS, LEE, ROOT, events, invitee, only, own, run
from click.testing import CliRunner

from bridge.cli import main
from bridge.mapping.catalogue import Catalogue

pytestmark = pytest.mark.usefixtures("empty_folder")


class TestWithoutConfiguration:
    def test_it_has_exactly_these_keys_in_this_order(self):
        event = only(run("calendly", invitee()))
        assert list(event) == KEYS
        assert list(event["booking"]) == BOOKING_KEYS
        assert list(event["booking"]["contact"]) == ["first_name", "last_name", "email", "phone"]

    def test_it_reads_the_booking(self):
        result = run("calendly", invitee())
        assert result.exit_code == 0
        assert only(result) == {
            "event": "invitee.created",
            "delivery_id": "invitee.created|https://api.calendly.com/scheduled_events/E/invitees/I|2020-02-01T10:00:00.000000Z",
            "action": "book",
            "reason": None,
            "booking": {
                "action": "book",
                "reference": "https://api.calendly.com/scheduled_events/E/invitees/I",
                "previous_reference": None,
                "occurred_at": "2020-02-01T10:00:00Z",
                "contact": {
                    "first_name": "Wei",
                    "last_name": "Zhang",
                    "email": "wei.zhang@example.cn",
                    "phone": None,
                },
                "starts_at": "2020-02-29T18:30:00Z",
                "starts_at_local": None,
                "duration_minutes": 30,
                "kind": None,
                "property": "https://api.calendly.com/event_types/HARBOR",
                "unit": None,
                "agent": "lee@example.com",
                "lead_source": None,
                "lead_id": None,
                "title": "Tour",
                "notes": None,
            },
            "propexo": None,
            "errors": [],
        }

    def test_a_configuration_beside_it_is_not_read(self, tmp_path: Path):
        (tmp_path / "bridge.toml").write_text("this is no TOML")
        result = run("calendly", invitee())
        assert result.exit_code == 0
        assert only(result)["propexo"] is None
        assert run("calendly", invitee(), "--source", "tours").exit_code == 1

    def test_an_ignored_event_says_why_and_is_no_failure(self):
        result = run("calendly", {**invitee(rescheduled=True), "event": "invitee.canceled"})
        assert result.exit_code == 0
        assert only(result) | {"delivery_id": ""} == {
            "event": "invitee.canceled",
            "delivery_id": "",
            "action": "ignore",
            "reason": "superseded by its new booking",
            "booking": None,
            "propexo": None,
            "errors": [],
        }

    def test_wall_time_stays_wall_time(self):
        booking = only(
            run("standard_webhooks", own("booked", prospect=LEE, tour={"start_local": "March 4, 2031 9am"}))
        )
        assert booking["booking"]["starts_at"] is None
        assert booking["booking"]["starts_at_local"] == "2031-03-04T09:00:00"

    @pytest.mark.parametrize(
        ("answers", "phone"),
        [
            ([["May we phone you?", "Yes please"], ["Phone", "(917) 555-0143"]], "+19175550143"),
            ([["Mobile", "917.555.0143"]], "+19175550143"),
            ([["Your cell number?", "+52 55 5555 0143"]], "+525555550143"),
            ([["Telephone", "I have none"]], None),
            ([[None, "917 555 0143"]], "+19175550143"),
        ],
    )
    def test_a_phone_number_may_be_only_an_answer(self, answers: list[list[str]], phone: str | None):
        asked = [{"question": question, "answer": answer, "position": 0} for question, answer in answers]
        result = run("calendly", invitee(questions_and_answers=asked))
        assert only(result)["booking"]["contact"]["phone"] == phone
        assert result.exit_code == 0

    def test_an_address_that_cal_com_made_up_is_no_address(self):
        payload = {
            "uid": "u1",
            "startTime": "2031-05-05T15:00:00+00:00",
            "length": 20,
            "attendees": [{"name": "Ode", "email": "15125550119@sms.cal.com", "phoneNumber": "+15125550119"}],
        }
        body = {
            "triggerEvent": "BOOKING_CREATED",
            "createdAt": "2031-01-01T00:00:00.000Z",
            "payload": payload,
        }
        contact = only(run("cal_com", body))["booking"]["contact"]
        assert contact == {"first_name": "Ode", "last_name": None, "email": None, "phone": "+15125550119"}

    def test_a_cancel_needs_the_reference_only(self):
        body = {
            "triggerEvent": "BOOKING_CANCELLED",
            "payload": {"uid": "u1", "startTime": "then", "length": "?"},
        }
        result = run("cal_com", body)
        assert result.exit_code == 0
        assert only(result)["booking"]["reference"] == "u1"
        result = run("cal_com", {"triggerEvent": "BOOKING_CANCELLED", "payload": {}})
        assert result.exit_code == 1
        assert [error["field"] for error in only(result)["errors"]] == ["reference"]

    def test_what_cannot_be_read_names_the_field(self):
        body = invitee(email="none", scheduled_event={"start_time": "2031-03-04T16:00:00"})
        result = run("calendly", body)
        event = only(result)
        assert result.exit_code == 1
        assert (event["action"], event["booking"], event["propexo"]) == ("book", None, None)
        assert event["errors"][0] == {
            "field": "starts_at",
            "path": "payload.scheduled_event.start_time",
            "found": "'2031-03-04T16:00:00'",
            "expected": "a date and time with its offset, such as 2026-12-03T16:00:00Z",
        }

    def test_nobody_to_book_for_is_an_error(self):
        result = run("standard_webhooks", own("booked", tour={"start": "2031-03-04T16:00:00Z"}))
        assert result.exit_code == 1
        assert [error["field"] for error in only(result)["errors"]] == ["contact"]

    def test_a_body_that_cannot_be_decoded_is_reported_twice(self):
        result = run("calendly", '{"event": ')
        event = only(result)
        assert result.exit_code == 1
        assert list(event) == KEYS
        assert [event[key] for key in KEYS[2:6]] == [None, None, None, None]
        assert event["delivery_id"].startswith("sha256:")
        [error] = event["errors"]
        assert error["field"] is None
        assert error["message"] in result.stderr

    def test_every_item_of_a_batch_is_an_event(self):
        good = own("booked", prospect=LEE, tour={"start": "2031-03-04T16:00:00Z"})
        result = run(
            "standard_webhooks", [good, own("booked"), {"type": "tour.viewed"}], "--header", "webhook-id: m1"
        )
        assert result.exit_code == 1
        assert [event["action"] for event in events(result)] == ["book", "book", "ignore"]
        assert [bool(event["errors"]) for event in events(result)] == [False, True, False]
        ids = [event["delivery_id"] for event in events(result)]
        assert len(set(ids)) == 3
        assert all(each.startswith("m1|sha256:") for each in ids)

    def test_a_header_of_the_request_counts(self):
        body = own("cancelled")
        assert only(run("standard_webhooks", body, "--header", "Webhook-Id: m-1"))["delivery_id"] == "m-1"
        assert only(run("standard_webhooks", body))["delivery_id"].startswith("sha256:")
        assert run("standard_webhooks", body, "--header", "webhook-id").exit_code == 2

    def test_a_form_is_read_by_its_content_type_or_the_ending_of_the_file(self, tmp_path: Path):
        form = "name=Ana+de+la+Cruz&email=Ana%40Example.com&date=07%2F04%2F2031&time=9%3A15+am"
        reported = only(run("website_form", form, "--content-type", "application/x-www-form-urlencoded"))
        (tmp_path / "mine.form").write_text(form)
        from_file = CliRunner().invoke(main, ["translate", "website_form", "mine.form"])
        assert only(from_file) == reported
        assert reported["booking"]["starts_at_local"] == "2031-07-04T09:15:00"
        assert reported["booking"]["contact"]["last_name"] == "de la Cruz"
        assert run("website_form", form).exit_code == 1

    def test_headers_recorded_beside_a_file_count(self, tmp_path: Path):
        (tmp_path / "mine.json").write_text(json.dumps(own("cancelled")))
        (tmp_path / "mine.headers.json").write_text('{"Webhook-Id": "m-7"}')
        assert (
            only(CliRunner().invoke(main, ["translate", "standard_webhooks", "mine.json"]))["delivery_id"]
            == "m-7"
        )

    def test_the_mapping_may_be_a_file(self, tmp_path: Path):
        text = Catalogue().get("calendly").path.read_text(encoding="utf-8")
        changed = text.replace('"payload.tracking.utm_term"', '"payload.nickname"')
        (tmp_path / "mine.py").write_text(changed)
        assert only(run("mine.py", invitee(nickname="204")))["booking"]["unit"] == "204"
        assert only(run(str(tmp_path / "mine.py"), invitee()))["errors"] == []

    @pytest.mark.parametrize(
        ("arguments", "status", "reported"),
        [
            (["calendy", "-"], 1, 'did you mean "calendly"?'),
            (["./none.py", "-"], 1, "cannot be loaded"),
            (["calendly", "no-such-file"], 2, "samples of calendly: invitee.canceled"),
        ],
    )
    def test_what_is_not_there_is_reported(self, arguments: list[str], status: int, reported: str):
        result = CliRunner().invoke(main, ["translate", *arguments])
        assert result.exit_code == status
        assert reported in result.stderr


class TestExplanation:
    """`--explain`: where each value came from."""

    def explained(self, mapping: str, body: Any, *options: str) -> dict[str, Any]:
        event = only(run(mapping, body, "--explain", *options))
        assert list(event) == [*KEYS, "explanation"]
        return event["explanation"]

    def test_each_field_says_what_gave_its_value_and_what_was_empty(self):
        reported = self.explained("calendly", invitee(text_reminder_number="later"))
        assert reported["decided_by"] == "invitee.created"
        assert reported["fields"]["email"] == {
            "value": "wei.zhang@example.cn",
            "from": ["payload.email"],
            "empty": [],
            "refused": [],
            "not_needed": [],
        }
        assert reported["fields"]["starts_at"]["value"] == "2020-02-29T18:30:00Z"
        assert reported["fields"]["unit"] == {
            "value": None,
            "from": [],
            "empty": [
                "payload.tracking.utm_term",
                "asked(payload.questions_and_answers[].{label: question, value: answer}).unit",
            ],
            "refused": [],
            "not_needed": [],
        }
        [refused] = reported["fields"]["phone"]["refused"]
        assert (refused["path"], refused["found"]) == ("payload.text_reminder_number", "'later'")

    def test_a_rule_whose_event_fits_came_close(self):
        reported = self.explained("calendly", {**invitee(), "event": "invitee.canceled"})
        assert reported["decided_by"] == "invitee.canceled"
        assert reported["came_close"]
        assert all(rule.startswith("invitee.canceled where ") for rule in reported["came_close"])
        assert self.explained("calendly", {**invitee(), "event": "other"})["decided_by"] is None

    def test_the_question_to_the_senders_api_is_reported(self):
        event = only(run("acuity", {"action": "scheduled", "id": 54321}, "--explain"))
        assert event["explanation"]["asks"] == {
            "method": "GET", "path": "/api/v1/appointments/54321", "into": "appointment", "problem": None,
        }  # fmt: skip
        reported = self.explained("acuity", {"action": "scheduled", "id": "../me"})
        assert "which is no id of this sender" in reported["asks"]["problem"]

    def test_a_body_that_cannot_be_decoded_has_no_explanation(self):
        assert self.explained("calendly", "{") is None

    @pytest.mark.processes
    def test_on_a_terminal_it_is_a_table(self, tmp_path: Path):
        (tmp_path / "sent.json").write_text(json.dumps(invitee(email="later", text_reminder_number=None)))
        terminal = "import sys; sys.stdout.isatty = lambda: True; from bridge.cli import main; main()"
        command = [
            sys.executable,
            "-c",
            terminal,
            "translate",
            "calendly",
            f"{tmp_path}/sent.json",
            "--explain",
        ]

        def called(*more: str) -> subprocess.CompletedProcess[str]:
            return subprocess.run([*command, *more], capture_output=True, text=True, check=False, cwd=ROOT)

        shown = called()
        assert shown.returncode == 1
        words = " ".join(shown.stdout.split())
        assert 'Event "invitee.created": book Decided by: invitee.created' in words
        assert "from payload.name" in words
        assert "refused: found 'later' at payload.email, expected an e-mail address" in words
        assert "Problems" in words
        assert json.loads(called("--json").stdout)["events"][0]["explanation"]


def test_parameters_of_the_address_can_be_given(tmp_path: Path) -> None:
    body = {"booking_id": "B-1"}
    (event,) = json.loads(run("manychat", body, "--query", "event=tour.cancelled").stdout)["events"]
    assert (event["action"], event["booking"]["reference"]) == ("cancel", "B-1")
    assert "not of the form NAME=VALUE" in run("manychat", body, "--query", "event").stderr


@pytest.mark.parametrize(
    ("name", "body", "mapping"),
    [
        ("tour.form.txt", b"event=tour.cancelled&booking_id=B-1", "zapier"),
        ("tour.xml", b"<root><event>tour.cancelled</event><booking_id>B-1</booking_id></root>", "zapier"),
        (
            "tour.multipart.txt",
            (
                b'--xYz\r\nContent-Disposition: form-data; name="event"\r\n\r\ntour.cancelled\r\n'
                b'--xYz\r\nContent-Disposition: form-data; name="booking_id"\r\n\r\nB-1\r\n--xYz--\r\n'
            ),
            "make",
        ),
    ],
)
def test_a_recorded_body_is_read_by_the_ending_of_its_file(
    tmp_path: Path, name: str, body: bytes, mapping: str
) -> None:
    (tmp_path / name).write_bytes(body)
    result = CliRunner().invoke(main, ["translate", mapping, str(tmp_path / name)])
    (event,) = json.loads(result.stdout)["events"]
    assert (event["action"], event["booking"]["reference"]) == ("cancel", "B-1")
