"""What a mapping file declares, and what it makes of a payload."""

from datetime import UTC, datetime
from typing import Any

import marshmallow
import pytest
from mapping.widget import START, TOUR, Form, Widget, booked, received, reported, translate

from bridge.mapping import (
    BOOK,
    Action,
    BookingRequest,
    Contact,
    Mapping,
    When,
    constant,
    digest,
    fields,
    first,
    header,
    path,
    paths,
)
from bridge.mapping.absent import is_absent
from bridge.mapping.fields.times import TIME_OF_DAY
from bridge.mapping.paths import DecodedRequest, Path
from bridge.mapping.translation import Envelope


def test_a_payload_becomes_a_booking() -> None:
    assert booked(minutes=45, notes="2 BR", at="2026-11-24T15:00:00Z") == BookingRequest(
        action=Action.BOOK,
        reference="B-1",
        occurred_at=datetime(2026, 11, 24, 15, 0, tzinfo=UTC),
        contact=Contact("Maya", "Okafor", "maya@example.com", "+15125550142"),
        starts_at=START,
        duration_minutes=45,
        notes="2 BR",
    )


def test_a_mapping_says_whose_payloads_it_reads() -> None:
    assert Widget.sender() == "The widget of the tests"
    assert Widget.event_names() == ["moved", "changed", "cancelled", "booked"]


# Declarations.


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("start_at", "did you mean `starts_at`?"),
        ("e_mail", "did you mean `email`?"),
        ("colour", "there are agent, contact_id, duration_minutes, email"),
        ("action", "has no field `action`"),
        ("contact", "has no field `contact`"),
    ],
)
def test_an_unknown_field_is_a_mistake_of_the_file(name: str, hint: str) -> None:
    with pytest.raises(TypeError, match=r"^Mistaken: a booking has no field") as raised:
        type("Mistaken", (Mapping,), {name: fields.String(path="a")})
    assert hint in str(raised.value)


def test_a_field_without_a_path_is_a_mistake_of_the_file() -> None:
    with pytest.raises(TypeError, match=r"^Mistaken\.title: take the field from `bridge\.mapping\.fields`"):
        type("Mistaken", (Mapping,), {"title": marshmallow.fields.String()})


@pytest.mark.parametrize(
    "declare",
    [lambda: path("a["), lambda: When(where="a ||", then=BOOK), lambda: fields.Name(path=["a", "b)"])],
)
def test_an_expression_that_is_none_is_a_mistake_of_the_file(declare: Any) -> None:
    with pytest.raises(ValueError, match="is not a JMESPath expression"):
        declare()


# Paths and readers.


@pytest.mark.parametrize("absent", [None, "", "  ", "\n", [], {}])
def test_all_that_means_not_given_is_absent(absent: Any) -> None:
    assert is_absent(absent)
    assert booked(id=absent, old_id="B-0").reference == "B-0"
    assert booked(phone=absent, mobile="512-555-0199").contact.phone == "+15125550199"


@pytest.mark.parametrize("present", [0, False, "0", [0], {"a": None}])
def test_nothing_else_is_absent(present: Any) -> None:
    assert not is_absent(present)


@pytest.mark.parametrize("payload", [None, 7, True, "text", [], [1, "a"], {"a": 7}, {"a": ["x", 7]}])
@pytest.mark.parametrize(
    "expression", ["contains(a, b)", "merge(@, a)", "sum(a)", "a[?b].c | [0]", "join('', a)"]
)
def test_a_function_that_meets_another_type_finds_nothing(expression: str, payload: Any) -> None:
    assert not Path(expression).search(DecodedRequest(payload, {}))


def test_readers_find_texts() -> None:
    request = received({"a": 1, "b": " x ", "c": True}, **{"x-id": "7"})
    assert path("a").read(request) == "1"
    assert paths("a", "none", "b").read(request) == "1||x"
    assert paths("none", "nothing").read(request) is None
    assert first(header("X-Other"), path("none"), header("X-Id")).read(request) == "7"
    assert first(path("none")).read(request) is None
    assert constant("form").read(request) == "form"
    assert digest(["a", 1]) == digest(["a", "1"]) != digest(["1", "a"])


# Actions.


