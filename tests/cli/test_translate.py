"""`bridge translate`, on payloads that no mapping was written from."""

import copy
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st
from requests.adapters import BaseAdapter

from bridge.cli import main
from bridge.forwarding.preview import APPOINTMENT_ID, Posted, preview
from bridge.mapping.catalogue import Catalogue
from bridge.propexo.client import Propexo
from bridge.propexo.transport import NoQuota
from bridge.settings import parse

ROOT = Path(__file__).parents[2]
KEYS = ["event", "delivery_id", "action", "reason", "booking", "propexo", "errors"]
BOOKING_KEYS = [
    "action", "reference", "previous_reference", "occurred_at", "contact", "starts_at", "starts_at_local",
    "duration_minutes", "kind", "property", "unit", "agent", "lead_source", "lead_id", "title", "notes",
]  # fmt: skip
CONFIGURATION = """
[propexo]
token = "t"

[properties.harbor]
integration_id = "cintegration"
property_id = "charbor"
pms = "RENTMANAGER"
time_zone = "America/New_York"
name = "Harbor Point"
aliases = ["https://api.calendly.com/event_types/HARBOR"]
[properties.harbor.agents]
"Lee@Example.com" = "cagentlee"

[properties.mesa]
integration_id = "cmesaintegration"
property_id = "cmesa"
pms = "APPFOLIO"
time_zone = "America/Denver"

[properties.pine]
integration_id = "cpineintegration"
property_id = "cpine"
pms = "RESMAN"
time_zone = "America/Chicago"
[properties.pine.defaults]
lead_source_id = "clead"
employee_id = "cemployee"

[sources.tours]
mapping = "calendly"
secrets = ["one"]
property = "harbor"

[sources.own]
mapping = "standard_webhooks"
secrets = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]

[sources.site]
mapping = "website_form"
property = "pine"
origins = ["https://www.example.com"]
phone_region = "GB"
"""


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BRIDGE_CONFIG", raising=False)


@pytest.fixture
def config(tmp_path: Path) -> str:
    path = tmp_path / "elsewhere.toml"
    path.write_text(CONFIGURATION)
    return str(path)


def run(mapping: str, body: Any, *options: str) -> Result:
    sent = body if isinstance(body, (str, bytes)) else json.dumps(body)
    return CliRunner().invoke(main, ["translate", mapping, "-", *options], input=sent)


def events(result: Result) -> list[dict[str, Any]]:
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return json.loads(result.stdout)["events"]


def only(result: Result) -> dict[str, Any]:
    [event] = events(result)
    return event


def invitee(**changes: Any) -> dict[str, Any]:
    """A Calendly invitee, as it comes when an event type asks for nothing but name and e-mail."""
    payload: dict[str, Any] = {
        "email": "wei.zhang@example.cn",
        "first_name": None,
        "last_name": None,
        "name": "Wei Zhang",
        "new_invitee": None,
        "old_invitee": None,
        "questions_and_answers": [],
        "rescheduled": False,
        "scheduled_event": {
            "start_time": "2020-02-29T18:30:00.000000Z",
            "end_time": "2020-02-29T19:00:00.000000Z",
            "event_type": "https://api.calendly.com/event_types/HARBOR",
            "event_memberships": [{"user_email": "lee@example.com"}],
            "location": None,
            "name": "Tour",
        },
        "text_reminder_number": None,
        "tracking": None,
        "uri": "https://api.calendly.com/scheduled_events/E/invitees/I",
    }
    return {
        "event": "invitee.created",
        "created_at": "2020-02-01T10:00:00.000000Z",
        "payload": payload | changes,
    }


def own(kind: str, **data: Any) -> dict[str, Any]:
    return {
        "type": f"tour.{kind}",
        "timestamp": "2026-11-24T15:00:00Z",
        "data": {"booking_id": "B-9", **data},
    }


LEE = {"name": "Lee Ann Sorensen", "email": "lee@example.com"}


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
            ([[None, "917 555 0143"]], None),
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

    def test_a_body_that_cannot_be_decoded_is_told_twice(self):
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
        told = only(run("website_form", form, "--content-type", "application/x-www-form-urlencoded"))
        (tmp_path / "mine.form").write_text(form)
        from_file = CliRunner().invoke(main, ["translate", "website_form", "mine.form"])
        assert only(from_file) == told
        assert told["booking"]["starts_at_local"] == "2031-07-04T09:15:00"
        assert told["booking"]["contact"]["last_name"] == "de la Cruz"
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
        changed = text.replace('path="payload.tracking.utm_term"', 'path="payload.nickname"')
        (tmp_path / "mine.py").write_text(changed)
        assert only(run("mine.py", invitee(nickname="204")))["booking"]["unit"] == "204"
        assert only(run(str(tmp_path / "mine.py"), invitee()))["errors"] == []

    @pytest.mark.parametrize(
        ("arguments", "status", "told"),
        [
            (["calendy", "-"], 1, 'did you mean "calendly"?'),
            (["./none.py", "-"], 1, "cannot be loaded"),
            (["calendly", "no-such-file"], 2, "samples of calendly: invitee.canceled"),
        ],
    )
    def test_what_is_not_there_is_told(self, arguments: list[str], status: int, told: str):
        result = CliRunner().invoke(main, ["translate", *arguments])
        assert result.exit_code == status
        assert told in result.stderr


