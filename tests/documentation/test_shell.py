"""Every command in a shell block of the documents runs, or, where it cannot run here, is well-formed.

Well-formed: its command exists, takes its options and arguments, and the files of ours that it names are there."""

import json
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from cli.working import work
from click.testing import CliRunner
from documentation.documents import DOCUMENTS, ROOT, SECRET, TEXTS

from bridge import settings
from bridge.app import create_app
from bridge.cli import main
from bridge.clock import utc_now
from bridge.database import Database
from bridge.inbound.signatures import Request
from bridge.mapping.catalogue import Catalogue
from bridge.sandbox.server import SandboxServer
from bridge.sandbox.state import Sandbox
from bridge.settings import load

NOT_RUN = {
    "serve": "tests/cli/test_processes.py",
    "web": "tests/cli/test_processes.py",
    "worker": "tests/cli/test_processes.py",
    "demo": "tests/cli/test_demo.py",
    "restore": "tests/cli/test_backup.py",
    "accept-copy": "tests/test_embedded.py",
    "mcp": "tests/mcp/test_mcp.py",
    "send": "tests/cli/test_send.py",
    "translate": "tests/documentation/test_examples.py",
    "mappings": "tests/documentation/test_examples.py",
    "alerts test": "tests/cli/test_alerts.py",
}
"""What this test only parses, and the file that runs it."""
ELSEWHERE = {
    "/opt/bridge/bin/bridge": "needs an installation by root",
    ".venv/bin/bridge": "needs an installation",
    ".venv/bin/pip": "installs",
    "pip": "installs",
    "python3": "installs",
    "pytest": "tests the tests",
    "chown": "needs root",
    "install": "needs root",
    "deploy/systemd/install.sh": "needs root; tests/deploy/test_systemd.py runs it into a folder",
    "deploy/constraints.sh": "needs the registry",
    ".ci/run": "runs the tests",
    "git": "publishes",
    "systemctl": "needs systemd",
    "exec": "needs systemd",
    "docker": "needs an engine",
    "kubectl": "needs a cluster",
    "helm": "needs a cluster; tests/deploy/test_chart.py renders the chart",
    "cosign": "needs a release",
    "gh": "needs a release",
    "curl": "needs an address; tests/console/test_api.py and tests/cli/test_processes.py make these calls",
    "cd": "changes the folder only",
    "export": "sets variables only",
    "cp": "copies only",
    "chmod": "changes rights only",
    "sed": "has a test of its own below",
    "openssl": "has a test of its own below",
}
"""Programs that cannot run here, and why."""


def shell_blocks() -> Iterator[tuple[str, str]]:
    """Each block of shell commands with the document that it is in; an unnamed one counts if it looks like commands."""
    for document in DOCUMENTS:
        for indent, language, block in re.findall(
            r"^( *)```(\w*)\n(.*?)^ *```$", TEXTS[document], re.MULTILINE | re.DOTALL
        ):
            lines = re.sub(rf"^{indent}", "", block, flags=re.MULTILINE)
            if language == "sh" or (not language and re.match(r"(bridge|python3) ", lines)):
                yield str(document.relative_to(ROOT)), lines


def commands(block: str) -> Iterator[list[str]]:
    """The words of each command in a block."""
    for line in re.sub(r"\\\n", " ", block).splitlines():
        for part in re.split(r" && ", line):
            words = shlex.split(part, comments=True)
            if words:
                yield words


COMMANDS = list(
    dict.fromkeys(
        (document, shlex.join(words)) for document, block in shell_blocks() for words in commands(block)
    )
)


def of_bridge(words: list[str]) -> list[str] | None:
    """The arguments of `bridge` in a command, also where another program starts it; `None`: it does not."""
    if words[0].rpartition("/")[2] == "bridge":
        return words[1:]
    if words[:3] == ["docker", "compose", "run"]:
        return words[words.index("web") + 1 :]
    if "--" in words and words[words.index("--") + 1] == "bridge":
        return words[words.index("--") + 2 :]
    return None


def command_of(arguments: list[str]) -> tuple[str, click.Command, list[str]]:
    """The command that arguments name, and those that are left for it."""
    command: click.Command = main
    name: list[str] = []
    while isinstance(command, click.Group):
        found = command.get_command(click.Context(command), arguments[0])
        assert found is not None, arguments
        command, name, arguments = found, [*name, arguments[0]], arguments[1:]
    return " ".join(name), command, arguments


def is_run(name: str) -> bool:
    return name not in NOT_RUN and name.split(maxsplit=1)[0] not in NOT_RUN


@pytest.mark.parametrize(("document", "block"), list(shell_blocks()))
def test_every_block_is_a_script(document: str, block: str) -> None:
    result = subprocess.run(["sh", "-n"], input=block, capture_output=True, text=True, check=False)
    assert result.returncode == 0, (document, result.stderr)


