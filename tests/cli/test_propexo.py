"""`bridge propexo list` and `bridge init --from-propexo`, against a real sandbox."""

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from click.testing import CliRunner, Result

from bridge.cli import main, worker
from bridge.cli.first_configuration import ZONES, with_properties
from bridge.propexo.records import PropexoRecord, StandardOffset
from bridge.sandbox.server import SandboxServer
from bridge.sandbox.state import Sandbox
from bridge.settings import load, template

CONFIG = """
[propexo]
token = "token"
base_url = "{url}"
[properties.oakwood]
integration_id = "crpx"
property_id = "coakwood"
pms = "REALPAGE_RPX"
time_zone = "America/Chicago"
"""


@pytest.fixture
def server() -> Iterator[SandboxServer]:
    account = Sandbox(token="token")
    account.add_integration("crpx", "REALPAGE_RPX")
    account.add_property("crpx", "coakwood", "Oakwood Flats")
    account.add_property("crpx", "celm", 'Elm "Court"')
    account.add_integration("cresman", "RESMAN")
    account.add_property("cresman", "coakwood2", "Oakwood Flats")
    account.add_unit("crpx", "coakwood", "204", id="cunit")
    account.add_employee(
        "crpx", "coakwood", "Jane Roe", id="cjane", email="jane@example.com", roles=["LEASING_AGENT"]
    )
    account.add_lead_source("crpx", "coakwood", "Website", id="cwebsite")
    account.add_lead_relationship("crpx", "coakwood", "Prospect", id="cprospect")
    account.add_timezone("crpx", "coakwood", "-06:00", observes_daylight_savings=True)
    with SandboxServer(account) as server:
        yield server


@pytest.fixture
def config(tmp_path: Path, server: SandboxServer) -> Path:
    path = tmp_path / "bridge.toml"
    path.write_text(CONFIG.format(url=server.url))
    return path


def run(config: Path, *args: str) -> Result:
    return CliRunner().invoke(main, ["propexo", "list", *args, "--config", str(config)])


def rows(config: Path, *args: str) -> list[dict[str, Any]]:
    reported = run(config, *args, "--json")
    assert reported.exit_code == 0, reported.output
    [found] = json.loads(reported.stdout).values()
    return found


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("units", {"id": "cunit", "name": "204"}),
        ("employees", {"id": "cjane", "name": "Jane Roe", "email": "jane@example.com", "roles": ["LEASING_AGENT"]}),
        ("lead-sources", {"id": "cwebsite", "name": "Website"}),
        ("lead-relationships", {"id": "cprospect", "name": "Prospect"}),
    ],
)  # fmt: skip
def test_records_of_a_property(config, kind, expected):
    for narrowed in ([], ["--property", "oakwood"]):
        [row] = rows(config, kind, *narrowed)
        assert row.items() >= {"property": "oakwood", **expected}.items()
    table = run(config, kind).stdout
    assert expected["id"] in table
    assert expected["name"] in table


def test_properties_of_the_account(config, server):
    server.sandbox.switch("crpx", properties={"celm": False})
    found = {row["id"]: row for row in rows(config, "properties")}
    assert found.keys() == {"coakwood", "celm", "coakwood2"}
    assert (
        found["coakwood"].items()
        >= {"pms": "REALPAGE_RPX", "configured_as": "oakwood", "enabled": True}.items()
    )
    assert found["celm"].items() >= {"name": 'Elm "Court"', "configured_as": None, "enabled": False}.items()
    assert [row["id"] for row in rows(config, "properties", "--property", "oakwood")] == ["coakwood"]


def test_integrations_of_the_account(config, server):
    server.sandbox.switch("cresman", models={"events": False, "leads": False})
    found = {row["id"]: row for row in rows(config, "integrations")}
    assert (
        found["cresman"].items()
        >= {"pms": "RESMAN", "active": True, "not_synced": ["leads", "events"]}.items()
    )
    assert (found["crpx"]["properties"], found["crpx"]["not_synced"]) == (2, [])
    assert [row["id"] for row in rows(config, "integrations", "--property", "oakwood")] == ["crpx"]


