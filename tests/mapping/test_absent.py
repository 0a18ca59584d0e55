"""What counts as not given, for every field, rule and reader."""

from typing import Any

import pytest
from mapping.reading import read

from bridge.mapping import fields, header, path
from bridge.mapping.absent import is_absent, is_no_id, is_no_value, is_trial, without_unset
from bridge.mapping.canonical import CanonicalPayload
from bridge.mapping.fields import Field
from bridge.mapping.paths import DecodedRequest

UNSET = [
    None,
    "",
    "  ",
    [],
    {},
    "undefined",
    "null",
    "NULL",
    "None",
    "NaN",
    "[object Object]",
    "{booking_id}",
    "${id}",
    "%TOUR_ID%",
    "{Unit:11}",
    "{{contact.phone}}",
    "{{first}} {{last}}",
    "undefined undefined",
    "*|FNAME|*",
    "{!Lead.Id}",
    "@{triggerBody()}",
    "#{id}",
    "<%= id %>",
    "[[id]]",
    "n/a",
    "-",
]
ZERO = ["0", 0, 0.0, "00000000-0000-0000-0000-000000000000", "0.0", "000"]


@pytest.mark.parametrize("value", UNSET)
def test_unset_values(value: Any) -> None:
    assert is_absent(value)
    assert is_no_value(value)


@pytest.mark.parametrize("value", ZERO)
def test_zero_and_nil_are_no_value_of_a_field(value: Any) -> None:
    assert not is_absent(value)
    assert is_no_value(value)


@pytest.mark.parametrize(
    "value", [False, True, 7, "204", "Null", "Nan Smith", "A {B} C", "100%", "none of these", "0042", "{}x"]
)
def test_what_is_given(value: Any) -> None:
    assert not is_no_value(value)


@pytest.mark.parametrize(
    "field",
    [
        fields.String(path="a"),
        fields.Name(path="a"),
        fields.Phone(path="a"),
        fields.Email(path="a"),
        fields.Instant(path="a"),
        fields.Duration(path="a"),
        fields.Lines(path="a"),
        fields.Fingerprint(path="a"),
        fields.Integer(path="a"),
    ],
    ids=lambda field: type(field).__name__,
)
@pytest.mark.parametrize("value", UNSET + ZERO)
def test_no_field_finds_it(field: Field, value: Any) -> None:
    assert field.find(DecodedRequest({"a": value}, {})) == []


@pytest.mark.parametrize("value", ["undefined", "0", "{id}", "00000000-0000-0000-0000-000000000000"])
def test_no_reader_finds_it(value: str) -> None:
    received = DecodedRequest({"a": value}, {"webhook-id": value})
    assert path("a").read(received) is None
    assert header("webhook-id").read(received) is None


@pytest.mark.parametrize(
    "value",
    [
        "tour-undefined",
        "booking_null",
        "TB-{id}",
        "unit/[object Object]",
        "Unknown",
        "TBD",
        "booking_id",
        "Lead ID",
        "<id>",
        "[booking_id]",
        "#REF!",
        "==$json.id",
        "false",
    ],
)
def test_half_an_id_is_none(value: str) -> None:
    assert is_no_id(value)


@pytest.mark.parametrize(
    "value",
    [
        "not set", "no value", "id", "UUID", "__BOOKING_ID__", "$booking_id", ":id", "#ERROR!", "Loading...", "NULL-1",
        "ffffffff-ffff-ffff-ffff-ffffffffffff",
    ],
)  # fmt: skip
def test_what_a_spreadsheet_or_a_template_writes_is_no_id(value: str) -> None:
    assert is_no_id(value)


@pytest.mark.parametrize("value", ["test", "Testing", "(sample)", "string", "demo", "placeholder", "xxx"])
def test_a_word_of_a_trial_is_no_reference(value: str) -> None:
    assert is_trial(value)
    payload = {"event": "tour.booked", "booking_id": value, "tour_id": "T-9", "property": value}
    booking = CanonicalPayload().translate(DecodedRequest(payload, {}))
    assert booking.errors
    payload |= {"email": "maya@example.com", "tour_start": "2026-12-03T10:30:00-06:00"}
    booking = CanonicalPayload().translate(DecodedRequest(payload, {})).booking
    assert booking
    assert (booking.reference, booking.property) == ("T-9", value)


@pytest.mark.parametrize("value", ["Testa-77", "test-7", "demo123x", "nano-1", "Nulla", "XX7", "idaho"])
def test_an_id_with_such_a_word_in_it(value: str) -> None:
    assert not is_no_id(value)
    assert not is_no_id("TB-90210")
    assert not is_no_id("nullify-1")
    assert not is_no_id("Unit 5")


def test_the_next_path_is_taken_also_inside_an_expression() -> None:
    assert read(fields.String(path="a || b"), "undefined", "204") == "204"
    assert read(fields.String(path=["a", "b"]), 0, "204") == "204"


def test_an_answer_none_stays_in_the_notes() -> None:
    assert read(fields.Lines(path="[['Pets', a], ['Cars', b]]"), "None", "undefined") == "Pets: None"


def test_a_payload_without_unset_values_is_the_same_object() -> None:
    payload = {"a": ["x", {"b": 1}]}
    assert without_unset(payload) is payload
    assert without_unset({"a": ["undefined", {"b": "{{x}}"}]}) == {"a": [None, {"b": None}]}


@pytest.mark.parametrize("value", ["0", "undefined", "{booking_id}", "tour-undefined"])
def test_renters_whose_booking_has_no_id_share_none(value: str) -> None:
    class Bot(CanonicalPayload):
        """Bot"""

        reference = fields.String(path=["booking_id", "session_id"], required=True)

    body = {"event": "tour.cancelled", "booking_id": value}
    assert Bot().envelope(DecodedRequest(body, {})).reference is None
    assert Bot().envelope(DecodedRequest({**body, "session_id": "s-1"}, {})).reference == "s-1"
