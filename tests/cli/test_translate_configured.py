"""`bridge translate` with a configuration: what Propexo would be sent."""

import contextlib
from pathlib import Path
from urllib.parse import unquote

import pytest
from cli.translating import CONFIGURATION, LEE, invitee, only, own, run

from bridge.mapping_checks.preview import APPOINTMENT_ID
from bridge.propexo.client import Propexo
from bridge.propexo.errors import PropexoError
from bridge.propexo.transport import NoQuota
from bridge.sandbox.server import SandboxServer
from bridge.sandbox.state import Sandbox

pytestmark = pytest.mark.usefixtures("empty_folder")


@pytest.fixture
def config(tmp_path: Path) -> str:
    path = tmp_path / "elsewhere.toml"
    path.write_text(CONFIGURATION)
    return str(path)


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

        bodies = [
            invitee(),
            invitee(old_invitee="https://api.calendly.com/old"),
            {**invitee(), "event": "invitee.canceled"},
        ]
        with SandboxServer(Sandbox()) as server:
            propexo = Propexo(server.url, "t", quota=NoQuota())
            calls = {
                "book": propexo.create_appointment,
                "reschedule": lambda body: propexo.update_appointment(APPOINTMENT_ID, body),
                "cancel": propexo.cancel_appointment,
            }
            for body in bodies:
                event = only(run("calendly", body, "--config", config))
                shown = event["propexo"]
                with contextlib.suppress(PropexoError):  # the sandbox knows none of the ids
                    calls[event["action"]](shown["body"])
                sent = server.sandbox.requests[-1]
                assert (sent.method, unquote(sent.path)) == (shown["method"], shown["path"])
                assert sent.body == shown["body"]

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
        assert "if AppFolio needs it and there is no default, the event is parked" in result.stderr

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
        tour = {"start": "2031-07-04T17:00:00Z", "duration_minutes": 30, "title": "Tour"}
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

    def test_a_configuration_with_problems_is_reported_line_by_line(self, tmp_path: Path):
        (tmp_path / "bad.toml").write_text('colour = "red"\n')
        result = run("calendly", invitee(), "--config", "bad.toml")
        assert (result.exit_code, result.stdout) == (1, "")
        assert "colour: unknown key" in result.stderr
        assert "propexo.token: missing" in result.stderr
