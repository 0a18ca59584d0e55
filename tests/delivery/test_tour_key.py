"""No two workers make two appointments of one tour: the key that a booking takes with its write, and gives back."""

from datetime import timedelta

import pytest
from delivery.cases import START, booking, in_pms, snapshot, stored
from sqlalchemy import text

from bridge.delivery.rules.tour_key import kept_key, tour_key

APPOINTMENTS = "/v1/events/appointments/leads"
KEY = "oakwood|clead|2026-12-03T16:30:00+00:00"


def key_beside(*rows, **changes):
    return tour_key(snapshot(related=rows, **changes), booking(id=1), "clead", "oakwood", START)


def test_the_key_is_the_lead_the_property_and_the_start():
    assert key_beside() == KEY
    assert tour_key(snapshot(), booking(), None, "oakwood", START) is None


def test_another_tour_at_the_same_time_has_a_number():
    first, second = booking(id=2, tour_key=KEY), booking(id=3, tour_key=f"{KEY}#2")
    assert key_beside(first) == f"{KEY}#2"
    assert key_beside(first, second) == f"{KEY}#3"
    assert key_beside(second) == KEY
    assert key_beside(duplicates=(first,)) == f"{KEY}#2"


def test_a_booking_keeps_its_key_while_its_start_stays():
    own = booking(id=1, tour_key=f"{KEY}#2")
    known = snapshot(**stored(own))
    assert tour_key(known, own, "clead", "oakwood", START) == f"{KEY}#2"
    later = tour_key(known, own, "clead", "oakwood", START + timedelta(hours=1))
    assert later == "oakwood|clead|2026-12-03T17:30:00+00:00"


@pytest.mark.parametrize(
    ("row", "key"),
    [
        (booking(tour_key=KEY, in_flight_attempt_id=5), KEY),
        (in_pms(tour_key=KEY), KEY),
        (in_pms(tour_key=f"{KEY}#2"), f"{KEY}#2"),
        (in_pms(tour_key=f"{KEY}#2", lead_id="cother"), None),
        (in_pms(tour_key=KEY, property_key="elm"), None),
        (in_pms(tour_key="oakwood|clead|2026-12-04T16:30:00+00:00"), None),
        (in_pms(tour_key=KEY, confirmed_state="cancelled", confirmed_tour=None), None),
        (booking(tour_key=KEY), None),
        (in_pms(), None),
    ],
)
def test_only_a_write_on_its_way_or_the_appointment_keeps_a_key(row, key):
    assert kept_key(row) == key


# Through the endpoint, PostgreSQL and the sandbox.


def one_lead(world):
    return world.sandbox.add_lead(
        "cintegration", "cproperty", first_name="Maya", last_name="Okafor", phone_1="5125550142"
    )


def other_source(world):
    """The same person with another e-mail: another lane, which sees nothing of a booking that is not stored yet."""
    return world.book("H-1", source="other", email="work@example.com")


def beside(world, happens):
    """Let something happen as a worker has found its lead, and another worker do what is due by that."""
    made, found = world.tools.propexo.find_leads, []

    def answer(*given, **named):
        world.tools.propexo.find_leads = made
        result = made(*given, **named)
        found.append(happens())
        another = world.new_engine()
        while another.tick():
            pass
        return result

    world.tools.propexo.find_leads = answer
    return found


def forget_keys(world):
    """As the version before writes its bookings."""
    with world.database.session() as session:
        session.execute(text("UPDATE bookings SET tour_key = NULL"))


def keys_of(world):
    with world.database.session() as session:
        return session.scalars(text("SELECT tour_key FROM bookings ORDER BY id")).all()


WAITS_FOR_THE_OTHER = "the dry run ('Wait', <Reason.OUTCOME_UNKNOWN"


def key_of(lead, start="2026-12-03T16:30:00"):
    return f"oakwood|{lead}|{start}+00:00"


def creates(world):
    return len(world.calls("POST", APPOINTMENTS))


def test_one_tour_of_two_sources_in_two_workers_is_one_appointment(world):
    one_lead(world)
    extra = beside(world, lambda: other_source(world))
    events = [world.book("C-1")]
    world.run()
    events += extra
    assert creates(world) == 1
    assert len({world.event(event).booking_id for event in events}) == 1
    assert sorted(world.status(event) for event in events) == [("ignored", "linked"), ("written", "linked")]


