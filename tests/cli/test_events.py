"""`bridge events`, on events that came through the webhook endpoint and ran."""

import json
from typing import Any

import pytest

from bridge.delivery.rules.outcomes import Reason
from bridge.models import Event


def test_the_list_has_the_newest_first(bridge: Any, five: list[int]):
    assert bridge.list() == five[::-1]


def test_the_list_says_what_a_person_looks_for(bridge: Any, five: list[int]):
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
        "status_text": "Not in the PMS",
        "reason": "unknown_property",
        "renter": "Maya Okafor",
        "tour_at": event["tour_at"],
        "property_name": None,
        "booking_id": 1,
        "sentence": event["detail"],
        "detail": event["detail"],
        "next_attempt_at": None,
        "ended_at": "",
        "replays": 0,
    }
    assert '"Atlantis"' in event["detail"]
    table = bridge.call("list").stdout
    for word in ("unknown_property", "Atlantis", "retrying", "undecodable", "Id", "Received"):
        assert word in table


NARROWED = [
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
]


def test_the_list_can_be_narrowed(bridge: Any, five: list[int]):
    for options, found in NARROWED:
        assert bridge.list(*options) == [five[index] for index in found], options


def test_a_page_leads_to_the_next(bridge: Any, five: list[int]):
    assert bridge.list("--limit", "2") == [five[4], five[3]]
    assert f"--before {five[3]}" in bridge.call("list", "--limit", "2").stderr
    assert bridge.list("--limit", "2", "--before", str(five[3])) == [five[2], five[1]]
    last = bridge.call("list", "--before", str(five[2]))
    assert "--before" not in last.stderr


@pytest.mark.parametrize(
    ("options", "status", "reported"),
    [
        (["--property", "Atlantis"], 1, "there are: oakwood, lake"),
        (["--since", "yesterday"], 2, "is neither a date and time"),
        (["--status", "lost"], 2, "parked"),
        (["--limit", "0"], 2, "1<=x<=1000"),
    ],
)
def test_a_wrong_question_is_reported(bridge: Any, options: list[str], status: int, reported: str):
    result = bridge.call("list", *options)
    assert result.exit_code == status
    assert reported in result.stderr


def test_an_empty_list_is_no_failure(bridge: Any):
    assert bridge.list() == []
    assert bridge.call("list").exit_code == 0


def test_the_story_of_a_parked_event(bridge: Any, five: list[int]):
    reported = bridge.story(five[2])
    assert reported["payload"]["where"] == "Atlantis"
    assert reported["headers"] == {"x-request-id": "r-1", "user-agent": reported["headers"]["user-agent"]}
    assert reported["advice"] == Reason.UNKNOWN_PROPERTY.advice
    assert reported["reading"]["booking"]["contact"]["email"] == "maya1@example.com"
    assert '"Atlantis"' in reported["reading"]["errors"][0]["message"]
    assert reported["booking"]["references"] == ["B-1"]
    assert (reported["booking"]["state"], reported["booking"]["written_state"]) == ("booked", "unwritten")
    assert reported["attempts"] == []
    page = bridge.call("show", str(five[2])).stdout
    for part in (
        "parked (unknown_property)",
        f"What to do: {Reason.UNKNOWN_PROPERTY.advice}",
        "x-request-id: r-1",
    ):
        assert part in page
    for part in ('"where": "Atlantis"', '"email": "maya1@example.com"', reported["booking"]["code"]):
        assert part in page


def test_the_story_of_an_event_that_is_tried_again(bridge: Any, five: list[int]):
    reported = bridge.story(five[4])
    assert (reported["status"], reported["reason"], reported["property"]) == ("retrying", "temporary", "lake")
    assert reported["next_attempt_at"].endswith("Z")
    assert [(attempt["kind"], attempt["status"], attempt["outcome"]) for attempt in reported["attempts"]] == [
        ("find_leads", None, "transient")
    ]
    assert reported["reading"]["propexo"]["body"]["lead_id"] == "<lead_id>"
    page = bridge.call("show", str(five[4])).stdout
    assert "Next attempt: " in page
    assert "find_leads" in page


def test_the_story_of_a_body_that_cannot_be_decoded(bridge: Any, five: list[int]):
    reported = bridge.story(five[1])
    assert reported["payload"] == "{"
    assert reported["reading"]["errors"][0]["message"] == reported["detail"]
    assert reported["advice"] == Reason.UNDECODABLE.advice
    assert reported["booking"] is None


