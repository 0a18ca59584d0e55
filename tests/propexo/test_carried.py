"""Nothing of a booking vanishes: each of its fields has a place in each PMS, in a field or in the notes."""

from dataclasses import replace

import pytest
from propexo.test_bodies import TOUR, place

from bridge.propexo import carried
from bridge.propexo.bodies import create_body, update_body
from bridge.propexo.carried import BODY_FIELDS, VALUES, Carrier, carrier, not_carried
from bridge.propexo.pms import PROFILES
from bridge.propexo.text import length

PMSS = {name: profile for name, profile in PROFILES.items() if profile.create and profile.update}
FULL = replace(
    TOUR,
    appointment_type="VIRTUAL_TOUR",
    duration_minutes=47,
    unit_id="cunit",
    unit_name="Unit 204",
    employee_id="cemp",
    agent_name="Jane Roe",
    lead_source_id="csrc",
    source_name="Zillow",
    title="Two-bedroom visit",
    status="REVIEW",
    priority="HIGH",
    notes="Brings a dog.",
    visitor="Visitor: Jonas Weller, +1 303 555 0188.",
)
IN_FIELDS = {
    "unit": "cunit", "kind": "VIRTUAL_TOUR", "agent": "cemp", "length": 47, "lead source": "csrc",
    "title": "Two-bedroom visit", "status": "REVIEW", "priority": "HIGH",
}  # fmt: skip
IN_NOTES = {
    "unit": "Unit 204.", "kind": "Virtual tour.", "agent": "Agent Jane Roe.", "length": "47 minutes.",
    "lead source": "Source Zillow.", "title": "Two-bedroom visit.", "status": "Status review.",
    "priority": "Priority high.", "notes": "Brings a dog.",
    "visitor": "Visitor: Jonas Weller, +1 303 555 0188.",
}  # fmt: skip
CELLS = [(vendor, what) for vendor in PMSS for what in BODY_FIELDS]


def rows():
    lines = [line for line in (carried.__doc__ or "").splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return cells[0][1:], {row[0]: row[1:] for row in cells[2:]}


def test_the_table_is_what_the_profiles_say():
    columns, table = rows()
    assert columns == list(BODY_FIELDS) == list(VALUES)
    assert table == {
        vendor: [f"{carrier(one.create, what)} / {carrier(one.update, what)}" for what in columns]
        for vendor, one in PMSS.items()
    }


@pytest.mark.parametrize(("vendor", "what"), CELLS)
@pytest.mark.parametrize("name", ["create", "update"])
def test_each_field_is_where_the_table_says(vendor, what, name):
    operation = getattr(PMSS[vendor], name)
    there = place(vendor)
    body = create_body(there, "clead", FULL) if name == "create" else update_body(there, FULL)
    notes = body.get("notes", "")
    assert length(notes) <= 256
    assert ("Ref TB-7F3A9KQ2." in notes) is ("notes" in operation.fields)
    match carrier(operation, what):
        case Carrier.FIELD if what != "notes":
            assert body[BODY_FIELDS[what]] == IN_FIELDS[what]
            assert IN_NOTES[what] not in notes
        case Carrier.HAND:
            assert "notes" not in body
        case _:
            assert IN_NOTES[what] in notes


def test_the_visitor_and_the_reference_survive_every_cut():
    body = create_body(place("MRI"), "clead", replace(FULL, notes="dog " * 200))
    assert body["notes"].startswith(
        "Visitor: Jonas Weller, +1 303 555 0188. Ref TB-7F3A9KQ2. Unit 204. Virtual tour."
    )
    assert length(body["notes"]) <= 256


@pytest.mark.parametrize("vendor", PMSS)
def test_a_change_that_no_update_takes_is_named(vendor):
    after = replace(FULL, agent_name="Sam Lee", employee_id="csam")
    is_lost = carrier(PMSS[vendor].update, "agent") is Carrier.HAND
    assert not_carried(PMSS[vendor], FULL, after) == (["agent"] if is_lost else [])
    assert not_carried(PMSS[vendor], FULL, FULL) == []


def test_an_id_without_a_name_does_not_reach_the_notes():
    after = replace(FULL, agent_name=None, employee_id="csam")
    assert not_carried(PMSS["REALPAGE_RPX"], FULL, after) == ["agent"]
