"""Changes in two steps end well: moves out of a PMS without cancellations, and moves that were overtaken."""

from datetime import timedelta

import pytest

ELM = "celmintegration"
MOVED = "2026-12-04T13:00:00-06:00"


@pytest.fixture(params=["RESMAN", "MRI", "YARDI_REST"])
def without_cancel(request):
    return request.param


class TestOutOfAPmsWithoutCancellations:
    @pytest.fixture
    def vendor(self, without_cancel):
        return without_cancel

    @pytest.fixture
    def moved(self, world, vendor):
        """A tour that moves to a property of another integration."""
        for integration, place in (("cintegration", "cproperty"), (ELM, "celm")):
            world.sandbox.add_lead(
                integration, place, email_1="maya@example.com", first_name="Maya", last_name="Okafor"
            )
        booked = world.book()
        world.run()
        assert world.status(booked) == ("written", None), world.event(booked).detail
        world.clock.now += timedelta(minutes=1)
        moved = world.reschedule(property="elm")
        world.run()
        return moved

    def test_is_booked_anew_first_and_then_an_operator_is_asked(self, world, moved):
        assert world.status(moved) == ("parked", "finish_by_hand")
        detail = world.event(moved).detail
        assert detail.startswith(
            "Booked at Elm Court on Fri, Dec 4, 2026, 1:00 PM CST. Cancel the appointment"
        )
        assert "of Maya Okafor on Thu, Dec 3, 2026, 10:30 AM CST at Oakwood Flats in" in detail
        assert len(world.sandbox.active_appointments("celm")) == 1
        assert world.calls("POST", "/v1/events/appointments/leads/cancel") == []
        # A replay after the cancel by hand ends well.
        world.replay(moved)
        world.run()
        assert world.status(moved) == ("written", None)
        assert len(world.sandbox.active_appointments("celm")) == 1

    def test_a_later_event_is_not_asked_again(self, world, moved):
        world.clock.now += timedelta(minutes=1)
        again = world.reschedule(start="2026-12-04T15:00:00-06:00", property="elm")
        world.run(until=world.clock() + timedelta(hours=1))
        assert world.event(again).reason != "finish_by_hand"
        assert len(world.sandbox.active_appointments("celm")) == 1


class TestResMan:
    @pytest.fixture
    def vendor(self):
        return "RESMAN"

    def test_another_person_is_booked_anew_first(self, world):
        world.book()
        world.run()
        prospect = {
            "first_name": "Ana",
            "last_name": "Lopez",
            "email": "ana@example.com",
            "phone": "+13035550199",
        }
        world.clock.now += timedelta(minutes=1)
        again = world.send("rescheduled", prospect=prospect, tour={"start": "2026-12-03T10:30:00-06:00"})
        world.run()
        world.replay(again)
        world.run()
        assert world.status(again) == ("parked", "finish_by_hand")
        assert "Cancel the appointment of Maya Okafor" in world.event(again).detail
        assert len({tour.lead_id for tour in world.tours}) == 2

    def test_a_chain_whose_middle_comes_late_leaves_one_appointment(self, world):
        check_a_late_middle(world)


def check_a_late_middle(world):
    at = world.clock()
    world.book("U-0")
    world.run()
    world.clock.now += timedelta(minutes=30)
    last = world.book_moved("U-2", "U-1", "2026-12-05T10:30:00-06:00", at + timedelta(minutes=20))
    world.run_due()
    assert world.status(last) == ("waiting", "unknown_booking")
    world.clock.now += timedelta(seconds=1)
    middle = world.book_moved("U-1", "U-0", MOVED, at + timedelta(minutes=10))
    world.run()
    assert {world.status(one)[0] for one in (last, middle)} <= {"written", "ignored"}
    assert [tour.appointment_date for tour in world.tours] == ["2026-12-05"]
    assert len(world.sandbox.appointments) == 1


def test_a_chain_whose_middle_comes_late_leaves_one_appointment(world):
    check_a_late_middle(world)


def test_a_move_of_a_booking_that_nobody_knows_waits_for_half_a_minute_only(world):
    began = world.clock()
    moved = world.book_moved("U-2", "U-1", MOVED, began)
    world.run()
    assert world.status(moved) == ("written", None)
    assert world.event(moved).first_call_at - began <= timedelta(seconds=40)


def test_stored_events_that_share_a_reference_are_part_of_the_decision(world):
    at = world.clock()
    world.book("U-0")
    world.run()
    world.clock.now += timedelta(minutes=30)
    last = world.book_moved("U-3", "U-2", "2026-12-06T10:30:00-06:00", at + timedelta(minutes=25))
    world.book_moved("U-2", "U-1", "2026-12-05T10:30:00-06:00", at + timedelta(minutes=20))
    world.book_moved("U-1", "U-0", MOVED, at + timedelta(minutes=10))
    world.run()
    assert world.status(last) == ("written", None)
    assert len(world.sandbox.appointments) == 1
    assert [tour.appointment_date for tour in world.tours] == ["2026-12-06"]