def test_the_story_survives_what_is_gone(bridge: Any, five: list[int]):
    """A source that is no longer configured, a mapping that is broken, a body that is no longer kept."""
    whole = bridge.config.read_text()
    bridge.config.write_text(whole.partition("[sources.acme]")[0])
    assert bridge.story(five[0])["reading"] == {"problem": "The source acme is no longer configured."}
    bridge.config.write_text(whole)
    (bridge.config.parent / "mappings/acme.py").write_text("nonsense nonsense")
    assert "cannot be loaded" in bridge.story(five[0])["reading"]["problem"]
    with bridge.database.session() as session:
        session.get_one(Event, five[0]).body = b""
    reported = bridge.story(five[0])
    assert (reported["payload"], reported["reading"]) == (
        None,
        {"problem": "The body is empty or no longer kept."},
    )
    assert bridge.call("show", str(five[0])).exit_code == 0


def test_what_a_sender_wrote_cannot_steer_the_terminal(bridge: Any):
    event_id = bridge.receive(bridge.booked(1, name="Maya \x1b[2J Okafor", where="\x1b]0;gone\x07\u009b31m"))
    bridge.run(event_id)
    for output in (bridge.call("list").stdout, bridge.call("show", str(event_id)).stdout):
        assert not {"\x1b", "\x07", "\u009b"} & set(output)
        assert "gone" in output


def test_the_story_of_a_written_event(connected: Any):
    bridge = connected
    event_id = bridge.write(bridge.booked())
    reported = bridge.story(event_id)
    assert reported["status"] == "written", reported["detail"]
    assert reported["advice"] is None
    assert bridge.call("show", str(event_id)).stdout.startswith(f"Event {event_id}: written: Booked in ")
    assert (reported["booking"]["property"], reported["booking"]["written_state"]) == ("oakwood", "booked")
    writes = [attempt for attempt in reported["attempts"] if attempt["request"]]
    assert [write["kind"] for write in writes] == ["create_lead", "create"]
    assert all(write["job_id"] for write in writes)
    assert "a-secret-token" not in json.dumps(reported)


def test_dismiss_takes_it_off_the_list_with_a_note(bridge: Any, five: list[int]):
    result = bridge.call("dismiss", str(five[1]), str(five[2]), "--note", "booked by phone")
    assert (result.exit_code, len(result.stdout.splitlines())) == (0, 2)
    assert bridge.list("--status", "parked") == [five[3]]
    assert bridge.event(five[2]).detail.splitlines()[1] == "Dismissed: booked by phone"
    assert "What to do" not in bridge.call("show", str(five[2])).stdout
    assert bridge.call("replay", str(five[1])).exit_code == 0


@pytest.mark.parametrize(
    ("command", "indexes", "reported"),
    [
        ("replay", [4], "has not ended (retrying)"),
        ("dismiss", [4], "is not parked (retrying)"),
        ("dismiss", [0], "is not parked (ignored)"),
        ("replay", [2, 4], "has not ended (retrying)"),
        ("dismiss", [2, 0], "is not parked (ignored)"),
    ],
)
def test_nothing_is_changed_where_one_must_not_be(
    bridge: Any, five: list[int], command: str, indexes: list[int], reported: str
):
    before, ready = [bridge.event(each).status for each in five], bridge.ready()
    result = bridge.call(command, *(str(five[index]) for index in indexes))
    assert (result.exit_code, result.stdout) == (1, "")
    assert reported in result.stderr
    assert ([bridge.event(each).status for each in five], bridge.ready()) == (before, ready)


@pytest.mark.parametrize("command", ["show", "replay", "dismiss"])
def test_an_unknown_event_is_reported(bridge: Any, command: str):
    result = bridge.call(command, "4711")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "There is no event 4711.\n"


@pytest.mark.parametrize(
    ("arguments", "answer", "dismissed"),
    [(["1", "2", "3"], "n", 0), (["1", "2", "3"], "y", 3), (["1"], "", 1), (["1", "2", "--yes"], "", 2)],
)
@pytest.mark.processes
def test_several_at_a_terminal_are_asked_about(
    bridge: Any, arguments: list[str], answer: str, dismissed: int
):
    for body in ("{", "[", "("):
        bridge.receive(body)
    result = bridge.at_terminal(answer, "dismiss", *arguments)
    assert len(bridge.list("--status", "dismissed")) == dismissed
    assert result.returncode == (0 if dismissed else 1)
    assert ("Dismiss 3 events?" in result.stderr) == bool(answer)


def test_the_advice_is_complete():
    assert [reason for reason in Reason if not reason.advice.endswith(".")] == []
    assert Reason("budget") is Reason.BUDGET


def test_a_list_of_the_events_of_one_request(bridge: Any, five: list[int]):
    story = bridge.story(five[1])
    assert bridge.list("--request", story["request_id"]) == [five[1]]
    assert f"Request: {story['request_id']}" in bridge.call("show", str(five[1])).stdout