class TestExplanation:
    """`--explain`: where each value came from."""

    def explained(self, mapping: str, body: Any, *options: str) -> dict[str, Any]:
        event = only(run(mapping, body, "--explain", *options))
        assert list(event) == [*KEYS, "explanation"]
        return event["explanation"]

    def test_each_field_says_what_gave_its_value_and_what_was_empty(self):
        told = self.explained("calendly", invitee(text_reminder_number="none"))
        assert told["decided_by"] == "invitee.created"
        assert told["fields"]["email"] == {
            "value": "wei.zhang@example.cn",
            "from": ["payload.email"],
            "empty": [],
            "refused": [],
            "not_needed": [],
        }
        assert told["fields"]["starts_at"]["value"] == "2020-02-29T18:30:00Z"
        assert told["fields"]["unit"] == {
            "value": None,
            "from": [],
            "empty": ["payload.tracking.utm_term"],
            "refused": [],
            "not_needed": [],
        }
        [refused] = told["fields"]["phone"]["refused"]
        assert (refused["path"], refused["found"]) == ("payload.text_reminder_number", "'none'")

    def test_a_rule_whose_event_fits_came_close(self):
        told = self.explained("calendly", {**invitee(), "event": "invitee.canceled"})
        assert told["decided_by"] == "invitee.canceled"
        assert told["came_close"]
        assert all(rule.startswith("invitee.canceled where ") for rule in told["came_close"])
        assert self.explained("calendly", {**invitee(), "event": "other"})["decided_by"] is None

    def test_the_question_to_the_senders_api_is_told(self):
        event = only(run("acuity", {"action": "scheduled", "id": 54321}, "--explain"))
        assert event["explanation"]["asks"] == {
            "method": "GET", "path": "/api/v1/appointments/54321", "into": "appointment", "problem": None,
        }  # fmt: skip
        told = self.explained("acuity", {"action": "scheduled", "id": "../me"})
        assert "which is no id of this sender" in told["asks"]["problem"]

    def test_a_body_that_cannot_be_decoded_has_no_explanation(self):
        assert self.explained("calendly", "{") is None

    def test_on_a_terminal_it_is_a_table(self, tmp_path: Path):
        (tmp_path / "sent.json").write_text(json.dumps(invitee(email="none", text_reminder_number=None)))
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
        assert "refused: found 'none' at payload.email, expected an e-mail address" in words
        assert "What stops it" in words
        assert json.loads(called("--json").stdout)["events"][0]["explanation"]


