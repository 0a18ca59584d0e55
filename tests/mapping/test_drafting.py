"""A first mapping, guessed from one request: what it finds, and that it says what it guessed."""

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from mapping.drafted import BEFORE, ROOT, of_sample, read, written

from bridge.mapping.catalogue import Catalogue, load_file
from bridge.mapping.drafting import draft
from bridge.mapping.drafting.proofs import proof
from bridge.mapping.drafting.writing import WIDTH
from bridge.mapping.paths import Received
from bridge.mapping_checks.preview import Posted, preview

# What it finds, measured against the mappings that people wrote.

PARTS = ("email", "name", "phone", "start", "reference")
HANDFUL = (
    "cal_com/BOOKING_CREATED",
    "calendly/invitee.created",
    "savvycal/event.created",
    "youcanbookme/booked",
    "showmojo/create",
    "rently/self_scheduling",
    "salesforce_outbound/Scheduled",
    "close/meeting_created",
    "salesloft/meeting_booked",
    "typeform/form_response",
    "tally/FORM_RESPONSE",
    "jotform/submission",
    "elementor/advanced",
    "wpforms/form.submitted",
    "slack/tour_book.pickers",
    "manychat/tour.booked",
    "standard_webhooks/appointment.booked",
)
"""Senders of all kinds: nested, flat, lists of questions, XML, multipart, JSON inside a form."""
FLOOR = 0.9


def parts(booking: Mapping[str, Any]) -> dict[str, Any]:
    contact = booking["contact"]
    return {
        "email": contact["email"],
        "name": (contact["first_name"], contact["last_name"]),
        "phone": contact["phone"],
        "start": (booking["starts_at"] or booking["starts_at_local"] or "")[:10],
        "reference": booking["reference"],
    }


def test_most_of_a_booking_is_found_in_most_payloads(tmp_path: Path) -> None:
    right: list[bool] = []
    for place in HANDFUL:
        name, _, sample_name = place.partition("/")
        sample = next(one for one in Catalogue().get(name).samples if one.name == sample_name)
        text = of_sample(sample)
        assert text is not None
        (tmp_path / "acme.py").write_text(text, encoding="utf-8")
        event = preview(load_file(tmp_path / "acme.py").schema(), Posted.of(sample))[0].as_json()
        wanted = parts(sample.expected())
        given = parts(event["booking"]) if event["booking"] else dict.fromkeys(PARTS)
        if wanted["reference"] not in sample.body.decode():
            wanted["reference"] = None  # a digest, for a sender without ids: nothing that could be found
        right += [given[part] == wanted[part] for part in PARTS if wanted[part]]
    assert sum(right) / len(right) >= FLOOR


@pytest.mark.parametrize("name", sorted(Catalogue().paths))
def test_the_draft_of_any_sender_is_a_mapping_that_says_what_it_guessed(name: str, tmp_path: Path) -> None:
    texts = [text for sample in Catalogue().get(name).samples[:3] if (text := of_sample(sample))]
    for text in texts:
        (tmp_path / "acme.py").write_text(text, encoding="utf-8")
        assert load_file(tmp_path / "acme.py").schema.sender() == "Acme"
        assert "# guessed: " in text
        assert max(map(len, text.splitlines())) <= WIDTH + 30


@pytest.mark.skipif(shutil.which("ruff") is None, reason="ruff is not installed")
def test_drafts_are_in_good_style(tmp_path: Path) -> None:
    folder = tmp_path / "mappings"
    folder.mkdir()
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for place in HANDFUL:
        name, _, sample_name = place.partition("/")
        sample = next(one for one in Catalogue().get(name).samples if one.name == sample_name)
        (folder / f"{name}.py").write_text(of_sample(sample) or "", encoding="utf-8")
    for command in (["check", "--no-cache"], ["format", "--check", "--no-cache"]):
        result = subprocess.run(
            ["ruff", *command, "mappings"], cwd=tmp_path, capture_output=True, check=False
        )
        assert result.returncode == 0, result.stdout.decode()


# What stands where.


def test_a_nested_payload_is_read_below_a_root(tmp_path: Path) -> None:
    payload = {
        **BEFORE,
        "data": {
            "booking": {"id": 77, "starts_at": "2031-03-04T10:30:00-06:00", "ends_at": "2031-03-04T11:00:00-06:00"},
            "guest": {"first_name": "Maya", "last_name": "Okafor", "email": "maya@example.com", "cell": "512 555 0142"},
            "community": "Oakwood Flats", "unit_number": "204", "comments": "Two cats",
            "host": {"name": "Sam Leasing", "email": "sam@example.com"},
        },
    }  # fmt: skip
    text = written(payload)
    assert 'root = "data"  # guessed: most paths begin so' in text
    assert 'fields.Instant(path="body().created_at")' in text
    event = read(tmp_path, payload)
    assert (event["action"], event["delivery_id"], event["event"]) == ("book", "evt_1", "tour.booked")
    booking = event["booking"]
    assert (booking["reference"], booking["property"], booking["unit"]) == ("77", "Oakwood Flats", "204")
    assert booking["contact"] == {
        "first_name": "Maya", "last_name": "Okafor", "email": "maya@example.com", "phone": "+15125550142",
    }  # fmt: skip
    assert (booking["starts_at"], booking["duration_minutes"]) == ("2031-03-04T16:30:00Z", 30)
    assert (booking["agent"], booking["notes"]) == ("sam@example.com", "Two cats")
    assert booking["occurred_at"] == "2026-11-24T15:00:00Z"


