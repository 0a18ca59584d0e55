"""Payloads for `bridge translate`, and what it answers."""

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from bridge.cli import main

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
tour_hours = "00:00-24:00"

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
