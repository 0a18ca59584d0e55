"""`bridge events replay`: which events run again, what that would send, and that nothing is written twice."""

import json
from typing import Any

import pytest

from bridge.clock import utc_now
from bridge.console.actions.events import BATCH
from bridge.models import Event, Status


def test_replay_runs_it_again(bridge: Any, five: list[int]):
    ready = bridge.ready()
    result = bridge.call("replay", str(five[2]))
    assert (result.exit_code, result.stdout) == (0, f"Event {five[2]}: queued again.\n")
    assert bridge.ready() == ready + 1
    event = bridge.event(five[2])
    assert (event.status, event.reason, event.replays) == ("received", None, 1)
    bridge.config.write_text(bridge.config.read_text().replace('"By the Lake"', '"By the Lake", "Atlantis"'))
    bridge.run(five[2])
    assert bridge.event(five[2]).status == "retrying"
    assert bridge.story(five[2])["property"] == "lake"


REPLAY_PARKED = ("replay", "--parked", "--reason", "unknown_property")


@pytest.fixture
def lost(bridge: Any, five: list[int]) -> list[int]:
    """Three whose property nobody knows, the last one from another source."""
    later = [
        bridge.receive(bridge.booked(7, where="Atlantis"), "acme"),
        bridge.receive(bridge.booked(8, where="Lemuria"), "other"),
    ]
    for event_id in later:
        bridge.run(event_id)
    return [five[2], *later]


def test_a_replay_can_take_all_that_are_parked_for_one_reason(bridge: Any, lost: list[int]):
    ready = bridge.ready()
    result = bridge.call(*REPLAY_PARKED)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "3 events queued again.\n", "")
    assert [(bridge.event(each).status, bridge.event(each).replays) for each in lost] == [("received", 1)] * 3
    assert bridge.ready() == ready + 3
    queued = [bridge.event(each).seq for each in lost]
    assert queued == sorted(queued)
    assert bridge.call(*REPLAY_PARKED).stdout == "0 events queued again.\n"
    assert len(bridge.list("--status", "parked")) == 2


SELECTIONS = [
    ((), [0, 1, 2]),
    (("--source", "other"), [2]),
    (("--source", "other", "--source", "acme"), [0, 1, 2]),
    (("--property", "lake"), []),
    (("--reason", "unmappable", "--source", "acme"), [0, 1]),
    (("--property", "Atlantis"), [0, 1]),  # last of all: it is made an alias
]


def test_a_dry_run_shows_them_only(bridge: Any, lost: list[int]):
    ready = bridge.ready()
    for options, found in SELECTIONS:
        if "Atlantis" in options:
            add_alias(bridge)
        result = bridge.call(*REPLAY_PARKED, *options, "--dry-run")
        shown = [int(line.split()[1]) for line in result.stdout.splitlines() if line.startswith("Event ")]
        assert shown == [lost[index] for index in found], options
        assert result.stderr.startswith(f"{len(found)} event"), options
    assert (bridge.ready(), bridge.event(lost[0]).status) == (ready, "parked")


def test_a_replay_takes_any_number(bridge: Any, lost: list[int]):
    kept = ("source", "received_at", "body", "lock", "status", "reason")
    first = bridge.event(lost[0])
    copy = {name: getattr(first, name) for name in kept}
    with bridge.database.session() as session:
        session.add_all(Event(**copy, delivery_id=f"copy-{number}") for number in range(BATCH))
    assert bridge.call(*REPLAY_PARKED).stdout == f"{BATCH + 3} events queued again.\n"


WRONG_SELECTIONS = [
    ((), "Name the events"),
    (("1", "--parked"), "not both"),
    (("--parked",), "say what they have in common"),
    (("--status", "ignored"), "say what they have in common"),
    (("--status", "waiting", "--since", "1h"), "'written'"),
    (("--parked", "--reason", "lost"), "'unknown_property'"),
    (("--parked", "--reason", "ambiguous"), "by its ID"),
    (("1", "--reason", "rejected"), "not both"),
    (("1", "--until", "1h"), "not both"),
    (("--since", "yesterday"), "neither a date"),
]


def test_a_replay_must_say_of_what(bridge: Any, five: list[int]):
    for options, reported in WRONG_SELECTIONS:
        result = bridge.call("replay", *options)
        assert (result.exit_code, result.stdout) == (2, ""), options
        assert reported in " ".join(result.stderr.split()), options


