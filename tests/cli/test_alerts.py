"""`bridge alerts`."""

import json
from typing import Any

import pytest
from click.testing import CliRunner
from werkzeug.wrappers import Response

from bridge.cli import main


def run(world: Any, tmp_path: Any, *words: str) -> Any:
    config = tmp_path / "bridge.toml"
    config.write_text(f'database_url = "{world.database.url}"\n{world.toml()}')
    return CliRunner().invoke(main, ["alerts", *words, "--config", str(config)])


def notify(world: Any, sender_api: Any) -> None:
    sender_api.answers["/"] = {}
    world.document["alerts"] = {"urls": [f"json://user:password@{sender_api.url.removeprefix('http://')}/"]}


def test_a_test_goes_to_each_address_and_shows_no_secret(world, sender_api, tmp_path):
    notify(world, sender_api)
    reported = run(world, tmp_path, "test")
    assert (reported.exit_code, reported.output.count(": sent")) == (0, 1)
    assert "password" not in reported.output
    assert json.loads(sender_api.asked[0].body)["title"] == "The bridge can reach you"


def test_an_address_that_does_not_work_is_named(world, sender_api, tmp_path):
    notify(world, sender_api)
    sender_api.answers["/"] = Response("", 500)
    reported = run(world, tmp_path, "test")
    assert reported.exit_code == 1
    assert "NOT sent" in reported.output
    assert "password" not in reported.output


def test_without_an_address_it_says_what_to_do(world, tmp_path):
    reported = run(world, tmp_path, "test")
    assert reported.exit_code == 1
    assert "alerts.urls is empty" in reported.output


def test_an_address_that_apprise_cannot_read_is_a_configuration_error(world, tmp_path):
    world.document["alerts"] = {"urls": ["nonsense"]}
    reported = run(world, tmp_path, "test")
    assert reported.exit_code == 1
    assert (
        "alerts.urls[0]: found a value that is not shown, expected an address that Apprise knows"
        in reported.output
    )


@pytest.mark.parametrize("option", [(), ("--json",)])
def test_the_list_shows_what_does_not_go_well(world, tmp_path, option):
    world.book(property="Elm Cuort")
    world.run_due()
    reported = run(world, tmp_path, "list", *option)
    assert reported.exit_code == 0
    assert "Maya Okafor" in reported.output
    if option:
        assert json.loads(reported.stdout)["alerts"][0]["kind"] == "parked"
