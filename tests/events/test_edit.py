"""A corrected event: the booking hears the correction whatever its moment, and nothing is booked twice."""

import json
from datetime import timedelta
from typing import Any

import pytest

from bridge.aliases import aliases_of
from bridge.events.dry_run import dry_run
from bridge.events.edit import Correction, NotRepairableError, correction_of, payload_of, save
from bridge.models import Event, Status


def corrected(world: Any, event_id: int, **changes: Any) -> Correction:
    """Change values of `data` by their dotted paths written with two underscores; `at` is the timestamp."""
    event = world.event(event_id)
    payload = payload_of(event)
    for path, value in changes.items():
        if path in payload:
            payload[path] = value
            continue
        *tables, last = path.split("__")
        inner = payload["data"]
        for table in tables:
            inner = inner[table]
        if value is None:
            del inner[last]
        else:
            inner[last] = value
    return correction_of(event, payload, world.settings, aliases_of(world.database))


def repair(world: Any, event_id: int, **changes: Any) -> None:
    correction = corrected(world, event_id, **changes)
    assert correction.unreadable == ()
    with world.database.session() as session:
        save(session, correction, world.clock(), "maya")
    world.replay(event_id)


def test_a_corrected_booking_is_written_once(world: Any):
    event_id = world.book(property="Atlantis")
    world.run()
    assert world.status(event_id) == ("parked", "unknown_property")
    repair(world, event_id, property="elm", tour__start="2026-12-05T09:00:00-06:00")
    world.run()
    assert world.status(event_id)[0] == "written"
    [tour] = world.tours
    assert (tour.integration_id, tour.appointment_date) == ("celmintegration", "2026-12-05")


@pytest.mark.parametrize("days", [-400, 3])
def test_a_correction_wins_although_its_moment_is_another(world: Any, days: int):
    event_id = world.book(property="Atlantis")
    world.run()
    moment = (world.clock() + timedelta(days=days)).isoformat()
    repair(world, event_id, property="oakwood", timestamp=moment, tour__start="2026-12-06T09:00:00-06:00")
    world.run()
    assert world.status(event_id)[0] == "written"
    assert [tour.appointment_date for tour in world.tours] == ["2026-12-06"]


def test_what_a_correction_leaves_out_is_forgotten(world: Any):
    event_id = world.book(property="Atlantis")
    world.run()
    repair(world, event_id, property="oakwood", tour__notes=None)
    world.run()
    [tour] = world.tours
    assert "2 BR" not in tour.notes


def test_a_cancel_that_should_have_been_a_booking(world: Any):
    event_id = world.cancel()
    world.run()
    assert world.status(event_id)[0] == "ignored"
    repair(
        world,
        event_id,
        type="tour.booked",
        prospect={"email": "maya@example.com", "first_name": "Maya", "last_name": "Okafor"},
        tour={"start": "2026-12-03T10:30:00-06:00"},
    )
    world.run()
    assert (world.status(event_id)[0], len(world.tours)) == ("written", 1)


def test_a_newer_event_still_wins_over_a_correction(world: Any):
    first = world.book(property="Atlantis")
    world.run()
    world.clock.advance(minutes=5)
    second = world.reschedule(property="oakwood", start="2026-12-09T13:00:00-06:00")
    world.run()
    assert world.status(second)[0] == "written"
    repair(world, first, property="elm", tour__start="2026-12-05T09:00:00-06:00")
    world.run()
    [tour] = world.tours
    assert (tour.integration_id, tour.appointment_date) == ("cintegration", "2026-12-09")
    assert world.status(first)[0] == "ignored"


def test_the_contact_of_a_correction_is_the_lock(world: Any):
    event_id = world.book(email="wrong@example.com", property="Atlantis")
    other = world.book("B-2", email="maya@example.com")
    world.run()
    repair(world, event_id, property="oakwood", prospect__email="maya@example.com")
    assert world.event(event_id).lock == world.event(other).lock
    world.run()
    assert len(world.tours) == 2
    assert len({tour.lead_id for tour in world.tours}) == 1


