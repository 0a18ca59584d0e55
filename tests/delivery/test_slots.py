"""A time at a property with `slots` is one tour's: taken as the tour is accepted, given back as it ends."""

from datetime import timedelta

import pytest
from sqlalchemy import event as listener
from world import World

from bridge.delivery.storage.claims import claim_written
from bridge.events.actions import dismiss
from bridge.models import Event, SlotClaim

HOURS = ["mon-sun 09:00-18:00"]
THREE = "2026-12-03T15:00:00-06:00"
FOUR = "2026-12-03T16:00:00-06:00"


@pytest.fixture(autouse=True)
def slots(world: World) -> None:
    offer(world)


def offer(world: World, **slots: object) -> None:
    """Let Oakwood offer times."""
    world.document["properties"]["oakwood"] |= {"tour_hours": HOURS, "slots": slots}
    world.restart()


def book(world: World, name: str, start: str = THREE, **more: object) -> int:
    return world.book(name, start=start, email=f"{name.lower()}@example.com", **more)


def claims(world: World) -> list[str]:
    """The times that are taken."""
    with world.database.session() as session:
        rows = session.query(SlotClaim).order_by(SlotClaim.starts_at)
        return [f"{row.starts_at:%H:%M}-{row.ends_at:%H:%M}" for row in rows]


def test_the_second_tour_at_a_time_is_held_and_names_others(world: World):
    first = book(world, "A")
    world.run()
    second = book(world, "B")
    world.run()
    assert world.status(first) == ("written", None)
    assert world.status(second) == ("parked", "slot_taken")
    assert world.event(second).detail == (
        "2026-12-03 15:00 is taken by another tour. The nearest free times: "
        "2026-12-03 14:00, 2026-12-03 14:30, 2026-12-03 15:30, 2026-12-03 16:00."
    )
    assert len(world.tours) == 1
    assert claims(world) == ["21:00-21:30"]


def test_on_taken_book_writes_it_all_the_same(world: World):
    offer(world, on_taken="book")
    events = [book(world, name) for name in "AB"]
    world.run()
    assert [world.status(event) for event in events] == [("written", None)] * 2
    assert claims(world) == ["21:00-21:30"] * 2


def test_a_property_without_slots_takes_no_times(world: World):
    events = [
        world.book(name, start=THREE, email=f"{name}@example.com", property="elm") for name in ("A", "B")
    ]
    world.run()
    assert [world.status(event) for event in events] == [("written", None)] * 2
    assert claims(world) == []


def test_a_cancel_gives_the_time_back_before_the_pms_knows_of_it(world: World):
    book(world, "A")
    world.run()
    world.sandbox.fail(method="POST", path="/v1/events/appointments/leads/cancel", status=503, times=100)
    world.cancel("A")
    world.run_due()
    assert claims(world) == []
    assert len(world.tours) == 1
    second = book(world, "B")
    world.run(until=world.clock() + timedelta(minutes=2))
    assert world.status(second) == ("written", None)


def test_a_move_takes_the_new_time_and_frees_the_old_one(world: World):
    book(world, "A")
    world.run()
    world.reschedule("A", start="2026-12-03T15:15:00-06:00")  # overlaps its own time
    world.run()
    assert claims(world) == ["21:15-21:45"]
    second = book(world, "B", start="2026-12-03T14:45:00-06:00")
    world.run()
    assert world.status(second) == ("written", None)


def test_a_move_to_a_taken_time_is_held_and_keeps_the_old_one(world: World):
    book(world, "A")
    book(world, "B", start=FOUR)
    world.run()
    moved = world.reschedule("A", start=FOUR)
    world.run()
    assert world.status(moved) == ("parked", "slot_taken")
    assert claims(world) == ["21:00-21:30", "22:00-22:30"]
    assert sorted(tour.appointment_time for tour in world.tours) == ["15:00:00", "16:00:00"]


