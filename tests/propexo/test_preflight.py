"""What Propexo publishes of an integration, held against bridge.toml: each finding and its fix."""

from dataclasses import replace

import pytest

from bridge.propexo.pms import PROFILES
from bridge.propexo.preflight import Published, findings, is_placeholder, unsynced
from bridge.propexo.records import Integration, PropexoRecord
from bridge.settings import Property

PLACE = Property("oakwood", "cint", "cprop", "REALPAGE_RPX", "America/Chicago", name="Oakwood Flats")
RIVER = Property("riverside", "cint", "criver", "REALPAGE_RPX", "America/Chicago", aliases=("River House",))
INTEGRATION = Integration("cint", "RPX", "REALPAGE_RPX", True, False, True, None, {}, {})
PUBLISHED = Published(
    INTEGRATION, {"cprop": "Oakwood", "criver": "Riverside"}, {"cprop": True, "criver": True}
)


def bad(place: Property = PLACE, published: Published = PUBLISHED) -> list[tuple[str, str, str]]:
    extra = [other for other in (PLACE, RIVER) if other.key != place.key]
    found = findings(place, extra, published)
    return [(each.level, each.key, each.message) for each in found if each.level != "ok"]


def with_integration(**changes: object) -> Published:
    return replace(PUBLISHED, integration=replace(INTEGRATION, **changes))


def test_nothing_is_reported_of_what_propexo_does_not_list():
    assert bad() == []


@pytest.mark.parametrize(
    ("changes", "key", "words"),
    [
        ({"vendor": "YARDI"}, "pms", 'at Propexo this integration is "YARDI"'),
        ({"active": False}, "integration_id", "activate it there"),
        ({"is_archived": True}, "integration_id", "activate it there"),
        ({"can_authenticate": False}, "integration_id", "renew them there"),
    ],
)
def test_an_integration_that_does_not_work(changes, key, words):
    [(level, where, message)] = bad(published=with_integration(**changes))
    assert (level, where) == ("problem", f"properties.oakwood.{key}")
    assert words in message


def test_an_unknown_integration():
    [(level, key, message)] = bad(published=Published(None))
    assert (level, key) == ("problem", "properties.oakwood.integration_id")
    assert "copy its id" in message


@pytest.mark.parametrize("vendor", [each for each, profile in PROFILES.items() if profile.create])
@pytest.mark.parametrize("model", ["leads", "events"])
def test_a_model_that_is_not_synced_is_a_problem_where_ids_come_with_it(vendor, model):
    place, profile = replace(PLACE, pms=vendor), PROFILES[vendor]
    published = with_integration(vendor=vendor, models={model: False})
    [(level, key, message)] = bad(place, published)
    gives_ids = profile.returns_lead_id if model == "leads" else profile.returns_appointment_id
    assert (level, key) == ("warning" if gives_ids else "problem", "properties.oakwood.integration_id")
    assert ("never arrives" in message) == (not gives_ids)
    assert message.endswith("ask Propexo to enable it")
    assert unsynced(place, published.integration) == [message]


def test_a_model_that_is_synced_is_fine():
    assert bad(published=with_integration(models={"leads": True, "events": True, "units": False})) == []


def test_names_of_agents_cannot_be_looked_up():
    [(level, key, message)] = bad(published=with_integration(models={"employees": False}))
    assert (level, key) == ("warning", "properties.oakwood.agents")
    assert "list the ids under properties.oakwood.agents" in message


@pytest.mark.parametrize(
    ("name", "level", "words"),
    [
        ("REALPAGE_RPX_CREATE_APPOINTMENT", "problem", "no tour can be booked"),
        ("REALPAGE_RPX_UPDATE_APPOINTMENT", "problem", "no tour can be moved"),
        ("REALPAGE_RPX_UPDATE_APPOINTMENT_CANCEL", "problem", "no tour can be cancelled"),
        ("REALPAGE_RPX_CREATE_LEAD", "problem", "no new lead can be written"),
        ("REALPAGE_RPX_LEADS", "warning", "leads are not read back"),
    ],
)
def test_an_interface_that_is_off(name, level, words):
    switches = {name: False, "REALPAGE_RPX_UNITS": False, "ENTRATA_CREATE_EVENT": False}
    [(found, _, message)] = bad(published=with_integration(interfaces=switches))
    assert found == level
    assert name in message
    assert words in message


def test_a_property_that_is_not_enabled():
    [(level, key, message)] = bad(published=replace(PUBLISHED, enabled={"cprop": False}))
    assert (level, key) == ("problem", "properties.oakwood.property_id")
    assert "enable it there" in message


def test_a_property_that_is_elsewhere():
    [(level, _, message)] = bad(published=replace(PUBLISHED, properties={"cother": "Elm Court"}))
    assert level == "problem"
    assert "cother (Elm Court)" in message


def test_swapped_ids():
    swapped = replace(PUBLISHED, properties={"cprop": "Riverside Apartments", "criver": "Oakwood Flats"})
    for place, name, other in (
        (PLACE, "Riverside Apartments", "riverside"),
        (RIVER, "Oakwood Flats", "oakwood"),
    ):
        [(level, _, message)] = bad(place, swapped)
        assert level == "problem"
        assert f'"{place.key}" is called "{name}" there' in message
        assert f"properties.{other}" in message


def test_a_name_that_nobody_has():
    [(level, _, message)] = bad(published=replace(PUBLISHED, properties={"cprop": "Elm Court"}))
    assert level == "warning"
    assert '"oakwood" is called "Elm Court" there' in message


def choice(record_id: str, **fields: object) -> PropexoRecord:
    return PropexoRecord(**{"id": record_id, "name": "Jane", "email": None, "property_id": "cprop", "is_active": None,
                     "roles": (), **fields})  # fmt: skip


AGENT = replace(PLACE, defaults={"employee_id": "cjane"}, agents={"Sam": "csam"})


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ([choice("cjane"), choice("csam")], []),
        ([choice("cjane")], [("problem", "agents.Sam", "`bridge propexo list employees --property oakwood`")]),
        ([choice("cjane", is_active=False), choice("csam")], [("warning", "defaults.employee_id", "no longer active")]),
        ([choice("cjane", roles=("MAINTENANCE",)), choice("csam")],
         [("warning", "defaults.employee_id", "no leasing agent")]),
        ([choice("cjane", roles=("LEASING_AGENT",)), choice("csam")], []),
    ],
)  # fmt: skip
def test_configured_ids(records, expected):
    found = bad(AGENT, replace(PUBLISHED, records={("oakwood", "employees"): records}))
    assert [(level, key.removeprefix("properties.oakwood.")) for level, key, _ in found] == [
        (level, key) for level, key, _ in expected
    ]
    assert all(words in message for (_, _, message), (_, _, words) in zip(found, expected, strict=True))


def test_ids_of_a_model_that_is_not_synced_are_not_missed():
    published = replace(with_integration(models={"employees": False}), records={("oakwood", "employees"): []})
    assert [key for _, key, _ in bad(AGENT, published)] == ["properties.oakwood.agents"]


@pytest.mark.parametrize(
    "text", ["...", "…", "replace-me", "<employee id>", "xxx", "your-id", "TODO", " .. "]
)
def test_placeholders(text):
    assert is_placeholder(text)


@pytest.mark.parametrize("text", ["cm3kq9x7f0000", "x", "101", "todoroki", "a..b"])
def test_ids_are_no_placeholders(text):
    assert not is_placeholder(text)
