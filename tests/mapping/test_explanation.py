"""Why a payload was read as it was: every path accounted for, and the rules that came close."""

from typing import Any

import pytest

from bridge.inbound.signatures import Token
from bridge.mapping import BOOK, CANCEL, IGNORE, Api, Fetch, Mapping, TourKind, When, fields, path
from bridge.mapping.catalogue import Catalogue
from bridge.mapping.explanation import Explanation, FieldExplained, RejectedValue, explain
from bridge.mapping.paths import DecodedRequest


class Acme(Mapping):
    """Acme"""

    signature = Token()
    event = path("kind")
    root = "data"
    api = Api(base_url="https://api.acme.example", credentials=("key",), instead="send the whole booking")
    details = (Fetch(path="/tours/{id}", ids={"id": "data.id"}, into="tour", where="data.id"),)
    actions = (
        When(event="removed", where="data.moved", then=IGNORE("the new booking follows")),
        When(event="removed", then=CANCEL),
        When(event="booked", where="data.state == 'open'", then=BOOK),
        When(event="booked", then=BOOK),
        When(event="booked", where="data.state == 'done'", then=BOOK),
    )
    reference = fields.String(path="id", required=True)
    email = fields.Email(path=["mail", "email", "other_email"])
    phone = fields.Phone(path=["mobile", "phone"])
    kind = fields.Choice(path=["style", "type"], table={"onsite": TourKind.IN_PERSON})
    starts_at = fields.Instant(path="start")
    starts_at_local = fields.LocalTime(path="start", date="day", time="hour")
    duration_minutes = fields.Duration(path="length")
    notes = fields.Lines(path=["a", "b", "c"])


def of(kind: str = "booked", **data: Any) -> Explanation:
    return explain(Acme(), DecodedRequest({"kind": kind, "data": data}, {}))


def field(name: str, **data: Any) -> FieldExplained:
    return next(field for field in of(**data).fields if field.name == name)


def test_the_first_path_that_finds_something_gave_the_value():
    assert field("email", email="Maya@Example.com", other_email="x@example.com") == FieldExplained(
        "email", "Maya@Example.com", gave=("email",), empty=("mail",), unused=("other_email",)
    )


def test_a_value_that_nobody_gave_has_empty_paths():
    assert field("email", email=" ") == FieldExplained("email", empty=("mail", "email", "other_email"))


def test_a_refused_value_says_what_was_found_and_expected():
    assert field("starts_at", start="soon").refused == (
        RejectedValue("start", "'soon'", "a date and time with its offset, such as 2026-12-03T16:00:00Z"),
    )
    assert field("duration_minutes", length=-1).refused[0].expected.startswith("a number of minutes")


def test_the_candidate_that_could_be_read_gave_the_value():
    reported = field("phone", mobile="call me", phone="512-555-0142")
    assert (reported.value, reported.gave) == ("+15125550142", ("phone",))
    assert [one.path for one in reported.refused] == ["mobile"]
    reported = field("kind", style="other", type="Onsite")
    assert (reported.value, reported.gave, reported.unused) == (TourKind.IN_PERSON, ("type",), ("style",))


def test_a_value_made_of_several_names_them_all():
    reported = field("notes", a="one", c="two")
    assert (reported.value, reported.gave, reported.empty) == ("one\ntwo", ("a", "c"), ("b",))


def test_a_start_in_two_parts_is_one_path():
    reported = field("starts_at_local", day="2031-03-04", hour="10:30")
    assert (reported.gave, reported.empty) == (("[day, hour]",), ("start",))


def test_the_rule_that_decided_and_those_that_came_close():
    reported = of(state="held")
    assert str(reported.decided) == "booked"
    assert [str(rule) for rule in reported.close] == ["booked where data.state == 'open'"]
    reported = of("removed", moved=True)
    assert (str(reported.decided), reported.close) == ("removed where data.moved", [])
    assert of("viewed").decided is None


def test_the_question_to_the_api_has_its_ids_or_says_what_it_lacks():
    asked = of(id=7).question
    assert asked is not None
    assert (asked.method, asked.path, asked.into, asked.problem) == ("GET", "/tours/7", "tour", None)
    asked = of(id="a/b").question
    assert asked is not None
    assert (asked.path, asked.problem) == (
        "/tours/{id}",
        "found 'a/b' at `data.id`, which is no id of this sender",
    )
    assert of("removed", id=7).question is None


def test_a_root_that_finds_nothing_is_reported():
    reported = explain(Acme(), DecodedRequest({"kind": "booked"}, {}))
    assert (reported.root, reported.root_found) == ("data", False)


@pytest.mark.parametrize("name", ["calendly", "tally", "adf", "hubspot_app", "zapier"])
def test_it_agrees_with_the_translation(name: str):
    """The values are those of the booking, and each path is in exactly one of the lists."""
    from bridge.inbound.decoding import decode

    file = Catalogue().get(name)
    mapping = file.schema()
    for sample in file.samples:
        payload = decode(sample.body, sample.headers.get("content-type"))
        received = DecodedRequest(mapping.items(payload)[0], sample.headers, sample.query)
        booking = mapping.translate(received).booking
        for reported in explain(mapping, received).fields:
            declared = dict(mapping.paths())[reported.name]
            listed = [
                *reported.gave,
                *reported.empty,
                *reported.unused,
                *(one.path for one in reported.refused),
            ]
            assert sorted(listed) == sorted(path.expression for path in declared.paths)
            if booking and reported.name in {"starts_at", "property", "kind", "unit"}:
                assert getattr(booking, reported.name) == reported.value
