"""Property, unit, agent and lead source of a tour: by Propexo id, by bridge.toml, by look-up in Propexo, by default."""

from dataclasses import replace
from datetime import timedelta

import pytest
from click.testing import CliRunner
from delivery.cases import SETTINGS

from bridge.aliases import no_aliases
from bridge.cli import main
from bridge.delivery.rules.resolve import TourTarget, target_of
from bridge.models import RecordCache


def kinds(world, event):
    return [attempt.kind for attempt in world.attempts(event)]


def without_defaults(world, *names):
    for place in world.document["properties"].values():
        place["defaults"] = {key: value for key, value in place["defaults"].items() if key not in names}
    world.restart()


class TestAppFolio:
    """Needs a unit, takes an agent."""

    @pytest.fixture
    def vendor(self):
        return "APPFOLIO"

    @pytest.fixture
    def known(self, world):
        """What Propexo knows at Oakwood: unit, agent, lead source."""
        here = ("cintegration", "cproperty")
        return (
            world.sandbox.add_unit(*here, "204B"),
            world.sandbox.add_employee(*here, "Sam Lee", email="sam@example.com"),
            world.sandbox.add_lead_source(*here, "Apartments.com"),
        )

    def test_what_the_sender_names_is_looked_up_and_kept(self, world, known, clock):
        names = {"unit": "Apt 204b", "agent": "SAM@example.com", "lead_source": "apartments.COM"}
        first = world.book(**names)
        world.run()
        assert world.status(first) == ("written", None), world.event(first).detail
        (tour,), (lead,) = world.tours, world.sandbox.leads
        assert (tour.unit_id, tour.employee_id, lead.lead_source_id) == known
        assert kinds(world, first).count("list_units") == 1
        assert {"list_units", "list_employees", "list_lead_sources"} <= {*kinds(world, first)}
        assert "Source apartments.COM." in tour.notes  # AppFolio has it on the lead only

        world.restart()  # another process has the same list
        second = world.book("B-2", email="joe@example.com", **names)
        world.run()
        assert world.status(second) == ("written", None)
        assert not [kind for kind in kinds(world, second) if kind.startswith("list_")]

        clock.advance(hours=25)
        third = world.book("B-3", email="kim@example.com", start="2026-12-05T10:30:00-06:00", **names)
        world.run()
        assert kinds(world, third).count("list_units") == 1

    def test_only_what_the_property_offers_counts(self, world, known):
        world.sandbox.add_property("cintegration", "cother", "Other Court")
        world.sandbox.add_unit("cintegration", "cother", "305")
        event = world.book(unit="305")
        world.run()
        assert world.tours[0].unit_id == "cunit"
        (seen,) = world.calls("GET", "/v1/units/")
        assert (seen.query["integration_id"], seen.query["property_id"]) == ("cintegration", "cproperty")
        (create,) = (attempt for attempt in world.attempts(event) if attempt.kind == "create")
        assert 'Not in bridge.toml, and not exactly once in Propexo: unit "305".' in create.detail

    def test_a_big_property_costs_two_calls(self, world):
        for number in range(499):
            world.sandbox.add_unit("cintegration", "cproperty", str(number))
        for number in (3, 250, 498):
            world.book(f"B-{number}", unit=f"#{number}", email=f"renter{number}@example.com")
        world.run_due()
        world.run()
        assert len(world.tours) == 3
        # Three jobs at once each find that there is no list yet; none asks again.
        assert len(world.calls("GET", "/v1/units/")) <= 6
        world.book("B-9", unit="9", email="renter9@example.com")
        before = len(world.calls("GET", "/v1/units/"))
        world.run()
        assert len(world.calls("GET", "/v1/units/")) == before
        assert before % 2 == 0

    def test_ids_and_crosswalks_need_no_look_up(self, world, known):
        unit, agent, _ = known
        world.document["properties"]["oakwood"] |= {"units": {"The Loft": unit}, "agents": {"Sam": agent}}
        world.restart()
        event = world.book(unit=" the loft ", agent="sam", lead_source="c" + "1" * 24)
        world.run()
        assert (world.tours[0].unit_id, world.tours[0].employee_id) == (unit, agent)
        assert world.sandbox.leads[0].lead_source_id == "c" + "1" * 24
        assert not [kind for kind in kinds(world, event) if kind.startswith("list_")]

    def test_a_booking_that_names_nothing_asks_nothing(self, world, known):
        event = world.book()
        world.run()
        assert not [kind for kind in kinds(world, event) if kind.startswith("list_")]
        assert world.tours[0].unit_id == "cunit"

    def test_who_has_left_gives_no_tours(self, world):
        world.sandbox.add_employee(
            "cintegration", "cproperty", "Sam", email="sam@example.com", is_active=False
        )
        world.book(agent="sam@example.com")
        world.run()
        assert world.tours[0].employee_id == "cemployee"

    def test_a_name_that_is_not_found_is_asked_for_again_but_not_at_once(self, world, known, clock):
        asked = []
        for minute, number in enumerate([0, 5, 11, 20]):
            clock.advance(minutes=number - (0, 0, 5, 11)[minute])
            world.book(f"B-{number}", unit="999", email=f"renter{number}@example.com")
            world.run(until=clock() + timedelta(seconds=30))
            clock.advance(seconds=-30)
            asked.append(len(world.calls("GET", "/v1/units/")))
        assert asked == [1, 1, 1, 2]

    @pytest.mark.parametrize("fault", [{"status": 503}, {"status": 429}, {"status": 401}])
    def test_a_look_up_that_fails_is_made_again(self, world, known, fault):
        world.sandbox.fail(method="GET", path="/v1/employees/", **fault)
        event = world.book(agent="sam@example.com")
        world.run_due()
        assert world.event(event).status in ("retrying", "waiting")
        world.run()
        assert world.status(event) == ("written", None), world.event(event).detail
        assert world.tours[0].employee_id == known[1]
        looks = [attempt.outcome for attempt in world.attempts(event) if attempt.kind == "list_employees"]
        assert looks[-1] == "read"
        assert len(looks) == (1 if fault["status"] == 429 else 2)

    def test_an_operator_is_notified_in_time_when_look_ups_keep_failing(self, world, clock):
        world.sandbox.fail(method="GET", path="/v1/units/", status=503, times=1000)
        start = clock() + timedelta(hours=2)
        event = world.book(start=start.isoformat(), unit="204B")
        world.run()
        assert world.status(event) == ("parked", "gave_up")
        assert world.event(event).ended_at <= start - timedelta(minutes=14)

    def test_a_unit_that_is_needed_and_unknown_parks_with_the_value_found(self, world, known):
        without_defaults(world, "unit_id")
        event = world.book(unit='9"C')
        world.run()
        assert world.status(event) == ("parked", "unknown_unit")
        detail = world.event(event).detail
        assert 'No unit "9"C" is in bridge.toml, and not exactly one in Propexo.' in detail
        assert r'Add `"9\"C" = "<its Propexo id>"` under `[properties.oakwood.units]`' in detail
        assert "`properties.oakwood.defaults.unit_id`" in detail
        assert "(unit_id is read from `unit |" in detail
        assert world.sandbox.leads == []

        world.document["properties"]["oakwood"]["units"] = {'9"C': known[0]}
        world.restart()
        world.replay(event)
        world.run()
        assert world.status(event) == ("written", None)
        assert world.tours[0].unit_id == known[0]

    def test_what_a_person_has_mended_at_propexo_counts_at_once(self, world, known, clock):
        without_defaults(world, "unit_id")
        event = world.book(unit="305")
        world.run()
        assert world.status(event) == ("parked", "unknown_unit")
        unit = world.sandbox.add_unit("cintegration", "cproperty", "305")
        clock.advance(seconds=30)
        world.replay(event)
        world.run()
        assert world.status(event) == ("written", None)
        assert world.tours[0].unit_id == unit

    def test_a_reschedule_needs_no_unit(self, world, known):
        without_defaults(world, "unit_id")
        world.book(unit="204B")
        world.run()
        moved = world.reschedule(unit="205B")
        world.run()
        assert world.status(moved) == ("written", None), world.event(moved).detail
        assert "Unit 205B." in world.tours[0].notes

    def test_the_default_of_the_source_stands_for_a_lead_source_that_is_unknown(self, world, known):
        world.document["sources"]["widget"]["lead_source"] = "Apartments.com"
        world.restart()
        event = world.book(lead_source="Billboard")
        world.book("B-2", email="joe@example.com")
        world.run()
        assert [lead.lead_source_id for lead in world.sandbox.leads] == [known[2], known[2]]
        (create,) = (attempt for attempt in world.attempts(event) if attempt.kind == "create")
        assert 'lead source "Billboard"' in create.detail