def test_a_refused_tour_gives_its_time_back(world: World):
    world.sandbox.fail(method="POST", path="/v1/events/appointments/leads", status=400)
    first = book(world, "A")
    world.run()
    assert world.status(first) == ("parked", "rejected")
    assert claims(world) == []
    second = book(world, "B")
    world.run()
    assert world.status(second) == ("written", None)
    world.replay(first)
    world.run()
    assert world.status(first) == ("parked", "slot_taken")


def test_a_move_that_is_refused_takes_the_old_time_again(world: World):
    book(world, "A")
    world.run()
    world.sandbox.fail(method="PUT", path="/v1/events/appointments/leads/*", status=405, times=9)
    world.reschedule("A", start=FOUR)
    world.run()
    assert claims(world) == ["21:00-21:30"]


def test_what_is_held_for_an_operator_keeps_its_time_until_it_is_dismissed(world: World):
    world.sandbox.fail(method="GET", path="/v1/leads/", status=418)
    first = book(world, "A")
    world.run()
    assert world.event(first).status == "parked"
    assert claims(world) == ["21:00-21:30"]
    second = book(world, "B")
    world.run()
    assert world.status(second) == ("parked", "slot_taken")
    with world.database.session() as session:
        dismiss(session.get_one(Event, first), world.clock(), "booked by hand")
    assert claims(world) == []
    world.replay(second)
    world.run()
    assert world.status(second) == ("written", None)


def test_tours_from_before_the_property_offered_times_hold_theirs(world: World):
    oakwood = world.document["properties"]["oakwood"]
    del oakwood["slots"]
    oakwood["tour_hours"] = "00:00-24:00"
    world.restart()
    book(world, "A")
    world.run()
    assert claims(world) == []
    offer(world)
    for expected in (1, 0):
        with world.database.engine.begin() as connection:
            assert claim_written(connection, world.settings, world.clock()) == expected
    assert claims(world) == ["21:00-21:30"]
    second = book(world, "B")
    world.run()
    assert world.status(second) == ("parked", "slot_taken")


def test_buffers_and_length_count(world: World):
    offer(world, buffer_after=15)
    book(world, "A")
    events = [
        book(world, "B", start="2026-12-03T15:40:00-06:00"),
        book(world, "C", start="2026-12-03T15:45:00-06:00"),
    ]
    world.run()
    assert [world.status(event) for event in events] == [("parked", "slot_taken"), ("written", None)]


def test_an_earlier_time_taken_by_another_worker_meanwhile_is_decided_anew(world: World):
    """The claim is checked again under the lock: what was free when it was decided may be taken as it is stored."""
    first = book(world, "A")
    engine = world.new_engine()
    world.set_database_clock()
    assert engine.tick()  # claims the lane of A and decides
    second = book(world, "B")
    world.run()
    while engine.tick() or engine.is_calling:
        pass
    world.run()
    assert sorted([world.status(first), world.status(second)]) == [
        ("parked", "slot_taken"),
        ("written", None),
    ]
    assert len(world.tours) == 1


def test_a_batch_takes_its_times_in_few_statements(world: World):
    """However many tours a commit has, its times cost at most four statements."""
    world.at_once = 8
    for number in range(8):
        book(world, f"T{number}", start=f"2026-12-{number + 3:02}T15:00:00-06:00")
    statements: list[str] = []
    listener.listen(
        world.database.engine, "before_cursor_execute", lambda *given: statements.append(given[2])
    )
    world.run()
    assert len(claims(world)) == 8
    locks = [statement for statement in statements if "INSERT INTO slot_calendars" in statement]
    takes = [statement for statement in statements if "INSERT INTO slot_claims" in statement]
    assert len(locks) == len(takes) < 8


AVAILABILITY = "/v1/appointment-availability/"


