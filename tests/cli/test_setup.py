"""`check`, against a real sandbox and a real database."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from bridge.cli import main
from bridge.clock import utc_now
from bridge.database import Database
from bridge.models import StoredSource
from bridge.sandbox.server import SandboxServer
from bridge.sandbox.state import Sandbox
from bridge.schema_versions import comment
from bridge.settings import template

CONFIG = """
{top}
[propexo]
token = "token"
base_url = "{base_url}"
[properties.oakwood]
integration_id = "cintegration"
property_id = "cproperty"
pms = "{pms}"
time_zone = "America/Chicago"
{more}
[sources.widget]
mapping = "standard_webhooks"
secrets = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]
property = "oakwood"
"""
DEFAULTS = 'defaults = { duration_minutes = 30, lead_source_id = "cleadsource" }'


@pytest.fixture
def sandbox() -> Iterator[SandboxServer]:
    account = Sandbox(token="token")
    account.add_integration("cintegration", "ENTRATA")
    account.add_property("cintegration", "cproperty", "Oakwood Flats")
    account.add_lead_source("cintegration", "cproperty", "Website", id="cleadsource")
    with SandboxServer(account) as server:
        yield server


class Installation:
    """A bridge.toml, by parts, and what `bridge check` says of it."""

    def __init__(self, folder: Path, **parts: str) -> None:
        self.path = folder / "bridge.toml"
        self.parts = {"top": "", "base_url": "http://127.0.0.1:9", "pms": "ENTRATA", "more": DEFAULTS} | parts

    def check(self, *args: str, **parts: str) -> Result:
        self.path.touch(mode=0o600)
        self.path.write_text(CONFIG.format(**self.parts | parts))
        return CliRunner().invoke(main, ["check", "--config", str(self.path), *args])

    def findings(self, *args: str, **parts: str) -> dict[tuple[str, str], str]:
        """Messages by level and key."""
        reported = self.check("--json", *args, **parts)
        found: list[dict[str, Any]] = json.loads(reported.stdout)["findings"]
        assert reported.exit_code == int(any(each["level"] == "problem" for each in found))
        return {(each["level"], each["key"]): each["message"] for each in found}

    def bad(self, *args: str, **parts: str) -> dict[tuple[str, str], str]:
        """All findings but the good ones."""
        return {at: reported for at, reported in self.findings(*args, **parts).items() if at[0] != "ok"}


@pytest.fixture
def installation(tmp_path: Path, sandbox: SandboxServer, database: Database) -> Installation:
    return Installation(tmp_path, top=f'database_url = "{database.url}"', base_url=sandbox.url)


@pytest.fixture
def offline(tmp_path: Path) -> Installation:
    return Installation(tmp_path)


def test_a_fresh_template_has_only_its_placeholders_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROPEXO_TOKEN", "token")
    path = tmp_path / "bridge.toml"
    path.write_text(template())
    reported = CliRunner().invoke(main, ["check", "--offline", "--config", str(path)])
    assert reported.exit_code == 1
    problems = [line.split()[1] for line in reported.stdout.splitlines() if line.startswith("problem")]
    assert problems == ["properties.oakwood.integration_id:", "properties.oakwood.property_id:"]


def test_a_good_installation_passes(installation: Installation) -> None:
    reported = installation.check()
    assert reported.exit_code == 0, reported.output
    assert {line.split()[0] for line in reported.stdout.splitlines()} == {"ok"}
    assert "/hooks/widget" in reported.stdout
    assert "Oakwood Flats" in reported.stdout
    assert reported.stderr == "Problems: 0, warnings: 0.\n"


def test_wrong_settings_are_findings(offline: Installation) -> None:
    assert list(offline.bad(more='time_zon = "x"\npms_time = "EST"')) == [
        ("problem", "properties.oakwood.pms_time"),
        ("problem", "properties.oakwood.time_zon"),
    ]


def test_a_mapping_that_does_not_load_is_a_finding(offline: Installation) -> None:
    folder = offline.path.parent / "own"
    folder.mkdir()
    (folder / "broken.py").write_text("1 / 0")
    found = offline.bad("--offline", top='mappings_dir = "own"')
    assert found == {
        (
            "problem",
            str(folder / "broken.py"),
        ): "cannot be loaded: ZeroDivisionError: division by zero (line 1)"
    }


def test_a_mappings_folder_that_is_not_there_is_a_finding(offline: Installation) -> None:
    found = offline.bad("--offline", top='mappings_dir = "own"')
    assert list(found) == [("problem", "mappings_dir")]


def test_a_source_that_cannot_work_is_a_finding_and_one_that_is_off_a_warning(offline: Installation) -> None:
    more = '[sources.form]\nmapping = "website_form"\n[sources.gone]\nmapping = "calendli"\n[sources.off]\n'
    more += 'mapping = "calendly"\nsecrets = ["key"]\nenabled = false\n'
    found = offline.bad("--offline", more=f"{DEFAULTS}\n{more}")
    assert list(found) == [
        ("problem", "sources.form.origins"),
        ("problem", "sources.gone.mapping"),
        ("warning", "sources.off.enabled"),
    ]
    assert 'did you mean "calendly"?' in found["problem", "sources.gone.mapping"]


@pytest.mark.parametrize(
    ("pms", "level", "key", "words"),
    [
        ("ENTRATTA", "problem", "pms", "Did you mean ENTRATA"),
        ("BUILDIUM", "problem", "pms", "Book in Buildium directly"),
        ("MRI", "problem", "pms_time", "set `pms_time`"),
        ("RESMAN", "warning", "pms_time", "both UTC and property time"),
        ("RESMAN", "warning", "pms", "Cancel the appointment in ResMan"),
        ("YARDI", "warning", "defaults.unit_id", "Yardi needs it"),
        ("RENTMANAGER", "warning", "defaults.duration_minutes", "Rent Manager needs it"),
    ],
)
def test_what_a_pms_does_not_take_is_reported(
    offline: Installation, pms: str, level: str, key: str, words: str
) -> None:
    found = offline.bad("--offline", pms=pms, more="")
    assert words in found[level, f"properties.oakwood.{key}"]


def test_a_crosswalk_stands_for_a_default(offline: Installation) -> None:
    more = 'units = { "2 BR" = "cunit" }\nagents = { Jane = "cagent" }\ndefaults = { duration_minutes = 30 }'
    assert offline.bad("--offline", pms="APPFOLIO", more=more) == {}


def test_a_token_that_propexo_refuses_is_a_problem(
    installation: Installation, sandbox: SandboxServer
) -> None:
    sandbox.sandbox.token = "another"
    assert list(installation.bad()) == [("problem", "propexo.token")]


def test_propexo_away_is_a_problem(installation: Installation) -> None:
    found = installation.bad(base_url="http://127.0.0.1:9")
    assert list(found) == [("problem", "propexo.base_url")]
    assert found["problem", "propexo.base_url"].startswith("http://127.0.0.1:9: ")


def test_an_integration_that_propexo_does_not_know_is_a_problem(
    installation: Installation, sandbox: SandboxServer
) -> None:
    sandbox.sandbox.reset()
    assert list(installation.bad()) == [("problem", "properties.oakwood.integration_id")]


def test_an_integration_of_another_pms_is_a_problem(
    installation: Installation, sandbox: SandboxServer
) -> None:
    sandbox.sandbox.add_integration("cintegration", "YARDI")
    assert 'found "ENTRATA"' in installation.bad()["problem", "properties.oakwood.pms"]


def test_a_property_that_is_elsewhere_is_a_problem_with_those_that_are_here(
    installation: Installation, sandbox: SandboxServer
) -> None:
    sandbox.sandbox.reset()
    sandbox.sandbox.add_integration("cintegration", "ENTRATA")
    sandbox.sandbox.add_property("cintegration", "cother", "Elm Court")
    assert "cother (Elm Court)" in installation.bad()["problem", "properties.oakwood.property_id"]


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ({"active": False}, "switched off"),
        ({"is_archived": True}, "switched off"),
        ({"can_authenticate": False}, "renew them there"),
    ],
)
def test_an_integration_that_does_not_work_is_a_problem(
    installation: Installation, sandbox: SandboxServer, field: dict[str, bool], words: str
) -> None:
    record = {"id": "cintegration", "vendor": "ENTRATA", "active": True, "can_authenticate": True, **field}
    sandbox.sandbox.fail(path="/v1/admin/integrations/*", status=200, body={"results": record})
    assert words in installation.bad()["problem", "properties.oakwood.integration_id"]


def test_a_database_that_is_away_is_a_problem(installation: Installation) -> None:
    found = installation.bad(top='database_url = "postgresql://user:hush@127.0.0.1:1/bridge"')
    assert list(found) == [("problem", "database_url")]
    assert "hush" not in found["problem", "database_url"]


def test_sources_that_were_set_up_in_the_console_are_checked_likewise(
    installation: Installation, database: Database
) -> None:
    documents: dict[str, dict[str, Any]] = {
        "form": {"mapping": "website_form", "origins": ["https://www.example.com"]},
        "gone": {"mapping": "calendli", "secrets": ["key"]},
        "off": {"mapping": "calendly", "secrets": ["replace-me"], "enabled": False},
        "place": {"mapping": "calendly", "secrets": ["key"], "property": "elsewhere"},
        "widget": {"mapping": "calendly", "secrets": ["key"]},
    }
    with database.session() as session:
        for version, (key, document) in enumerate(documents.items(), 1):
            session.add(
                StoredSource(
                    key=key,
                    document=document,
                    mode="shadow",
                    version=version,
                    changed_at=utc_now(),
                    changed_by="ada",
                )
            )
    found = installation.findings()
    assert found["ok", "sources.form"] == "receives events at /hooks/form with the mapping website_form"
    assert 'did you mean "calendly"?' in found["problem", "sources.gone.mapping"]
    assert "put in your own value" in found["problem", "sources.off.secrets[0]"]
    assert "is false" in found["warning", "sources.off.enabled"]
    assert found["problem", "sources.place.property"] == "expected the key of a configured property"
    assert "bridge.toml wins" in found["warning", "sources.widget"]


def test_an_old_schema_is_a_problem_outside_and_none_inside(
    installation: Installation, database: Database
) -> None:
    with database.session() as session:
        session.connection().exec_driver_sql("UPDATE alembic_version SET version_num = '0000'")
    assert "`bridge migrate`" in installation.bad()["problem", "database_url"]


def test_the_schema_of_a_later_version_is_a_problem(installation: Installation, database: Database) -> None:
    with database.session() as session:
        session.connection().exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
        session.connection().exec_driver_sql(comment("9998"))
    assert "Start that version" in installation.bad()["problem", "database_url"]


@pytest.mark.processes
def test_the_embedded_database_is_looked_at_only_where_there_is_one(installation: Installation) -> None:
    inside = installation.findings(top="")
    assert "the first start makes one" in inside["ok", "data_dir"]
    assert not (installation.path.parent / "bridge-data").exists()
    (installation.path.parent / "bridge-data" / "postgres").mkdir(parents=True)
    assert "next start" in installation.findings(top="")["ok", "data_dir"]
    CliRunner().invoke(main, ["migrate", "--config", str(installation.path)])
    assert "with the tables of this version" in installation.findings(top="")["ok", "data_dir"]


@pytest.mark.parametrize(
    "command",
    [
        ["events", "list"], ["users", "list"], ["tokens", "list"], ["aliases", "list"], ["alerts", "list"],
        ["integrations", "list"], ["events", "show", "1"], ["erase", "--email", "a@example.com", "--yes"],
    ],
)  # fmt: skip
def test_a_command_that_reads_makes_no_database(command, tmp_path):
    path = tmp_path / "bridge.toml"
    path.write_text('[propexo]\ntoken = "t"\n')
    result = CliRunner().invoke(main, [*command, "--config", str(path)])
    assert result.exit_code == 1
    assert "`bridge serve` makes it at its first start" in result.stderr
    assert [one.name for one in tmp_path.iterdir()] == ["bridge.toml"]


@pytest.mark.parametrize("text", ["...", "<id of the agent>"])
def test_a_placeholder_in_an_id_is_named_by_its_key(offline: Installation, text: str) -> None:
    more = (
        f'agents = {{ Jane = "{text}" }}\ndefaults = {{ duration_minutes = 30, lead_source_id = "{text}" }}'
    )
    found = offline.bad("--offline", more=more)
    assert found["problem", "properties.oakwood.agents.Jane"] == f'is still "{text}"; put in your own value'
    assert ("problem", "properties.oakwood.defaults.lead_source_id") in found


def test_what_is_switched_off_at_propexo_is_found(installation: Installation, sandbox: SandboxServer) -> None:
    sandbox.sandbox.switch(
        "cintegration",
        models={"leads": False},
        interfaces={"ENTRATA_CREATE_EVENT": False},
        properties={"cproperty": False},
    )
    reported = installation.check().stdout
    assert "its tour is never booked" in reported
    assert "ENTRATA_CREATE_EVENT is switched off" in reported
    assert "the property is not enabled at Propexo" in reported


def test_an_id_that_does_not_exist_is_found(installation: Installation) -> None:
    more = 'defaults = { duration_minutes = 30, lead_source_id = "cgone" }'
    found = installation.bad(more=more)["problem", "properties.oakwood.defaults.lead_source_id"]
    assert "`bridge propexo list lead-sources --property oakwood`" in found