class TestResMan:
    """Needs a lead source for the appointment; for a new lead an agent too."""

    @pytest.fixture
    def vendor(self):
        return "RESMAN"

    def test_an_unknown_lead_source_parks(self, world):
        without_defaults(world, "lead_source_id", "employee_id")
        event = world.book(lead_source="Billboard", agent="sam@example.com")
        world.run()
        assert world.status(event) == ("parked", "unknown_lead_source")
        assert (
            '`"Billboard" = "<its Propexo id>"` under `[properties.oakwood.lead_sources]`'
            in world.event(event).detail
        )

    def test_an_unknown_agent_parks_when_a_lead_is_to_be_made(self, world):
        without_defaults(world, "employee_id")
        event = world.book(agent="sam@example.com")
        world.run()
        assert world.status(event) == ("parked", "unknown_agent")
        detail = world.event(event).detail
        assert '`"sam@example.com" = "<its Propexo id>"` under `[properties.oakwood.agents]`' in detail
        assert "set `properties.oakwood.defaults.employee_id`" in detail

    def test_the_agent_and_the_lead_source_of_the_payload_go_into_the_lead(self, world):
        without_defaults(world, "employee_id", "lead_source_id")
        here = ("cintegration", "cproperty")
        # Two records of one person: the one that may give tours.
        world.sandbox.add_employee(*here, "Sam Lee", email="sam@example.com")
        agent = world.sandbox.add_employee(*here, "Sam Lee", email="sam@example.com", roles=["LEASING_AGENT"])
        source = world.sandbox.add_lead_source(*here, "Apartments.com")
        event = world.book(agent="sam@example.com", lead_source="apartments.com")
        world.run()
        assert world.status(event) == ("written", None), world.event(event).detail
        (lead,), (tour,) = world.sandbox.leads, world.tours
        assert (lead.employee_id, lead.lead_source_id, tour.lead_source_id) == (agent, source, source)

    def test_a_missing_default_is_named_with_the_key_of_the_property(self, world):
        without_defaults(world, "lead_source_id")
        event = world.book(property="elm")
        world.run()
        assert world.status(event) == ("parked", "missing_field")
        assert "set `properties.elm.defaults.lead_source_id`" in world.event(event).detail

    def test_a_missing_first_name_has_no_default(self, world):
        prospect = {"last_name": "Okafor", "email": "maya@example.com"}
        event = world.send("booked", prospect=prospect, tour={"start": "2026-12-03T10:30:00-06:00"})
        world.run()
        assert world.status(event) == ("parked", "missing_field")
        detail = world.event(event).detail
        assert "first_name (it has no default: let the sender ask for it)" in detail
        assert "defaults" not in detail


