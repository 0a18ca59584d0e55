"""The form that corrects a tour: what it asks for, what it refuses, and that it keeps what was typed."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from bridge.console.events.correction_form import FormValues, check
from bridge.inbound.views import _headers
from bridge.mapping.corrected import CORRECTED_FIELDS, CorrectedFields
from bridge.models import Role
from bridge.settings import Property

NOW = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
KNOWN = {
    "first_name": "Noor",
    "last_name": "Haddad",
    "email": "noor@example.com",
    "phone": "+15125550162",
    "kind": "in_person",
    "starts_at": "2026-12-03T16:30:00+00:00",
}


@pytest.fixture
def place(world: Any) -> Property:
    found: Property = world.settings.properties["oakwood"]
    return found


def checked(place: Property | None, action: str = "book", **typed: str) -> Any:
    shown = FormValues.of_tour(KNOWN, place)
    return check(FormValues({**shown.texts, **typed}), shown, place, action=action, now=NOW)


def test_the_form_shows_the_start_by_the_clock_of_the_property(place: Property) -> None:
    shown = FormValues.of_tour(KNOWN, place)
    assert (shown["date"], shown["time"], shown["property"]) == ("2026-12-03", "10:30", "oakwood")
    assert FormValues.of_tour(KNOWN, None)["time"] == "16:30"


def test_only_what_differs_is_changed(place: Property) -> None:
    cases: list[tuple[dict[str, str], dict[str, str | None]]] = [
        ({}, {}),
        ({"time": "11:00"}, {"starts_at_local": "2026-12-03T11:00"}),
        ({"last_name": "Hadad"}, {"first_name": "Noor", "last_name": "Hadad"}),
        ({"phone": "512 555 0163"}, {"phone": "+15125550163"}),
        ({"email": "Noor <n@example.com>", "unit": "204"}, {"email": "n@example.com", "unit": "204"}),
        ({"phone": ""}, {"phone": None}),
        ({"kind": "virtual", "agent": "Dana Ruiz"}, {"kind": "virtual", "agent": "Dana Ruiz"}),
    ]
    for typed, changes in cases:
        found = checked(place, **typed)
        assert (found.changes, found.errors) == (changes, {}), typed


def test_each_field_says_what_is_wrong_with_it(place: Property) -> None:
    cases: list[tuple[dict[str, str], str, str]] = [
        ({"email": "noor at example"}, "email", "an e-mail address such as"),
        ({"phone": "call me"}, "phone", "a phone number such as"),
        ({"email": "", "phone": ""}, "email", "an e-mail address or a phone number"),
        ({"date": ""}, "date", "Choose the date"),
        ({"time": "half past ten"}, "time", "Choose the time"),
        ({"date": "2026-11-24", "time": "08:00"}, "date", "has passed"),
        ({"date": "2027-03-14", "time": "02:30"}, "time", "does not exist"),
        ({"kind": "by boat"}, "kind", "one of the kinds"),
    ]
    for typed, name, text in cases:
        assert text in checked(place, **typed).errors[name], typed
    assert checked(None).errors == {"property": "Choose the property."}
    assert checked(place, "cancel", date="", time="", email="", phone="").errors == {}


def test_corrected_fields_win_over_the_payload_and_its_errors() -> None:
    corrected = CorrectedFields(
        {"first_name": "Noor", "last_name": None, "starts_at_local": "2026-12-03T10:30"}
    )
    values = {"full_name": {"first": "N"}, "ends_at": datetime(2026, 12, 3, 17, tzinfo=UTC), "notes": "cat"}
    filled, errors = corrected.fill_in(values, {"starts_at": "x", "full_name": "y", "email": "z"})
    assert filled["starts_at_local"] == datetime(2026, 12, 3, 10, 30)  # noqa: DTZ001 - wall time
    assert (filled["full_name"], filled["ends_at"], filled["notes"]) == (None, None, "cat")
    assert errors == {"email": "z"}
    assert CorrectedFields.of(corrected.as_headers()) == corrected
    assert CorrectedFields.of(corrected.without_start().as_headers()).values.keys() == {
        "first_name",
        "last_name",
    }


def test_a_start_that_could_not_be_read_is_entered_and_goes_out(world: Any, signed_in: Any) -> None:
    event = world.book("B-1", start="next Tuesday, maybe")
    world.run()
    operator = signed_in(Role.OPERATOR)
    form = operator.get(f"/console/events/{event}/correct").text
    assert "As it was sent: “next Tuesday, maybe”" in form
    data = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form)) | {"property": "oakwood", "time": "10:30"}
    refused = operator.post(f"/console/events/{event}/correct", {**data, "first_name": "Mia"}).text
    assert "Choose the date of the tour." in refused
    assert 'value="Mia"' in refused
    answer = operator.post(
        f"/console/events/{event}/correct", {**data, "first_name": "Mia", "date": "2026-12-03"}
    )
    assert answer.headers["HX-Redirect"] == f"/console/events/{event}"
    world.run()
    assert world.status(event) == ("written", None)
    [tour] = world.tours
    assert tour.appointment_time == "10:30:00"
    page = operator.get(f"/console/events/{event}").text
    assert "Mia Okafor booked a tour" in page
    assert "Corrected by a operator: first_name, last_name, starts_at_local" in page


def test_a_request_brings_no_corrected_fields() -> None:
    environ = {"HTTP_BRIDGE_CORRECTED_FIELDS": "{}", "HTTP_BRIDGE_OTHER": "1"}
    assert CORRECTED_FIELDS.upper().replace("-", "_") in str(environ)
    assert _headers(environ) == {"bridge-other": "1"}


def test_only_operators_correct(world: Any, signed_in: Any) -> None:
    event = world.book("B-1", start="soon")
    world.run()
    viewer = signed_in(Role.VIEWER)
    assert viewer.get(f"/console/events/{event}/correct").status_code == 403
    assert viewer.post(f"/console/events/{event}/correct", {}).status_code == 403
