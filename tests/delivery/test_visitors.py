"""The PMS shows who the tour is for: in the lead, or in the notes."""

from datetime import timedelta

import pytest
from delivery.cases import HERE, NOW, SETTINGS, event, find_leads, in_pms, request, snapshot, stored

from bridge.delivery.decide import decide
from bridge.delivery.rules.people import (
    contact_note,
    corrections,
    is_somebody_else,
    names_differ,
    visitor_note,
)
from bridge.delivery.rules.state import Call, Read, Write
from bridge.mapping.booking import Contact
from bridge.propexo.client import PropexoLead

MAYA = Contact("Maya", "Okafor", "maya@example.com", "+15125550142")
JONAS = Contact("Jonas", "Weller", "maya@example.com", "+13035550188")


@pytest.mark.parametrize(
    ("first", "last", "differ"),
    [
        ("Maya", "Okafor", False),
        ("MAYA", "okafor", False),
        ("M.", "Okafor", False),
        ("Maya", None, False),
        ("Okafor", "Maya", False),
        ("Máya", "O'kafor", False),
        ("Jonas", "Okafor", True),
        ("Maya", "Weller", True),
    ],
)
def test_names_contradict_each_other_or_not(first, last, differ):
    assert names_differ(MAYA, Contact(first, last)) is differ


def test_the_visitor_of_another_persons_lead_is_named_with_the_phone():
    assert visitor_note(MAYA, JONAS) == "Visitor: Jonas Weller, +1 303 555 0188."
    assert visitor_note(MAYA, MAYA) is None


def test_another_address_of_the_same_person_is_named():
    lead = Contact("Maya", "Okafor", "MAYA@example.com", "(512) 555-0142")
    assert contact_note(lead, MAYA) is None
    assert contact_note(Contact("Maya", "Okafor", "m@example.com"), MAYA) == (
        "Phone +1 512 555 0142. E-mail maya@example.com."
    )


def test_a_correction_leaves_something_of_the_person():
    assert not is_somebody_else(MAYA, Contact("Mia", "Okafor", "mia@example.com", "+13035550188"))
    assert not is_somebody_else(MAYA, Contact("Jonas", "Weller", MAYA.email, MAYA.phone))
    assert is_somebody_else(MAYA, JONAS)
    assert corrections(MAYA, Contact("Maya", "Okafor", "Maya@Example.com", "+15125550142")) == {}


LEADS = "/v1/leads/"


def test_one_email_of_two_people_is_one_lead_and_the_notes_name_the_visitor(world):
    world.book("B-1")
    world.run()
    prospect = {
        "first_name": "Jonas",
        "last_name": "Weller",
        "email": "maya@example.com",
        "phone": "+13035550188",
    }
    second = world.send("booked", "B-2", prospect=prospect, tour={"start": "2026-12-08T10:30:00-06:00"})
    world.run()
    assert world.status(second) == ("written", None)
    assert (
        world.event(second).detail == "The lead is Maya Okafor; the notes name Jonas Weller as the visitor."
    )
    assert len(world.sandbox.leads) == 1
    first_notes, notes = (tour.notes for tour in sorted(world.tours, key=lambda tour: tour.appointment_date))
    assert first_notes.startswith("Ref TB-")
    assert notes.startswith("Visitor: Jonas Weller, +1 303 555 0188. Ref TB-")
    assert world.calls("GET", f"{LEADS}{world.tours[0].lead_id}") == []


def test_the_lead_of_a_partner_in_the_pms_is_kept_and_the_notes_name_the_visitor(world):
    lead = world.sandbox.add_lead(
        "cintegration", "cproperty", email_1="maya@example.com", first_name="Tom", last_name="Miller"
    )
    event_id = world.book()
    world.run()
    assert [tour.lead_id for tour in world.tours] == [lead]
    assert world.tours[0].notes.startswith("Visitor: Maya Okafor, +1 512 555 0142. Ref TB-")
    (create,) = (attempt for attempt in world.attempts(event_id) if attempt.kind == "create")
    assert create.detail.startswith(
        "The lead was found by its e-mail. It is Tom Miller; the notes name Maya Okafor"
    )


def test_a_phone_of_another_first_name_and_email_is_a_lead_of_its_own(world):
    world.sandbox.add_lead(
        "cintegration", "cproperty", phone_1="(512) 555-0142", email_1="omar@example.com", first_name="Omar",
        last_name="Okafor",
    )  # fmt: skip
    event_id = world.book()
    world.run()
    assert len(world.sandbox.leads) == 2
    (made,) = (attempt for attempt in world.attempts(event_id) if attempt.kind == "create_lead")
    assert made.detail == (
        "The phone leads to Omar Okafor, who has another name and e-mail: Maya Okafor becomes a lead."
    )