class TestEntrata:
    """Takes no agent."""

    @pytest.fixture
    def vendor(self):
        return "ENTRATA"

    def test_what_a_pms_has_no_place_for_is_not_looked_up(self, world):
        event = world.book(agent="sam@example.com")
        world.sandbox.add_lead("cintegration", "cproperty", email_1="maya@example.com")
        world.run()
        assert world.status(event) == ("written", None), world.event(event).detail
        assert "list_employees" not in kinds(world, event)
        (create,) = (attempt for attempt in world.attempts(event) if attempt.kind == "create")
        assert create.detail.endswith("Entrata does not store employee_id with an appointment.")


@pytest.mark.parametrize("named", ["celm", "elm", "ELM", " Elm Court ", "property:elm", "The Elms"])
def test_a_property_is_named_by_id_key_name_or_alias(named):
    elm = replace(SETTINGS.properties["elm"], aliases=("The Elms",))
    settings = replace(SETTINGS, properties={**SETTINGS.properties, "elm": elm})
    target = target_of(settings, "widget", named, no_aliases)
    assert isinstance(target, TourTarget), target
    assert target.property is elm


def test_a_tour_goes_to_the_property_of_an_alias(world):
    world.document["properties"]["elm"]["aliases"] = ["The Elms"]
    world.restart()
    event = world.book(property="The Elms")
    world.run()
    assert world.status(event) == ("written", None), world.event(event).detail
    assert len(world.sandbox.active_appointments("celm")) == 1