def test_a_replay_of_a_property_that_is_not_configured_is_reported(bridge: Any):
    result = bridge.call(*REPLAY_PARKED, "--property", "Atlantis")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "there are: oakwood, lake" in result.stderr


@pytest.mark.parametrize(("answer", "options", "parked"), [("n", (), 1), ("y", (), 0), ("", ("--yes",), 0)])
@pytest.mark.processes
def test_a_replay_of_many_is_asked_about_at_a_terminal(
    bridge: Any, answer: str, options: tuple[str, ...], parked: int
):
    event_id = bridge.receive("{")
    bridge.run(event_id)
    arguments = ("replay", "--parked", "--reason", "undecodable", *options)
    result = bridge.at_terminal(answer, *arguments)
    assert len(bridge.list("--status", "parked")) == parked
    assert result.returncode == parked
    assert ("Replay 1 event?" in result.stderr) == bool(answer)


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (("--source", "other"), [3]),
        (("--since", "1h"), [1, 2, 3]),
        (("--until", "1h"), []),
        (("--since", "1d", "--until", "2099-01-01", "--reason", "undecodable"), [1]),
        (("--status", "ignored", "--since", "1h"), [0]),
        (("--status", "ignored", "--parked", "--source", "acme"), [0, 1, 2]),
        (("--property", "oakwood"), [1]),
    ],
)
def test_events_are_selected_by_what_they_have_in_common(
    bridge: Any, five: list[int], options: tuple[str, ...], found: list[int]
):
    result = bridge.call("replay", *options, "--json")
    assert json.loads(result.stdout) == {"queued": [five[index] for index in found], "left_out": []}
    assert [one for one in five if bridge.event(one).replays] == [five[index] for index in found]


def set_columns(bridge: Any, event_id: int, **columns: Any) -> None:
    with bridge.database.session() as session:
        event = session.get_one(Event, event_id)
        for name, value in columns.items():
            setattr(event, name, value)


@pytest.mark.parametrize("status", [Status.PARKED, Status.DISMISSED])
def test_no_selection_takes_an_ambiguous_event_along(bridge: Any, five: list[int], status: Status):
    set_columns(bridge, five[2], status=status, reason="ambiguous")
    options = ("--since", "1h", "--status", "parked", "--status", "dismissed")
    for dry_run in ((), ("--dry-run",)):
        result = bridge.call("replay", *options, *dry_run)
        assert "Left out: 1 event parked as ambiguous" in result.stderr
    assert bridge.event(five[2]).replays == 0
    assert bridge.event(five[1]).replays == 1
    assert bridge.call("replay", str(five[2])).stdout == f"Event {five[2]}: queued again.\n"


def test_what_is_no_longer_kept_cannot_run_again(bridge: Any, five: list[int]):
    set_columns(bridge, five[1], blanked_at=utc_now())
    result = bridge.call("replay", str(five[1]))
    assert (result.exit_code, "has been deleted" in result.stderr) == (1, True)
    assert five[1] not in json.loads(bridge.call("replay", "--since", "1h", "--json").stdout)["queued"]


def test_the_history_says_who_replayed_it_and_how_it_had_ended(bridge: Any, five: list[int]):
    bridge.call("replay", str(five[2]))
    bridge.run(five[2])
    bridge.call("dismiss", str(five[2]))
    first, second = bridge.story(five[2])["history"]
    assert (first["what"], first["status"], first["reason"]) == ("replayed", "parked", "unknown_property")
    assert (second["what"], second["reason"]) == ("dismissed", "unknown_property")
    assert first["by"]
    assert first["at"] < second["at"]
    page = bridge.call("show", str(five[2])).stdout
    assert f"by {first['by']} (status: parked; reason: unknown_property)" in page


def test_a_dry_run_shows_the_whole_body_of_what_was_never_sent(bridge: Any, five: list[int]):
    add_alias(bridge)
    result = bridge.call("replay", str(five[2]), "--dry-run")
    assert "create: POST /v1/events/appointments/leads\n    Never sent for this event." in result.stdout
    assert "email_1: 'maya1@example.com'" in result.stdout
    assert "1 event would be queued again; of these 1 would send something." in result.stderr
    [event] = dry_run(bridge, five[2])["events"]
    assert [request["kind"] for request in event["requests"]] == ["create_lead", "create"]
    code = bridge.story(five[2])["booking"]["code"]
    assert event["requests"][1]["body"]["notes"] == f"Ref {code}."
    assert event["requests"][1]["last"] is None


