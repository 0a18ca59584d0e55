"""Senders that say who a person is in events of their own (Funnel: `renter.created`)."""

from datetime import timedelta

import pytest

RENTER = {
    "event": "renter.created",
    "data": {
        "funnel_renter_id": 77,
        "people": [
            {
                "first_name": "Maya",
                "last_name": "Okafor",
                "email": "Maya@example.com",
                "phone_1": "512-555-0142",
            }
        ],
    },
}


def tour(**changes):
    data = {
        "funnel_renter_id": 77,
        "funnel_tour_id": 501,
        "funnel_community_id": "oakwood",
        "start": "2026-12-03 10:30:00",
        "end": "2026-12-03 11:00:00",
        "status": "unknown",
    }
    return {"event": "appointment.updated", "data": {**data, **changes}}


@pytest.fixture(autouse=True)
def funnel(world):
    world.connect("funnel", "funnel")


def test_a_tour_takes_its_person_from_an_earlier_event(world):
    (reported,) = world.deliver("funnel", RENTER)
    world.run()
    assert world.status(reported) == ("ignored", "remembered")
    (booked,) = world.deliver("funnel", tour())
    world.run()
    assert world.status(booked) == ("written", None), world.event(booked).detail
    (lead,) = world.sandbox.leads
    assert (lead.first_name, lead.email_1) == ("Maya", "maya@example.com")
    assert [(tour.appointment_date, tour.appointment_time) for tour in world.tours] == [
        ("2026-12-03", "10:30:00")
    ]


def test_a_tour_waits_for_the_event_that_says_who_comes(world):
    (booked,) = world.deliver("funnel", tour())
    world.run_due()
    assert world.status(booked) == ("waiting", "unknown_contact")
    world.deliver("funnel", RENTER)
    world.run()
    assert world.status(booked) == ("written", None)


def test_a_person_whom_nobody_explains_is_for_a_person(world):
    (booked,) = world.deliver("funnel", tour())
    world.run()
    assert world.status(booked) == ("parked", "unknown_contact")
    assert '"77"' in world.event(booked).detail
    assert world.sandbox.leads == []


def test_the_newest_statement_about_a_person_counts(world):
    world.deliver("funnel", RENTER)
    world.clock.now += timedelta(minutes=1)
    changed = {"first_name": "Maya", "last_name": "Okafor", "email": "new@example.com"}
    world.deliver("funnel", {**RENTER, "data": {"funnel_renter_id": 77, "people": [changed]}})
    world.deliver("funnel", tour())
    world.run()
    (lead,) = world.sandbox.leads
    assert (lead.email_1, lead.phone_1) == ("new@example.com", "5125550142")


def test_a_tour_does_not_overtake_a_change_of_its_person(world, clock):
    world.deliver("funnel", RENTER)
    world.run()
    changed = {"first_name": "Maya", "last_name": "Okafor", "email": "new@example.com"}
    (reported,) = world.deliver("funnel", {**RENTER, "data": {"funnel_renter_id": 77, "people": [changed]}})
    world.put_off(reported, clock() + timedelta(seconds=2))
    (booked,) = world.deliver("funnel", tour())
    world.run_due()
    assert world.status(booked) == ("waiting", "earlier_event")
    assert world.event(booked).detail == f"Event {reported} of the same person is still on its way."
    world.run()
    (lead,) = world.sandbox.leads
    assert lead.email_1 == "new@example.com"


def test_people_of_one_source_are_not_known_to_another(world):
    world.deliver("funnel", RENTER)
    world.connect("elsewhere", "funnel")
    (booked,) = world.deliver("elsewhere", tour())
    world.run()
    assert world.status(booked) == ("parked", "unknown_contact")


def test_a_no_show_is_kept_with_its_booking_and_changes_nothing(world):
    world.deliver("funnel", RENTER)
    (booked,) = world.deliver("funnel", tour())
    world.run()
    (missed,) = world.deliver("funnel", tour(status="no-show"))
    world.run()
    assert world.status(missed) == ("ignored", "no_show")
    assert world.event(missed).booking_id == world.event(booked).booking_id
    assert len(world.tours) == 1
