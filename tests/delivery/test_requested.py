"""Tours that a renter asks for and that are not confirmed yet."""

from datetime import timedelta

import pytest

PROSPECT = {"first_name": "Maya", "last_name": "Okafor", "email": "maya@example.com"}
TOUR = {"start": "2026-12-03T10:30:00-06:00", "notes": "2 BR"}
HOUR = timedelta(hours=1)
HELD = ("waiting", "requested")


def ask(world, booking_id="B-1", *, tour=TOUR, **more):
    return world.send("requested", booking_id, prospect=PROSPECT, tour=tour, **more)


@pytest.fixture
def asked(world):
    event_id = ask(world)
    world.run_due()
    return event_id


def test_nothing_is_written_before_somebody_confirms_it(world, asked):
    assert world.status(asked) == HELD
    assert "Maya Okafor asks for a tour on Thu, Dec 3, 2026, 10:30 AM CST" in world.event(asked).detail
    assert world.sandbox.requests == []


def test_the_confirmation_books_it_and_does_not_wait_for_the_request(world, asked):
    confirmed = world.book()
    world.run_due()
    assert world.event(confirmed).status == "submitted"
    world.run(until=world.clock() + timedelta(hours=1))
    assert world.status(confirmed) == ("written", None)
    assert world.status(asked) == ("ignored", "superseded")
    assert len(world.tours) == 1


def test_confirmations_of_one_commit_end_all_their_requests(world):
    people = {f"B-{number}": {**PROSPECT, "email": f"maya{number}@example.com"} for number in range(3)}
    requests = [world.send("requested", name, prospect=person, tour=TOUR) for name, person in people.items()]
    world.run_due()
    for name, person in people.items():
        world.send("booked", name, prospect=person, tour=TOUR)
    world.run(until=world.clock() + timedelta(hours=1))
    assert [world.status(event_id) for event_id in requests] == [("ignored", "superseded")] * 3


def test_a_confirmation_without_the_person_takes_it_from_the_request(world, asked):
    confirmed = world.send("booked", tour=TOUR, prospect={"email": "maya@example.com"})
    world.run(until=world.clock() + timedelta(hours=1))
    assert world.status(confirmed) == ("written", None)
    (lead,) = world.sandbox.leads
    assert (lead.first_name, lead.last_name) == ("Maya", "Okafor")


def test_a_request_that_is_declined_is_over(world, asked):
    declined = world.cancel()
    world.run(until=world.clock() + timedelta(hours=1))
    assert world.status(declined) == ("ignored", "nothing_to_cancel")
    assert world.status(asked) == ("ignored", "superseded")
    assert world.tours == []


def test_a_wish_after_a_refusal_is_a_new_one(world, asked):
    world.cancel()
    world.run(until=world.clock() + timedelta(hours=1))
    again = ask(world, tour={**TOUR, "start": "2026-12-04T13:00:00-06:00"})
    world.run_due()
    assert world.status(again) == HELD
    confirmed = world.book(start="2026-12-04T13:00:00-06:00")
    world.run(until=world.clock() + timedelta(hours=1))
    assert world.status(confirmed) == ("written", None)
    assert world.status(again) == ("ignored", "superseded")


def test_a_wish_to_move_a_booked_tour_waits_and_leaves_it_where_it_is(world):
    world.book()
    world.run()
    moved = ask(world, tour={"start": "2026-12-04T13:00:00-06:00"})
    world.run_due()
    assert world.status(moved) == HELD
    assert "Fri, Dec 4, 2026, 1:00 PM" in world.event(moved).detail
    world.send("booked", prospect={**PROSPECT, "last_name": "Okafor-Lee"}, tour=TOUR, at=world.clock() - HOUR)
    world.run(until=world.clock() + timedelta(minutes=5))
    (tour,) = world.tours
    assert (tour.appointment_date, tour.appointment_time) == ("2026-12-03", "10:30:00")


