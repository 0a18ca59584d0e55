"""`bridge events`, on events that came through the door and ran."""

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from click.testing import CliRunner, Result
from sqlalchemy import text

from bridge.app import create_app
from bridge.cli import main
from bridge.clock import utc_now
from bridge.database import Database
from bridge.forwarding.job import Again, forward
from bridge.forwarding.outcomes import Reason
from bridge.forwarding.worker import make_context
from bridge.models import Event
from bridge.sandbox.server import SandboxServer
from bridge.sandbox.state import Sandbox
from bridge.settings import load

CONFIGURATION = """
database_url = "{database_url}"
mappings_dir = "mappings"

[propexo]
token = "a-secret-token"
base_url = "{propexo}"

[properties.oakwood]
integration_id = "cintegration"
property_id = "coakwood"
pms = "RENTMANAGER"
time_zone = "America/Chicago"
name = "Oakwood Flats"

[properties.lake]
integration_id = "cintegration"
property_id = "clake"
pms = "RENTMANAGER"
time_zone = "America/Chicago"
aliases = ["By the Lake"]

[sources.acme]
mapping = "acme"
secrets = ["key"]
property = "oakwood"

[sources.other]
mapping = "acme"
secrets = ["key"]
"""
MAPPING = '''
from bridge.inbound.signatures import Token
from bridge.mapping import BOOK, IGNORE, Mapping, When, fields, path


class Acme(Mapping):
    """Acme"""

    signature = Token(header="X-Key")
    event = path("kind")
    actions = [When(event="booked", then=BOOK), When(event="viewed", then=IGNORE("nobody booked"))]
    reference = fields.String(path="id", required=True)
    full_name = fields.PersonName(path="name")
    email = fields.Email(path="email")
    starts_at = fields.Instant(path="start")
    duration_minutes = fields.Integer(path="minutes")
    property = fields.String(path="where")
'''


class Bridge:
    """The door, a worker's steps, and the command line, around one database."""

    def __init__(self, database: Database, folder: Path, propexo: str) -> None:
        (folder / "mappings").mkdir()
        (folder / "mappings/acme.py").write_text(MAPPING)
        self.config = folder / "bridge.toml"
        self.config.write_text(CONFIGURATION.format(database_url=database.url, propexo=propexo))
        self.database = database
        self.door = create_app(load(self.config, {}), database).test_client()

    def receive(self, body: Any, source: str = "acme") -> int:
        raw = body if isinstance(body, str) else json.dumps(body)
        answer = self.door.post(f"/hooks/{source}", data=raw, headers={"X-Key": "key", "X-Request-Id": "r-1"})
        return answer.json["id"]

    def run(self, event_id: int) -> None:
        """One run of the event, as the worker does it."""
        context = make_context(load(self.config, {}), self.database)
        try:
            forward(context, event_id)
        except Again:
            return

    def call(self, *arguments: str) -> Result:
        result = CliRunner().invoke(main, ["events", *arguments, "--config", str(self.config)])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    def list(self, *arguments: str) -> list[int]:
        result = self.call("list", "--json", *arguments)
        assert result.exit_code == 0, result.stderr
        return [event["id"] for event in json.loads(result.stdout)["events"]]

    def story(self, event_id: int) -> dict[str, Any]:
        return json.loads(self.call("show", str(event_id), "--json").stdout)

    def event(self, event_id: int) -> Event:
        with self.database.session() as session:
            return session.get_one(Event, event_id)

    def jobs(self) -> int:
        with self.database.session() as session:
            return session.scalar(text("SELECT count(*) FROM procrastinate_jobs"))


@pytest.fixture
def bridge(database: Database, tmp_path: Path) -> Bridge:
    return Bridge(database, tmp_path, "http://127.0.0.1:9")


