"""`bridge events edit`: what a parked event says is corrected, and what came is kept."""

import json
from pathlib import Path
from typing import Any

import pytest


def edit(bridge: Any, event_id: int, *arguments: str) -> Any:
    return bridge.call("edit", str(event_id), *arguments)


def test_a_value_is_corrected_and_the_event_runs_again(bridge: Any, five: list[int]):
    before, ready = bridge.event(five[3]), bridge.ready()
    result = edit(bridge, five[3], "--set", "start=2031-03-04T10:30:00Z", "--replay")
    assert (result.exit_code, result.stdout) == (0, f"Event {five[3]}: corrected and queued again.\n")
    assert '"starts_at": "2031-03-04T10:30:00Z"' in result.stderr
    event = bridge.event(five[3])
    assert json.loads(event.body)["start"] == "2031-03-04T10:30:00Z"
    assert (event.original_body, event.original_content_type) == (before.body, before.content_type)
    assert (event.delivery_id, event.reference, event.content_type) == (
        before.delivery_id,
        "B-2",
        "application/json",
    )
    assert (event.status, event.replays, bridge.ready()) == ("received", 1, ready + 1)
    bridge.run(five[3])
    assert bridge.event(five[3]).reason != "unmappable"


def test_the_story_shows_who_changed_what_and_what_came(bridge: Any, five: list[int]):
    edit(bridge, five[3], "--set", "start=2031-03-04T10:30:00Z", "--set", "more=1")
    reported = bridge.story(five[3])
    [action] = reported["history"]
    assert (action["what"], sorted(action["changed"])) == ("edited", ["more", "start"])
    assert reported["original"]["payload"]["start"] == "soon"
    assert reported["payload"]["start"] == "2031-03-04T10:30:00Z"
    page = bridge.call("show", str(five[3])).stdout
    assert '"start": "soon"' not in page
    assert f"bridge events show {five[3]} --original" in page
    original = bridge.call("show", str(five[3]), "--original").stdout
    assert '"start": "soon"' in original
    assert f"by {action['by']} (changed: start, more)" in original


def test_without_a_terminal_nothing_is_asked_and_nothing_runs(bridge: Any, five: list[int]):
    ready = bridge.ready()
    result = edit(bridge, five[3], "--set", "start=2031-03-04T10:30:00Z")
    assert f"bridge events replay {five[3]}" in result.stderr
    assert (bridge.event(five[3]).status, bridge.ready()) == ("parked", ready)


def test_a_second_correction_keeps_what_came_first(bridge: Any, five: list[int]):
    first = bridge.event(five[3]).body
    for name in ("Maya", "Mia"):
        assert edit(bridge, five[3], "--set", f"name={name}", "--force").exit_code == 0
    event = bridge.event(five[3])
    assert (event.original_body, json.loads(event.body)["name"]) == (first, "Mia")
    assert [action["what"] for action in event.history] == ["edited", "edited"]


def test_what_the_mapping_cannot_read_is_not_saved(bridge: Any, five: list[int]):
    before = bridge.event(five[3]).body
    result = edit(bridge, five[3], "--set", "start=later", "--replay")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "starts_at: found 'later' at `start`" in result.stderr
    assert "Nothing was saved" in result.stderr
    assert bridge.event(five[3]).body == before
    assert edit(bridge, five[3], "--set", "start=later", "--force").exit_code == 0
    assert json.loads(bridge.event(five[3]).body)["start"] == "later"


def test_what_bridge_toml_lacks_is_reported_and_does_not_stop_it(bridge: Any, five: list[int]):
    result = edit(bridge, five[2], "--set", "where=Lemuria")
    assert (result.exit_code, '"Lemuria" is the key' in result.stderr) == (0, True)


def test_a_body_that_could_not_be_decoded_is_replaced(bridge: Any, five: list[int], tmp_path: Path):
    refused = edit(bridge, five[1], "--set", "id=B-9")
    assert (refused.exit_code, "Give the whole payload with --body" in refused.stderr) == (1, True)
    file = tmp_path / "payload.json"
    file.write_text(json.dumps(bridge.booked(9)))
    assert edit(bridge, five[1], "--body", str(file), "--replay").exit_code == 0
    event = bridge.event(five[1])
    assert (event.status, event.reference, event.event) == ("received", "B-9", "booked")
    assert event.lock.startswith("contact:")
    reported = bridge.story(five[1])
    assert reported["original"] == {"content_type": event.original_content_type, "payload": "{"}
    bridge.run(five[1])
    assert bridge.story(five[1])["attempts"][0]["kind"] == "find_leads"


