"""Many renters ask for one time at the same moment, and several workers forward their tours."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text
from world import World

THREE = "2026-12-03T15:00:00-06:00"


@pytest.mark.parametrize("capacity", [1, 3])
def test_twenty_renters_race_for_one_time(world: World, capacity: int):
    slots = {"at_once": capacity}
    world.document["properties"]["oakwood"] |= {"tour_hours": ["mon-sun 09:00-18:00"], "slots": slots}
    world.restart()
    world.at_once = 4
    events = [world.book(f"R{number}", start=THREE, email=f"r{number}@example.com") for number in range(20)]
    world.set_database_clock()
    engines = [world.new_engine() for _ in range(4)]

    def drain(number: int) -> None:
        engine = engines[number]
        while engine.tick() or engine.is_calling:
            engine.calls.woken.wait(0.05)

    with ThreadPoolExecutor(len(engines)) as threads:
        list(threads.map(drain, range(len(engines))))
    world.run()
    statuses = [world.status(event) for event in events]
    assert statuses.count(("written", None)) == capacity
    assert statuses.count(("parked", "slot_taken")) == 20 - capacity
    assert len(world.tours) == capacity
    with world.database.session() as session:
        assert session.scalar(text("SELECT count(*) FROM slot_claims")) == capacity


class TestAgents:
    @pytest.fixture
    def vendor(self) -> str:
        return "REALPAGE_RPX"

    def test_tours_of_one_moment_get_different_agents(self, world: World):
        world.sandbox.agent_calendars = True
        oakwood = world.document["properties"]["oakwood"]
        oakwood |= {"tour_hours": ["mon-sun 09:00-18:00"], "slots": {"on_taken": "other_agent"}}
        agents = [
            world.sandbox.add_employee("cintegration", "cproperty", name, roles=["LEASING_AGENT"])
            for name in ("Kim Lee", "Ana Roy", "Lou Day")
        ]
        world.restart()
        world.at_once = 4
        for number in range(5):
            world.sandbox.add_lead("cintegration", "cproperty", email_1=f"r{number}@example.com")
            world.book(f"R{number}", start=THREE, email=f"r{number}@example.com")
        world.run()
        assert sorted(tour.employee_id for tour in world.tours) == sorted(agents)
        reasons = [event.reason for event in world.events()]
        assert reasons.count("slot_taken") == 2