@pytest.mark.parametrize(("document", "line"), COMMANDS)
def test_every_command_is_well_formed(
    document: str, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = shlex.split(line)
    for word in words if words[0] != "kubectl" else []:
        if re.match(r"(deploy|tests|mappings)/", word) and not word.startswith("mappings/acme"):
            assert (ROOT / word).exists(), (document, line)
    arguments = of_bridge(words)
    if arguments is None:
        assert words[0] in ELSEWHERE or words[:2] == ["python", "deploy/bench/drain.py"], (document, line)
        return
    monkeypatch.chdir(tmp_path)
    for word in arguments:
        if re.fullmatch(r"[\w/.-]+\.(json|jsonl|backup|md)", word):
            (tmp_path / word).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / word).touch()
    name, command, rest = command_of(arguments)
    command.make_context(name, list(rest))


@pytest.mark.parametrize("name", NOT_RUN)
def test_what_is_not_run_here_is_run_by_another_test(name: str) -> None:
    text = (ROOT / NOT_RUN[name]).read_text(encoding="utf-8")
    assert re.search(rf"\b{name.split(maxsplit=1)[0]}\b", text)
    named = [command_of(arguments)[0] for _, line in COMMANDS if (arguments := of_bridge(shlex.split(line)))]
    assert any(found == name or found.split()[0] == name for found in named) or name == "alerts test"


@pytest.fixture
def installation(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A bridge.toml with a sandbox for Propexo, and two parked events with the ids of the guides."""
    account = Sandbox(token="token")
    account.add_integration("cintegration", "RENTMANAGER")
    account.add_property("cintegration", "cproperty", "Oakwood Flats")
    with SandboxServer(account) as propexo:
        file = tmp_path / "bridge.toml"
        file.touch(mode=0o600)
        file.write_text(f"""
database_url = "{database.url}"
[propexo]
token = "token"
base_url = "{propexo.url}"
[server]
port = 1
[properties.oakwood]
integration_id = "cintegration"
property_id = "cproperty"
pms = "RENTMANAGER"
time_zone = "America/Chicago"
tour_hours = ["mon-fri 09:00-18:00"]
defaults.duration_minutes = 30
[sources.own]
mapping = "standard_webhooks"
secrets = ["{SECRET}"]
""")
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("BRIDGE_CONFIG", str(file))
        monkeypatch.setenv("no_proxy", "*")
        with database.session() as session:
            session.connection().exec_driver_sql("ALTER SEQUENCE events_id_seq RESTART WITH 17")
            session.commit()
        client = create_app(load(file, {}), database).test_client()
        for number in (17, 18):
            assert client.post("/hooks/own", **booking(number)).json["id"] == number
        yield file


def booking(number: int) -> dict[str, Any]:
    """A signed tour at a property that nobody knows; 18 is a past one of Maya's, who can be erased."""
    name, start = ("maya", "2026-03-04") if number == 18 else ("jonas", "2031-03-04")
    data = {
        "booking_id": f"B-{number}",
        "property": "The Elms",
        "tour": {"start": f"{start}T10:30:00-06:00"},
        "prospect": {"first_name": name, "last_name": "Weller", "email": f"{name}@example.com"},
    }
    body = json.dumps({"type": "tour.booked", "timestamp": "2026-01-05T10:00:00Z", "data": data}).encode()
    scheme = Catalogue().get("standard_webhooks").schema.signature
    assert scheme is not None
    signed = scheme.sign_request(Request({}, body), [SECRET], utc_now(), f"msg_{number}").headers
    return {"data": body, "headers": {**signed, "Content-Type": "application/json"}}


def test_the_commands_of_the_guides_run(installation: Path, database: Database) -> None:
    """One after the other in one installation; a worker looks at the events between them."""
    lines = [line for _, line in COMMANDS if line.startswith("bridge ") and "12" not in shlex.split(line)]
    ran = 0
    for line in dict.fromkeys(lines):
        arguments = shlex.split(line)[1:]
        name, _, _ = command_of(arguments)
        if not is_run(name):
            continue
        work(installation, database)
        if name == "init":
            arguments = ["init", "another.toml", "--force", *arguments[2:]]
        if name.startswith("settings table"):
            shutil.copytree(
                ROOT / "deploy", "deploy", ignore=lambda *_: ["bench", "helm"], dirs_exist_ok=True
            )
        result = CliRunner().invoke(main, arguments, input="a sentence of a few words\n" * 2)
        already = name == "users add" and "already" in result.stderr
        assert result.exit_code == 0 or already, (line, result.output)
        ran += 1
    assert ran > 25


def test_the_runbook_gets_its_address(tmp_path: Path) -> None:
    [line] = [line for _, line in COMMANDS if line.startswith("sed ")]
    shutil.copytree(ROOT / "deploy/monitoring", tmp_path / "deploy/monitoring")
    subprocess.run(shlex.split(line), cwd=tmp_path, check=True)
    text = (tmp_path / "deploy/monitoring/alerts.yml").read_text()
    addresses = re.findall(r"runbook_url: (\S+)", text)
    assert addresses
    assert all(address.startswith("https://git.example.com/") for address in addresses)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
def test_a_key_for_encryption_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    [line] = [line for _, line in COMMANDS if line.startswith("openssl ")]
    key = subprocess.run(shlex.split(line), check=True, capture_output=True, text=True, env=os.environ).stdout
    document = {"propexo": {"token": "t"}, "privacy": {"encryption_keys": [key.strip()]}}
    assert len(settings.parse(document, {}).privacy.encryption_keys) == 1