def add_alias(bridge: Any) -> None:
    whole = bridge.config.read_text()
    bridge.config.write_text(whole.replace('"By the Lake"', '"By the Lake", "Atlantis"'))


def dry_run(bridge: Any, *event_ids: int) -> Any:
    result = bridge.call("replay", *map(str, event_ids), "--dry-run", "--json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


STOPPED = [
    "It would be ignored: nobody booked",
    "It would be parked: The body",
    'It would be parked: "Atlantis"',
    "It would be parked: starts_at: found 'soon'",
]
"""What is reported of the first four events."""


def test_a_dry_run_says_why_nothing_would_go_out(bridge: Any, five: list[int]):
    for event_id, reported in zip(five, STOPPED, strict=False):
        [event] = dry_run(bridge, event_id)["events"]
        assert (event["requests"], event["id"]) == ([], event_id)
        assert event["stopped"].startswith(reported)
        assert reported in bridge.call("replay", str(event_id), "--dry-run").stdout


def test_a_dry_run_of_what_has_not_ended_is_refused(bridge: Any, five: list[int]):
    result = bridge.call("replay", str(five[4]), "--dry-run")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "has not ended (retrying)" in result.stderr


def test_what_is_written_is_not_written_again(connected: Any, sandbox: Any):
    event_id = connected.write(connected.booked())
    assert connected.event(event_id).status == "written"
    [event] = dry_run(connected, event_id)["events"]
    assert (
        event["stopped"] == "Nothing would be sent: the PMS has what the newest event of this tour asks for."
    )
    writes = [attempt["kind"] for attempt in connected.story(event_id)["attempts"] if attempt["request"]]
    assert connected.call("replay", str(event_id)).exit_code == 0
    connected.run_through(event_id, 2)
    reported = connected.story(event_id)
    assert (reported["status"], reported["replays"], len(sandbox.active_appointments())) == ("written", 1, 1)
    assert [attempt["kind"] for attempt in reported["attempts"] if attempt["request"]] == writes


def test_a_replay_of_an_older_event_does_not_undo_a_newer(connected: Any, sandbox: Any):
    first = connected.write(connected.booked())
    second = connected.write(connected.booked(days=12))
    assert [connected.event(one).status for one in (first, second)] == ["written", "written"]
    [event] = dry_run(connected, first)["events"]
    assert (
        event["stopped"] == "Nothing would be sent: the PMS has what the newest event of this tour asks for."
    )
    before = [
        (appointment.id, appointment.appointment_date, appointment.appointment_time)
        for appointment in sandbox.active_appointments()
    ]
    connected.call("replay", str(first))
    connected.run_through(first, 3)
    assert [
        (appointment.id, appointment.appointment_date, appointment.appointment_time)
        for appointment in sandbox.active_appointments()
    ] == before


def test_a_dry_run_shows_what_is_different_from_last_time(connected: Any, sandbox: Any):
    event_id = connected.write(connected.booked())
    set_columns(
        connected,
        event_id,
        body=json.dumps({**json.loads(connected.event(event_id).body), "minutes": 45}).encode(),
    )
    [event] = dry_run(connected, event_id)["events"]
    [request] = event["requests"]
    assert (request["kind"], request["last"]["kind"], request["last"]["outcome"]) == (
        "update",
        "create",
        "confirmed",
    )
    [difference] = [
        difference for difference in request["differences"] if difference["before"] and difference["now"]
    ]
    assert difference == {"field": "appointment_duration_minutes", "before": 30, "now": 45}
    page = connected.call("replay", str(event_id), "--dry-run").stdout
    assert "appointment_duration_minutes: 30 -> 45" in page
    assert "Against the create of " in page
    assert len(sandbox.active_appointments()) == 1


def test_a_dry_run_changes_nothing_and_calls_nobody(connected: Any, sandbox: Any):
    event_id = connected.write(connected.booked())
    before, calls = connected.story(event_id), len(sandbox.requests)
    dry_run(connected, event_id)
    assert connected.story(event_id) == before
    assert len(sandbox.requests) == calls


def test_a_replay_is_not_swallowed_as_a_duplicate(bridge: Any, five: list[int]):
    ready = bridge.ready()
    for number in (1, 2):
        assert bridge.call("replay", str(five[2])).exit_code == 0
        assert bridge.ready() == ready + 1
        bridge.run(five[2])
        assert bridge.event(five[2]).replays == number
    assert len(bridge.list()) == 5
