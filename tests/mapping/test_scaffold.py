"""The beginning of a mapping: what samples show for certain is filled in, the rest is marked."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from mapping.scaffolded import ROOT, lines, of_samples, read, written

from bridge.mapping import Action, BookingRequest
from bridge.mapping.catalogue import Catalogue, load_file
from bridge.mapping.scaffold.signatures import signature_of
from bridge.mapping_checks.preview import Posted, preview


def tour(event: str, number: int, **extra: Any) -> dict[str, Any]:
    """An event of a sender that nests a lot."""
    booking = {
        "id": "b-71", "community": {"id": "c-1", "name": "Oakwood Flats"}, "starts_at": "2031-03-04T10:30:00-06:00",
        "ends_at": "2031-03-04T11:00:00-06:00", "created_at": "2031-03-01T09:00:00Z", "cancelled_at": None,
        "contact": {"id": "p-9", "name": "Maya Okafor", "email": "maya@example.com", "phone": "512-555-0142"},
        "agent": {"name": "Sam Leasing", "email": "sam@example.com", "phone": "512-555-0100"},
    }  # fmt: skip
    return {
        "type": f"booking.{event}",
        "id": f"evt-{number}",
        "account_id": 4711,
        "data": {**booking, **extra},
    }


BOOKED = tour("created", 1)
MOVED = tour("updated", 2, starts_at="2031-03-05T10:30:00-06:00", ends_at="2031-03-05T11:00:00-06:00")
CANCELLED = tour("canceled", 3, cancelled_at="2031-03-02T09:00:00Z")
ANOTHER = tour(
    "created", 4, id="b-72",
    contact={"id": "p-10", "name": "Jonas Weller", "email": "jonas@example.com", "phone": None},
)  # fmt: skip
ALL = {"booked": BOOKED, "moved": MOVED, "cancelled": CANCELLED, "another": ANOTHER}


def test_four_samples_show_nearly_all() -> None:
    text = written(**ALL)
    assert [line for line in lines(text) if " = fields." in line and not line.startswith("#")] == [
        'reference = fields.String(path="data.id", required=True)',
        'full_name = fields.PersonName(path="data.contact.name")',
        'email = fields.Email(path="data.contact.email")',
        'phone = fields.Phone(path="data.contact.phone")',
        'starts_at = fields.Instant(path="data.starts_at")',
        'ends_at = fields.Instant(path="data.ends_at")',
    ]
    for line in (
        'event = path("type")',
        'delivery_id = path("id")',
        'When(event="booking.created", then=BOOK),',
        'When(event="booking.updated", then=RESCHEDULE),',
        'When(event="booking.canceled", then=CANCEL),',
    ):
        assert line in lines(text)


@pytest.mark.parametrize(
    ("name", "action"), [("booked", "book"), ("moved", "reschedule"), ("cancelled", "cancel")]
)
def test_the_scaffold_reads_its_own_samples(name: str, action: str, tmp_path: Path) -> None:
    found = read(tmp_path, written(**ALL), ALL[name])
    assert (found["errors"], found["action"], found["booking"]["reference"]) == ([], action, "b-71")
    assert found["booking"]["contact"]["phone"] == "+15125550142"


def test_every_path_is_listed_with_its_values_side_by_side() -> None:
    rows = written(**ALL).partition("# The samples side by side")[2].splitlines()
    table = [[cell.strip() for cell in row.removeprefix("# ").split("|")] for row in rows if "|" in row]
    assert table[0] == ["path", "booked", "moved", "cancelled", "another"]
    assert ["data.id", "b-71", "=", "=", "b-72"] in table
    [cancelled] = [row for row in table if row[0] == "data.cancelled_at"]
    assert (cancelled[1:3], cancelled[3][:10]) == (["", ""], "2031-03-02")
    assert {row[0] for row in table} >= {"type", "id", "account_id", "data.community.id", "data.agent.phone"}


# The reference: the same in the samples of one booking, another for another booking.


def test_of_one_sample_no_reference_is_certain(tmp_path: Path) -> None:
    text = written(booked=BOOKED)
    assert 'reference = fields.String(path="choose", required=True)' in lines(text)
    assert '#   perhaps "data.id"' in lines(text)
    assert '#   perhaps "data.community.id"' in lines(text)
    assert "delivery_id" not in text
    assert [error["field"] for error in read(tmp_path, text, BOOKED)["errors"]] == ["reference"]


def test_of_one_booking_the_key_has_to_say_it_too() -> None:
    assert 'reference = fields.String(path="data.id"' in written(booked=BOOKED, moved=MOVED)
    for key, parent in (("id", "contact"), ("account_id", "data"), ("id", "calendar"), ("number", "data")):
        booked, moved = (
            {
                **payload,
                "data": {**{k: v for k, v in payload["data"].items() if k != "id"}},
                parent: {key: "t-7"},
            }
            if parent != "data"
            else {**payload, "data": {**{k: v for k, v in payload["data"].items() if k != "id"}, key: "t-7"}}
            for payload in (BOOKED, MOVED)
        )
        assert 'reference = fields.String(path="choose"' in written(booked=booked, moved=moved)
    for key in ("tour_id", "appointment_id", "booking_uid"):
        moved = {**MOVED, "data": {**MOVED["data"], key: "t-7"}}
        booked = {**BOOKED, "data": {**BOOKED["data"], key: "t-7"}}
        assert f'reference = fields.String(path="data.{key}", required=True)' in lines(
            written(booked=booked, moved=moved)
        )


def test_what_bookings_share_is_no_reference() -> None:
    text = written(**ALL)
    for path in ("data.community.id", "account_id", "data.contact.id"):
        assert f'reference = fields.String(path="{path}"' not in text


def test_several_ids_that_behave_alike_are_left_to_the_author() -> None:
    def with_number(payload: dict[str, Any], number: str) -> dict[str, Any]:
        return {**payload, "data": {**payload["data"], "serial": number}}

    text = written(
        booked=with_number(BOOKED, "77"), moved=with_number(MOVED, "77"), other=with_number(ANOTHER, "78")
    )
    assert 'reference = fields.String(path="choose", required=True)' in lines(text)
    assert {'#   perhaps "data.id"', '#   perhaps "data.serial"'} <= set(lines(text))
    assert '#   perhaps "data.contact.id"' not in lines(text)


def test_the_renters_own_id_is_no_reference() -> None:
    def lead(event: int, number: str, email: str) -> dict[str, Any]:
        return {"event_number": f"e-{event}", "who": {"person": {"id": number}, "email": email}}

    text = written(
        booked=lead(1, "p-1", "maya@example.com"),
        moved=lead(2, "p-1", "maya@example.com"),
        other=lead(3, "p-2", "jonas@example.com"),
    )
    assert 'reference = fields.String(path="choose", required=True)' in lines(text)


def test_a_phone_number_of_two_renters_is_that_of_the_business() -> None:
    booked, other = (
        {"email": f"{name}@example.com", "line_phone": "512-555-0199"} for name in ("maya", "jonas")
    )
    assert "phone = fields.Phone" not in written(booked=booked, other=other)


def test_a_cancel_without_a_renter_is_of_the_booking_that_it_resembles() -> None:
    cancelled = {"type": "booking.canceled", "id": "evt-9", "account_id": 4711, "data": {"id": "b-72"}}
    text = written(booked=BOOKED, another=ANOTHER, cancelled=cancelled)
    assert 'reference = fields.String(path="data.id", required=True)' in lines(text)


def test_where_nobody_knows_whose_the_samples_are_any_id_may_be_it() -> None:
    def visit(number: str, email: str) -> dict[str, Any]:
        people = {"first": {"email": email}, "second": {"email": "sam@example.com"}}
        return {"site": {"ref": "s-1"}, "visit": {"ref": number}, "people": people}

    text = written(
        booked=visit("v-1", "maya@example.com"),
        moved=visit("v-1", "maya@example.com"),
        other=visit("v-2", "jonas@example.com"),
    )
    shown = lines(text)
    assert 'reference = fields.String(path="choose", required=True)' in shown
    assert shown.index('#   perhaps "visit.ref"') < shown.index('#   perhaps "site.ref"')


# What is no phone, no delivery id, no start.


def test_a_time_is_no_phone() -> None:
    payload = {"email": "maya@example.com", "cancelled_at": "2031-03-02 09:00", "mobile_updated": 1930000000}
    text = written(booked=payload)
    assert "fields.Phone(path=..." not in text
    assert "# To choose: phone, the renter's phone number." in lines(text)
    assert "= fields.Phone" not in text


def test_the_bookings_own_id_is_no_delivery_id() -> None:
    booked, moved = (
        {"event": f"tour.{word}", "id": 7, "email": "maya@example.com"} for word in ("booked", "moved")
    )
    assert "delivery_id" not in written(booked=booked, moved=moved)


@pytest.mark.parametrize(
    ("values", "line"),
    [
        (
            {"start": "2031-03-04T10:30:00Z", "end": "2031-03-04T11:00:00Z"},
            'starts_at = fields.Instant(path="start")',
        ),
        ({"starts_at": 1930000000}, 'starts_at = fields.Instant(path="starts_at")'),
        ({"tour_time": "2031-03-04 10:30"}, 'starts_at_local = fields.LocalTime(path="tour_time")'),
        (
            {"tour_date": "2031-03-04", "tour_time": "10:30 AM"},
            'starts_at_local = fields.LocalTime(date="tour_date", time="tour_time")',
        ),
        (
            {"start": {"dateTime": "2031-03-04T10:30:00", "timeZone": "America/Chicago"}},
            'starts_at = fields.ZonedTime(path="start.dateTime", zone="start.timeZone")',
        ),
    ],
)
def test_a_start_is_known_by_its_form_and_its_key(values: dict[str, Any], line: str) -> None:
    assert line in lines(written(booked={"event": "tour.booked", "email": "maya@example.com", **values}))


@pytest.mark.parametrize(
    "key", ["created_at", "end", "move_in_date", "request_date", "birth_date", "timestamp", "cancelled_at"]
)
def test_another_time_is_no_start(key: str) -> None:
    text = written(booked={"event": "tour.booked", "email": "maya@example.com", key: "2031-03-04T10:30:00Z"})
    assert any(line.startswith("# To choose: starts_at") for line in lines(text))


def test_a_zone_beside_a_start_and_more_may_be_the_renters() -> None:
    text = written(
        booked={"email": "maya@example.com", "start": "2031-03-04 10:30", "timezone": "America/Denver"}
    )
    assert '#   perhaps "start" in the zone "timezone"' in lines(text)
    assert not any(line.startswith("starts_at") for line in lines(text))


def test_of_two_starts_the_one_that_moves_is_it() -> None:
    payload = {
        "email": "maya@example.com",
        "slot": "2031-03-04T10:30:00Z",
        "appointment_time": "2031-03-04T10:30:00Z",
    }
    moved = {**payload, "slot": "2031-03-05T10:30:00Z"}
    assert 'starts_at = fields.Instant(path="slot")' in lines(written(booked=payload, moved=moved))
    both = written(booked={**payload, "slot": "2031-03-09T10:30:00Z"})
    assert {'#   perhaps "slot"', '#   perhaps "appointment_time"'} <= set(lines(both))


# Whose.


def test_two_renters_in_one_payload_are_left_to_the_author() -> None:
    payload = {"applicant": {"email": "maya@example.com"}, "second": {"email": "ana@example.com"}}
    text = written(booked=payload)
    assert {'#   perhaps "applicant.email"', '#   perhaps "second.email"'} <= set(lines(text))
    same = written(booked={"applicant": {"email": "maya@example.com"}, "email": "maya@example.com"})
    assert "email = fields.Email(path=" in same


@pytest.mark.parametrize(
    "whose", ["agent", "host", "emergency_contact", "organizer", "landlord", "referrer", "assigned_user"]
)
def test_somebody_else_is_not_the_renter(whose: str) -> None:
    payload = {
        "guest": {"name": "Maya Okafor", "email": "maya@example.com", "mobile": "512-555-0142"},
        whose: {"name": "Sam Leasing", "email": "sam@example.com", "mobile": "512-555-0100"},
    }
    assert {
        'email = fields.Email(path="guest.email")',
        'phone = fields.Phone(path="guest.mobile")',
        'full_name = fields.PersonName(path="guest.name")',
    } <= set(lines(written(booked=payload)))


def test_questions_become_answers(tmp_path: Path) -> None:
    asked = {
        "Your name": "Maya Okafor", "E-mail": "maya@example.com", "Mobile phone?": "512-555-0142",
        "Emergency contact phone": "512-555-0199", "Anything else?": "Two cats",
    }  # fmt: skip
    questions = [{"question": question, "answer": answer} for question, answer in asked.items()]
    text = written(booked={"tour_start": "2031-03-04T10:30:00Z", "questions": questions})
    code = 'answers("questions", label="question", value="answer", matching="^Mobile phone")'
    assert f"phone = fields.Phone(path={code})" in lines(text)
    text = text.replace('"choose"', '"tour_start"')
    booking = read(tmp_path, text, {"tour_start": "2031-03-04T10:30:00Z", "questions": questions})["booking"]
    assert booking["contact"] == {
        "first_name": "Maya", "last_name": "Okafor", "email": "maya@example.com", "phone": "+15125550142",
    }  # fmt: skip


def test_json_inside_a_text_is_read() -> None:
    payload = {"payload": json.dumps({"guest": {"e-mail": "maya@example.com"}})}
    assert "email = fields.Email(path='json(payload).guest.\"e-mail\"')" in lines(written(booked=payload))


def test_the_questions_of_any_list_are_sorted_as_those_of_forms_are(tmp_path: Path) -> None:
    asked = [
        ("1. \U0001f44b What's your name?", "Maya Okafor"),
        ("2. Your *e-mail*", "maya@example.com"),
        ("3. Best number to reach you", "512-555-0142"),
        ("4. Emergency contact (phone)", "512-555-0199"),
        ("5. When do you want to visit?", "2031-03-04T10:30:00-06:00"),
        ("6. When would you move in?", "2031-05-01T10:30:00-06:00"),
    ]
    payload = {"token": "t-1", "replies": [{"prompt": prompt, "reply": reply} for prompt, reply in asked]}
    text = written(booked=payload)
    for line in ("4. Emergency", "6. When would you move in"):
        assert line.replace(".", r"\\.") in text.partition("# The samples side by side")[2]
    booking = read(tmp_path, text.replace('"choose"', '"token"'), payload)["booking"]
    assert booking["contact"] == {
        "first_name": "Maya", "last_name": "Okafor", "email": "maya@example.com", "phone": "+15125550142",
    }  # fmt: skip
    assert booking["starts_at"] == "2031-03-04T16:30:00Z"


def test_every_item_of_a_list_is_listed() -> None:
    text = written(booked={"email": "maya@example.com", "rooms": [f"room {number}" for number in range(12)]})
    assert [line.split()[-1] for line in text.splitlines() if line.startswith("# rooms[")] == [
        str(number) for number in range(12)
    ]


# Events.


WORDS = {"booked": "opened", "moved": "shifted", "cancelled": "closed", "another": "opened"}


def of_visit(name: str, word: str, number: int) -> dict[str, Any]:
    email = "jonas@example.com" if name == "another" else "maya@example.com"
    return {"hook": f"h-{number}", "what": {"verb": word}, "state": "open", "guest": {"email": email}}


def test_a_word_that_changes_as_the_names_of_the_samples_do_names_the_event() -> None:
    payloads = {name: of_visit(name, word, n) for n, (name, word) in enumerate(WORDS.items())}
    text = written(**payloads)
    assert {
        'event = path("what.verb")',
        'When(event="opened", then=BOOK),',
        'When(event="shifted", then=RESCHEDULE),',
        'When(event="closed", then=CANCEL),',
        '#   perhaps "hook"',
    } <= set(lines(text))
    assert "# To choose: delivery_id" in text
    assert "delivery_id =" not in text


def test_two_actions_do_not_show_it_for_certain() -> None:
    payloads = {name: of_visit(name, WORDS[name], n) for n, name in enumerate(("booked", "cancelled"))}
    shown = lines(written(**payloads))
    assert 'event = constant("booked")' in shown
    assert '#   perhaps "what.verb"' in shown


def test_what_is_still_to_do_is_held_and_never_ignored(tmp_path: Path) -> None:
    payloads = {name: of_visit(name, "changed", n) for n, name in enumerate(("booked", "cancelled"))}
    text = written(**payloads).replace('"choose"', '"hook"')
    found = read(tmp_path, text, payloads["booked"])
    assert [error["field"] for error in found["errors"]] == ["event"]
    assert "still to do" in found["errors"][0]["expected"]


@pytest.mark.parametrize(
    ("name", "action"),
    [
        ("booked", "BOOK"),
        ("new_appointment", "BOOK"),
        ("rescheduled", "RESCHEDULE"),
        ("2_moved", "RESCHEDULE"),
        ("cancelled", "CANCEL"),
        ("no_show", "NO_SHOW"),
        ("requested", "REQUEST"),
    ],
)
def test_the_name_of_a_sample_says_what_happens(name: str, action: str) -> None:
    payload = {"type": "tour.change", "email": "maya@example.com"}
    assert f'When(event="tour.change", then={action}),' in lines(written(**{name: payload}))


def test_one_event_of_two_meanings_is_left_to_the_author() -> None:
    payload = {"type": "booking", "event": "tour.changed", "email": "maya@example.com"}
    text = written(moved=payload, cancelled={**payload, "state": "off"})
    assert 'When(event="tour.changed", then=HOLD("a rule for this event, which is still to do")),' in lines(
        text
    )


def test_an_event_may_be_named_in_a_header() -> None:
    text = written({"x-topic": "tour/booked", "x-other": "7"}, sample={"email": "maya@example.com"})
    assert 'event = header("X-Topic")' in lines(text)
    assert 'When(event="tour/booked", then=BOOK),' in lines(text)


# The file.


@pytest.mark.parametrize("name", sorted(Catalogue().paths))
def test_the_scaffold_of_any_sender_is_a_mapping(name: str, tmp_path: Path) -> None:
    for sample in Catalogue().get(name).samples[:3]:
        try:
            text = of_samples(sample)
        except ValueError:
            continue  # nothing in it that a path could point at
        (tmp_path / "acme.py").write_text(text, encoding="utf-8")
        assert load_file(tmp_path / "acme.py").schema.sender() == "Acme"
        assert "# To choose: reference" in text


@pytest.mark.parametrize("name", sorted(Catalogue().paths))
def test_what_is_filled_in_is_what_the_mapping_of_the_bridge_reads(name: str, tmp_path: Path) -> None:
    """From all its samples of one event each; what is not certain is left out, and never another value."""
    file = Catalogue().get(name)
    read_by_hand = {
        sample: event.booking
        for sample in file.samples
        for event in preview(file.schema(), Posted.of(sample))
        if event.booking and event.booking.action is not Action.REMEMBER
    }
    if not read_by_hand:
        return
    text = of_samples(*read_by_hand).replace('"choose"', "\"@.nothing || 'none'\"")
    text = text.replace('HOLD("a rule for this event, which is still to do")', "REQUEST")
    text = text.replace("from bridge.mapping import ", "from bridge.mapping import REQUEST, ")
    (tmp_path / "acme.py").write_text(text, encoding="utf-8")
    mapping = load_file(tmp_path / "acme.py").schema()
    for sample, expected in read_by_hand.items():
        for event in preview(mapping, Posted.of(sample))[:1]:
            given = parts_of(event.booking) if event.booking else {}
            for part, value in parts_of(expected).items():
                assert given.get(part) in (None, "none", value) or value is None, (sample.name, part)


def parts_of(booking: BookingRequest) -> dict[str, Any]:
    return {
        **{part: getattr(booking.contact, part) for part in ("email", "phone", "first_name", "last_name")},
        "reference": booking.reference,
        "start": booking.starts_at or booking.starts_at_local,
    }


@pytest.mark.skipif(shutil.which("ruff") is None, reason="ruff is not installed")
def test_scaffolds_are_in_good_style(tmp_path: Path) -> None:
    folder = tmp_path / "mappings"
    folder.mkdir()
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (folder / "acme.py").write_text(
        written(**ALL).partition("# The samples")[0].rstrip() + "\n", encoding="utf-8"
    )
    for command in (["check", "--no-cache"], ["format", "--check", "--no-cache"]):
        result = subprocess.run(
            ["ruff", *command, "mappings"], cwd=tmp_path, capture_output=True, check=False
        )
        assert result.returncode == 0, result.stdout.decode()


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
def test_a_signature_is_drafted_from_the_headers(headers: dict[str, str], code: str) -> None:
    assert signature_of(headers, {}).code == code


def test_standard_webhooks_are_known_by_their_headers() -> None:
    names = ("webhook-id", "webhook-timestamp", "webhook-signature")
    assert 'key="whsec"' in signature_of(dict.fromkeys(names, "(not stored)"), {}).code


def test_a_secret_in_the_address_is_a_token() -> None:
    assert signature_of({}, {"apikey": "s", "page": "1"}).code == 'Token(query="apikey")'
