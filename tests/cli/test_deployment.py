"""`bridge check --deploy`: each decision, and one run against a real database, sandbox and web process."""

import dataclasses
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from werkzeug.serving import WSGIRequestHandler, make_server

from bridge import settings as configuration
from bridge.app import create_app
from bridge.cli import deployment, deployment_facts, main
from bridge.cli.deployment import GIB, MIB, DatabaseFacts, MachineFacts, PublicAnswer
from bridge.clock import utc_now
from bridge.database import Database
from bridge.embedded import VERSION
from bridge.propexo.preflight import PreflightFinding
from bridge.sandbox.server import SandboxServer
from bridge.sandbox.state import Sandbox
from bridge.settings import Settings

GOOD = MachineFacts(
    is_root=False, may_write=True, free_bytes=20 * GIB, temporary_folder=True, memory=GIB, open_files=1024,
    embedded_version=None, port="free",
)  # fmt: skip
SERVER = DatabaseFacts(may_create=True, is_replica=False, connections=97, is_encrypted=True, clock_ahead=0.2)


def configured(**server: Any) -> Settings:
    document = {"propexo": {"token": "t"}, "server": server}
    return configuration.parse(document, {})


def with_database(**server: Any) -> Settings:
    return dataclasses.replace(configured(**server), database_url="postgresql://bridge@db.example.com/bridge")


def bad(findings: Iterator[PreflightFinding]) -> list[tuple[str, str]]:
    return [(finding.level, finding.key) for finding in findings if finding.level != "ok"]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, []),
        ({"is_root": True}, [("problem", "data_dir")]),
        ({"may_write": False}, [("problem", "data_dir")]),
        ({"free_bytes": 2 * GIB}, [("warning", "disk")]),
        ({"free_bytes": 900 * MIB}, [("problem", "disk")]),
        ({"embedded_version": VERSION}, []),
        ({"embedded_version": VERSION - 2}, [("problem", "data_dir")]),
        ({"temporary_folder": False}, [("problem", "temporary folder")]),
        ({"memory": 500 * MIB}, [("warning", "memory")]),
        ({"open_files": 256}, [("warning", "open files")]),
        ({"port": "taken"}, [("problem", "server.port")]),
        ({"port": "bridge"}, []),
    ],
)
def test_what_a_machine_lacks_for_the_embedded_database_is_found(
    changed: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    facts = dataclasses.replace(GOOD, **changed)
    assert bad(deployment.of_machine(configured(), facts, embedded_version=VERSION)) == expected


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"is_root": True}, []),
        ({"may_write": False}, [("warning", "data_dir")]),
        ({"free_bytes": 0}, []),
        ({"memory": 390 * MIB}, []),
    ],
)
def test_an_external_database_needs_less_of_the_machine(
    changed: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    facts = dataclasses.replace(GOOD, **changed)
    assert bad(deployment.of_machine(with_database(), facts, embedded_version=VERSION)) == expected


@pytest.mark.parametrize(
    ("server", "expected"),
    [
        ({"host": "0.0.0.0"}, [("warning", "server.host")]),
        ({"host": "bridge.internal"}, [("warning", "server.host")]),
        ({"host": "0.0.0.0", "private_bind": "127.0.0.1:8081"}, []),
        ({"host": "localhost"}, []),
        ({"host": "::1"}, []),
    ],
)
def test_a_console_that_answers_everywhere_is_found(
    server: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    assert bad(deployment.of_machine(configured(**server), GOOD, embedded_version=VERSION)) == expected


@pytest.mark.parametrize(
    ("ahead", "level"), [(0.5, "ok"), (-4.9, "ok"), (6, "warning"), (-6, "warning"), (61, "problem")]
)
def test_clocks_that_differ_are_found(ahead: float, level: str) -> None:
    assert deployment.of_clock("Propexo", ahead).level == level


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, []),
        ({"may_create": False}, [("problem", "database_url")]),
        ({"is_replica": True, "may_create": False}, [("problem", "database_url")]),
        ({"connections": 20}, [("problem", "database connections")]),
        ({"is_encrypted": False}, [("warning", "database_url")]),
        ({"clock_ahead": -90.0}, [("problem", "clock")]),
    ],
)
def test_what_a_database_does_not_grant_is_found(
    changed: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    assert bad(deployment.of_database(with_database(), dataclasses.replace(SERVER, **changed))) == expected


def test_a_database_on_this_machine_needs_no_encryption() -> None:
    settings = dataclasses.replace(configured(), database_url="postgresql://bridge@127.0.0.1/bridge")
    assert bad(deployment.of_database(settings, dataclasses.replace(SERVER, is_encrypted=False))) == []


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (PublicAnswer(200, "", is_bridge=True, saw_https=True), []),
        (PublicAnswer(200, "", is_bridge=True, saw_https=False), [("problem", "server.trusted_proxies")]),
        (PublicAnswer(200, "", is_bridge=False, saw_https=True), [("problem", "server.public_url")]),
        (PublicAnswer(404), [("problem", "server.public_url")]),
        (PublicAnswer(301), [("problem", "server.public_url")]),
        (PublicAnswer(None, "ConnectTimeout"), [("warning", "server.public_url")]),
        (None, []),
    ],
)
def test_what_senders_meet_is_found(answer: PublicAnswer | None, expected: list[tuple[str, str]]) -> None:
    settings = configured(public_url="https://bridge.example.com")
    assert bad(deployment.of_public_url(settings, answer)) == expected


