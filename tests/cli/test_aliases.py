"""`bridge aliases`, and what the other commands make of them."""

from typing import Any

from click.testing import CliRunner

from bridge.cli import main


def call(bridge: Any, *arguments: str) -> Any:
    return CliRunner().invoke(main, [*arguments, "--config", str(bridge.config)])


def test_an_alias_releases_what_waits_for_it(bridge: Any, five: list[int]):
    assert (
        call(bridge, "aliases", "add", "Atlantis", "By the Lake").output
        == '"atlantis" means lake from now on.\n'
    )
    listed = call(bridge, "aliases", "list").output
    assert "atlantis" in listed
    assert "lake" in listed
    call(bridge, "events", "replay", "--reason", "unknown_property", "--property", "lake")
    bridge.run(five[2])
    assert bridge.story(five[2])["property"] == "lake"


def test_bridge_check_shows_of_an_alias_without_effect(bridge: Any):
    call(bridge, "aliases", "add", "Atlantis", "lake")
    whole = bridge.config.read_text()
    bridge.config.write_text(
        whole.replace('name = "Oakwood Flats"', 'name = "Oakwood Flats"\naliases = ["Atlantis"]')
    )
    assert "bridge.toml assigns it to oakwood" in call(bridge, "check").output
    assert call(bridge, "aliases", "remove", "Atlantis").output == '"Atlantis" is removed.\n'
    assert call(bridge, "aliases", "remove", "Atlantis").exit_code == 1
