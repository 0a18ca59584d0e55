"""A property with `slots` whose PMS offers times or has agents."""

from datetime import timedelta

import pytest
from delivery.offered_times import book, claims, offer, request
from world import World

AVAILABILITY = "/v1/appointment-availability/"


@pytest.fixture(autouse=True)
def slots(world: World) -> None:
    offer(world)


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
