"""In a backlog the soonest tour goes first; inside one contact the order of arrival holds whatever the priorities."""

from datetime import timedelta

import pytest

CREATE = "/v1/events/appointments/leads"
LIMIT = 30
AT_ONCE = 4
"""Sender slots of the worker of these tests."""
MANY = 24
"""Tours that take more than two minutes at that limit; more than the twenty that make a backlog."""
CHANGED = 6
"""More changes than the worker sends at once."""


@pytest.fixture
def tight(world):
    world.limit(LIMIT)
    world.at_once = AT_ONCE
    return world


def book(world, n, start):
    return world.book(f"B-{n}", start=start.isoformat(), email=f"renter{n}@example.com")


def created(world):
    return [
        call.body["appointment_date"] + call.body["appointment_time"] for call in world.calls("POST", CREATE)
    ]


def first_calls(world):
    """The numbers of the renters, in the order in which somebody first called Propexo for them."""
    asked = [str(call.query.get("email_1", "")) for call in world.calls("GET", "/v1/leads/")]
    return list(dict.fromkeys(int(email[6:].partition("@")[0]) for email in asked if email))


def test_the_soonest_tour_goes_first(tight, clock):
    """Also one that comes later; and one that starts before its turn has come is parked as such."""
    for n in range(MANY):
        book(tight, n, clock() + timedelta(days=5, hours=n * 17 % MANY))
    tight.run(until=clock() + timedelta(seconds=10))
    late = book(tight, 98, clock() + timedelta(seconds=20))
    tight.run(until=clock() + timedelta(seconds=40))
    before = len(created(tight))
    soon = book(tight, 99, clock() + timedelta(hours=5))
    tight.run(until=clock() + timedelta(seconds=70))
    assert tight.event(soon).job_id
    assert before < MANY
    tight.run()
    assert tight.status(late) == ("parked", "start_passed")
    assert {event.status for event in tight.events() if event.id != late} == {"written"}
    order = [n * 17 % MANY for n in first_calls(tight) if n < MANY]
    assert max(abs(place - hours) for place, hours in enumerate(order)) <= AT_ONCE
    assert [request for request in tight.sandbox.requests if request.status == 429] == []


def test_changes_of_far_tours_wait_for_bookings(tight, clock):
    tight.limit(1000)
    booked = [book(tight, n, clock() + timedelta(days=9, hours=n)) for n in range(CHANGED)]
    tight.run()
    assert {tight.event(one).status for one in booked} == {"written"}
    clock.advance(hours=1)
    tight.limit(LIMIT)
    seen = len(tight.sandbox.requests)
    for n in range(CHANGED):
        tight.reschedule(f"B-{n}", start=(clock() + timedelta(days=8, hours=n)).isoformat())
    for n in range(20, 20 + MANY):
        book(tight, n, clock() + timedelta(days=20, hours=n))
    tight.run()
    writes = [request.method for request in tight.sandbox.requests[seen:] if request.path.startswith(CREATE)]
    first_change, last_booking = writes.index("PUT"), len(writes) - 1 - writes[::-1].index("POST")
    assert writes.count("PUT") == CHANGED
    assert last_booking - first_change <= AT_ONCE


def test_a_sooner_event_of_a_contact_lifts_the_earlier_ones_and_does_not_overtake_them(tight, clock):
    far = book(tight, 0, clock() + timedelta(days=30))
    for n in range(1, MANY):
        book(tight, n, clock() + timedelta(days=3, hours=n))
    tight.run(until=clock() + timedelta(seconds=5))
    assert tight.event(far).reason == "budget"
    when = clock() + timedelta(days=2)
    soon = tight.book_moved(
        "M", "B-0", when.isoformat(), clock() + timedelta(minutes=1), "renter0@example.com"
    )
    tight.run(until=clock() + timedelta(seconds=55))  # the next minute has just begun
    assert tight.event(far).reason == "confirmation"  # first of all, although its own tour is the last
    tight.run()
    assert {tight.event(one).status for one in (far, soon)} <= {"written", "ignored"}
    standing = [tour.appointment_date for tour in tight.tours]
    assert len(standing) == MANY, [tight.status(one) for one in (far, soon)]
    assert min(standing) == (when - timedelta(hours=6)).date().isoformat()