def test_an_operator_is_notified_when_nobody_confirms_it_in_time(world, asked):
    world.run(until=world.clock() + timedelta(days=10))
    assert world.status(asked) == ("parked", "requested")
    assert world.event(asked).ended_at - world.event(asked).received_at <= timedelta(hours=72)


def lapses(world):
    """Four days without a confirmation; of the many polls only the last one is made."""
    world.clock.advance(days=4)
    world.run_due()


@pytest.mark.parametrize("decide", ["book", "cancel"])
def test_a_parked_request_needs_nobody_once_it_is_decided(world, asked, decide):
    lapses(world)
    assert world.status(asked) == ("parked", "requested")
    decided = world.book(start="2026-12-10T10:30:00-06:00") if decide == "book" else world.cancel()
    world.run(until=world.clock() + HOUR)
    assert world.event(decided).status in ("written", "ignored")
    assert world.status(asked) == ("ignored", "superseded")
    assert world.event(asked).detail == f"Event {decided} has decided it."


def test_a_request_without_a_time_needs_nobody_once_it_is_booked(world):
    asked = ask(world, tour={"notes": "Any evening next week"})
    world.run()
    assert world.status(asked) == ("parked", "needs_time")
    world.book()
    world.run()
    assert world.status(asked) == ("ignored", "superseded")


def test_a_parked_request_is_not_decided_by_what_happened_before_it(world, asked):
    lapses(world)
    world.cancel(at=world.event(asked).received_at - HOUR)
    world.run(until=world.clock() + HOUR)
    assert world.status(asked) == ("parked", "requested")


def test_a_source_can_book_what_is_asked_for(world):
    world.document["sources"]["widget"]["on_request"] = "book"
    world.restart()
    asked = ask(world)
    world.run()
    assert world.status(asked) == ("written", None)
    assert len(world.tours) == 1


@pytest.mark.parametrize("policy", ["book", "hold"])
def test_a_request_without_a_time_is_for_a_person(world, policy):
    world.document["sources"]["widget"]["on_request"] = policy
    world.restart()
    asked = ask(world, tour={"notes": "Any evening next week"})
    world.run()
    assert world.status(asked) == ("parked", "needs_time")
    assert world.sandbox.leads == []


class TestLeadOnly:
    @pytest.fixture(autouse=True)
    def policy(self, world):
        world.document["sources"]["widget"]["on_request"] = "lead_only"
        world.restart()

    @pytest.mark.parametrize("tour", [TOUR, {"notes": "Any evening next week"}])
    def test_the_person_becomes_a_lead_whose_notes_say_the_wish(self, world, tour):
        asked = ask(world, tour=tour)
        world.run()
        assert world.status(asked) == ("written", "lead_only"), world.event(asked).detail
        (lead,) = world.sandbox.leads
        assert lead.email_1 == "maya@example.com"
        assert "Maya Okafor asks for a tour" in lead.notes
        assert tour["notes"] in lead.notes
        assert ("Thu, Dec 3, 2026, 10:30 AM" in lead.notes) == ("start" in tour)
        assert world.tours == []

    def test_a_person_who_is_a_lead_already_stays_the_one(self, world):
        world.sandbox.add_lead("cintegration", "cproperty", email_1="maya@example.com")
        asked = ask(world)
        world.run()
        assert world.status(asked) == ("written", "lead_only")
        assert len(world.sandbox.leads) == 1

    def test_a_booking_is_still_booked(self, world):
        asked, booked = ask(world), world.book()
        world.run()
        assert world.status(booked) == ("written", None)
        assert world.event(asked).status in ("written", "ignored")
        assert len(world.tours) == len(world.sandbox.leads) == 1

    class TestPmsThatAnswersNoId:
        @pytest.fixture
        def vendor(self):
            return "ENTRATA"

        def test_nobody_waits_for_an_id_that_is_not_needed(self, world):
            asked = ask(world)
            world.run(until=world.clock() + timedelta(minutes=30))
            assert world.status(asked) == ("written", "lead_only"), world.event(asked).detail
            assert len(world.sandbox.leads) == 1
