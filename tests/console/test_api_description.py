"""The description of the API, as other programs read it: validators, YAML, Postman, and a generated client."""

import importlib
import json
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from flask import Flask
from openapi_spec_validator import validate
from werkzeug.serving import make_server

from bridge.app import create_app
from bridge.cli import main
from bridge.console.access import tokens
from bridge.console.api import application as api
from bridge.console.api.description import TAGS, readable_by_yaml
from bridge.console.api.postman import METHODS, collection
from bridge.mapping.catalogue import Catalogue
from bridge.models import Role

Api = Callable[..., Any]


@pytest.fixture(scope="module")
def text() -> str:
    """As `bridge openapi` prints it."""
    return api.init_app(Flask(__name__), Catalogue()).text


@pytest.fixture(scope="module")
def document(text: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(text)
    return found


def operations(document: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {
        (path, method): operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if method in METHODS
    }


def test_it_is_valid(document: dict[str, Any]):
    validate(document)


def test_a_reader_of_yaml_reads_the_same(text: str, document: dict[str, Any]):
    assert yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader)) == document


@pytest.mark.parametrize(
    "value", ["Zoë 🏠", "a\x7fb\x85c\u2028d", "\ufeff", '\\ " \t / {a: [b]} # c', "y", "1e3"]
)
def test_any_text_is_read_by_yaml(value: str):
    dumped = readable_by_yaml(json.dumps({value: [value]}, ensure_ascii=False))
    assert yaml.safe_load(dumped) == json.loads(dumped) == {value: [value]}


def test_every_operation_has_a_name_and_a_tag_of_the_list(document: dict[str, Any]):
    found = operations(document)
    names = [operation["operationId"] for operation in found.values()]
    assert len(set(names)) == len(names) > 40
    assert {tuple(operation["tags"]) for operation in found.values()} == {
        (tag,) for tag in TAGS if tag != "Webhooks"
    }
    assert all(operation["summary"] for operation in found.values())
    assert [tag["name"] for tag in document["tags"]] == list(TAGS)
    assert document["servers"][0]["url"] == "/"


def test_the_names_are_those_of_the_commands(document: dict[str, Any]):
    names = {operation["operationId"] for operation in operations(document).values()}
    commands = {
        f"{command}_{group}" if command == "list" else f"{command}_{group.removesuffix('s')}"
        for group, own in {
            "events": ("list", "show", "edit"), "aliases": ("list",), "integrations": ("list", "pause", "resume"),
            "users": ("list", "add"), "tokens": ("list", "create", "revoke"), "appointments": ("list",),
        }.items()
        for command in own
    }  # fmt: skip
    assert commands | {"replay_events", "dismiss_events", "add_alias", "remove_alias", "translate"} <= names


def test_the_collection_has_every_operation(document: dict[str, Any]):
    found = collection(document, "https://bridge.example.com")
    requests = {item["name"]: item["request"] for folder in found["item"] for item in folder["item"]}
    assert set(requests) == {operation["operationId"] for operation in operations(document).values()}
    assert {variable["key"]: variable["value"] for variable in found["variable"]} == {
        "baseUrl": "https://bridge.example.com",
        "token": "",
    }
    replay = requests["replay_events"]
    assert replay["url"]["raw"] == "{{baseUrl}}/api/v1/events/replay"
    assert json.loads(replay["body"]["raw"]) == {"ids": [1]}
    assert [header["key"] for header in replay["header"]] == ["Idempotency-Key", "Content-Type"]
    pause = requests["pause_integration"]["url"]
    assert (pause["path"][-2:], pause["variable"]) == ([":name", "pause"], [{"key": "name", "value": ""}])
    assert all(parameter["disabled"] for parameter in requests["list_events"]["url"]["query"])


def test_the_command_writes_both(tmp_path: Path, text: str):
    assert CliRunner().invoke(main, ["openapi"]).stdout == text + "\n"
    file = tmp_path / "bridge.json"
    result = CliRunner().invoke(main, ["openapi", "--postman", "--output", str(file)])
    assert result.exit_code == 0, result.output
    assert json.loads(file.read_text())["info"]["schema"].endswith("/v2.1.0/collection.json")