@pytest.mark.parametrize(
    ("content", "reported"),
    [("{", "is not JSON"), ("[{}, {}]", "holds 2 events"), ('{"kind": "?"}', "would be ignored")],
)
def test_a_wrong_payload_is_reported(
    bridge: Any, five: list[int], tmp_path: Path, content: str, reported: str
):
    file = tmp_path / "payload.json"
    file.write_text(content)
    result = edit(bridge, five[2], "--body", str(file))
    assert reported in result.stderr
    assert result.exit_code == (0 if "ignored" in reported else 1)


@pytest.mark.parametrize(
    ("index", "arguments", "status", "reported"),
    [
        (4, ("--set", "id=1"), 1, "it is still being processed"),
        (2, ("--set", "nothing"), 2, "there is no `=`"),
        (2, ("--set", "deep.path=1"), 2, "has nothing at this path"),
        (2, ("--set", "id=1", "--body", "-"), 2, "not both"),
        (2, (), 2, "There is no terminal for an editor"),
        (2, ("--set", "where=Atlantis"), 0, "Nothing was changed."),
    ],
)
def test_a_wrong_correction_is_reported(
    bridge: Any, five: list[int], index: int, arguments: tuple[str, ...], status: int, reported: str
):
    result = edit(bridge, five[index], *arguments)
    assert (result.exit_code, result.stdout) == (status, "")
    assert reported in " ".join(result.stderr.split())
    assert bridge.event(five[index]).original_body is None


def test_an_unknown_event_is_reported(bridge: Any):
    assert edit(bridge, 4711, "--set", "a=1").stderr == "There is no event 4711.\n"


def test_for_programs_it_answers_json(bridge: Any, five: list[int]):
    reported = json.loads(edit(bridge, five[2], "--set", "where=By the Lake", "--replay", "--json").stdout)
    assert (reported["id"], reported["changed"], reported["queued"]) == (five[2], ["where"], True)
    assert reported["booking"]["property"] == "By the Lake"


def editor(folder: Path, *lines: str) -> str:
    """A program that edits as a person would; a line is a substitution of `sed`, one for each time that it opens."""
    script = folder / "editor.sh"
    steps = "\n".join(f"{number}) sed -i '{line}' \"$1\" ;;" for number, line in enumerate(lines))
    count = folder / "count"
    count.write_text("0")
    script.write_text(f"#!/bin/sh\nn=$(cat {count})\ncase $n in\n{steps}\nesac\necho $((n+1)) > {count}\n")
    script.chmod(0o755)
    return str(script)


@pytest.mark.parametrize(("answer", "status"), [("y", "received"), ("n", "parked")])
@pytest.mark.processes
def test_the_editor_opens_with_the_payload(
    bridge: Any, five: list[int], tmp_path: Path, answer: str, status: str
):
    program = editor(tmp_path, "s/soon/2031-03-04T10:30:00Z/")
    result = bridge.at_terminal(answer, "edit", str(five[3]), VISUAL=program)
    assert result.returncode == 0, result.stderr
    event = bridge.event(five[3])
    assert (json.loads(event.body)["start"], event.status) == ("2031-03-04T10:30:00Z", status)


@pytest.mark.processes
def test_the_editor_opens_again_with_what_was_typed(bridge: Any, five: list[int], tmp_path: Path):
    program = editor(tmp_path, "s/soon/later/", "s/later/{/", 's/"{"/"2031-03-04T10:30:00Z"/')
    result = bridge.at_terminal("y\ny\ny", "edit", str(five[3]), VISUAL=program)
    assert result.returncode == 0, result.stderr
    assert "found 'later'" in result.stderr
    assert json.loads(bridge.event(five[3]).body)["start"] == "2031-03-04T10:30:00Z"
    given_up = editor(tmp_path, "s/.*/{/")
    result = bridge.at_terminal("n", "edit", str(five[2]), VISUAL=given_up)
    assert (result.returncode, "Nothing was saved." in result.stderr) == (1, True)
    assert bridge.event(five[2]).original_body is None


def test_the_senders_own_repetition_stays_a_duplicate(bridge: Any, five: list[int]):
    body = json.loads(bridge.event(five[2]).body)
    edit(bridge, five[2], "--set", "where=By the Lake", "--set", "id=B-77")
    assert bridge.receive(body) == five[2]
    assert len(bridge.list()) == 5