@pytest.mark.parametrize(
    ("payload", "action"),
    [
        ({"event": "moved"}, Action.RESCHEDULE),
        ({"event": "changed", "silent": True}, Action.RESCHEDULE),
        ({"event": "moved", "silent": True}, Action.IGNORE),
        ({"event": "moved", "silent": False}, Action.RESCHEDULE),
        ({"event": "booked", "tags": ["cancel"]}, Action.CANCEL),
        ({"event": "booked", "tags": 7}, Action.BOOK),
        ({"event": "booked", "cancelled": True}, Action.BOOK),
        ({"event": "else", "cancelled": True}, Action.CANCEL),
    ],
)
def test_the_first_rule_that_applies_decides(payload: dict[str, Any], action: Action) -> None:
    assert Widget().decide(received(payload)).action is action


@pytest.mark.parametrize(("event", "named"), [("rated", "'rated'"), (["a"], "'[\"a\"]'"), ("x" * 100, "x…")])
def test_an_unknown_event_is_ignored_by_its_name(event: Any, named: str) -> None:
    translation = translate(event=event)
    assert (translation.action, translation.booking, translation.errors) == (Action.IGNORE, None, ())
    assert translation.reason.startswith("this mapping knows no event named ")
    assert translation.reason.endswith(named)


def test_an_event_without_a_name_is_for_a_person() -> None:
    """It may be a tour that lacks one word."""
    (error,) = translate(event=None).errors
    assert (error.field, error.found, error.expected) == (
        "event",
        "nothing",
        "the name of an event that this mapping knows",
    )


def test_a_reason_to_ignore_is_reported() -> None:
    assert translate(event="moved", silent=1).reason == "nobody was told"


# Errors.


@pytest.mark.parametrize(
    ("changes", "errors"),
    [
        ({"id": None}, ["reference: found nothing at `id | old_id`, expected text"]),
        ({"id": {"a": 1}}, ['reference: found {"a": 1} at `id | old_id`, expected text']),
        (
            {"start": "soon"},
            [f"starts_at: found 'soon' at `start`, expected {fields.Instant.expected}"],
        ),
        (
            {"start": ""},
            ["starts_at: found nothing at `start | date | time`, expected the start of the tour"],
        ),
        (
            {"start": "", "date": "2026-12-03"},
            [f"starts_at_local: found '2026-12-03' at `date | time`, expected {TIME_OF_DAY}"],
        ),
        (
            {"email": None, "phone": None},
            [
                "contact: found nothing at `email | phone | mobile`, expected an e-mail address or a phone number"
            ],
        ),
    ],
)
def test_an_error_names_field_path_found_and_expected(changes: dict[str, Any], errors: list[str]) -> None:
    assert reported(**changes) == errors


def test_all_errors_are_reported_at_once() -> None:
    found = reported(id=None, start="soon", property={"a": 1}, email="", phone="")
    assert [error.split(":")[0] for error in sorted(found)] == [
        "contact",
        "property",
        "reference",
        "starts_at",
    ]


def test_a_long_value_is_cut_in_an_error() -> None:
    assert len(reported(start="x" * 100_000)[0]) < 250


@pytest.mark.parametrize(
    ("changes", "remark"),
    [
        ({"phone": "call me"}, "Phone as given: 'call me'"),
        ({"email": "maya@"}, "Email as given: 'maya@'"),
        ({"minutes": "an hour"}, "Duration minutes as given: 'an hour'"),
        ({"end": "later"}, "Ends at as given: 'later'"),
        ({"name": ["Maya", "Tom"]}, 'Full name as given: ["Maya", "Tom"]'),
        ({"at": 7}, "Occurred at as given: 7"),
    ],
)
def test_what_a_tour_can_do_without_goes_into_the_notes(changes: dict[str, Any], remark: str) -> None:
    assert booked(notes="2 BR", **changes).notes == f"2 BR\n{remark}"


@pytest.mark.parametrize("changes", [{"email": "maya@", "phone": None}, {"email": None, "phone": "call me"}])
def test_but_not_where_it_leaves_nobody_to_contact(changes: dict[str, Any]) -> None:
    errors = translate(**changes).errors
    unreadable = "email" if changes["email"] else "phone"
    assert [error.field for error in errors] == ["contact", unreadable]
    assert errors[1].found == repr(changes[unreadable])


