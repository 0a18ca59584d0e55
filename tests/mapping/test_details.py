"""Questions to a sender's API, as a mapping declares them."""

from typing import Any

import pytest

from bridge.mapping import Api, Fetch, Login
from bridge.mapping.details import filled, with_details
from bridge.mapping.paths import DecodedRequest

PERSON = Fetch(
    path="/v2/people/{id}?fields=all", ids={"id": "person_id"}, where="kind == 'tour'", into="person"
)


def received(**payload: Any) -> DecodedRequest:
    return DecodedRequest({"kind": "tour", "person_id": 7, **payload}, {})


def test_it_is_asked_while_the_answer_is_missing_and_the_condition_holds() -> None:
    assert PERSON.applies(received())
    assert not PERSON.applies(received(kind="call"))
    assert not PERSON.applies(received(person=None))
    assert not Fetch(path="/x", into="x").applies(DecodedRequest([1], {}))


def test_its_name_shows_no_id_and_no_parameters() -> None:
    assert PERSON.name == "GET /v2/people/{id}"


@pytest.mark.parametrize("odd", ["../x", "1/2", "a b", "é", "x" * 101, {"id": 1}, [1], True and "1?2"])
def test_an_id_is_checked_before_it_enters_an_address(odd: Any) -> None:
    with pytest.raises(ValueError, match="no id of this sender"):
        PERSON.values(received(person_id=odd))


def test_a_missing_id_is_reported_with_its_path() -> None:
    with pytest.raises(ValueError, match="found nothing at `person_id`"):
        PERSON.values(received(person_id=""))


def test_templates_are_filled_in_texts_lists_and_objects() -> None:
    template = {"a": "{x}-{y}", "b": ["{x}", 1], "c": {"d": "{unknown}"}}
    assert filled(template, {"x": "1", "y": "2"}) == {"a": "1-2", "b": ["1", 1], "c": {"d": "{unknown}"}}
    assert filled("{x}", {"x": "{y}", "y": "never"}) == "{y}"


def test_answers_stand_beside_the_payload() -> None:
    assert with_details(received(), {"person": {"a": 1}}).payload["person"] == {"a": 1}
    assert with_details(DecodedRequest([1], {}), {"person": 1}).payload == [1]


@pytest.mark.parametrize(
    ("declaration", "reported"),
    [
        (lambda: Fetch(path="/x/{id}", into="a"), "which `ids` does not name"),
        (lambda: Fetch(path="x", into="a"), "has to begin with a slash"),
        (lambda: Fetch(path="/x", ids={"id": "a["}, into="a"), "not a JMESPath expression"),
        (lambda: Fetch(path="/x", where="a[", into="a"), "not a JMESPath expression"),
        (lambda: api(headers={"A": "{token}"}), "none of the credentials key"),
        (lambda: api(basic="{user}:{key}"), "none of the credentials key"),
    ],
)
def test_a_slip_in_a_declaration_shows_at_import(declaration: Any, reported: str) -> None:
    with pytest.raises(ValueError, match=reported):
        declaration()


def api(**options: Any) -> Api:
    return Api(base_url="https://api.example.com", credentials=("key",), instead="a form", **options)


def test_a_login_brings_the_token() -> None:
    login = Login(path="/token", at="access_token")
    assert api(headers={"A": "{token}"}, login=login).login is login