def test_a_tour_that_may_stand_in_the_pms_gets_no_other_reference(world: Any):
    event_id = world.book()
    while not any(attempt.kind == "create" for attempt in world.attempts(event_id)):
        world.run(until=world.clock() + timedelta(seconds=1))
    with world.database.session() as session:
        event = session.get_one(Event, event_id)
        event.status, event.reason = Status.PARKED, "unconfirmed"
    again = corrected(world, event_id, booking_id="B-2")
    with pytest.raises(NotRepairableError, match="booked a second time"), world.database.session() as session:
        save(session, again, world.clock(), None)
    reported = rehearsed(world, event_id)
    assert "First the bridge checks the outcome of the create" in reported.remarks[0]
    repair(world, event_id, tour__notes="corrected")
    world.run()
    [tour] = world.tours
    assert "corrected" in tour.notes


def test_what_somebody_else_changed_meanwhile_is_not_overwritten(world: Any):
    event_id = world.book(property="Atlantis")
    world.run()
    own, theirs = corrected(world, event_id, property="elm"), corrected(world, event_id, property="oakwood")
    with world.database.session() as session:
        save(session, theirs, world.clock(), None)
    with (
        pytest.raises(NotRepairableError, match="changed at the same time"),
        world.database.session() as session,
    ):
        save(session, own, world.clock(), None)
    assert json.loads(world.event(event_id).body)["data"]["property"] == "oakwood"


def test_a_written_event_is_not_corrected(world: Any):
    event_id = world.book()
    world.run()
    with pytest.raises(NotRepairableError, match="in the PMS"):
        corrected(world, event_id, property="elm")


# What a replay would send.


def rehearsed(world: Any, event_id: int) -> Any:
    with world.database.session() as session:
        return dry_run(session, world.event(event_id), world.settings, world.clock())


def requests_of(reported: Any) -> list[str]:
    return [request.kind for request in reported.requests]


def test_what_was_rejected_is_compared_field_by_field(world: Any):
    world.sandbox.fail(
        method="POST", path="/v1/events/appointments/leads", status=400, body={"message": "no"}
    )
    event_id = world.book()
    world.run()
    assert world.status(event_id) == ("parked", "rejected")
    [same] = rehearsed(world, event_id).requests
    assert (same.kind, same.last.outcome, same.differences) == ("create", "rejected", [])
    with world.database.session() as session:
        save(session, corrected(world, event_id, tour__notes="No stairs"), world.clock(), None)
    [create] = rehearsed(world, event_id).requests
    code = same.body["notes"].split()[1].rstrip(".")
    assert [vars(difference) for difference in create.differences] == [
        {"field": "notes", "before": f"Ref {code}. 2 BR", "now": f"Ref {code}. No stairs"}
    ]
    world.replay(event_id)
    world.run()
    assert (world.status(event_id)[0], [tour.notes for tour in world.tours]) == (
        "written",
        [f"Ref {code}. No stairs"],
    )


def test_a_rehearsal_sends_what_the_run_then_sends(world: Any):
    event_id = world.book(property="Atlantis")
    world.run()
    with world.database.session() as session:
        save(session, corrected(world, event_id, property="oakwood"), world.clock(), None)
    reported = rehearsed(world, event_id)
    assert requests_of(reported) == ["create_lead", "create"]
    world.replay(event_id)
    world.run()
    sent = {attempt.kind: attempt.request for attempt in world.attempts(event_id) if attempt.request}
    assert list(sent) == ["create_lead", "create"]
    planned = {request.kind: dict(request.body) for request in reported.requests}
    planned["create"]["lead_id"] = sent["create"]["lead_id"]
    assert planned["create"] == sent["create"]
    codes = ("third_party_id", "notes")
    assert {k: v for k, v in planned["create_lead"].items() if k not in codes} == {
        k: v for k, v in sent["create_lead"].items() if k not in codes
    }


def test_a_cancel_and_a_move_are_rehearsed_against_what_is_written(world: Any):
    world.book()
    world.run()
    world.clock.advance(minutes=1)
    moved = world.reschedule(property="Atlantis")
    world.run()
    with world.database.session() as session:
        save(session, corrected(world, moved, property="oakwood"), world.clock(), None)
    reported = rehearsed(world, moved)
    assert requests_of(reported) == ["update"]
    assert reported.requests[0].path.endswith(world.tours[0].id)
    with world.database.session() as session:
        save(session, corrected(world, moved, property="elm"), world.clock(), None)
    assert requests_of(rehearsed(world, moved)) == ["cancel", "create_lead", "create"]
    with world.database.session() as session:
        save(session, corrected(world, moved, type="tour.cancelled"), world.clock(), None)
    assert requests_of(rehearsed(world, moved)) == ["cancel"]