@pytest.fixture
def address(world: Any) -> Iterator[str]:
    """Where the running bridge of the world answers."""
    server = make_server("127.0.0.1", 0, world.client.application, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.processes
@pytest.mark.filterwarnings("default")  # those of a library that a test uses are not ours
def test_a_generated_client_works_with_the_running_bridge(
    text: str, world: Any, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    pytest.importorskip("openapi_python_client", reason="openapi-python-client is not installed")
    (tmp_path / "openapi.json").write_text(text)
    command = [sys.executable, "-m", "openapi_python_client", "generate", "--meta", "none"]
    files = ["--path", str(tmp_path / "openapi.json"), "--output-path", str(tmp_path / "bridge_client")]
    made = subprocess.run([*command, *files], capture_output=True, text=True, check=False, timeout=120)
    assert made.returncode == 0, made.stderr
    assert "WARNING parsing" not in made.stdout + made.stderr
    monkeypatch.syspath_prepend(tmp_path)

    def call(module: str, **arguments: Any) -> Any:
        return importlib.import_module(f"bridge_client.api.{module}").sync(client=client, **arguments)

    with world.database.session() as session:
        _, token = tokens.create(session, "generated", Role.OPERATOR, world.clock(), None)
    client = importlib.import_module("bridge_client").AuthenticatedClient(address, token)
    models = importlib.import_module("bridge_client.models")
    event = world.book(property="Atlantis")
    world.run_due()
    [parked] = call("events.list_events", status=[models.ListEventsStatusItem("parked")]).events
    assert (parked.id, parked.reason) == (event, "unknown_property")
    added = call("properties.add_alias", body=models.AliasBody(alias="Atlantis", property_="elm"))
    assert (added.alias, added.property_) == ("atlantis", "elm")
    assert call("events.replay_events", body=models.ReplayBody(ids=[event])).queued == [event]
    refused = call("events.show_event", event_id=99)
    assert (refused.status, refused.code) == (404, "no_such_row")


def test_the_description_has_every_hook(api: Api):
    reported = api().get("/openapi.json").json
    assert reported["openapi"].startswith("3.1")
    calendly = reported["webhooks"]["calendly"]["post"]
    assert "/hooks/<source>" in calendly["description"]
    assert calendly["requestBody"]["content"]["application/json"]["examples"]
    assert set(calendly["responses"]) == {"200", "401", "404", "413", "503"}


def test_the_page_on_which_people_try_the_calls_loads_only_files_of_ours(api: Api):
    page = api().get("/api/docs")
    assert page.status_code == 200
    assert "/openapi.json" in page.text
    loaded = re.findall(r'(?:src|href)="([^"]+\.(?:js|css|svg))"', page.text)
    assert len(loaded) == 5
    for path in loaded:
        with api().get(path) as file:
            assert file.status_code == 200
    assert not re.search(r"<script(?![^>]* src=)", page.text)


class TestDescriptionWithOwnMappings:
    """Samples of own mappings are recorded payloads."""

    @pytest.fixture
    def own(self, world: Any, tmp_path: Path) -> None:
        file = Catalogue(None).get("calendly")
        (tmp_path / "mine.py").write_bytes(file.path.read_bytes())
        (tmp_path / "samples" / "mine").mkdir(parents=True)
        sample = next((file.samples_folder).glob("*.json"))
        text = re.sub(r"[\w.]+@example\.com", "recorded@example.com", sample.read_text())
        (tmp_path / "samples" / "mine" / sample.name).write_text(text)
        world.document["mappings_dir"] = str(tmp_path)
        world.restart()

    @pytest.mark.parametrize("path", ["/openapi.json", "/api/docs", "/api/postman.json"])
    def test_it_is_for_operators(self, own, world, api: Api, path: str) -> None:
        outside = create_app(world.settings, world.database, clock=world.clock).test_client()
        assert outside.get(path).status_code == 401
        assert api(Role.VIEWER).get(path).status_code == 403
        assert api(Role.OPERATOR).get(path).status_code == 200

    @pytest.mark.parametrize("path", ["/openapi.json", "/api/docs", "/api/postman.json"])
    def test_without_them_it_is_public(self, world, path: str) -> None:
        assert (
            create_app(world.settings, world.database, clock=world.clock).test_client().get(path).status_code
            == 200
        )