def test_a_property_that_nobody_knows_is_held_although_the_source_has_a_default(world):
    event = world.book(property="Atlantis")
    world.run()
    assert world.status(event) == ("parked", "unknown_property")
    assert '"Atlantis"' in world.event(event).detail
    assert [request for request in world.sandbox.requests if request.method != "GET"] == []
    default = world.book("B-2")
    world.run()
    assert world.status(default) == ("written", None)
    assert len(world.sandbox.active_appointments("cproperty")) == 1


def test_an_alias_releases_all_that_wait_for_it(world, tmp_path):
    waiting = [
        world.book(f"B-{number}", email=f"renter{number}@example.com", property="Atlantis")
        for number in range(4)
    ]
    other = world.book("B-9", email="other@example.com", property="Lemuria")
    moved = world.reschedule("B-0")
    world.run()
    assert {world.status(event) for event in [*waiting, other, moved]} == {("parked", "unknown_property")}

    world.document["properties"]["elm"]["aliases"] = ["Atlantis"]
    world.restart()
    config = tmp_path / "bridge.toml"
    config.write_text(f'database_url = "{world.database.url}"\n{world.toml()}')
    arguments = ["events", "replay", "--parked", "--reason", "unknown_property", "--config", str(config)]
    listed = CliRunner().invoke(main, [*arguments, "--property", "Atlantis", "--dry-run"])
    assert listed.stderr == "5 events would be queued again; of these 5 would send something.\n"
    assert "Lemuria" not in listed.stdout
    assert world.status(waiting[0]) == ("parked", "unknown_property")
    released = CliRunner().invoke(main, arguments)
    assert (released.exit_code, released.stdout) == (0, "6 events queued again.\n"), released.stderr
    world.run()
    assert [world.status(event) for event in waiting] == [("written", None)] * 4
    assert world.status(moved)[0] in ("written", "ignored")
    assert world.status(other) == ("parked", "unknown_property")
    assert sorted(
        appointment.appointment_date for appointment in world.sandbox.active_appointments("celm")
    ) == [
        *["2026-12-03"] * 3,
        "2026-12-04",
    ]


def test_little_is_kept_of_the_choices(world):
    world.sandbox.add_employee("cintegration", "cproperty", "Sam Lee", email="sam@example.com")
    world.book(agent="nobody@example.com")
    world.run()
    with world.database.session() as session:
        kept = session.get_one(RecordCache, ("cintegration", "cproperty", "agents"))
    assert [sorted(record) for record in kept.records] == [["email", "id", "name"]]
