"""One choice for a group of events that wait: what it releases is written to the PMS."""

import re
from html import unescape
from typing import Any

import pytest

from bridge.models import Role

EVENTS = 3


def attributes(tag: str) -> dict[str, str]:
    return {name: unescape(value) for name, value in re.findall(r'([\w-]+)="([^"]*)"', tag)}


def form_in(page: str, marker: str) -> tuple[str, dict[str, str], str]:
    """The address, the hidden fields and the text of the form that htmx posts and that has this marker."""
    [form] = [form for form in re.findall(r"<form.*?</form>", page, re.DOTALL) if marker in form]
    hidden = [attributes(tag) for tag in re.findall(r'<input type="hidden"[^>]*>', form)]
    address = attributes(form.partition(">")[0])["hx-post"]
    return address, {field["name"]: field["value"] for field in hidden}, form


def choose(browser: Any, label: str) -> str:
    """Do what the page does when somebody chooses for its one group, until nothing is left; the last answer."""
    address, fields, form = form_in(browser.get("/console/action-needed").text, 'class="group-do"')
    name = attributes(re.findall(r"<select[^>]*>", form)[0])["name"]
    values = {
        unescape(words): unescape(value)
        for value, words in re.findall(r'<option value="([^"]+)">([^<]+)', form)
    }
    answer = browser.post(address, {**fields, name: values[label]}).text
    while 'hx-trigger="load"' in answer:
        address, fields, _ = form_in(answer, 'hx-trigger="load"')
        answer = browser.post(address, fields).text
    return " ".join(answer.split())


def park_all(world: Any, reason: str, **named: str) -> list[int]:
    events = [world.book(f"B-{n}", email=f"{n}@example.com", **named) for n in range(EVENTS)]
    world.run()
    assert {world.status(event) for event in events} == {("parked", reason)}
    assert world.tours == []
    return events


def without_default(world: Any, field: str) -> None:
    del world.document["properties"]["oakwood"]["defaults"][field]
    world.restart()


def assert_written(world: Any, events: list[int]) -> None:
    world.run()
    assert [world.status(event) for event in events] == [("written", None)] * EVENTS
    assert len(world.tours) == EVENTS


def test_an_alias_writes_its_group(world: Any, signed_in: Any) -> None:
    events = park_all(world, "unknown_property", property="Elm Court West")
    assert "3 of 3: 3 queued again." in choose(signed_in(Role.OPERATOR), "Elm Court")
    assert_written(world, events)
    assert {tour.integration_id for tour in world.tours} == {"celmintegration"}


class TestAppFolio:
    """Needs a unit for a tour."""

    @pytest.fixture
    def vendor(self) -> str:
        return "APPFOLIO"

    def test_a_unit_writes_its_group(self, world: Any, signed_in: Any) -> None:
        unit = world.sandbox.add_unit("cintegration", "cproperty", "204B")
        without_default(world, "unit_id")
        events = park_all(world, "unknown_unit", unit="999")
        assert "3 of 3: 3 queued again." in choose(signed_in(Role.OPERATOR), "204B")
        assert_written(world, events)
        assert {tour.unit_id for tour in world.tours} == {unit}


class TestResMan:
    """Needs an agent for a new lead."""

    @pytest.fixture
    def vendor(self) -> str:
        return "RESMAN"

    def test_an_agent_writes_its_group(self, world: Any, signed_in: Any) -> None:
        agent = world.sandbox.add_employee("cintegration", "cproperty", "Sam Lee", email="sam@example.com")
        without_default(world, "employee_id")
        events = park_all(world, "unknown_agent", agent="Nobody Known")
        assert "3 of 3: 3 queued again." in choose(signed_in(Role.OPERATOR), "Sam Lee")
        assert_written(world, events)
        assert {lead.employee_id for lead in world.sandbox.leads} == {agent}