def test_a_known_lead_is_contact_enough() -> None:
    assert booked(email=None, phone=None, lead="L-1").lead_id == "L-1"


@pytest.mark.parametrize(
    "changes", [{"phone": "call me"}, {"email": "maya@"}, {"minutes": -1}, {"name": ["Maya", "Tom"]}]
)
def test_a_form_learns_all_that_cannot_be_read(changes: dict[str, Any]) -> None:
    assert translate(Widget, **changes).booking
    assert len(reported(Form, **changes)) == 1


@pytest.mark.parametrize(("event", "action"), [("moved", Action.RESCHEDULE), ("cancelled", Action.CANCEL)])
def test_only_a_new_booking_needs_a_contact(event: str, action: Action) -> None:
    assert booked(event=event, email=None, phone=None).action is action


def test_a_cancel_needs_no_more_than_its_reference() -> None:
    cancel = Widget().translate(received({"event": "cancelled", "id": "B-1"})).booking
    assert cancel == BookingRequest(Action.CANCEL, "B-1")
    assert [error.field for error in Widget().translate(received({"event": "cancelled"})).errors] == [
        "reference"
    ]


def test_a_reschedule_needs_a_start() -> None:
    assert [error.field for error in translate(event="moved", start=None).errors] == ["starts_at"]


# What is made of the fields.


@pytest.mark.parametrize(
    ("given", "contact"),
    [
        ({"first": "Maya", "last": "Okafor", "name": "Someone Else"}, ("Maya", "Okafor")),
        ({"first": "Maya", "name": "Maya Okafor"}, ("Maya", "Okafor")),
        ({"last": "Okafor", "name": "Maya Smith"}, ("Maya", "Okafor")),
        ({"name": "Maya"}, ("Maya", None)),
        ({"name": None}, (None, None)),
    ],
)
def test_names_come_from_their_own_fields_first(given: dict[str, Any], contact: tuple[Any, Any]) -> None:
    person = booked(**given).contact
    assert (person.first_name, person.last_name) == contact


@pytest.mark.parametrize(
    ("given", "minutes"),
    [
        ({"minutes": 20, "end": "2026-12-03T11:30:00-06:00"}, 20),
        ({"end": "2026-12-03T11:15:00-06:00"}, 45),
        ({"end": "2026-12-03T16:30:29Z"}, None),
        ({"end": "2026-12-03T16:00:00Z"}, None),
        ({}, None),
    ],
)
def test_the_length_is_given_or_computed(given: dict[str, Any], minutes: int | None) -> None:
    assert booked(**given).duration_minutes == minutes


# What the webhook endpoint reads.


def test_an_envelope_judges_nothing() -> None:
    assert Widget().envelope(received({**TOUR, "previous": 7, "start": "soon"})) == Envelope(
        "booked", "booked|B-1", None, "B-1", "7", "maya@example.com"
    )
    assert Widget().envelope(received({**TOUR, "email": None})).phone == "+15125550142"
    wrong = {"event": {}, "id": [1, 2], "email": 7, "phone": "x", "at": "never"}
    assert Widget().envelope(received(wrong, **{"x-id": "7"})) == Envelope(delivery_id="7")
    assert Widget().envelope(received("text")) == Envelope()


def test_paths_begin_at_the_root() -> None:
    class Wrapped(Widget):
        root = "data || @"

    assert Wrapped().translate(received({"event": "booked", "data": TOUR})).booking == booked()
    assert Wrapped().translate(received(TOUR)).booking == booked()


def test_a_phone_is_read_in_the_region_of_the_source() -> None:
    swiss, american = Widget(phone_region="CH"), Widget()
    phones = [mapping.envelope(received({"phone": "044 668 18 00"})).phone for mapping in (swiss, american)]
    assert phones[0] == "+41446681800" != phones[1]


@pytest.mark.parametrize("given", [["204B", "310A"], "204B\n310A", "204B||310A"])
def test_two_units_do_not_stop_the_tour(given: Any) -> None:
    class Two(Widget):
        """Two"""

        unit = fields.String(path="unit")

    booking = Two().translate(DecodedRequest({**TOUR, "unit": given}, {})).booking
    assert booking is not None
    assert booking.unit is None
    assert "Unit as given" in (booking.notes or "")
