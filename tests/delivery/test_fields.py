"""Fields that one PMS takes: from the sender's word, the default of the kind, or the default of the property."""

from datetime import timedelta

import pytest

from bridge.mapping import AppointmentStatus, Priority
from bridge.propexo.schemas import APPOINTMENT_STATUSES, APPOINTMENT_TYPES, PRIORITIES
from bridge.settings.sections import TYPES


def test_the_words_are_those_of_propexo():
    assert {word.upper() for word in AppointmentStatus} == {*APPOINTMENT_STATUSES}
    assert {word.upper() for word in Priority} == {*PRIORITIES}
    assert {*TYPES} == APPOINTMENT_TYPES.keys()


def default(world, **values):
    world.document["properties"]["oakwood"]["defaults"].update(values)
    world.restart()


def booked(world, **tour):
    """The appointment of a known renter: their lead needs no sync."""
    renter = {"first_name": "Maya", "last_name": "Okafor"}
    world.sandbox.add_lead("cintegration", "cproperty", **renter, email_1="maya@example.com")
    start = "2026-12-03T10:30:00-06:00"
    world.send("booked", prospect={**renter, "email": "maya@example.com"}, tour={"start": start, **tour})
    world.run(until=world.clock() + timedelta(minutes=1))
    [appointment] = world.tours
    return appointment


@pytest.mark.parametrize("vendor", ["ENTRATA"])
@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("leasing appointment", "LEASING_APPOINTMENT"),
        ("virtual", "VIRTUAL_TOUR"),
        ("self-guided", "TOUR"),
        (None, "LEASING_APPOINTMENT"),
    ],
)
def test_type_of_an_appointment(world, vendor, kind, expected):
    default(world, appointment_type="LEASING_APPOINTMENT", appointment_types={"self_guided": "TOUR"})
    assert booked(world, **({"type": kind} if kind else {})).appointment_type == expected


@pytest.mark.parametrize(("vendor", "field"), [("MRI", "status"), ("REALPAGE_RPX", "priority")])
@pytest.mark.parametrize("is_stated", [True, False])
def test_status_and_priority(world, vendor, field, is_stated):
    words = {"status": ("REVIEW", "OPEN"), "priority": ("HIGH", "LOW")}[field]
    default(world, **{field: words[1]})
    name = {"status": "pms_status", "priority": "priority"}[field]
    tour = {name: words[0].lower()} if is_stated else {}
    appointment = booked(world, **tour)
    assert getattr(appointment, field) == (words[0] if is_stated else words[1])
