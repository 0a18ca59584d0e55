"""`bridge availability`: the free times of a property, and what keeps others from being free."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bridge.cli import main
from bridge.database import Database

CONFIGURATION = """
database_url = "{database_url}"
[propexo]
token = "a-secret-token"
base_url = "http://127.0.0.1:9"
[properties.oakwood]
integration_id = "cone"
property_id = "coakwood"
pms = "RENTMANAGER"
time_zone = "America/Phoenix"
name = "Oakwood Flats"
tour_hours = ["mon-sun 00:00-24:00"]
[properties.oakwood.slots]
minutes = 60
horizon = 3
blackouts = ["mon-sun 12:00-13:00"]
[properties.elm]
integration_id = "cone"
property_id = "celm"
pms = "RENTMANAGER"
time_zone = "America/Phoenix"
"""


@pytest.fixture
def config(database: Database, tmp_path: Path) -> Path:
    path = tmp_path / "bridge.toml"
    path.write_text(CONFIGURATION.format(database_url=database.url))
    return path


def run(config: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["availability", *words, "--config", str(config)])


def test_the_days_and_their_times(config: Path):
    result = run(config, "Oakwood Flats", "--days", "4")
    assert result.exit_code == 0, result.output
    assert "oakwood, America/Phoenix, by the hours of the property, as of " in result.stderr
    lines = result.stdout.splitlines()
    assert lines[0].split() == ["Day", "Free", "Times"]
    # The notice may reach into tomorrow; the day after is whole. Phoenix has no clock changes.
    assert lines[3].split()[2] == "23"
    assert lines[4].split()[2:] == ["0", "horizon"]


def test_why_a_start_is_not_free(config: Path):
    result = run(config, "oakwood", "--why", "--days", "2", "--json")
    found = json.loads(result.stdout)
    tomorrow = found["days"][1]["date"]
    why = {
        start["start"][11:16]: start["why_not"]
        for start in found["starts"]
        if start["start"].startswith(tomorrow)
    }
    assert (why["11:00"], why["12:00"], why["13:00"]) == (None, "closed", None)
    assert "12:00" in run(config, "oakwood", "--why", "--days", "2").stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["palm"], "No property of this name is configured."),
        (["elm"], "This property offers no times."),
        (["oakwood", "--kind", "virtual"], "It offers in_person."),
    ],
)
def test_refusals(config: Path, words: list[str], message: str):
    result = run(config, *words)
    assert result.exit_code == 1
    assert message in result.stderr


def test_a_day_that_is_none(config: Path):
    result = run(config, "oakwood", "--from", "tomorrow")
    assert result.exit_code == 2
    assert "write the day as 2026-12-31" in result.stderr
