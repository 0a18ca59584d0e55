"""The lead of a tour: named, known, found or made."""

import pytest

LEADS = "/v1/leads/"


def known(world, **fields):
    return world.sandbox.add_lead("cintegration", "cproperty", **fields)


def test_a_lead_that_the_sender_names_is_used(world):
    lead = known(world, email_1="somebody@example.com")
    event = world.book(lead_id=lead)
    world.run()
    assert world.status(event) == ("written", None)
    assert world.tours[0].lead_id == lead


def test_an_id_of_another_system_is_not_taken_for_a_lead(world):
    lead = known(world, email_1="maya@example.com")
    event = world.book(lead_id="00Q5e00001AbCdEEAV")
    world.run()
    assert world.status(event) == ("written", None)
    assert world.tours[0].lead_id == lead


def test_an_unknown_lead_id_and_nobody_else_is_parked(world):
    event = world.send("booked", lead_id="cnobody", tour={"start": "2026-12-03T10:30:00-06:00"})
    world.run()
    assert world.status(event) == ("parked", "stale_link")
    assert '"cnobody"' in world.event(event).detail


def test_found_by_email_whatever_its_case(world):
    lead = known(world, email_1="maya@example.com")
    world.book(email="Maya@Example.COM")
    world.run()
    assert [tour.lead_id for tour in world.tours] == [lead]


def test_found_by_phone_in_the_spelling_of_the_pms(world):
    lead = known(world, phone_1="(512) 555-0142", last_name="Okafor")
    world.book()
    world.run()
    assert [tour.lead_id for tour in world.tours] == [lead]


def test_a_shared_phone_is_not_a_shared_person(world):
    partner = known(world, phone_1="(512) 555-0142", email_1="tom@example.com", last_name="Miller")
    world.book()
    world.run()
    assert len(world.sandbox.leads) == 2
    assert world.tours[0].lead_id != partner


def test_a_phone_of_somebody_with_another_name_is_not_enough(world):
    known(world, phone_1="(512) 555-0142", last_name="Miller")
    world.book(email=None)
    world.run()
    assert len(world.sandbox.leads) == 2


def test_the_second_booking_of_a_person_asks_for_no_lead(world):
    world.book("A")
    world.run()
    before = len(world.calls("GET", LEADS))
    world.book("B", start="2026-12-10T10:00:00-06:00")
    world.run()
    assert len(world.tours) == 2
    assert len(world.calls("GET", LEADS)) == before


def test_a_new_lead_carries_what_the_booking_says(world):
    world.book()
    world.run()
    (lead,) = world.sandbox.leads
    assert (lead.first_name, lead.last_name) == ("Maya", "Okafor")
    assert (lead.email_1, lead.phone_1) == ("maya@example.com", "5125550142")


class TestYardi:
    @pytest.fixture
    def vendor(self):
        return "YARDI"

    def test_gets_an_id_of_ours_and_the_name_of_the_company(self, world):
        world.book()
        world.run()
        (lead,) = world.sandbox.leads
        assert lead.third_party_id.startswith("LD-")
        assert lead.organization_name == "Oakwood Management"


class TestRealPagePartnerExchange:
    @pytest.fixture
    def vendor(self):
        return "REALPAGE_RPX"

    def test_waits_for_the_sync_and_makes_no_second_lead_meanwhile(self, world, clock):
        first = world.book("A")
        second = world.book("B", start="2026-12-10T10:00:00-06:00")
        world.run(until=clock().replace(hour=23))
        assert world.status(first) == ("waiting", "lead_id")
        assert world.status(second) == ("waiting", "lead_id")
        world.sandbox.sync("cintegration")
        world.run()
        assert [world.status(one) for one in (first, second)] == [("written", None)] * 2
        assert len(world.sandbox.leads) == 1

    def test_a_lead_whose_id_came_too_late_is_not_made_again(self, world, clock):
        first = world.book("A", start="2026-11-24T12:00:00-06:00")
        world.run()
        assert world.status(first) == ("parked", "not_found")
        second = world.book("B", start="2026-12-10T10:00:00-06:00")
        world.sandbox.sync("cintegration")
        world.run()
        assert world.status(second) == ("written", None)
        assert len(world.sandbox.leads) == 1