class TestAtAPmsThatOffersTimes:
    """Entrata: 09:00 to 17:00 there, which is 10:00 to 18:00 at the property."""

    @pytest.fixture
    def vendor(self) -> str:
        return "ENTRATA"

    @pytest.fixture(autouse=True)
    def lead(self, world: World) -> None:
        for name in "ab":
            world.sandbox.add_lead("cintegration", "cproperty", email_1=f"{name}@example.com")

    def test_a_time_that_the_pms_does_not_offer_is_held(self, world: World):
        first = book(world, "A", start="2026-12-03T18:30:00-06:00")
        world.run()
        assert world.status(first) == ("parked", "slot_taken")
        assert "2026-12-03 18:30 is not offered by the PMS." in str(world.event(first).detail)
        assert "2026-12-03 17:30" in str(world.event(first).detail)
        assert world.tours == []

    @pytest.mark.parametrize("is_gone", [False, True])
    @pytest.mark.parametrize("vendor", ["ENTRATA", "REALPAGE_RPX"])
    def test_a_request_holds_its_time_and_is_checked_again_when_it_is_confirmed(
        self, world: World, vendor: str, is_gone: bool
    ):
        wish = request(world, "A")
        world.run_due()
        assert world.status(wish) == ("waiting", "requested")
        assert claims(world) == ["21:00-21:30"]
        second = book(world, "B")
        world.run_due()
        assert world.status(second) == ("parked", "slot_taken")
        asked = len(world.calls("POST", AVAILABILITY))
        if is_gone:  # somebody else's by now
            lead = world.sandbox.add_lead("cintegration", "cproperty", email_1="c@example.com")
            hour = {"ENTRATA": "14:00:00", "REALPAGE_RPX": "15:00:00"}[
                vendor
            ]  # in Mountain Time; at the property
            there = {"appointment_date": "2026-12-03", "appointment_time": hour}
            body = {
                "integration_id": "cintegration",
                "lead_id": lead,
                "title": "By phone",
                "notes": "By phone",
            }
            body |= {"appointment_type": "TOUR", "appointment_duration_minutes": 30}
            if vendor == "REALPAGE_RPX":
                body["employee_id"] = world.document["properties"]["oakwood"]["defaults"]["employee_id"]
            world.tools.propexo.create_appointment({**body, **there})
            world.run(until=world.clock() + timedelta(minutes=5))
        booked = book(world, "A")
        world.run(until=world.clock() + timedelta(minutes=10))
        assert world.status(booked) == (("parked", "slot_taken") if is_gone else ("written", None))
        assert claims(world) == ([] if is_gone else ["21:00-21:30"])
        assert len(world.calls("POST", AVAILABILITY)) == asked + 1

    def test_a_tour_that_is_offered_is_written_and_asks_once(self, world: World):
        book(world, "A")
        world.run()
        assert [tour.appointment_time for tour in world.tours] == ["14:00:00"]
        assert len(world.calls("POST", AVAILABILITY)) == 1

    def test_what_was_asked_just_now_is_not_asked_again(self, world: World):
        world.document["sources"]["site"] = {
            "mapping": "website_form", "property": "oakwood", "origins": ["https://www.example.com"],
        }  # fmt: skip
        world.restart()
        assert world.client.get("/availability/site?from=2026-12-03").json["origin"] == "pms"
        calls = len(world.calls("POST", AVAILABILITY))
        book(world, "A")
        world.run()
        assert len(world.tours) == 1
        assert len(world.calls("POST", AVAILABILITY)) == calls

    @pytest.mark.parametrize("status", [400, 405, 503])
    def test_a_tour_is_not_lost_because_nobody_says_what_is_free(self, world: World, status: int):
        world.sandbox.fail(method="POST", path=AVAILABILITY, status=status, times=99)
        first = book(world, "A")
        world.run()
        assert world.event(first).reason != "slot_taken"
        assert len(world.tours) == 1

    def test_a_tour_moves_by_less_than_its_length(self, world: World):
        book(world, "A")
        world.run(until=world.clock() + timedelta(minutes=5))
        world.reschedule("A", start="2026-12-03T15:15:00-06:00")
        world.run(until=world.clock() + timedelta(hours=14))
        assert claims(world) == ["21:15-21:45"]