def test_an_email_is_searched_as_given_then_in_lower_case():
    given = Contact("Maya", "Okafor", "Maya@Example.com")
    asked = snapshot(request(contact=given))
    first = decide(asked, SETTINGS, NOW).step
    assert first == Read(find_leads(email="Maya@Example.com"))
    found = PropexoLead("clead", "Maya", "Okafor", "Maya@Example.com", None, None, None)
    step = decide(asked.with_answer(first.call, [found]), SETTINGS, NOW).step
    assert isinstance(step, Write)
    assert step.request["lead_id"] == "clead"
    assert decide(asked.with_answer(first.call, []), SETTINGS, NOW).step == Read(
        find_leads(email="maya@example.com")
    )


def test_a_new_lead_is_written_in_lower_case_and_found_again_in_any(world):
    world.book("B-1", email="Maya@Example.com")
    world.run()
    world.book("B-2", email="MAYA@example.com", start="2026-12-08T10:30:00-06:00")
    world.run()
    assert [lead.email_1 for lead in world.sandbox.leads] == ["maya@example.com"]
    assert len(world.tours) == 2


def corrected(world, **changes):
    prospect = {
        "first_name": "Maya",
        "last_name": "Okafor",
        "email": "maya@example.com",
        "phone": "+15125550142",
    }
    world.clock.now += timedelta(minutes=1)
    tour = {"start": "2026-12-03T10:30:00-06:00", "notes": "2 BR"}
    return world.send("rescheduled", "B-1", prospect={**prospect, **changes}, tour=tour)


@pytest.mark.parametrize(
    ("changes", "field", "value"),
    [
        ({"email": "m.okafor@example.com"}, "email_1", "m.okafor@example.com"),
        ({"phone": "+15125550177"}, "phone_1", "5125550177"),
        ({"first_name": "Mia"}, "first_name", "Mia"),
    ],
)
def test_a_corrected_person_corrects_the_lead(world, changes, field, value):
    world.book()
    world.run()
    again = corrected(world, **changes)
    world.run()
    assert world.status(again) == ("written", None)
    (lead,) = world.sandbox.leads
    assert getattr(lead, field) == value
    (update,) = (attempt for attempt in world.attempts(again) if attempt.kind == "update_lead")
    assert set(update.request) == {"lead_id", field}
    assert world.status(corrected(world, **changes)) != ("parked", None)
    world.run()
    assert len([attempt for attempt in world.attempts() if attempt.kind == "update_lead"]) == 1


def test_the_next_tour_of_a_corrected_email_finds_the_lead_before_any_sync(world):
    world.book()
    world.run()
    corrected(world, email="m.okafor@example.com")
    world.run()
    world.book("B-2", email="m.okafor@example.com", start="2026-12-08T10:30:00-06:00")
    world.run()
    assert len(world.sandbox.leads) == 1
    assert len({tour.lead_id for tour in world.tours}) == 1


def test_a_refused_correction_is_shown_in_the_notes(world):
    world.book()
    world.run()
    lead_id = world.tours[0].lead_id
    again = corrected(world, email="m.okafor@example.com")
    world.sandbox.fail(method="PUT", path=f"{LEADS}{lead_id}", status=405)
    world.run()
    assert world.status(again) == ("written", None)
    assert "E-mail m.okafor@example.com." in world.tours[0].notes
    assert world.event(again).detail == "The lead says otherwise; the notes say: E-mail m.okafor@example.com."


def test_a_replayed_booking_of_another_person_is_cancelled_and_made_anew(world):
    world.book()
    world.run()
    stranger = {
        "first_name": "Ana",
        "last_name": "Lopez",
        "email": "ana@example.com",
        "phone": "+13035550199",
    }
    again = corrected(world, **stranger)
    world.run()
    assert world.status(again) == ("parked", "reference_reused")
    detail = world.event(again).detail
    assert "Maya Okafor (maya@example.com)" in detail
    assert "Ana Lopez (ana@example.com)" in detail
    world.replay(again)
    world.run()
    assert world.status(again) == ("written", None)
    (tour,) = world.tours
    assert {lead.id: lead.first_name for lead in world.sandbox.leads}[tour.lead_id] == "Ana"


def test_a_lead_whose_person_nobody_remembers_is_read_from_propexo():
    known = in_pms(id=9, confirmed_tour=None, confirmed_state="cancelled")
    from delivery.cases import lead

    asked = snapshot(request(), related=(known,), **lead(lead_id="clead"))
    call = Call.of("get_lead", HERE, lead_id="clead")
    assert decide(asked, SETTINGS, NOW).step == Read(call)
    somebody = PropexoLead("clead", "Tom", "Miller", "maya@example.com", None, None, None)
    step = decide(asked.with_answer(call, somebody), SETTINGS, NOW).step
    assert step.request["notes"].startswith("Visitor: Maya Okafor")


def test_nothing_is_corrected_that_was_not_repeated():
    row = in_pms(person=MAYA)
    tour = {
        **row.confirmed_tour,
        "lead": {"first_name": "Maya", "last_name": "Okafor", "phone": "+13035550188"},
    }
    tour["contact"] = "Phone +1 512 555 0142. E-mail maya@example.com."
    known = in_pms(confirmed_tour=tour)
    step = decide(snapshot(of=event(2, minutes=1), **stored(known)), SETTINGS, NOW).step
    assert not isinstance(step, Write)
