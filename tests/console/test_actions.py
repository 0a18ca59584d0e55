"""What people do with events, and what is written down of it."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from bridge.console.actions import aliases, corrections, events, integrations
from bridge.console.actor import Actor, Via
from bridge.errors import NotAllowedError
from bridge.events.edit import payload_of
from bridge.events.query import Selection
from bridge.models import AuditEntry, Event, Role
from bridge.settings import parse

OPERATOR = Actor("olga", Role.OPERATOR, Via.CONSOLE)
VIEWER = Actor("vic", Role.VIEWER, Via.API)


@pytest.fixture
def lost(world: Any) -> list[int]:
    """Parked: two for a property that nobody knows, one for another that nobody knows."""
    found = [
        world.book("B-1", property="Atlantis"),
        world.book("B-2", property="ATLANTIS ", email="ines@example.com"),
        world.book("B-3", property="Lemuria", email="tom@example.com"),
    ]
    world.run_due()
    return found


def audit(world: Any) -> list[tuple[str, str, str, str]]:
    with world.database.session() as session:
        rows = session.scalars(select(AuditEntry).order_by(AuditEntry.id))
        return [(row.actor, row.what, row.object, row.object_id) for row in rows]


def test_an_alias_releases_all_events_that_wait_for_it(world, lost):
    now = world.clock()
    with world.database.session() as session:
        event = session.get_one(Event, lost[0])
        chosen = aliases.choose_property(session, world.settings, OPERATOR, event, "Elm Court", now)
        queued = events.replay_chosen(session, OPERATOR, chosen.ids, ["parked"], now)
    assert queued == lost[:2]
    world.run(until=world.clock() + timedelta(minutes=10))
    assert [world.status(one)[0] for one in lost] == ["written", "written", "parked"]
    assert audit(world) == [
        ("olga", "added", "alias", "atlantis"),
        ("olga", "replayed", "events", str(lost[0])),
    ]


def test_a_name_means_one_property(world, lost):
    with world.database.session() as session:
        aliases.add(session, world.settings, OPERATOR, " Atlantis", "elm", world.clock())
        with pytest.raises(aliases.AliasTakenError, match="means elm already"):
            aliases.add(session, world.settings, OPERATOR, "ATLANTIS", "oakwood", world.clock())
        with pytest.raises(aliases.AliasTakenError, match="means oakwood already"):
            aliases.add(session, world.settings, OPERATOR, "Oakwood Flats", "elm", world.clock())


def test_bridge_toml_wins_over_an_alias_of_the_console(world, lost):
    with world.database.session() as session:
        aliases.add(session, world.settings, OPERATOR, "Atlantis", "elm", world.clock())
    world.document["properties"]["oakwood"]["aliases"] = ["Atlantis"]
    settings = parse(world.document, {})
    with world.database.session() as session:
        [alias] = aliases.listed(session, settings)
        assert aliases.listed(session, world.settings)[0].problem is None
    assert "bridge.toml assigns it to oakwood" in (alias.problem or "")


def test_an_alias_can_be_taken_back(world, lost):
    with world.database.session() as session:
        aliases.add(session, world.settings, OPERATOR, "Atlantis", "elm", world.clock())
        aliases.remove(session, OPERATOR, "ATLANTIS", world.clock())
        assert aliases.listed(session, world.settings) == []
        with pytest.raises(aliases.UnknownAliasError):
            aliases.remove(session, OPERATOR, "Atlantis", world.clock())


def test_all_are_replayed_or_none(world, lost):
    under_way = world.book("B-4")
    with pytest.raises(events.ActionNotPossibleError) as reported, world.database.session() as session:
        events.replay(session, OPERATOR, [lost[0], under_way, 999], world.clock())
    assert set(reported.value.problems) == {under_way, 999}
    assert world.status(lost[0]) == ("parked", "unknown_property")
    assert audit(world) == []


def test_a_selection_leaves_out_what_a_person_looks_at_first(world, lost):
    with world.database.session() as session:
        session.get_one(Event, lost[2]).reason = "ambiguous"
        session.flush()
        chosen = events.choose(session, world.settings, Selection())
    assert (chosen.ids, chosen.left_out) == (lost[:2], [lost[2]])


def test_a_rehearsal_changes_nothing(world, lost):
    with world.database.session() as session:
        reported = events.dry_runs(session, world.settings, lost[:1], world.clock())
    assert "Atlantis" in (reported[0].stopped or "")
    assert world.status(lost[0]) == ("parked", "unknown_property")


def test_who_dismissed_what_and_why_is_kept(world, lost):
    with world.database.session() as session:
        events.dismiss(session, OPERATOR, lost[:2], "Booked by hand", world.clock())
    event = world.event(lost[0])
    assert (event.status, event.history[-1]["by"]) == ("dismissed", "olga")
    assert "Booked by hand" in event.detail
    assert audit(world)[-1] == ("olga", "dismissed", "events", str(lost[0]))


def test_a_correction_is_read_before_it_is_saved(world, lost):
    with world.database.session() as session:
        event = session.get_one(Event, lost[0])
        payload = payload_of(event)
        payload["data"]["property"] = "oakwood"
        broken = corrections.preview(session, world.settings, event, {"type": "tour.booked", "data": {}})
        with pytest.raises(corrections.UnreadableCorrectionError, match="reference"):
            corrections.save(session, OPERATOR, broken, world.clock(), again=True)
        good = corrections.preview(session, world.settings, event, payload)
        corrections.save(session, OPERATOR, good, world.clock(), again=True)
    world.run(until=world.clock() + timedelta(minutes=10))
    assert world.status(lost[0]) == ("written", None)
    assert [what for _, what, _, _ in audit(world)] == ["corrected", "replayed"]


def test_a_pause_is_written_down(world):
    assert integrations.pause(world.database, OPERATOR, "cintegration", "maintenance", world.clock()) == 0
    assert integrations.resume(world.database, OPERATOR, "cintegration", world.clock()) == 0
    assert integrations.resume(world.database, OPERATOR, "cintegration", world.clock()) is None
    assert [what for _, what, _, _ in audit(world)] == ["paused", "resumed"]


def test_who_may_only_look_changes_nothing(world, lost):
    now = world.clock()
    with world.database.session() as session:
        for action in (
            lambda: events.replay(session, VIEWER, lost, now),
            lambda: events.replay_chosen(session, VIEWER, lost, ["parked"], now),
            lambda: events.dismiss(session, VIEWER, lost, "", now),
            lambda: aliases.add(session, world.settings, VIEWER, "x", "elm", now),
            lambda: aliases.remove(session, VIEWER, "x", now),
            lambda: integrations.pause(world.database, VIEWER, "cintegration", "", now),
            lambda: integrations.resume(world.database, VIEWER, "cintegration", now),
        ):
            with pytest.raises(NotAllowedError):
                action()