def at_terminal(bridge: Bridge, answer: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`bridge events ...` by a person who types this answer."""
    person, terminal = os.openpty()
    os.write(person, answer.encode() + b"\n")
    command = [sys.executable, "-m", "bridge", "events", *arguments, "--config", str(bridge.config)]
    result = subprocess.run(command, stdin=terminal, capture_output=True, text=True, timeout=60, check=False)
    os.close(person)
    os.close(terminal)
    return result


def booked(number: int = 1, **changes: Any) -> dict[str, Any]:
    start = (utc_now() + timedelta(days=9)).replace(microsecond=0).isoformat()
    body = {
        "kind": "booked",
        "id": f"B-{number}",
        "name": "Maya Okafor",
        "email": f"maya{number}@example.com",
    }
    return {**body, "start": start, "minutes": 30, **changes}


@pytest.fixture
def five(bridge: Bridge) -> list[int]:
    """Ignored; parked for its body, for its property, for its fields (at another source); retrying."""
    bodies = [
        ({"kind": "viewed", "id": "V"}, "acme"),
        ("{", "acme"),
        (booked(1, where="Atlantis"), "acme"),
        (booked(2, start="soon"), "other"),
        (booked(3, where=" by the LAKE "), "other"),
    ]
    ids = [bridge.receive(body, source) for body, source in bodies]
    for event_id in ids:
        bridge.run(event_id)
    return ids


def test_the_list_has_the_newest_first(bridge: Bridge, five: list[int]):
    assert bridge.list() == five[::-1]


def test_the_list_says_what_a_person_looks_for(bridge: Bridge, five: list[int]):
    result = bridge.call("list", "--json", "--status", "parked", "--reason", "unknown_property")
    [event] = json.loads(result.stdout)["events"]
    assert event | {"received_at": "", "ended_at": ""} == {
        "id": five[2],
        "received_at": "",
        "source": "acme",
        "event": "booked",
        "action": "book",
        "reference": "B-1",
        "property": None,
        "status": "parked",
        "reason": "unknown_property",
        "detail": event["detail"],
        "next_attempt_at": None,
        "ended_at": "",
        "replays": 0,
    }
    assert '"Atlantis"' in event["detail"]
    table = bridge.call("list").stdout
    for word in ("unknown_property", "Atlantis", "retrying", "undecodable", "Id", "Received"):
        assert word in table


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (["--status", "parked"], [3, 2, 1]),
        (["--status", "ignored", "--status", "retrying"], [4, 0]),
        (["--source", "other"], [4, 3]),
        (["--reason", "unmappable"], [3]),
        (["--property", "By the lake"], [4]),
        (["--property", "oakwood"], [1, 0]),
        (["--status", "parked", "--source", "acme", "--limit", "1"], [2]),
        (["--since", "1h"], [4, 3, 2, 1, 0]),
        (["--since", "2099-01-01"], []),
        (["--since", "2099-01-01T00:00:00+02:00"], []),
        (["--status", "dismissed"], []),
    ],
)
def test_the_list_can_be_narrowed(bridge: Bridge, five: list[int], options: list[str], found: list[int]):
    assert bridge.list(*options) == [five[index] for index in found]


def test_a_page_leads_to_the_next(bridge: Bridge, five: list[int]):
    assert bridge.list("--limit", "2") == [five[4], five[3]]
    assert f"--before {five[3]}" in bridge.call("list", "--limit", "2").stderr
    assert bridge.list("--limit", "2", "--before", str(five[3])) == [five[2], five[1]]
    last = bridge.call("list", "--before", str(five[2]))
    assert "--before" not in last.stderr


@pytest.mark.parametrize(
    ("options", "status", "told"),
    [
        (["--property", "Atlantis"], 1, "there are: oakwood, lake"),
        (["--since", "yesterday"], 2, "is neither a date and time"),
        (["--status", "lost"], 2, "parked"),
        (["--limit", "0"], 2, "1<=x<=1000"),
    ],
)
def test_a_wrong_question_is_told(bridge: Bridge, options: list[str], status: int, told: str):
    result = bridge.call("list", *options)
    assert result.exit_code == status
    assert told in result.stderr


def test_an_empty_list_is_no_failure(bridge: Bridge):
    assert bridge.list() == []
    assert bridge.call("list").exit_code == 0


def test_the_story_of_a_parked_event(bridge: Bridge, five: list[int]):
    told = bridge.story(five[2])
    assert told["payload"]["where"] == "Atlantis"
    assert told["headers"] == {"x-request-id": "r-1", "user-agent": told["headers"]["user-agent"]}
    assert told["advice"] == Reason.UNKNOWN_PROPERTY.advice
    assert told["reading"]["booking"]["contact"]["email"] == "maya1@example.com"
    assert '"Atlantis"' in told["reading"]["errors"][0]["message"]
    assert told["booking"]["references"] == ["B-1"]
    assert (told["booking"]["state"], told["booking"]["written_state"]) == ("booked", "unwritten")
    assert told["attempts"] == []
    page = bridge.call("show", str(five[2])).stdout
    for part in (
        "parked (unknown_property)",
        f"What to do: {Reason.UNKNOWN_PROPERTY.advice}",
        "x-request-id: r-1",
    ):
        assert part in page
    for part in ('"where": "Atlantis"', '"email": "maya1@example.com"', told["booking"]["code"]):
        assert part in page


def test_the_story_of_an_event_that_is_tried_again(bridge: Bridge, five: list[int]):
    told = bridge.story(five[4])
    assert (told["status"], told["reason"], told["property"]) == ("retrying", "temporary", "lake")
    assert told["next_attempt_at"].endswith("Z")
    assert [(attempt["kind"], attempt["status"], attempt["outcome"]) for attempt in told["attempts"]] == [
        ("find_leads", None, "transient")
    ]
    assert told["reading"]["propexo"]["body"]["lead_id"] == "<lead_id>"
    page = bridge.call("show", str(five[4])).stdout
    assert "Next attempt: " in page
    assert "find_leads" in page


def test_the_story_of_a_body_that_cannot_be_decoded(bridge: Bridge, five: list[int]):
    told = bridge.story(five[1])
    assert told["payload"] == "{"
    assert told["reading"]["errors"][0]["message"] == told["detail"]
    assert told["advice"] == Reason.UNDECODABLE.advice
    assert told["booking"] is None


def test_the_story_survives_what_is_gone(bridge: Bridge, five: list[int]):
    """A source that is no longer configured, a mapping that is broken, a body that is no longer kept."""
    whole = bridge.config.read_text()
    bridge.config.write_text(whole.partition("[sources.acme]")[0])
    assert bridge.story(five[0])["reading"] == {"problem": "The source acme is no longer configured."}
    bridge.config.write_text(whole)
    (bridge.config.parent / "mappings/acme.py").write_text("nonsense nonsense")
    assert "cannot be loaded" in bridge.story(five[0])["reading"]["problem"]
    with bridge.database.session() as session:
        session.get_one(Event, five[0]).body = b""
    told = bridge.story(five[0])
    assert (told["payload"], told["reading"]) == (None, {"problem": "The body is empty or no longer kept."})
    assert bridge.call("show", str(five[0])).exit_code == 0


def test_what_a_sender_wrote_cannot_steer_the_terminal(bridge: Bridge):
    event_id = bridge.receive(booked(1, name="Maya \x1b[2J Okafor", where="\x1b]0;gone\x07\u009b31m"))
    bridge.run(event_id)
    for output in (bridge.call("list").stdout, bridge.call("show", str(event_id)).stdout):
        assert not {"\x1b", "\x07", "\u009b"} & set(output)
        assert "gone" in output


def test_the_story_of_a_written_event(database: Database, tmp_path: Path):
    sandbox = Sandbox(utc_now, slow_zone_seconds=0)
    sandbox.add_integration("cintegration", "RENTMANAGER")
    sandbox.add_property("cintegration", "coakwood", "Oakwood Flats")
    with SandboxServer(sandbox) as server:
        bridge = Bridge(database, tmp_path, server.url)
        event_id = bridge.receive(booked())
        for _ in range(8):
            bridge.run(event_id)
            requests.post(f"{server.url}/_sandbox/advance", json={"seconds": 60}, timeout=10)
    told = bridge.story(event_id)
    assert told["status"] == "written", told["detail"]
    assert told["advice"] is None
    assert bridge.call("show", str(event_id)).stdout.startswith(f"Event {event_id}: written\n")
    assert (told["booking"]["property"], told["booking"]["written_state"]) == ("oakwood", "booked")
    writes = [attempt for attempt in told["attempts"] if attempt["request"]]
    assert [write["kind"] for write in writes] == ["create_lead", "create"]
    assert all(write["job_id"] for write in writes)
    assert "a-secret-token" not in json.dumps(told)


def test_replay_runs_it_again(bridge: Bridge, five: list[int]):
    jobs = bridge.jobs()
    result = bridge.call("replay", str(five[2]))
    assert (result.exit_code, result.stdout) == (0, f"Event {five[2]}: queued again.\n")
    assert bridge.jobs() == jobs + 1
    event = bridge.event(five[2])
    assert (event.status, event.reason, event.replays) == ("received", None, 1)
    bridge.config.write_text(bridge.config.read_text().replace('"By the Lake"', '"By the Lake", "Atlantis"'))
    bridge.run(five[2])
    assert bridge.event(five[2]).status == "retrying"
    assert bridge.story(five[2])["property"] == "lake"


REPLAY_PARKED = ("replay", "--parked", "--reason", "unknown_property")


@pytest.fixture
def lost(bridge: Bridge, five: list[int]) -> list[int]:
    """Three whose property nobody knows, the last one from another source."""
    later = [
        bridge.receive(booked(7, where="Atlantis"), "acme"),
        bridge.receive(booked(8, where="Lemuria"), "other"),
    ]
    for event_id in later:
        bridge.run(event_id)
    return [five[2], *later]


def test_a_replay_can_take_all_that_are_parked_for_one_reason(bridge: Bridge, lost: list[int]):
    jobs = bridge.jobs()
    result = bridge.call(*REPLAY_PARKED)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "3 events queued again.\n", "")
    assert [(bridge.event(each).status, bridge.event(each).replays) for each in lost] == [("received", 1)] * 3
    assert bridge.jobs() == jobs + 3
    queued = [bridge.event(each).queue_id or 0 for each in lost]
    assert queued == sorted(queued)
    assert bridge.call(*REPLAY_PARKED).stdout == "0 events queued again.\n"
    assert len(bridge.list("--status", "parked")) == 2


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ((), [0, 1, 2]),
        (("--source", "other"), [2]),
        (("--source", "other", "--source", "acme"), [0, 1, 2]),
        (("--property", "lake"), []),
        (("--property", "Atlantis"), [0, 1]),
        (("--reason", "unmappable", "--source", "acme"), [0, 1]),
    ],
)
def test_a_dry_run_lists_them_only(
    bridge: Bridge, lost: list[int], options: tuple[str, ...], found: list[int]
):
    if "Atlantis" in options:
        whole = bridge.config.read_text()
        bridge.config.write_text(whole.replace('"By the Lake"', '"By the Lake", "Atlantis"'))
    jobs = bridge.jobs()
    result = bridge.call(*REPLAY_PARKED, *options, "--dry-run")
    _, *lines = result.stdout.splitlines()
    assert [int(line.split()[0]) for line in lines] == [lost[index] for index in found]
    assert result.stderr.startswith(f"{len(found)} event")
    assert (bridge.jobs(), bridge.event(lost[0]).status) == (jobs, "parked")


def test_a_replay_takes_any_number(bridge: Bridge, lost: list[int]):
    kept = ("source", "received_at", "body", "lock", "status", "reason")
    first = bridge.event(lost[0])
    copy = {name: getattr(first, name) for name in kept}
    with bridge.database.session() as session:
        session.add_all(Event(**copy, delivery_id=f"copy-{number}") for number in range(1100))
    assert bridge.call(*REPLAY_PARKED).stdout == "1103 events queued again.\n"


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ((), "Name the events"),
        (("1", "--parked", "--reason", "rejected"), "Name the events"),
        (("--parked",), "--parked needs a --reason"),
        (("--parked", "--reason", "lost"), "'unknown_property'"),
        (("--parked", "--reason", "ambiguous"), "by its ID"),
        (("1", "--reason", "rejected"), "go with --parked"),
        (("1", "--dry-run"), "go with --parked"),
        (("--reason", "rejected"), "Name the events"),
    ],
)
def test_a_replay_must_say_of_what(bridge: Bridge, five: list[int], options: tuple[str, ...], told: str):
    result = bridge.call("replay", *options)
    assert (result.exit_code, result.stdout) == (2, "")
    assert told in " ".join(result.stderr.split())


def test_a_replay_of_a_property_that_is_not_configured_is_told(bridge: Bridge):
    result = bridge.call(*REPLAY_PARKED, "--property", "Atlantis")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "there are: oakwood, lake" in result.stderr


@pytest.mark.parametrize(("answer", "options", "parked"), [("n", (), 1), ("y", (), 0), ("", ("--yes",), 0)])
def test_a_replay_of_many_is_asked_about_at_a_terminal(
    bridge: Bridge, answer: str, options: tuple[str, ...], parked: int
):
    event_id = bridge.receive("{")
    bridge.run(event_id)
    arguments = ("replay", "--parked", "--reason", "undecodable", *options)
    result = at_terminal(bridge, answer, *arguments)
    assert len(bridge.list("--status", "parked")) == parked
    assert result.returncode == parked
    assert ("Replay 1 event?" in result.stderr) == bool(answer)


def test_dismiss_takes_it_off_the_list_with_a_note(bridge: Bridge, five: list[int]):
    result = bridge.call("dismiss", str(five[1]), str(five[2]), "--note", "booked by phone")
    assert (result.exit_code, len(result.stdout.splitlines())) == (0, 2)
    assert bridge.list("--status", "parked") == [five[3]]
    assert bridge.event(five[2]).detail.splitlines()[1] == "Dismissed: booked by phone"
    assert "What to do" not in bridge.call("show", str(five[2])).stdout
    assert bridge.call("replay", str(five[1])).exit_code == 0


@pytest.mark.parametrize(
    ("command", "indexes", "told"),
    [
        ("replay", [4], "has not ended (retrying)"),
        ("dismiss", [4], "is not parked (retrying)"),
        ("dismiss", [0], "is not parked (ignored)"),
        ("replay", [2, 4], "has not ended (retrying)"),
        ("dismiss", [2, 0], "is not parked (ignored)"),
    ],
)
def test_nothing_is_changed_where_one_must_not_be(
    bridge: Bridge, five: list[int], command: str, indexes: list[int], told: str
):
    before, jobs = [bridge.event(each).status for each in five], bridge.jobs()
    result = bridge.call(command, *(str(five[index]) for index in indexes))
    assert (result.exit_code, result.stdout) == (1, "")
    assert told in result.stderr
    assert ([bridge.event(each).status for each in five], bridge.jobs()) == (before, jobs)


@pytest.mark.parametrize("command", ["show", "replay", "dismiss"])
def test_an_unknown_event_is_told(bridge: Bridge, command: str):
    result = bridge.call(command, "4711")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "There is no event 4711.\n"


@pytest.mark.parametrize(
    ("arguments", "answer", "dismissed"),
    [(["1", "2", "3"], "n", 0), (["1", "2", "3"], "y", 3), (["1"], "", 1), (["1", "2", "--yes"], "", 2)],
)
def test_several_at_a_terminal_are_asked_about(
    bridge: Bridge, arguments: list[str], answer: str, dismissed: int
):
    for body in ("{", "[", "("):
        bridge.receive(body)
    result = at_terminal(bridge, answer, "dismiss", *arguments)
    assert len(bridge.list("--status", "dismissed")) == dismissed
    assert result.returncode == (0 if dismissed else 1)
    assert ("Dismiss 3 events?" in result.stderr) == bool(answer)


def test_the_advice_is_complete():
    assert [reason for reason in Reason if not reason.advice.endswith(".")] == []
    assert Reason("budget") is Reason.BUDGET