def test_questions_become_filters_and_notes(tmp_path: Path) -> None:
    answers = {
        "What's your name?": "Maya Okafor",
        "E-mail": "maya@example.com",
        "What is the best number to reach you at on the day of your visit?": "(512) 555-0142",
        "Tour date": "03/04/2031",
        "Tour time": "10:30 AM",
        "Pets": "Two cats",
    }
    payload = {
        "type": "submission",
        "response_id": "r-1",
        "answers": [{"question": question, "answer": answer} for question, answer in answers.items()],
    }
    booking = read(tmp_path, payload)["booking"]
    assert booking["contact"]["last_name"] == "Okafor"
    assert booking["contact"]["phone"] == "+15125550142"
    assert (booking["starts_at_local"], booking["reference"]) == ("2031-03-04T10:30:00", "r-1")
    assert "Pets: Two cats" in booking["notes"]
    assert "[].[question, answer]" in written(payload)


def test_json_inside_a_text_is_read(tmp_path: Path) -> None:
    inner = {"booking_id": "b-1", "start": "2031-03-04T10:30:00Z", "email": "maya@example.com"}
    payload = {"action": "booking_created", "raw": json.dumps(inner)}
    assert "json(raw)" in written(payload)
    booking = read(tmp_path, payload)["booking"]
    assert (booking["reference"], booking["contact"]["email"]) == ("b-1", "maya@example.com")


def test_keys_that_are_no_words_are_quoted(tmp_path: Path) -> None:
    payload = {
        "Booking id": 7,
        "E-Mail": "maya@example.com",
        "Tour date & time": "2031-03-04 10:30",
        "1.3": "x",
    }
    booking = read(tmp_path, payload)["booking"]
    assert (booking["reference"], booking["starts_at_local"]) == ("7", "2031-03-04T10:30:00")
    assert """path='"E-Mail"'""" in written(payload)


@pytest.mark.parametrize(
    ("start", "field"),
    [
        ({"start": "2031-03-04T10:30:00Z"}, "starts_at"),
        ({"start": 1930000000}, "starts_at"),
        ({"start": "2031-03-04 10:30"}, "starts_at_local"),
        ({"start": {"year": 2031, "month": 3, "day": 4, "hours": 10, "minutes": 30}}, "starts_at_local"),
        ({"tour_date": "2031-03-04", "tour_time": "10:30 am"}, "starts_at_local"),
        ({"created": "2026-11-24T15:00:00Z", "slot_of": "2031-03-04T10:30:00Z"}, "starts_at"),
    ],
)
def test_a_start_is_known_by_how_it_looks(start: dict[str, Any], field: str) -> None:
    assert field in draft(Received({"booking_id": 1, "email": "maya@example.com", **start}, {})).fields


def test_a_time_zone_beside_a_start_is_mentioned_not_used() -> None:
    text = written({"booking_id": 1, "start": "2031-03-04 10:30", "timezone": "America/New_York"})
    assert "starts_at_local = fields.LocalTime" in text
    assert "ZonedTime" in text


def test_the_host_is_not_the_renter(tmp_path: Path) -> None:
    people = [
        {"name": "Sam Leasing", "email": "sam@example.com", "is_organizer": True},
        {"name": "Maya Okafor", "email": "maya@example.com", "is_organizer": False},
    ]
    payload = {**BEFORE, "booking_id": 7, "start": "2031-03-04T10:30:00Z", "attendees": people}
    assert read(tmp_path, payload)["booking"]["contact"]["email"] == "maya@example.com"
    assert "attendees[?!is_organizer].email | [0]" in written(payload)


def test_a_list_of_events_is_split(tmp_path: Path) -> None:
    item = {
        "type": "booked",
        "booking_id": 7,
        "start": "2031-03-04T10:30:00Z",
        "guest_email": "a@example.com",
    }
    payload = {"account": "a-1", "events": [item, {**item, "booking_id": 8}]}
    file = tmp_path / "acme.py"
    file.write_text(written(payload), encoding="utf-8")
    events = preview(load_file(file).schema(), Posted(json.dumps(payload).encode()))
    assert [event.booking.reference for event in events if event.booking] == ["7", "8"]


