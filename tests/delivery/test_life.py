"""The whole life of a tour: booked, moved, cancelled, at each PMS and in every order of arrival."""

from datetime import timedelta

import pytest

from bridge.propexo.pms import PROFILES

DIRECT = ["REALPAGE_RPX", "RENTMANAGER", "APPFOLIO"]
AFTER_SYNC = ["ENTRATA", "YARDI"]
START = {
    # 10:30 at the property (Chicago) is 9:30 in Denver and 16:30 UTC.
    "ENTRATA": "09:30:00",
    "APPFOLIO": "16:30:00",
    "RESMAN": "16:30:00",
}


@pytest.fixture(params=DIRECT)
def direct(request):
    return request.param


class TestPmsThatAnswersIds:
    @pytest.fixture
    def vendor(self, direct):
        return direct

    def test_book_reschedule_cancel(self, world, vendor):
        if vendor == "REALPAGE_RPX":  # creates leads without answering their id
            world.sandbox.add_lead("cintegration", "cproperty", email_1="maya@example.com")
        booked = world.book()
        world.run()
        assert world.status(booked) == ("written", None), world.event(booked).detail
        assert [(tour.appointment_date, tour.appointment_time) for tour in world.tours] == [
            ("2026-12-03", START.get(vendor, "10:30:00"))
        ]
        moved = world.reschedule()
        world.run()
        assert world.status(moved) == ("written", None), world.event(moved).detail
        assert [tour.appointment_date for tour in world.tours] == ["2026-12-04"]
        cancelled = world.cancel()
        world.run()
        assert world.status(cancelled) == ("written", None), world.event(cancelled).detail
        assert world.tours == []
        assert len(world.sandbox.leads) == 1


def waits_for_sync(world):
    """Half an hour in which nothing comes; of its many looks only some are made."""
    world.run(until=world.clock() + timedelta(minutes=3))
    world.clock.advance(minutes=25)
    world.run(until=world.clock() + timedelta(minutes=2))


class TestPmsWhoseIdsComeWithTheNextSync:
    @pytest.fixture(params=AFTER_SYNC)
    def vendor(self, request):
        return request.param

    def test_book_reschedule_cancel(self, world, vendor, clock):
        booked = world.book()
        waits_for_sync(world)
        if vendor == "ENTRATA":
            assert world.status(booked) == ("waiting", "lead_id")
            world.sandbox.sync("cintegration")
            world.run()
        assert world.status(booked) == ("written", None), world.event(booked).detail
        assert [tour.appointment_time for tour in world.tours] == [START.get(vendor, "10:30:00")]

        moved = world.reschedule()
        cancelled = world.cancel(at=clock() + timedelta(seconds=1))
        waits_for_sync(world)
        assert world.status(moved) == ("waiting", "appointment_id")
        assert world.status(cancelled) == ("waiting", "earlier_event")
        world.sandbox.sync("cintegration")
        world.run()
        assert world.status(cancelled) == ("written", None), world.event(cancelled).detail
        assert world.tours == []
        assert len(world.sandbox.appointments) == 1

    def test_a_tour_whose_appointment_never_shows_is_reported_before_it_starts(self, world, vendor, clock):
        world.sandbox.add_lead("cintegration", "cproperty", email_1="maya@example.com")
        world.book()
        world.run()
        cancelled = world.cancel()
        waits_for_sync(world)
        clock.advance(days=8)
        world.run()
        assert world.status(cancelled) == ("parked", "not_found")
        assert world.event(cancelled).ended_at.isoformat() <= "2026-12-03T16:30:00+00:00"


class TestResMan:
    @pytest.fixture
    def vendor(self):
        return "RESMAN"

    def test_a_cancel_is_for_a_person(self, world):
        booked = world.book()
        world.run()
        assert world.status(booked) == ("written", None), world.event(booked).detail
        assert [tour.appointment_time for tour in world.tours] == ["16:30:00"]
        moved = world.reschedule()
        world.run()
        assert world.status(moved) == ("written", None), world.event(moved).detail
        cancelled = world.cancel()
        world.run()
        assert world.status(cancelled) == ("parked", "not_supported")
        assert "ResMan" in world.event(cancelled).detail
        assert world.calls("POST", "/v1/events/appointments/leads/cancel") == []


class TestMri:
    @pytest.fixture
    def vendor(self):
        return "MRI"

    def test_booked_in_the_configured_zone_and_cancelled_by_a_person(self, world):
        booked = world.book()
        world.run()
        assert world.status(booked) == ("written", None), world.event(booked).detail
        assert [tour.appointment_time for tour in world.tours] == ["10:30:00"]
        cancelled = world.cancel()
        world.run()
        assert world.status(cancelled) == ("parked", "not_supported")


