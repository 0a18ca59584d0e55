"""What the process commands and the list of commands say before anything runs."""

import base64
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import psutil
import psycopg
import pytest
from cli.running import CONFIG, ENVIRONMENT, KEY
from click.testing import CliRunner

from bridge.cli import COMMANDS, main
from bridge.cli.processes import Children

pytestmark = pytest.mark.processes


@pytest.fixture
def empty_database(server_url: str) -> Iterator[str]:
    """The URL of a database without a table."""
    name = f"bridge_empty_{os.getpid()}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        yield re.sub(r"/\w+(\?|$)", rf"/{name}\1", server_url, count=1)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_an_external_database_is_migrated_by_its_command_only(tmp_path: Path, empty_database: str) -> None:
    config = tmp_path / "bridge.toml"
    config.write_text(f'database_url = "{empty_database}"\n' + CONFIG)
    for command in (["serve", "--bind", "127.0.0.1:0"], ["web", "--bind", "127.0.0.1:0"], ["worker"]):
        reported = CliRunner().invoke(main, [*command, "--config", str(config)])
        assert reported.exit_code == 1
        assert reported.stderr.count("\n") == 1
        assert "`bridge migrate`" in reported.stderr
    first = CliRunner().invoke(main, ["migrate", "--config", str(config)])
    assert "queue: created" in first.stdout
    assert "tables: none -> " in first.stdout
    again = CliRunner().invoke(main, ["migrate", "--config", str(config)])
    assert again.stdout == "nothing to do\n"


@pytest.mark.parametrize("command", ["serve", "web", "worker"])
def test_a_wrong_configuration_is_reported_in_one_line_per_problem(command: str, tmp_path: Path) -> None:
    config = tmp_path / "bridge.toml"
    config.write_text(CONFIG.replace("ENTRATA", "").replace("America/Chicago", "CST"))
    reported = CliRunner().invoke(main, [command, "--config", str(config)])
    assert reported.exit_code == 1
    assert reported.stdout == ""
    assert [line.split(":")[0] for line in reported.stderr.splitlines()] == [
        "properties.oakwood.pms",
        "properties.oakwood.time_zone",
    ]


@pytest.mark.parametrize("command", ["serve", "web", "worker"])
def test_a_source_that_cannot_work_stops_the_start(command: str, tmp_path: Path) -> None:
    config = tmp_path / "bridge.toml"
    config.write_text(CONFIG.replace("whsec_", "whsec_!"))
    reported = CliRunner().invoke(main, [command, "--config", str(config)])
    assert reported.exit_code == 1
    assert reported.stderr.startswith("sources.widget.secrets: ")
    assert base64.b64encode(KEY).decode() not in reported.stderr
    assert not (tmp_path / "bridge-data").exists()


def test_a_database_that_is_not_there_is_reported_without_a_traceback(tmp_path: Path) -> None:
    config = tmp_path / "bridge.toml"
    config.write_text('database_url = "postgresql://user:hush@127.0.0.1:1/bridge"\n' + CONFIG)
    reported = CliRunner().invoke(main, ["worker", "--config", str(config)])
    assert reported.exit_code == 1
    assert reported.stderr.startswith("The database cannot be reached.")
    assert reported.stderr.count("\n") == 1
    assert "hush" not in reported.stderr


def test_a_port_that_is_taken_is_reported_before_anything_starts(tmp_path: Path) -> None:
    config = tmp_path / "bridge.toml"
    config.write_text(CONFIG)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        reported = CliRunner().invoke(main, ["serve", "--config", str(config), "--bind", address])
    assert reported.exit_code == 1
    assert "Address already in use" in reported.stderr
    assert not (tmp_path / "bridge-data").exists()


@pytest.mark.parametrize(
    "bind", ["8080", "127.0.0.1:", "127.0.0.1:99999", "localhost:http", "fd://999", "fd://x"]
)
def test_an_address_that_is_none_is_wrong_usage(bind: str, tmp_path: Path) -> None:
    config = tmp_path / "bridge.toml"
    config.write_text(CONFIG)
    reported = CliRunner().invoke(main, ["web", "--config", str(config), "--bind", bind])
    assert reported.exit_code == 2
    assert "--bind" in reported.stderr


def test_a_child_that_does_not_stop_is_killed() -> None:
    with Children(stop_within=0.1) as children:
        children.start("sandbox", ["sandbox", "--port", "0"], ENVIRONMENT)
        child = psutil.Process().children()[0]
        child.suspend()
    assert not child.is_running()


def commands(
    command: click.Command, name: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield name, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for each in command.list_commands(context):
            inner = command.get_command(context, each)
            assert inner
            yield from commands(inner, (*name, each))


def test_every_level_explains_itself() -> None:
    for name, command in commands(main):
        reported = CliRunner().invoke(main, [*name, "--help"])
        assert reported.exit_code == 0, name
        assert command.help, name
        if len(name) == 1:
            assert COMMANDS[name[0]][1] == command.get_short_help_str(limit=200)


def test_the_list_of_commands_does_not_import_them() -> None:
    script = """
import sys
from bridge.cli import main
main(["--help"], standalone_mode=False)
print(list(sys.modules))
"""
    reported = subprocess.run(
        [sys.executable, "-c", script], env=ENVIRONMENT, capture_output=True, text=True, check=True
    )
    assert "translate" in reported.stdout
    for heavy in ("sqlalchemy", "gunicorn", "flask", "bridge.cli.serve"):
        assert f"'{heavy}'" not in reported.stdout