class TestAgents:
    """RealPage Partner Exchange: every agent has a calendar."""

    @pytest.fixture
    def vendor(self) -> str:
        return "REALPAGE_RPX"

    @pytest.fixture(autouse=True)
    def agents(self, world: World) -> list[str]:
        world.sandbox.agent_calendars = True
        for name in "abc":
            world.sandbox.add_lead("cintegration", "cproperty", email_1=f"{name}@example.com")
        del world.document["properties"]["oakwood"]["defaults"]["employee_id"]
        offer(world, on_taken="other_agent")
        place = ("cintegration", "cproperty")
        return [
            world.sandbox.add_employee(*place, name, roles=["LEASING_AGENT"])
            for name in ("Kim Lee", "Ana Roy")
        ]

    def test_each_tour_at_a_time_gets_a_free_agent(self, world: World, agents: list[str]):
        events = []
        for name in "ABC":
            events.append(book(world, name))
            world.run()
        assert [world.status(event) for event in events] == [("written", None)] * 2 + [
            ("parked", "slot_taken")
        ]
        assert [tour.employee_id for tour in world.tours] == agents
        world.replay(events[0])
        world.run()
        assert len(world.tours) == 2

    def test_requests_take_the_agents_whom_later_tours_would_have(self, world: World, agents: list[str]):
        wishes = [request(world, name) for name in "AB"]
        world.run_due()
        assert [world.status(wish) for wish in wishes] == [("waiting", "requested")] * 2
        third = book(world, "C")
        world.run()
        assert world.status(third) == ("parked", "slot_taken")
        confirmed = book(world, "A")
        world.run(until=world.clock() + timedelta(minutes=10))
        assert world.status(confirmed) == ("written", None)
        assert [tour.employee_id for tour in world.tours] == agents[:1]

    def test_a_named_agent_who_is_busy_is_replaced(self, world: World, agents: list[str]):
        for name in "AB":
            book(world, name, agent="Ana Roy")
            world.run()
        assert [tour.employee_id for tour in world.tours] == [agents[1], agents[0]]

    def test_on_hold_the_named_agent_stays(self, world: World, agents: list[str]):
        offer(world, on_taken="hold")
        book(world, "A", agent="Ana Roy")
        world.run()
        book(world, "B")  # names no agent, and the property has no default
        world.run()
        assert [tour.employee_id for tour in world.tours] == [agents[1], agents[0]]


def request(world: World, name: str, start: str = THREE) -> int:
    """A tour that is not confirmed yet; the mapping of these tests waits for it to be."""
    prospect = {"first_name": "Maya", "last_name": "Okafor", "email": f"{name.lower()}@example.com"}
    return world.send("requested", name, prospect=prospect, tour={"start": start})


def test_a_tour_that_nobody_has_confirmed_holds_its_time(world: World):
    wish = request(world, "A")
    world.run_due()
    assert world.status(wish) == ("waiting", "requested")
    assert claims(world) == ["21:00-21:30"]
    second = book(world, "B")
    world.run_due()
    assert world.status(second) == ("parked", "slot_taken")
    booked = book(world, "A")
    world.run(until=world.clock() + timedelta(minutes=10))
    assert world.status(booked) == ("written", None)
    assert claims(world) == ["21:00-21:30"]
    assert [tour.appointment_time for tour in world.tours] == ["15:00:00"]


def test_a_request_for_a_time_that_is_taken_is_held_for_an_operator(world: World):
    book(world, "A")
    world.run()
    wish = request(world, "B")
    world.run_due()
    assert world.status(wish) == ("parked", "slot_taken")
    assert claims(world) == ["21:00-21:30"]


def test_a_request_that_is_cancelled_or_dismissed_gives_its_time_back(world: World):
    request(world, "A")
    world.run_due()
    world.cancel("A")
    world.run(until=world.clock() + timedelta(minutes=10))
    assert claims(world) == []
    wish = request(world, "B", FOUR)
    world.run_due()
    assert claims(world) == ["22:00-22:30"]
    world.clock.advance(days=40)
    world.run_due()
    assert world.event(wish).status == "parked"
    with world.database.session() as session:
        dismiss(session.get_one(Event, wish), world.clock(), "nobody answered")
    assert claims(world) == []
