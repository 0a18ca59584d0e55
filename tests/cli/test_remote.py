"""The commands that work against a bridge on another machine, through its API."""

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner, Result
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from bridge.cli import main
from bridge.clock import utc_now
from bridge.console.access import tokens
from bridge.models import Role


@pytest.fixture
def serve() -> Iterator[Callable[[Any], str]]:
    """`serve(app)`: the address at which a WSGI application answers."""
    servers = []

    def start(app: Any) -> str:
        server = make_server("127.0.0.1", 0, app)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        servers.append((server, thread))
        return f"http://127.0.0.1:{server.port}"

    yield start
    for server, thread in servers:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def remote(
    bridge: Any, serve: Callable[[Any], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, str]:
    """The environment by which a command in an empty folder uses the bridge."""
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    with bridge.database.session() as session:
        _, text = tokens.create(session, "laptop", Role.OPERATOR, utc_now(), None)
    return {"BRIDGE_URL": serve(bridge.endpoint.application), "BRIDGE_TOKEN": text}


def call(environment: dict[str, str], *arguments: str) -> Result:
    result = CliRunner().invoke(main, list(arguments), env=environment)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def test_it_lists_and_shows_what_the_bridge_has(bridge: Any, five: list[int], remote: dict[str, str]):
    def listed(*arguments: str) -> list[int]:
        result = call(remote, "events", "list", "--json", *arguments)
        return [event["id"] for event in json.loads(result.stdout)["events"]]

    assert listed() == five[::-1]
    assert listed("--source", "other", "--source", "nobody") == bridge.list("--source", "other")
    assert listed("--reason", "unknown_property") == [five[2]]
    assert listed("--before", str(five[2])) == five[1::-1]
    first = call(remote, "events", "list", "--limit", "2")
    assert first.stderr == f"There is more: --before {five[3]}\n"
    assert first.stdout == bridge.call("list", "--limit", "2").stdout
    shown = call(remote, "events", "show", str(five[2]))
    assert shown.stdout == bridge.call("show", str(five[2])).stdout


def test_an_alias_and_a_replay_release_what_waits(bridge: Any, five: list[int], remote: dict[str, str]):
    added = call(remote, "aliases", "add", "Atlantis", "By the Lake")
    assert added.stdout == '"atlantis" means lake from now on.\n'
    assert "lake" in call(remote, "aliases", "list").stdout
    chosen = ("events", "replay", "--reason", "unknown_property")
    assert call(remote, *chosen, "--dry-run").stdout == bridge.call(*chosen[1:], "--dry-run").stdout
    assert call(remote, *chosen).stdout == "1 event queued again.\n"
    assert bridge.event(five[2]).status == "received"
    assert call(remote, "events", "replay", str(five[1])).stdout == f"Event {five[1]}: queued again.\n"
    refused = call(remote, "events", "replay", str(five[1]), "99")
    assert (refused.exit_code, "There is no event 99." in refused.stderr) == (1, True)
    assert call(remote, "aliases", "remove", "Atlantis").exit_code == 0
    assert call(remote, "aliases", "remove", "Atlantis").exit_code == 1


def test_an_event_is_corrected_and_others_are_dismissed(bridge: Any, five: list[int], remote: dict[str, str]):
    edit = ("events", "edit", str(five[3]))
    unread = call(remote, *edit, "--set", "start=never")
    assert (unread.exit_code, "Use --force to save it anyway." in unread.stderr) == (1, True)
    assert call(remote, *edit, "--set", "start=soon").stderr == "Nothing was changed.\n"
    corrected = call(remote, *edit, "--set", "start=2031-03-04T10:30:00Z", "--replay")
    assert corrected.stdout == f"Event {five[3]}: corrected and queued again.\n"
    assert '"starts_at": "2031-03-04T10:30:00Z"' in corrected.stderr
    assert (bridge.event(five[3]).status, bridge.event(five[3]).replays) == ("received", 1)
    again = call(remote, *edit, "--set", "start=2031-03-04T10:30:00Z")
    assert (again.exit_code, "still being processed" in again.stderr) == (1, True)
    assert call(remote, "events", "dismiss", str(five[2]), "--note", "Called her").stdout == (
        f"Event {five[2]}: dismissed.\n"
    )
    assert bridge.event(five[2]).detail.endswith("Dismissed: Called her")
    refused = call(remote, "events", "dismiss", str(five[2]))
    assert (refused.exit_code, "there is nothing to dismiss" in refused.stderr) == (1, True)


def test_the_shell_completes_sources_properties_and_ids(
    bridge: Any,
    five: list[int],
    remote: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    call(remote, "aliases", "add", "Atlantis", "lake")

    def completed(*typed: str) -> list[str]:
        *before, incomplete = typed
        offers = ShellComplete(main, {}, "bridge", "_BRIDGE_COMPLETE").get_completions(before, incomplete)
        return [offer.value for offer in offers]

    def ask(*here: str) -> list[list[str]]:
        return [
            completed("events", "list", *here, "--source", "a"),
            completed("aliases", "add", "Atlantis", *here, "l"),
            completed("events", "replay", *here, str(five[2])),
            completed("events", "show", *here, str(five[0])),
            completed("events", "edit", *here, str(five[3])),
            completed("aliases", "remove", *here, "a"),
        ]

    expected = [["acme"], ["lake"], [str(five[2])], [str(five[0])], [str(five[3])], ["atlantis"]]
    assert ask("--config", str(bridge.config)) == expected
    assert completed("events", "list", "--source", "a") == []
    for name, value in remote.items():
        monkeypatch.setenv(name, value)
    assert ask() == expected
    assert capsys.readouterr().err == ""
    monkeypatch.setenv("BRIDGE_TOKEN", "brg_wrong")
    assert completed("events", "list", "--source", "a") == []
    assert "does not take this token" in capsys.readouterr().err


class TestWhatIsWrong:
    def failed(self, url: str, token: str = "brg_wrong") -> str:
        result = call({}, "events", "list", "--url", url, "--token", token)
        assert (result.exit_code, result.stdout) == (1, "")
        return result.stderr

    def test_the_token(self, remote: dict[str, str]):
        assert "does not take this token" in self.failed(remote["BRIDGE_URL"])

    def test_its_role(self, bridge: Any, remote: dict[str, str]):
        with bridge.database.session() as session:
            _, text = tokens.create(session, "reports", Role.VIEWER, utc_now(), None)
        result = call({**remote, "BRIDGE_TOKEN": text}, "aliases", "add", "Atlantis", "lake")
        assert (result.exit_code, "role" in result.stderr) == (1, True)

    def test_the_host(self, serve: Callable[[Any], str]):
        @Request.application
        def somebody(request: Request) -> Response:
            if "moved" in request.path:
                return Response(status=301, headers={"Location": "https://bridge.example.com/"})
            return Response("<h1>Welcome</h1>")

        url = serve(somebody)
        assert "not with a bridge's API" in self.failed(url)
        assert "redirects to https://bridge.example.com/" in self.failed(f"{url}/moved")
        assert "nothing listens there" in self.failed("http://127.0.0.1:9")

    def test_the_version(self, serve: Callable[[Any], str]):
        @Request.application
        def older(request: Request) -> Response:
            document = '{"detail": "There is no such page.", "code": "not_found"}'
            return Response(document, 404, {"X-Bridge-Version": "99.0.0"}, "application/problem+json")

        assert "is version 99.0.0, this is" in self.failed(serve(older))

    @pytest.mark.parametrize(
        ("arguments", "reported"),
        [
            (("--url", "bridge.example.com", "--token", "t"), "is no address of a bridge"),
            (("--url", "https://bridge.example.com"), "BRIDGE_TOKEN"),
            (("--url", "https://x", "--token", "t", "--config", "bridge.toml"), "not both"),
        ],
    )
    def test_the_options(self, empty_folder: None, arguments: tuple[str, ...], reported: str):
        result = call({}, "events", "list", *arguments)
        assert (result.exit_code, reported in result.stderr) == (2, True)
