"""What takes time away: tours of the bridge, appointments in the PMS; and what a PMS offers itself."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from world import World

from bridge.availability.answer_cache import AnswerCache
from bridge.availability.calendar import Calendar
from bridge.availability.rules.slots import Obstacle
from bridge.availability.sources import Deadline, Key, SlotSources
from bridge.availability.views import document_of

HOURS = ["mon-sun 09:00-12:00"]
DAY = "2026-12-03"
PATH = "/v1/appointment-availability/"
FREE = ["09:00", "09:30", "10:00", "10:30", "11:00", "11:30"]


@pytest.fixture(autouse=True)
def slots(world: World) -> None:
    offer(world)


def offer(world: World, hours: Any = HOURS, **slots: Any) -> None:
    oakwood = world.document["properties"]["oakwood"]
    oakwood |= {"tour_hours": hours, "slots": slots}
    if hours is None:
        oakwood["tour_hours"] = "00:00-24:00"
    world.document["sources"]["site"] = {
        "mapping": "website_form", "property": "oakwood", "origins": ["https://www.example.com"],
    }  # fmt: skip
    world.restart()


def answer(world: World, query: str = f"from={DAY}&days=1") -> dict[str, Any]:
    found = world.client.get(f"/availability/site?{query}")
    assert found.status_code == 200, found.text
    return found.json


def starts(world: World, **more: Any) -> list[str]:
    return [slot["start"][11:16] for slot in answer(world, **more)["slots"]]


def calendar(world: World) -> Calendar:
    return world.client.application.extensions["public"].extensions["calendar"]


def at(world: World, clock_time: str) -> Any:
    from availability.places import at as instant

    return instant(f"{DAY}T{clock_time}")


def test_what_tours_hold_is_not_listed_and_comes_back_with_a_cancel(world: World, clock: Any):
    assert starts(world) == FREE
    world.book("A", start=f"{DAY}T10:00:00-06:00")
    world.run_due()  # accepted, and not written yet
    clock.advance(seconds=1)
    assert starts(world) == ["09:00", "09:30", "10:30", "11:00", "11:30"]
    world.cancel("A")
    world.run()
    clock.advance(seconds=1)
    assert starts(world) == FREE


def test_the_check_is_fresh_and_names_the_nearest(world: World):
    place = world.settings.properties["oakwood"]
    assert calendar(world).check(place, at(world, "10:00")).is_free
    world.book("A", start=f"{DAY}T10:00:00-06:00")
    world.run()
    verdict = calendar(world).check(place, at(world, "10:00"))
    assert verdict.obstacle is Obstacle.TAKEN
    assert [f"{one.start:%H:%M}" for one in verdict.nearest] == ["09:00", "09:30", "10:30", "11:00", "11:30"]
    with world.database.session() as session:
        from bridge.models import SlotClaim

        own = session.query(SlotClaim).one().booking_id
    assert calendar(world).check(place, at(world, "10:00"), moving=own).is_free
    assert calendar(world).check(place, at(world, "10:10")).obstacle is Obstacle.NOT_A_START


def test_appointments_of_others_take_time_away_and_ours_not_twice(world: World, clock: Any):
    offer(world, at_once=2, appointment_times="wall_clock")
    world.book("A", start=f"{DAY}T10:00:00-06:00")
    world.run()
    clock.advance(minutes=10)
    assert starts(world) == FREE
    lead = world.sandbox.add_lead("cintegration", "cproperty", email_1="other@example.com")
    body = {"appointment_date": DAY, "appointment_time": "10:00:00", "appointment_duration_minutes": 30}
    world.tools.propexo.create_appointment(
        {
            "integration_id": "cintegration",
            "lead_id": lead,
            "title": "By phone",
            "notes": "By phone",
            **body,
        }
    )
    clock.advance(minutes=10)
    starts(world)  # makes somebody ask anew
    calendar(world).close()
    world.restart()
    assert starts(world) == ["09:00", "09:30", "10:30", "11:00", "11:30"]
    reads = [call for call in world.calls("GET", "/v1/appointments/") if "property_id" in call.query]
    assert len(reads) == 2


class TestWithPms:
    @pytest.fixture
    def vendor(self) -> str:
        return "ENTRATA"

    def test_what_the_pms_offers(self, world: World):
        offer(world, hours=None)
        found = answer(world)
        assert found["origin"] == "pms"
        listed = [slot["start"] for slot in found["slots"]]
        assert (listed[0], listed[-1]) == (
            f"{DAY}T10:00:00-06:00",
            f"{DAY}T17:30:00-06:00",
        )  # Mountain Time there
        [call] = world.calls("POST", PATH)
        assert call.body["calendar_types"] == ["LEASING"]

    def test_a_tour_on_its_way_takes_its_time(self, world: World, clock: Any):
        offer(world, hours=None)
        assert "10:30" in starts(world)
        world.book("A", start=f"{DAY}T10:30:00-06:00")
        world.run_due()
        clock.advance(seconds=1)
        assert "10:30" not in starts(world)
        assert len(world.calls("POST", PATH)) == 1

    def test_propexo_away_leaves_the_hours_of_the_property(self, world: World):
        world.sandbox.fail(method="POST", path=PATH, status=503, times=99)
        found = answer(world)
        assert (found["origin"], len(found["slots"])) == ("hours", 6)
        offer(world, hours=None)
        found = answer(world)
        assert found["days"] == [{"date": DAY, "free": 0, "reason": "unavailable", "next": None}]

    def test_many_requests_cost_one_call_and_a_check_a_fresh_one(self, world: World, clock: Any):
        client = world.client.application

        def ask(number: int) -> int:
            return client.test_client().get(f"/availability/site?from={DAY}&days=1").status_code

        with ThreadPoolExecutor(8) as threads:
            assert set(threads.map(ask, range(200))) == {200}
        assert len(world.calls("POST", PATH)) == 1
        clock.advance(seconds=45)
        assert starts(world)
        assert len(world.calls("POST", PATH)) == 1
        calendar(world).check(world.settings.properties["oakwood"], at(world, "10:30"))
        assert len(world.calls("POST", PATH)) == 2

    def test_ten_thousand_requests_in_a_minute_cost_two_calls(self, world: World, clock: Any):
        shared, place = calendar(world), world.settings.properties["oakwood"]
        kept = AnswerCache(world.database, clock)
        first = shared.today(place)
        answers = set()
        for _ in range(10_000):
            answers.add(document_of(kept, shared, place, first, 14))
            clock.advance(milliseconds=5.999)
        assert [call.body["availability_duration_days"] for call in world.calls("POST", PATH)] == [7, 7]
        assert {json.loads(answer)["origin"] for answer in answers} == {"pms"}

    def test_an_answer_without_the_pms_is_kept_no_longer_than_until_it_answers(
        self, world: World, clock: Any
    ):
        world.sandbox.fail(method="POST", path=PATH, status=503, times=1)
        assert answer(world)["origin"] == "hours"
        clock.advance(seconds=31)
        answer(world)
        calendar(world).close()
        world.restart()
        clock.advance(seconds=3)
        assert answer(world)["origin"] == "pms"

    def test_what_is_too_old_is_shown_while_it_is_asked_anew(self, world: World, clock: Any):
        first = answer(world)
        clock.advance(seconds=61)
        second = answer(world)
        assert (second["as_of"], second["origin"]) == (first["as_of"], "pms")
        calendar(world).close()
        assert len(world.calls("POST", PATH)) == 2

    def test_no_more_calls_than_the_share_of_the_budget(self, world: World, clock: Any):
        world.document["propexo"] |= {"budget_per_minute": 10, "availability_share": 20}
        offer(world)
        origins = []
        for number in range(4):
            day = (clock() + timedelta(days=7 * number + 2)).date().isoformat()
            origins.append(answer(world, f"from={day}&days=1")["origin"])
        assert origins == ["pms", "pms", "hours", "hours"]
        assert len(world.calls("POST", PATH)) == 2

    def test_a_paused_integration_is_not_asked(self, world: World, clock: Any):
        from sqlalchemy import text

        with world.database.session() as session:
            session.execute(
                text(
                    "INSERT INTO integrations (integration_id, failures, paused_at) VALUES ('cintegration', 0, now())"
                )
            )
        assert answer(world)["origin"] == "hours"
        assert world.calls("POST", PATH) == []


def test_a_property_has_one_call_in_flight_whatever_weeks_are_asked_for(world: World) -> None:
    processes = [SlotSources(world.database, world.clock, most=100) for _ in range(2)]
    in_flight, most, counting = 0, 0, threading.Lock()

    def fetch() -> list[str]:
        nonlocal in_flight, most
        with counting:
            in_flight += 1
            most = max(most, in_flight)
        threading.Event().wait(0.02)
        with counting:
            in_flight -= 1
        return ["free"]

    keys = [Key("cintegration", "cproperty", f"calendars:2026-12-{day:02}") for day in range(1, 7)]
    with ThreadPoolExecutor(len(keys)) as callers:
        found = callers.map(
            lambda sources, key: sources.get(key, timedelta(minutes=1), fetch, Deadline.within(30)),
            processes * 3,
            keys,
        )
        assert [known.content for known in found if known] == [["free"]] * len(keys)
    for sources in processes:
        sources.close()
    assert most == 1