class TestWithConfiguration:
    def test_a_booking_is_shown_as_it_would_go_out_even_if_its_start_has_passed(self, config: str):
        result = run("calendly", invitee(), "--config", config)
        assert result.exit_code == 0
        assert only(result)["errors"] == []
        assert only(result)["propexo"] == {
            "method": "POST",
            "path": "/v1/events/appointments/leads",
            "body": {
                "integration_id": "cintegration",
                "lead_id": "<lead_id>",
                "appointment_date": "2020-02-29",
                "appointment_time": "13:30:00",
                "appointment_duration_minutes": 30,
                "employee_id": "cagentlee",
                "notes": "Ref <reference>.",
                "title": "Tour",
            },
        }

    def test_a_lead_that_the_sender_knows_is_used(self, config: str):
        tracking = {
            "utm_content": "property:MESA",
            "utm_term": "cunit0123456789012345678a",
            "salesforce_uuid": "clead",
        }
        body = only(run("calendly", invitee(tracking=tracking), "--config", config))["propexo"]["body"]
        assert (body["lead_id"], body["unit_id"], body["integration_id"]) == (
            "clead", "cunit0123456789012345678a", "cmesaintegration",
        )  # fmt: skip

    def test_a_reschedule_updates(self, config: str):
        event = only(run("calendly", invitee(old_invitee="https://api.calendly.com/old"), "--config", config))
        assert event["action"] == "reschedule"
        assert (event["propexo"]["method"], event["propexo"]["path"]) == (
            "PUT", "/v1/events/appointments/leads/<appointment_id>",
        )  # fmt: skip
        assert "integration_id" not in event["propexo"]["body"]

    def test_a_cancel_cancels(self, config: str):
        event = only(run("calendly", {**invitee(), "event": "invitee.canceled"}, "--config", config))
        assert event["propexo"] == {
            "method": "POST",
            "path": "/v1/events/appointments/leads/cancel",
            "body": {"integration_id": "cintegration", "event_id": "<appointment_id>"},
        }

    def test_the_requests_are_those_of_the_client(self, config: str):
        """The three requests as the real client sends them."""

        class Recorder(BaseAdapter):
            def send(self, request: Any, **_: Any) -> requests.Response:
                self.sent = request
                raise requests.ConnectionError

            def close(self) -> None: ...

        recorder, session = Recorder(), requests.Session()
        session.mount("https://", recorder)
        propexo = Propexo("https://api.propexo.com", "t", quota=NoQuota(), session=session)
        calls = {
            "book": propexo.create_appointment,
            "reschedule": lambda body: propexo.update_appointment(APPOINTMENT_ID, body),
            "cancel": propexo.cancel_appointment,
        }
        bodies = [
            invitee(),
            invitee(old_invitee="https://api.calendly.com/old"),
            {**invitee(), "event": "invitee.canceled"},
        ]
        for body in bodies:
            event = only(run("calendly", body, "--config", config))
            shown = event["propexo"]
            with pytest.raises(Exception, match="Propexo"):
                calls[event["action"]](shown["body"])
            path = requests.utils.unquote(requests.utils.urlparse(recorder.sent.url).path)
            assert (recorder.sent.method, path) == (shown["method"], shown["path"])
            assert json.loads(recorder.sent.body) == shown["body"]

    def test_wall_time_becomes_an_instant_in_the_zone_of_the_property(self, config: str):
        tour = {"start_local": "2031-07-04T09:00", "duration_minutes": 30}
        event = only(
            run(
                "standard_webhooks",
                own("booked", prospect=LEE, tour=tour, property="harbor point"),
                "--config",
                config,
            )
        )
        assert event["booking"]["starts_at"] == "2031-07-04T13:00:00Z"
        assert event["booking"]["starts_at_local"] == "2031-07-04T09:00:00"
        assert event["propexo"]["body"]["appointment_time"] == "09:00:00"

    def test_a_time_that_daylight_saving_skips_is_an_error(self, config: str):
        tour = {"start_local": "2031-03-09T02:30", "duration_minutes": 30}
        result = run(
            "standard_webhooks", own("booked", prospect=LEE, tour=tour, property="harbor"), "--config", config
        )
        event = only(result)
        assert result.exit_code == 1
        assert (event["booking"]["starts_at"], event["propexo"]) == (None, None)
        assert event["errors"][0]["field"] is None
        assert "does not exist in America/New_York" in event["errors"][0]["message"]

    def test_a_property_that_nobody_knows_is_an_error(self, config: str):
        tracking = {"utm_content": "Nowhere Lofts"}
        result = run("calendly", invitee(tracking=tracking), "--config", config)
        event = only(result)
        assert result.exit_code == 1
        assert event["booking"]["property"] == "Nowhere Lofts"
        assert event["propexo"] is None
        assert event["errors"] == [{"field": None, "message": event["errors"][0]["message"]}]
        assert '"Nowhere Lofts"' in event["errors"][0]["message"]
        assert "aliases" in event["errors"][0]["message"]

    def test_what_the_pms_needs_and_nobody_gives_is_an_error_that_says_what_to_do(self, config: str):
        tour = {"start": "2031-07-04T09:00:00Z", "duration_minutes": 30}
        result = run(
            "standard_webhooks", own("booked", prospect=LEE, tour=tour, property="mesa"), "--config", config
        )
        assert result.exit_code == 1
        [error] = only(result)["errors"]
        assert "AppFolio needs more for a new appointment: unit_id" in error["message"]
        assert "properties.mesa.defaults.unit_id" in error["message"]

    def test_a_unit_that_the_pms_needs_may_be_found_in_propexo(self, config: str):
        tour = {"start": "2031-07-04T09:00:00Z", "duration_minutes": 30}
        body = own("booked", prospect=LEE, tour=tour, property="mesa", unit="204B", agent="sam@example.com")
        result = run("standard_webhooks", body, "--config", config)
        assert result.exit_code == 0
        sent = only(result)["propexo"]["body"]
        assert (sent["unit_id"], sent["employee_id"]) == ("<unit_id>", "<employee_id>")
        assert 'Looked up in Propexo when it goes out: unit "204B", agent "sam@example.com".' in result.stderr
        assert "if AppFolio needs it and no default stands for it, the event is parked" in result.stderr

    def test_an_event_that_names_no_property_is_an_error_unless_it_changes_a_known_booking(self, config: str):
        tour = {"start": "2031-07-04T09:00:00Z"}
        booked = run("standard_webhooks", own("booked", prospect=LEE, tour=tour), "--config", config)
        assert booked.exit_code == 1
        for body in (own("rescheduled", tour=tour), own("cancelled")):
            changed = run("standard_webhooks", body, "--config", config)
            assert (changed.exit_code, only(changed)["propexo"], only(changed)["errors"]) == (0, None, [])
            assert "Unless the booking that it changes is known" in changed.stderr

    def test_what_a_pms_does_not_offer_is_an_error(self, config: str):
        result = run("standard_webhooks", own("cancelled", property="pine"), "--config", config)
        assert result.exit_code == 1
        assert "Cancel the appointment in ResMan" in only(result)["errors"][0]["message"]

    def test_remarks_go_to_stderr(self, config: str):
        tour = {"start": "2031-07-04T09:00:00Z", "duration_minutes": 30, "title": "Tour"}
        body = own(
            "booked", prospect={"email": "x@example.com"}, tour=tour, property="harbor", agent="\x1b[31mRed"
        )
        result = run("standard_webhooks", body, "--config", config)
        assert result.exit_code == 0
        assert "Looked up in Propexo when it goes out: agent" in result.stderr
        assert only(result)["propexo"]["body"]["employee_id"] == "<employee_id>"
        assert "If this person is not a lead yet: Rent Manager needs more" in result.stderr
        assert "\x1b" not in result.stderr

    def test_the_source_may_be_named_or_is_the_only_one_of_its_mapping(self, config: str, tmp_path: Path):
        second = '\n[sources.second]\nmapping = "calendly"\nsecrets = ["two"]\nproperty = "pine"\n'
        Path(config).write_text(CONFIGURATION + second)
        body = invitee(scheduled_event={**invitee()["payload"]["scheduled_event"], "event_type": None})
        unclear = run("calendly", body, "--config", config)
        assert unclear.exit_code == 1
        assert "choose with --source tours or --source second" in unclear.stderr
        chosen = only(run("calendly", body, "--config", config, "--source", "second"))
        assert chosen["propexo"]["body"]["integration_id"] == "cpineintegration"
        Path(config).rename(tmp_path / "bridge.toml")
        assert only(run("calendly", body, "--source", "second")) == chosen
        unknown = run("calendly", body, "--source", "third")
        assert (unknown.exit_code, unknown.stdout) == (1, "")
        assert "there are: tours, own, site, second" in unknown.stderr

    def test_phone_numbers_are_read_in_the_region_of_the_source(self, config: str):
        body = {"name": "Ann", "phone": "020 7946 0123", "date": "2031-07-04", "time": "09:15"}
        event = only(run("website_form", body, "--config", config))
        assert event["booking"]["contact"]["phone"] == "+442079460123"

    def test_a_configuration_with_problems_is_told_line_by_line(self, tmp_path: Path):
        (tmp_path / "bad.toml").write_text('colour = "red"\n')
        result = run("calendly", invitee(), "--config", "bad.toml")
        assert (result.exit_code, result.stdout) == (1, "")
        assert "colour: unknown key" in result.stderr
        assert "propexo.token: missing" in result.stderr


LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
)
JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
)
RECORDED = [
    (file, sample) for file in Catalogue().all() for sample in file.samples if sample.path.suffix == ".json"
]
SETTINGS = parse(
    {
        "propexo": {"token": "t"},
        "properties": {
            "oakwood": {
                "integration_id": "ci", "property_id": "cp", "pms": "ENTRATA", "time_zone": "America/Chicago",
            }
        },
        "sources": {"any": {"mapping": "calendly", "secrets": ["s"], "property": "oakwood"}},
    },
    {},
)  # fmt: skip


def places(document: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all values of a document."""
    pairs = (
        document.items()
        if isinstance(document, dict)
        else enumerate(document)
        if isinstance(document, list)
        else ()
    )
    return [at, *(place for key, inner in pairs for place in places(inner, (*at, key)))]


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_no_payload_breaks_it(data: st.DataObject):
    """Recorded payloads in which any value is replaced by any other."""
    file, sample = data.draw(st.sampled_from(RECORDED))
    document = copy.deepcopy(json.loads(sample.body))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.sampled_from(places(document)))
        value = data.draw(JSON)
        if not place:
            document = value
            continue
        inner = document
        for key in place[:-1]:
            inner = inner[key]
        inner[place[-1]] = value
    posted = replace(Posted.of(sample), body=json.dumps(document).encode())
    for event in preview(file.schema(), posted, SETTINGS, "any"):
        told = event.as_json()
        assert list(json.loads(json.dumps(told))) == KEYS
        assert told["booking"] or told["errors"] or told["action"] == "ignore"
        assert told["propexo"] is None or not told["errors"]


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