NOT_BOOKABLE = sorted(name for name, profile in PROFILES.items() if profile.create is None)


class TestPmsWithoutLeadAppointments:
    @pytest.fixture(params=NOT_BOOKABLE)
    def vendor(self, request):
        return request.param

    def test_parked_before_anything_is_sent(self, world, vendor):
        booked = world.book()
        world.run()
        assert world.status(booked) == ("parked", "not_supported")
        assert PROFILES[vendor].name in world.event(booked).detail
        assert world.sandbox.requests == []


def test_every_profile_is_lived_through():
    lived = {*DIRECT, *AFTER_SYNC, "RESMAN", "MRI", "YARDI_REST", *NOT_BOOKABLE}
    assert lived == set(PROFILES)


class TestYardiRest:
    @pytest.fixture
    def vendor(self):
        return "YARDI_REST"

    def test_books_for_a_known_lead_only(self, world):
        unknown = world.book("B-1", email="new@example.com")
        world.run()
        assert world.status(unknown) == ("parked", "not_supported")
        world.sandbox.add_lead("cintegration", "cproperty", email_1="maya@example.com")
        known = world.book("B-2")
        world.run()
        assert world.status(known) == ("written", None), world.event(known).detail


def test_notes_carry_the_reference_and_the_senders_words(world):
    world.book()
    world.run()
    assert world.tours[0].notes.startswith("Ref TB-")
    assert world.tours[0].notes.endswith("2 BR")


def test_a_missing_field_parks_before_anything_is_sent(world):
    event = world.send(
        "booked",
        prospect={"first_name": "Prince", "email": "p@example.com"},
        tour={"start": "2026-12-03T10:30:00-06:00"},
    )
    world.run()
    assert world.status(event) == ("parked", "missing_field")
    assert "last_name" in world.event(event).detail
    assert "properties.oakwood.defaults.last_name" in world.event(event).detail
    assert world.calls("POST", "/v1/leads/") == []


def test_a_start_in_the_past_is_parked(world):
    event = world.book(start="2026-11-24T08:00:00-06:00")
    world.run()
    assert world.status(event) == ("parked", "start_passed")
    assert world.event(event).detail == "The tour was to start on Tue, Nov 24, 2026, 8:00 AM CST."
    assert world.sandbox.requests == []


def test_an_unknown_property_is_parked_with_the_value_found(world):
    event = world.book(property="Nowhere Court")
    world.run()
    assert world.status(event) == ("parked", "unknown_property")
    assert '"Nowhere Court"' in world.event(event).detail


def test_a_wall_time_that_daylight_saving_skips_is_parked(world, clock):
    prospect = {"first_name": "Maya", "last_name": "Okafor", "email": "maya@example.com"}
    event = world.send("booked", prospect=prospect, tour={"start_local": "2027-03-14T02:30:00"})
    world.run()
    assert world.status(event) == ("parked", "invalid_time")
    assert world.sandbox.requests == []


def test_the_same_booking_twice_is_one_change(world):
    world.book()
    world.run()
    again = world.book()
    world.run()
    assert world.status(again) == ("ignored", "already_written")
    assert len(world.sandbox.appointments) == 1


def test_booked_again_after_a_cancel(world, clock):
    world.book()
    world.run()
    world.cancel()
    world.run()
    again = world.book(start="2026-12-05T10:30:00-06:00")
    world.run()
    assert world.status(again) == ("written", None)
    assert [tour.appointment_date for tour in world.tours] == ["2026-12-05"]


def test_a_tour_that_moves_to_another_property_is_cancelled_at_the_first(world):
    world.book()
    world.run()
    moved = world.reschedule(property="elm")
    world.sandbox.fail(method="POST", path="/v1/events/appointments/leads", drop="after")
    world.run()
    assert world.status(moved) == ("written", None), world.event(moved).detail
    assert [tour.appointment_date for tour in world.tours] == ["2026-12-04"]
    assert len(world.sandbox.active_appointments("celm")) == 1


def test_what_the_pms_will_not_store_is_on_record(world):
    event = world.book(unit="204B", agent="sam@example.com")
    world.run()
    (create,) = (attempt for attempt in world.attempts(event) if attempt.kind == "create")
    assert "Rent Manager does not store unit_id with an appointment." in create.detail
    assert 'Not in bridge.toml, and not exactly once in Propexo: agent "sam@example.com".' in create.detail