def test_an_event_may_be_named_in_a_header(tmp_path: Path) -> None:
    payload = {"booking_id": 7, "start": "2031-03-04T10:30:00Z", "email": "maya@example.com"}
    event = read(tmp_path, payload, {"x-acme-topic": "bookings/cancelled"})
    assert (event["event"], event["action"]) == ("bookings/cancelled", "cancel")


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("tour.booked", "BOOK"), ("appointment_created", "BOOK"), ("BOOKING_RESCHEDULED", "RESCHEDULE"),
        ("event.canceled", "CANCEL"), ("appointment.deleted", "CANCEL"), ("booking.requested", "REQUEST"),
        ("invitee_no_show.created", "NO_SHOW"), ("appointment.updated", "RESCHEDULE"), ("ping", "BOOK"),
    ],
)  # fmt: skip
def test_the_rule_is_guessed_from_the_name_of_the_event(name: str, rule: str) -> None:
    payload = {"event": name, "booking_id": 7, "start": "2031-03-04T10:30:00Z", "email": "maya@example.com"}
    assert f"then={rule})," in written(payload)


def test_what_is_not_there_is_listed_and_a_wish_is_no_booking(tmp_path: Path) -> None:
    payload = {"email": "maya@example.com", "message": "May I see the place on Tuesday?"}
    text = written(payload)
    assert "then=REQUEST" in text
    for name in ("full_name", "phone", "starts_at", "property"):
        assert f"# - {name} = fields." in text
    assert "reference = fields.Fingerprint" in text
    assert read(tmp_path, payload)["booking"]["requested"]


def test_an_empty_value_is_known_by_its_name() -> None:
    text = written({**BEFORE, "booking_id": 7, "start": "2031-03-04T10:30:00Z", "phone": None, "email": ""})
    assert "# guessed: its name; empty in this sample" in text
    assert 'fields.Phone(path="phone")' in text


# Signatures.

HEX, HEX_SHA1 = "5257a869e7ecebeda32affa62cdca3fa51cad7e77a0e56ff536d0ce8e108d8bd", "0" * 40
BASE64 = "UleoaefL7No5r/piza8/pRyt5+eg5W/1NtDOjhCNjU0="


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"x-acme-signature": HEX}, 'Signature(header="X-Acme-Signature")'),
        ({"x-acme-signature": BASE64}, 'Signature(header="X-Acme-Signature", encoding="base64")'),
        (
            {"x-acme-signature": f"sha256={HEX}"},
            'Signature(header="X-Acme-Signature", parse="sha256={signature}")',
        ),
        ({"x-acme-signature": HEX_SHA1}, 'Signature(header="X-Acme-Signature", algorithm="hmac-sha1")'),
        (
            {"x-acme-signature": f"t=1790000000,v1={HEX}"},
            'Signature(header="X-Acme-Signature", parse="t={t},v1={signature}", signs="{t}.{body}", tolerance=300)',
        ),
        (
            {"x-acme-signature": HEX, "x-acme-request-timestamp": "1790000000000"},
            (
                'Signature(header="X-Acme-Signature", signs="{t}.{body}", '
                'timestamp_header="X-Acme-Request-Timestamp", timestamp="ms", tolerance=300)'
            ),
        ),
        ({"x-acme-signature": "(not stored)"}, 'Signature(header="X-Acme-Signature")'),
        ({"authorization": "Bearer abc"}, 'Token(scheme="Bearer")'),
        ({"authorization": "Basic dXNlcjpwYXNz"}, "Basic()"),
        ({"authorization": "(not stored)"}, 'SharedSecret("bearer", "basic")'),
        ({"x-api-key": "abc"}, 'Token(header="X-Api-Key")'),
        ({"x-bridge-key": "(not stored)", "digest": f"SHA-256={BASE64}"}, "SharedSecret()"),
        ({"user-agent": "Acme"}, "SharedSecret()"),
    ],
)
def test_a_signature_is_guessed_from_the_headers(headers: dict[str, str], code: str) -> None:
    assert proof(headers, {}).code == code


def test_standard_webhooks_are_known_by_their_headers() -> None:
    names = ("webhook-id", "webhook-timestamp", "webhook-signature")
    found = proof(dict.fromkeys(names, "(not stored)"), {})
    assert 'key="whsec"' in found.code
    assert found.why == "the headers of Standard Webhooks"


def test_a_secret_in_the_address_is_a_token() -> None:
    assert proof({}, {"apikey": "s", "page": "1"}).code == 'Token(query="apikey")'


@pytest.mark.parametrize("key", ["k" * 200, "form\rdata", "form\0data", "form\x0cdata", "(" * 120])
def test_a_long_or_odd_key_around_all_gives_a_mapping_that_loads(tmp_path: Path, key: str) -> None:
    inner = {
        "id": "7",
        "email": "maya@example.com",
        "name": "Maya",
        "start": "2031-03-04T10:30:00Z",
        "phone": "1",
    }
    file = tmp_path / "acme.py"
    file.write_text(written({"event": "booked", key: inner}), encoding="utf-8")
    assert load_file(file).schema().where("email") == "email"
