"""What goes to each PMS, typed anew from Propexo's pages."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from bridge.propexo.bodies import (
    MissingFieldsError,
    UnsupportedOperationError,
    cancel_body,
    create_body,
    dropped_fields,
    lead_body,
    takes,
    ten_digits,
    update_body,
)
from bridge.propexo.errors import RejectedError
from bridge.propexo.pms import PROFILES, profile_of, time_zone
from bridge.propexo.text import length
from bridge.propexo.tours import LeadPerson, PmsLocation, Tour

DEFAULTS: dict[str, Any] = {
    "employee_id": "cemp-default",
    "lead_source_id": "csrc-default",
    "lead_relationship_id": "crel-default",
    "unit_id": "cunit-default",
    "duration_minutes": 30,
    "organization_name": "Oakwood Living",
}
TOUR = Tour(
    starts_at=datetime(2026, 7, 2, 2, 30, tzinfo=UTC),  # 21:30 on the first in Chicago, 20:30 in Denver
    duration_minutes=45,
    appointment_type="SELF_GUIDED_TOUR",
    unit_id="cunit",
    employee_id="cemp",
    lead_source_id="csrc",
    title="Two-bedroom tour",
    notes="Brings a dog.",
    reference="TB-7F3A9KQ2",
    property_name="Oakwood Flats",
)
BARE = Tour(
    starts_at=TOUR.starts_at,
    duration_minutes=None,
    appointment_type=None,
    unit_id=None,
    employee_id=None,
    lead_source_id=None,
    title=None,
    notes=None,
    reference="TB-7F3A9KQ2",
    property_name="Oakwood Flats",
)
ANA = LeadPerson("Ana", "Lopez", "ana@example.com", "+15125550123", "bridge-42")

NOTES = "Ref TB-7F3A9KQ2. Brings a dog."
NOTES_WITH_KIND = "Ref TB-7F3A9KQ2. Self-guided tour. Brings a dog."
NOTES_WITH_LENGTH = "Ref TB-7F3A9KQ2. Self-guided tour. 45 minutes. Brings a dog."
TITLE = "Two-bedroom tour."
CHICAGO = {"appointment_date": "2026-07-01", "appointment_time": "21:30:00"}
DENVER = {"appointment_date": "2026-07-01", "appointment_time": "20:30:00"}
IN_UTC = {"appointment_date": "2026-07-02", "appointment_time": "02:30:00"}
IDS = {"integration_id": "cint", "lead_id": "clead"}
LONG = {"appointment_duration_minutes": 45}


def place(vendor: str, override: str | None = None, **defaults: Any) -> PmsLocation:
    profile = profile_of(vendor)
    rule = override or (None if profile.time else "property")
    zone = time_zone(profile, "America/Chicago", rule)
    return PmsLocation("oakwood", "cint", "cprop", profile, zone, defaults)


CREATE = {
    "ENTRATA": IDS | DENVER | LONG | {"appointment_type": "SELF_GUIDED_TOUR", "notes": NOTES,
                                      "unit_id": "cunit", "title": "Two-bedroom tour"},
    "REALPAGE_RPX": IDS | CHICAGO | LONG | {"employee_id": "cemp", "notes": f"{NOTES_WITH_KIND} {TITLE}"},
    "RENTMANAGER": IDS | CHICAGO | LONG | {"title": "Two-bedroom tour", "employee_id": "cemp",
                                           "notes": NOTES_WITH_KIND},
    "RESMAN": IDS | IN_UTC | {"lead_source_id": "csrc", "unit_id": "cunit", "notes": f"{NOTES_WITH_LENGTH} {TITLE}"},
    "APPFOLIO": IDS | IN_UTC | LONG | {"unit_id": "cunit", "employee_id": "cemp",
                                        "notes": f"{NOTES_WITH_KIND} {TITLE}"},
    "MRI": IDS | CHICAGO | {"employee_id": "cemp", "notes": f"{NOTES_WITH_LENGTH} {TITLE}"},
    "YARDI": IDS | CHICAGO | {"unit_id": "cunit", "employee_id": "cemp", "notes": f"{NOTES_WITH_LENGTH} {TITLE}"},
    "YARDI_REST": IDS | CHICAGO | {"unit_id": "cunit", "employee_id": "cemp", "notes": f"{NOTES_WITH_LENGTH} {TITLE}"},
}  # fmt: skip
UPDATE = {
    "ENTRATA": DENVER | LONG | {"notes": NOTES, "appointment_type": "SELF_GUIDED_TOUR", "unit_id": "cunit",
                                "title": "Two-bedroom tour"},
    "REALPAGE_RPX": CHICAGO | LONG | {"notes": f"{NOTES_WITH_KIND} {TITLE}"},
    "RENTMANAGER": CHICAGO | LONG | {"title": "Two-bedroom tour", "notes": NOTES_WITH_KIND},
    "RESMAN": IN_UTC | {"unit_id": "cunit", "notes": f"{NOTES_WITH_LENGTH} {TITLE}"},
    "APPFOLIO": IN_UTC | LONG | {"employee_id": "cemp", "notes": f"{NOTES_WITH_KIND} {TITLE}"},
    "MRI": CHICAGO | {"employee_id": "cemp", "notes": f"{NOTES_WITH_LENGTH} {TITLE}"},
    "YARDI": CHICAGO,
    "YARDI_REST": CHICAGO,
}  # fmt: skip
NAMES = {"first_name": "Ana", "last_name": "Lopez"}
REACHED_AT = {"email_1": "ana@example.com", "phone_1": "5125550123"}
LEAD = {
    "ENTRATA": {"property_id": "cprop", "lead_source_id": "csrc-default"},
    "REALPAGE_RPX": {"property_id": "cprop", "lead_relationship_id": "crel-default",
                     "lead_source_id": "csrc-default"},
    "RENTMANAGER": {"property_id": "cprop", "lead_source_id": "csrc-default"},
    "RESMAN": {"property_id": "cprop", "lead_source_id": "csrc-default", "employee_id": "cemp-default"},
    "APPFOLIO": {"property_id": "cprop", "lead_source_id": "csrc-default"},
    "MRI": {"property_id": "cprop", "lead_source_id": "csrc-default"},
    "YARDI": {"property_id": "cprop", "lead_source_id": "csrc-default", "employee_id": "cemp-default",
              "third_party_id": "bridge-42", "organization_name": "Oakwood Living"},
    "REALPAGE": {"lead_source_id": "csrc-default"},
    "PROPERTYWARE": {"lead_source_id": "csrc-default"},
}  # fmt: skip


@pytest.mark.parametrize(("vendor", "body"), CREATE.items())
def test_create(vendor: str, body: dict[str, Any]) -> None:
    assert create_body(place(vendor), "clead", TOUR) == body


@pytest.mark.parametrize(("vendor", "body"), UPDATE.items())
def test_update_has_no_integration_id(vendor: str, body: dict[str, Any]) -> None:
    assert update_body(place(vendor), TOUR) == body


@pytest.mark.parametrize("vendor", ["ENTRATA", "REALPAGE_RPX", "RENTMANAGER", "APPFOLIO", "YARDI"])
def test_cancel(vendor: str) -> None:
    assert cancel_body(place(vendor), "cevt") == {"integration_id": "cint", "event_id": "cevt"}


@pytest.mark.parametrize(("vendor", "body"), LEAD.items())
def test_lead(vendor: str, body: dict[str, Any]) -> None:
    assert lead_body(place(vendor, **DEFAULTS), ANA) == {"integration_id": "cint"} | NAMES | REACHED_AT | body


@pytest.mark.parametrize("vendor", sorted(PROFILES.keys() - CREATE.keys()))
def test_what_cannot_be_booked_is_refused_with_a_reason(vendor: str) -> None:
    for build in (
        lambda: create_body(place(vendor), "clead", TOUR),
        lambda: update_body(place(vendor), TOUR),
    ):
        with pytest.raises(
            UnsupportedOperationError, match=r"The bridge cannot \w+ an appointment in .* directly"
        ):
            build()


@pytest.mark.parametrize(("vendor", "where"), [("RESMAN", "ResMan"), ("MRI", "MRI"), ("YARDI_REST", "Yardi")])
def test_what_cannot_be_cancelled_names_the_place_to_do_it(vendor: str, where: str) -> None:
    with pytest.raises(UnsupportedOperationError, match=f"ancel the appointment,? in {where}"):
        cancel_body(place(vendor), "cevt")


@pytest.mark.parametrize("vendor", sorted(PROFILES.keys() - LEAD.keys()))
def test_leads_that_cannot_be_made_are_refused(vendor: str) -> None:
    with pytest.raises(UnsupportedOperationError, match="takes no new leads"):
        lead_body(place(vendor, **DEFAULTS), ANA)


@pytest.mark.parametrize(
    ("vendor", "missing"),
    [
        ("ENTRATA", ["appointment_duration_minutes"]),
        ("REALPAGE_RPX", ["appointment_duration_minutes", "employee_id"]),
        ("RENTMANAGER", ["appointment_duration_minutes"]),
        ("RESMAN", ["lead_source_id"]),
        ("APPFOLIO", ["appointment_duration_minutes", "unit_id"]),
        ("MRI", []),
        ("YARDI", ["employee_id", "unit_id"]),
        ("YARDI_REST", ["employee_id", "unit_id"]),
    ],
)
def test_what_is_missing_is_named_and_the_defaults_supply_it(vendor: str, missing: list[str]) -> None:
    if missing:
        with pytest.raises(MissingFieldsError) as caught:
            create_body(place(vendor), "clead", BARE)
        assert caught.value.fields == missing
        assert profile_of(vendor).name in caught.value.message
        for field in missing:
            key = {"appointment_duration_minutes": "duration_minutes"}.get(field, field)
            assert f"{field} (set `properties.oakwood.defaults.{key}`" in caught.value.message
    body = create_body(place(vendor, **DEFAULTS), "clead", BARE)
    assert set(missing) <= body.keys()
    assert body["notes"] == "Ref TB-7F3A9KQ2."


def test_a_first_name_has_no_default() -> None:
    nameless = replace(ANA, first_name=None, last_name=None)
    with pytest.raises(MissingFieldsError) as caught:
        lead_body(place("RENTMANAGER"), nameless)
    assert caught.value.message == (
        "Rent Manager needs more for a new lead: first_name (it has no default: let the sender ask for it), "
        "last_name (set `properties.oakwood.defaults.last_name` for tours that bring none, then replay)."
    )
    body = lead_body(place("MRI", last_name="Guest"), nameless)
    assert body["last_name"] == "Guest"
    assert "first_name" not in body


def test_a_new_lead_gets_the_agent_and_the_lead_source_of_its_tour() -> None:
    body = lead_body(place("RESMAN", **DEFAULTS), ANA, employee_id="csam", lead_source_id="cweb")
    assert (body["employee_id"], body["lead_source_id"]) == ("csam", "cweb")
    body = lead_body(place("ENTRATA"), ANA, employee_id="csam", lead_source_id="cweb")
    assert "employee_id" not in body
    assert body["lead_source_id"] == "cweb"


@pytest.mark.parametrize(
    ("vendor", "taken"),
    [
        ("ENTRATA", ["unit_id", "lead_source_id"]),
        ("RENTMANAGER", ["employee_id", "lead_source_id"]),
        ("RESMAN", ["unit_id", "employee_id", "lead_source_id"]),
        ("YARDI_REST", ["unit_id", "employee_id"]),
        ("BUILDIUM", []),
    ],
)
def test_what_a_pms_takes_at_all(vendor: str, taken: list[str]) -> None:
    fields = ("unit_id", "employee_id", "lead_source_id")
    assert [field for field in fields if takes(profile_of(vendor), field)] == taken


def test_names_and_lead_notes_are_cut_where_a_pms_has_a_limit() -> None:
    long = replace(ANA, first_name="Maria del Carmen Guadalupe Esperanza", last_name="x" * 40)
    body = lead_body(place("REALPAGE_RPX", **DEFAULTS), long, notes="n" * 100)
    assert (body["first_name"], body["last_name"]) == ("Maria del Carmen Guadalupe", "x" * 30)
    assert body["notes"] == "n" * 100
    body = lead_body(place("MRI"), long, notes="Wants a two-bedroom unit with a view")
    assert body["last_name"] == "x" * 40
    assert body["notes"] == "Wants a two-bedroom unit with…"


def test_numbers_from_abroad_go_out_as_they_are() -> None:
    body = lead_body(place("APPFOLIO"), replace(ANA, phone="+442079460123"))
    assert body["phone_1"] == "+442079460123"
    assert ten_digits("+15125550123") == "5125550123"
    for phone in ("+442079460123", "+11125550123", "5125550123", "", None):
        assert ten_digits(phone) is None


@pytest.mark.parametrize("filler", ["word ", "x", "👩‍👩‍👧", "🇺🇸", "e\u0301"])
@pytest.mark.parametrize("vendor", CREATE)
def test_the_reference_survives_every_cut(vendor: str, filler: str) -> None:
    tour = replace(TOUR, notes=filler * 300, title=filler * 60)
    for body in (create_body(place(vendor), "clead", tour), update_body(place(vendor), tour)):
        notes, title = body.get("notes", "Ref TB-7F3A9KQ2. …"), body.get("title", "…")
        assert notes.startswith("Ref TB-7F3A9KQ2. ")
        assert (length(notes) <= 256, length(title) <= 50) == (True, True)
        assert notes.endswith("…")
        assert title.endswith("…")


def test_a_title_is_made_when_none_is_given() -> None:
    def title(**changes: Any) -> Any:
        return create_body(place("RENTMANAGER", **DEFAULTS), "clead", replace(BARE, **changes))["title"]

    assert title() == "Apartment tour at Oakwood Flats"
    assert title(appointment_type="VIRTUAL_TOUR") == "Virtual tour at Oakwood Flats"
    assert title(property_name=None) == "Apartment tour"
    with_default = create_body(place("RENTMANAGER", **DEFAULTS, title="Visit"), "clead", BARE)
    assert with_default["title"] == "Visit"


def test_entrata_books_a_plain_tour_unless_configured_otherwise() -> None:
    assert create_body(place("ENTRATA", **DEFAULTS), "clead", BARE)["appointment_type"] == "TOUR"


def test_default_notes_follow_the_reference() -> None:
    body = create_body(place("ENTRATA", **DEFAULTS, notes="Booked online."), "clead", BARE)
    assert body["notes"] == "Ref TB-7F3A9KQ2. Booked online."


def test_an_update_leaves_alone_what_staff_may_have_changed() -> None:
    appfolio = update_body(place("APPFOLIO", **DEFAULTS), BARE)
    assert appfolio == IN_UTC | {"notes": "Ref TB-7F3A9KQ2."}
    entrata = update_body(place("ENTRATA", **DEFAULTS), BARE)
    assert entrata == DENVER | {"notes": "Ref TB-7F3A9KQ2."}
    rent_manager = update_body(place("RENTMANAGER", **DEFAULTS), BARE)
    assert rent_manager["title"] == "Apartment tour at Oakwood Flats"
    assert rent_manager["appointment_duration_minutes"] == 30


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"duration_minutes": 0}, "appointment_duration_minutes"),
        ({"duration_minutes": "45"}, "appointment_duration_minutes"),
        ({"appointment_type": "PICNIC"}, "appointment_type"),
        ({"unit_id": 7}, "unit_id"),
    ],
)
def test_a_wrong_value_is_a_sentence_before_it_is_a_400(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(RejectedError, match=f"Not sent, because of {field}: ") as caught:
        create_body(place("ENTRATA"), "clead", replace(TOUR, **changes))
    assert [issue.path for issue in caught.value.issues] == [field]
    assert caught.value.status is None


def test_an_empty_id_is_missing() -> None:
    with pytest.raises(MissingFieldsError, match="event_id"):
        cancel_body(place("ENTRATA"), "")
    with pytest.raises(MissingFieldsError, match="lead_id"):
        create_body(place("MRI"), "", TOUR)


@pytest.mark.parametrize(
    ("vendor", "operation", "dropped"),
    [
        ("ENTRATA", "create", ["employee_id", "lead_source_id"]),
        ("REALPAGE_RPX", "create", ["lead_source_id", "unit_id"]),
        ("RENTMANAGER", "create", ["lead_source_id", "unit_id"]),
        ("RESMAN", "create", ["employee_id"]),
        ("APPFOLIO", "create", ["lead_source_id"]),
        ("APPFOLIO", "update", ["lead_source_id", "unit_id"]),
        ("MRI", "create", ["lead_source_id", "unit_id"]),
        ("YARDI", "create", ["lead_source_id"]),
        ("YARDI", "update", ["appointment_duration_minutes", "appointment_type", "employee_id",
                             "lead_source_id", "notes", "title", "unit_id"]),
        ("YARDI", "cancel", []),
        ("FUNNEL", "create", []),
    ],
)  # fmt: skip
def test_what_a_pms_will_not_store_is_reported(vendor: str, operation: Any, dropped: list[str]) -> None:
    assert dropped_fields(profile_of(vendor), operation, TOUR) == dropped
    assert dropped_fields(profile_of(vendor), operation, BARE) == []


NAMED = replace(TOUR, unit_name="Apt. #204", agent_name="Jane Roe")
IN_NOTES = {
    "unit_id": "Unit 204.",
    "appointment_type": "Self-guided tour.",
    "employee_id": "Agent Jane Roe.",
    "appointment_duration_minutes": "45 minutes.",
}
"""By body field: what the notes say where a PMS takes no such field."""


@pytest.mark.parametrize("name", ["create", "update"])
@pytest.mark.parametrize("vendor", CREATE)
@pytest.mark.parametrize("field", IN_NOTES)
def test_every_field_of_a_tour_is_in_a_field_or_in_the_notes(vendor: str, name: str, field: str) -> None:
    operation = getattr(profile_of(vendor), name)
    if operation is None or "notes" not in operation.fields:
        pytest.skip(f"{vendor} takes no notes with this call")
    at = place(vendor)
    body = create_body(at, "clead", NAMED) if name == "create" else update_body(at, NAMED)
    assert (field in body) is not (IN_NOTES[field] in body["notes"])
    assert field not in dropped_fields(profile_of(vendor), name, NAMED)  # type: ignore[arg-type]


def test_a_unit_that_nobody_knows_is_in_the_notes() -> None:
    unknown = replace(NAMED, unit_id=None)
    body = create_body(place("ENTRATA", unit_id="cdefault"), "clead", unknown)
    assert body["unit_id"] == "cdefault"
    assert body["notes"].startswith("Ref TB-7F3A9KQ2. Unit 204. ")


def test_the_senders_own_words_are_cut_first() -> None:
    long = replace(NAMED, notes="word " * 100)
    notes = create_body(place("MRI"), "clead", long)["notes"]
    assert len(notes) <= 256
    assert notes.startswith("Ref TB-7F3A9KQ2. Unit 204. Self-guided tour. 45 minutes. word")


@pytest.mark.parametrize(
    ("vendor", "field", "value"),
    [
        ("MRI", "status", "REVIEW"),
        ("REALPAGE_RPX", "priority", "HIGH"),
        ("ENTRATA", "appointment_type", "LEASING_APPOINTMENT"),
    ],
)
class TestFieldsOfOnePms:
    def body(self, vendor: str, tour: Tour, build: Any = create_body, **defaults: Any) -> dict[str, Any]:
        profile = profile_of(vendor)
        zone = time_zone(profile, "America/Chicago", "property")
        place = PmsLocation("oakwood", "cint", "cprop", profile, zone, DEFAULTS | defaults)
        return build(place, "clead", tour) if build is create_body else build(place, tour)

    def test_from_the_booking(self, vendor, field, value):
        tour = replace(TOUR, **{field: value})
        assert self.body(vendor, tour, **{field: "LOW"})[field] == value
        assert self.body(vendor, tour, update_body)[field] == value

    def test_from_the_default_where_the_booking_says_nothing(self, vendor, field, value):
        tour = replace(TOUR, appointment_type=None)
        assert self.body(vendor, tour, **{field: value})[field] == value
        # What staff has chosen since stays.
        assert field not in self.body(vendor, tour, update_body, **{field: value})

    def test_others_get_none(self, vendor, field, value):
        tour = replace(TOUR, **{field: value})
        for other in PROFILES:
            if other != vendor and PROFILES[other].create:
                assert field not in self.body(other, tour)
                assert field not in dropped_fields(PROFILES[other], "create", tour)


def test_a_word_that_propexo_does_not_have_is_refused():
    with pytest.raises(RejectedError, match="priority"):
        TestFieldsOfOnePms().body("REALPAGE_RPX", replace(TOUR, priority="URGENT"))