def test_one_tour_of_two_sources_in_one_commit_is_one_appointment(world, dry_run_equals_run):
    world.at_once = 4
    one_lead(world)
    events = world.book("C-1"), other_source(world)
    elsewhere = world.book("C-2", email="ana@example.com", property="elm")
    world.run()
    assert creates(world) == 2
    assert sorted(world.status(event) for event in events) == [("ignored", "linked"), ("written", "linked")]
    assert world.status(elsewhere) == ("written", None)
    # The dry run of one event may already find the write of the other, and waits for its outcome.
    dry_run_equals_run[:] = [found for found in dry_run_equals_run if WAITS_FOR_THE_OTHER not in found]


@pytest.fixture
def lead(world):
    return world.sandbox.add_lead(
        "cintegration", "cproperty", first_name="Maya", last_name="Okafor", email_1="maya@example.com"
    )


def book_for(world, booking_id, email, **more):
    prospect = {"first_name": "Maya", "last_name": "Okafor", "email": email, **more.pop("person", {})}
    return world.send(
        "booked", booking_id, prospect=prospect, tour={"start": "2026-12-03T10:30:00-06:00"}, **more
    )


@pytest.mark.parametrize("is_race", [True, False])
def test_one_lead_at_one_start_is_one_tour_whatever_the_addresses(world, lead, is_race):
    def other():
        return book_for(world, "H-1", "work@example.com", source="other", lead_id=lead)

    extra = beside(world, other) if is_race else []
    first = book_for(world, "C-1", "maya@example.com")
    world.run()
    second = extra[0] if is_race else other()
    world.run()
    assert creates(world) == 1
    assert keys_of(world) == [key_of(lead)]
    assert sorted(world.status(one) for one in (first, second))[1] == ("written", "linked")
    assert world.event(first).booking_id == world.event(second).booking_id


def test_a_visitor_at_the_leads_own_time_is_another_tour(world, lead):
    first = book_for(world, "C-1", "maya@example.com", person={"phone": "+15125550142"})
    world.run()
    other = {"first_name": "Jonas", "last_name": "Weller", "phone": "+13035550188"}
    second = book_for(world, "H-1", "jonas@example.com", person=other, source="other", lead_id=lead)
    world.run()
    assert [world.status(one) for one in (first, second)] == [("written", None)] * 2
    assert keys_of(world) == [key_of(lead), f"{key_of(lead)}#2"]


def test_two_units_at_one_time_are_two_tours(world, lead):
    book_for(world, "C-1", "maya@example.com", unit="101")
    book_for(world, "C-2", "maya@example.com", unit="204")
    world.run()
    assert len(world.tours) == 2
    assert keys_of(world) == [key_of(lead), f"{key_of(lead)}#2"]


def test_a_cancel_gives_the_key_back(world, lead):
    world.book()
    world.run()
    assert keys_of(world) == [key_of(lead)]
    world.cancel()
    world.run()
    assert keys_of(world) == [None]
    world.book("B-2")
    world.run()
    assert keys_of(world) == [None, key_of(lead)]


def test_a_move_takes_the_key_of_its_new_start(world, lead):
    world.book()
    world.run()
    world.clock.advance(minutes=1)
    world.reschedule()
    world.run()
    assert keys_of(world) == [key_of(lead, "2026-12-04T19:00:00")]
    assert len(world.tours) == 1


def test_a_refused_write_leaves_no_key(world, lead):
    world.sandbox.fail(method="POST", path=APPOINTMENTS, status=400)
    world.book()
    world.run()
    assert keys_of(world) == [None]
    world.book("B-2", start="2026-12-04T13:00:00-06:00")
    world.run()
    world.clock.advance(minutes=1)
    world.sandbox.fail(method="PUT", path=f"{APPOINTMENTS}/*", status=422)
    world.reschedule("B-2", start="2026-12-05T13:00:00-06:00")
    world.run()
    assert keys_of(world) == [None, None]


def test_the_version_before_writes_no_key_and_is_in_nobodys_way(world, lead):
    world.book()
    world.run()
    forget_keys(world)
    world.clock.advance(minutes=1)
    second = world.book("H-1", source="other")
    world.reschedule()
    world.run()
    assert world.status(second)[1] == "linked"
    assert keys_of(world) == [key_of(lead, "2026-12-04T19:00:00")]


def test_two_appointments_beside_the_version_before_become_one(world):
    one_lead(world)
    beside(world, lambda: other_source(world))
    sent = world.tools.propexo.create_appointment

    def sent_before(body):
        world.tools.propexo.create_appointment = sent
        forget_keys(world)
        return sent(body)

    world.tools.propexo.create_appointment = sent_before
    world.book("C-1")
    world.run()
    assert (creates(world), len(world.tours)) == (2, 1)