def test_an_address_for_senders_is_missed() -> None:
    assert bad(deployment.of_public_url(configured(), None)) == [("warning", "server.public_url")]


def test_the_limit_of_a_container_counts(tmp_path: Path) -> None:
    assert deployment_facts.available_memory(GIB, tmp_path) == GIB
    (tmp_path / "memory.max").write_text("max\n")
    assert deployment_facts.available_memory(GIB, tmp_path) == GIB
    (tmp_path / "memory.max").write_text(f"{512 * MIB}\n")
    (tmp_path / "memory.current").write_text(f"{200 * MIB}\n")
    assert deployment_facts.available_memory(GIB, tmp_path) == 312 * MIB


class Quiet(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Keep the output clean."""


def test_a_whole_installation_is_examined_and_nothing_changes(
    tmp_path: Path, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("no_proxy", "*")
    running = make_server("127.0.0.1", 0, create_app(configured(), database), request_handler=Quiet)
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    with SandboxServer(Sandbox(token="token")) as propexo:
        file = tmp_path / "bridge.toml"
        file.write_text(
            f'database_url = "{database.url}"\n[propexo]\ntoken = "token"\nbase_url = "{propexo.url}"\n'
            f'[server]\npublic_url = "http://127.0.0.1:{running.server_port}"\nport = {running.server_port}\n'
        )
        file.chmod(0o600)
        before = sorted(tmp_path.rglob("*"))
        answer = CliRunner().invoke(main, ["check", "--deploy", "--json", "--config", str(file)])
        ahead = deployment_facts.clock_of(propexo.url, lambda: utc_now() - timedelta(hours=1))
    running.shutdown()
    thread.join()
    running.server_close()
    assert sorted(tmp_path.rglob("*")) == before
    found = {each["key"]: each for each in json.loads(answer.stdout)["findings"]}
    assert found["server.public_url"]["message"] == "a bridge answers there"
    assert found["server.port"]["message"].startswith("a bridge answers at")
    assert found["database connections"]["level"] == "ok"
    assert found["clock"]["message"] == "agrees with that of Propexo"
    assert ahead is not None
    assert abs(ahead - 3600) < 60


def test_an_embedded_database_is_looked_at_and_not_started(tmp_path: Path) -> None:
    folder = tmp_path / "data/postgres"
    folder.mkdir(parents=True)
    (folder / "PG_VERSION").write_text("16\n")
    file = tmp_path / "bridge.toml"
    file.write_text('data_dir = "data"\n[propexo]\ntoken = "t"\nbase_url = "http://127.0.0.1:9"\n')
    answer = CliRunner().invoke(main, ["check", "--deploy", "--config", str(file)])
    assert answer.exit_code == 1
    assert f"holds PostgreSQL 16, and this version of the bridge runs {VERSION}" in answer.stdout
    assert [path.name for path in folder.iterdir()] == ["PG_VERSION"]


def test_a_clock_that_is_not_shown_is_not_judged() -> None:
    assert deployment_facts.clock_of("http://127.0.0.1:9", lambda: datetime.now(UTC)) is None
