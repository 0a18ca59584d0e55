"""`bridge integrations`: which are paused and why, and how a person pauses and resumes one."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from bridge.cli import main
from bridge.clock import utc_now
from bridge.database import Database
from bridge.delivery.rules.circuit_breaker import PROBE_INTERVAL
from bridge.delivery.storage.breakers import CircuitBreakers
from bridge.models import Event, IntegrationState, Lane, Status
from bridge.propexo.errors import Outcome

CONFIGURATION = """
database_url = "{database_url}"

[propexo]
token = "a-secret-token"
"""
PLACE = """
[properties.{key}]
integration_id = "{integration_id}"
property_id = "c{key}"
pms = "RENTMANAGER"
time_zone = "America/Chicago"
name = "{name}"
"""


class Bridge:
    """The command line around one database, with three properties of two integrations."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.config = folder / "bridge.toml"
        places = [
            ("oakwood", "cone", "Oakwood Flats"),
            ("elm", "cone", "Elm Court"),
            ("lake", "ctwo", "By the Lake"),
        ]
        tables = [PLACE.format(key=key, integration_id=place, name=name) for key, place, name in places]
        self.config.write_text(CONFIGURATION.format(database_url=database.url) + "".join(tables))
        self.breakers = CircuitBreakers(database, utc_now)

    def call(self, *arguments: str) -> Result:
        result = CliRunner().invoke(main, ["integrations", *arguments, "--config", str(self.config)])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    def list(self) -> dict[str, dict[str, Any]]:
        result = self.call("list", "--json")
        assert result.exit_code == 0, result.stderr
        return {row["integration_id"]: row for row in json.loads(result.stdout)["integrations"]}

    def waits(self, number: int, integration_id: str = "cone", **more: Any) -> None:
        with self.database.session() as session:
            later, lane = utc_now() + timedelta(minutes=30), f"l{number}"
            session.add(
                Event(
                    source="widget", delivery_id=f"m{number}", received_at=utc_now(), body=b"{}", lock=lane,
                    status=Status.WAITING, integration_id=integration_id,
                    awaits=f"integration:{integration_id}", next_attempt_at=later, **more,
                )
            )  # fmt: skip
            session.add(Lane(lane=lane, rank=1, ready=False, due_at=later))


@pytest.fixture
def bridge(database: Database, tmp_path: Path) -> Bridge:
    return Bridge(database, tmp_path)


def test_lists_every_integration_once_with_its_properties(bridge):
    assert bridge.list() == {
        "cone": {"integration_id": "cone", "properties": ["oakwood", "elm"], "state": "running", "since": None,
                 "cause": None, "reason": None, "waiting": 0, "next_probe": None},
        "ctwo": {"integration_id": "ctwo", "properties": ["lake"], "state": "running", "since": None,
                 "cause": None, "reason": None, "waiting": 0, "next_probe": None},
    }  # fmt: skip


def test_pauses_and_resumes_one(bridge):
    bridge.waits(1)
    bridge.waits(2)
    bridge.waits(3, ended_at=utc_now())
    bridge.waits(4, "ctwo")
    result = bridge.call("pause", "cone", "--reason", "The PMS is being migrated until Monday.")
    assert result.stdout == "Integration cone is paused; 2 events wait.\n"
    reported = bridge.list()
    assert reported["ctwo"]["state"] == "running"
    one = reported["cone"]
    assert (one["state"], one["cause"], one["waiting"], one["next_probe"]) == ("paused", "operator", 2, None)
    assert one["reason"] == "The PMS is being migrated until Monday."
    assert one["since"].endswith("Z")
    assert "being migrated" in bridge.call("list").stdout
    result = bridge.call("resume", "cone")
    assert result.stdout == "Integration cone is resumed; 2 events wait no longer.\n"
    assert bridge.list()["cone"]["state"] == "running"
    with bridge.database.session() as session:
        ready = list(session.scalars(select(Lane.lane).where(Lane.ready).order_by(Lane.lane)))
    assert ready == ["l1", "l2"]


@pytest.mark.parametrize("name", ["oakwood", "Elm Court", "cone"])
def test_a_property_names_its_integration(bridge, name):
    assert "Integration cone is paused; 0 events wait." in bridge.call("pause", name, "--reason", "x").stdout


def test_an_unknown_one_is_refused_with_those_that_there_are(bridge):
    result = bridge.call("pause", "cthree", "--reason", "x")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == 'No property has the integration "cthree"; there are: cone, ctwo.\n'


def test_a_pause_needs_a_reason(bridge):
    assert bridge.call("pause", "cone").exit_code == 2


def test_one_that_runs_cannot_be_resumed(bridge):
    result = bridge.call("resume", "cone")
    assert (result.exit_code, result.stderr) == (1, "Integration cone is not paused.\n")


def test_shows_a_pause_that_began_by_itself_and_when_it_is_probed(bridge):
    before = utc_now()
    bridge.breakers.observe("cone", Outcome.UNAUTHORIZED, "Propexo does not accept the token.", probing=False)
    one = bridge.list()["cone"]
    assert (one["cause"], one["reason"]) == ("refused", "Propexo does not accept the token.")
    with bridge.database.session() as session:
        assert session.get_one(IntegrationState, "cone").probe_at - before >= PROBE_INTERVAL
    assert one["next_probe"] > one["since"]


def test_shows_one_that_fails_before_it_is_paused(bridge):
    for _ in range(3):
        bridge.breakers.observe("ctwo", Outcome.TRANSIENT, "away", probing=False)
    one = bridge.list()["ctwo"]
    assert (one["state"], one["reason"]) == ("failing", "3 calls in a row failed.")
