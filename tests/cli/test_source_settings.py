"""`bridge sources export` and `mode`."""

from pathlib import Path

from click.testing import CliRunner

from bridge.cli import main
from bridge.clock import utc_now
from bridge.console.actions.sources import save
from bridge.console.actor import Actor, Via
from bridge.models import Role
from bridge.settings import load
from bridge.stored_sources import LiveSources

CONFIGURATION = """
database_url = "{database_url}"

[propexo]
token = "a-secret-token"

[sources.fixed]
mapping = "calendly"
secrets = ["key"]
mode = "live"
"""
STORED = {
    "mapping": "calendly",
    "secrets": ["a-key"],
    "api": {"base_url": "https://api.example.com", "token": "t"},
}


def test_stored_sources_are_exported_and_switched(database, tmp_path: Path) -> None:
    config = tmp_path / "bridge.toml"
    config.write_text(CONFIGURATION.format(database_url=database.url))
    live = LiveSources(load(config), database)
    document = {name: value for name, value in STORED.items() if name != "api"}
    save(live, database, Actor("priya", Role.ADMIN, Via.CONSOLE), "new", document, utc_now(), mode="live")

    def run(*words: str):
        return CliRunner().invoke(main, ["sources", *words, "--config", str(config)])

    plain = run("export").stdout
    assert "[sources.new]" in plain
    assert "${NEW_SECRETS_1}" in plain
    assert "a-key" in run("export", "new", "--secrets").stdout
    assert run("mode", "new", "shadow").exit_code == 0
    assert 'mode = "shadow"' in run("export").stdout
    assert run("mode", "fixed", "shadow").exit_code == 1
    assert run("mode", "absent", "live").exit_code == 1