def test_an_unknown_property_and_an_empty_list(config, server):
    reported = run(config, "units", "--property", "elm")
    assert (reported.exit_code, "there are: oakwood" in reported.stderr) == (1, True)
    server.sandbox.switch("crpx", models={"units": False})
    reported = run(config, "units")
    assert (reported.exit_code, reported.stdout) == (0, "")
    assert "lists no units" in reported.stderr


def test_init_writes_what_propexo_has(tmp_path, server, monkeypatch):
    monkeypatch.setenv("PROPEXO_TOKEN", "token")
    path = tmp_path / "bridge.toml"
    reported = CliRunner().invoke(main, ["init", str(path), "--from-propexo", "--base-url", server.url])
    assert reported.exit_code == 0, reported.output
    written = tomllib.loads(path.read_text())
    assert written["propexo"]["base_url"] == server.url
    places = written["properties"]
    assert places.keys() == {"oakwood-flats", "oakwood-flats-2", "elm-court"}
    assert places["elm-court"].items() >= {
        "integration_id": "crpx", "property_id": "celm", "pms": "REALPAGE_RPX", "name": 'Elm "Court"',
        "time_zone": "replace-me",
    }.items()  # fmt: skip
    zones = {place["property_id"]: place["time_zone"] for place in places.values()}
    assert zones == {"coakwood": "America/Chicago", "coakwood2": "replace-me", "celm": "replace-me"}
    assert places["elm-court"]["defaults"] == {
        "duration_minutes": 30, "employee_id": "replace-me", "lead_relationship_id": "replace-me",
    }  # fmt: skip
    assert [places[key].get("name") for key in ("oakwood-flats", "oakwood-flats-2")] == [
        "Oakwood Flats",
        None,
    ]
    assert '#name = "Oakwood Flats"' in path.read_text()
    checked = CliRunner().invoke(main, ["check", "--offline", "--config", str(path)])
    assert checked.exit_code == 1
    assert "properties.elm-court.time_zone" in checked.stdout
    assert ".name:" not in checked.stdout


def test_init_needs_a_token_and_a_property(tmp_path, server, monkeypatch):
    path = tmp_path / "bridge.toml"
    args = ["init", str(path), "--from-propexo", "--base-url", server.url]
    monkeypatch.delenv("PROPEXO_TOKEN", raising=False)
    assert "PROPEXO_TOKEN" in CliRunner().invoke(main, args).stderr
    monkeypatch.setenv("PROPEXO_TOKEN", "token")
    for integration in ("crpx", "cresman"):
        server.sandbox.switch(integration, models={"properties": False})
    reported = CliRunner().invoke(main, args)
    assert (reported.exit_code, "lists no property" in reported.stderr, path.exists()) == (1, True, False)


@pytest.mark.parametrize(("clock", "zone"), ZONES.items())
def test_zones(clock, zone):
    offset = StandardOffset("cid", *clock)
    found = PropexoRecord("cid", "Elm", None, "cid", None, (), "cint", "APPFOLIO")
    written = tomllib.loads(with_properties(template(), [found], {"cid": offset}, "https://api.propexo.com"))
    assert written["properties"]["elm"]["time_zone"] == zone
    assert "base_url" not in written["propexo"]


def test_a_worker_says_at_its_start_what_is_not_synced(config, server):
    server.sandbox.switch("crpx", models={"leads": False, "units": False})
    with structlog.testing.capture_logs() as logs:
        worker._warn(load(config))
    [line] = logs
    assert line["log_level"] == "warning"
    assert "the id of a new lead never arrives" in line["detail"]


def test_a_worker_starts_without_propexo(config, server):
    server.sandbox.fail(path="/v1/admin/integrations/*", status=503)
    with structlog.testing.capture_logs() as logs:
        worker._warn(load(config))
    assert [line["event"] for line in logs] == ["Propexo could not be asked"]
