"""Reports of fields that appear, vanish or change, without any value."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from bridge.models import Event, PayloadField
from bridge.monitoring.drift import GONE_AFTER, MOST_FIELDS, drift, fields_of, observe


def test_a_payload_is_its_paths_and_types():
    payload = {"a": {"b": [1, 2], "c": None}, "d": [{"e": "x"}, {"e": "y", "f": True}]}
    assert fields_of(payload) == {
        "a": "object", "a.b": "list", "a.b[]": "number", "d": "list", "d[]": "object", "d[].e": "text",
        "d[].f": "boolean",
    }  # fmt: skip


@pytest.mark.parametrize(
    "key", ["17", "6f9619ff-8b86-d011-b42d", "maya@example.com", "What is your move-in date?"]
)
def test_keys_that_are_values_are_not_kept(key):
    assert fields_of({"answers": {key: "x"}}) == {"answers": "object", "answers.*": "text"}


def test_a_payload_of_many_fields_is_bounded():
    assert len(fields_of({f"field_{n}_x": n for n in range(1000)})) == MOST_FIELDS
    deep = {"a": 1}
    for _ in range(100):
        deep = {"a": deep}
    assert len(fields_of(deep)) < 20


def send(world, **data):
    """An event of the source `widget` that nobody has to forward."""
    return world.send(
        "booked", f"B-{world.clock().timestamp()}", tour={"start": "2027-01-01T10:00:00-06:00"}, **data
    )


def look(world):
    observe(world.database, world.settings, world.clock)
    with world.database.session() as session:
        return [(one.path, one.what, one.type, one.before) for one in drift(session, "widget", world.clock())]


def test_the_first_events_of_a_kind_are_no_change(world):
    send(world)
    assert look(world) == []


def test_a_field_appears_changes_and_vanishes(world):
    send(world, party=2)
    look(world)
    world.clock.advance(days=1)
    send(world, party="two", pets=["cat"])
    assert sorted(look(world)) == [
        ("data.party", "changed", "text", "number"),
        ("data.pets", "appeared", "list", None),
        ("data.pets[]", "appeared", "text", None),
    ]
    world.clock.advance(days=GONE_AFTER.days + 1)
    send(world, party="two")
    assert ("data.pets", "vanished", "list", None) in look(world)


def test_an_old_change_is_no_news(world):
    send(world)
    look(world)
    world.clock.advance(days=1)
    send(world, pets=["cat"])
    world.clock.advance(days=31)
    send(world, pets=["cat"])
    assert look(world) == []


def test_looking_again_changes_nothing(world):
    send(world, party=2)
    look(world)
    with world.database.session() as session:
        before = [(row.path, row.first_seen, row.last_seen) for row in session.scalars(select(PayloadField))]
    world.clock.advance(minutes=5)
    look(world)
    with world.database.session() as session:
        assert before == [
            (row.path, row.first_seen, row.last_seen) for row in session.scalars(select(PayloadField))
        ]


def test_what_is_blanked_or_no_payload_is_passed_over(world):
    blanked, broken = send(world), send(world)
    with world.database.session() as session:
        session.execute(update(Event).where(Event.id == blanked).values(body=b"", blanked_at=world.clock()))
        session.execute(update(Event).where(Event.id == broken).values(body=b"\xff{"))
    assert look(world) == []
    with world.database.session() as session:
        assert list(session.scalars(select(PayloadField))) == []


def test_fields_are_forgotten_and_no_value_is_ever_kept(world):
    send(world, prospect={"first_name": "Maya", "email": "maya@example.com"})
    look(world)
    with world.database.session() as session:
        rows = list(session.scalars(select(PayloadField)))
        assert rows
        assert all("maya" not in f"{row.path} {row.type}".lower() for row in rows)
    world.clock.advance(days=91)
    with world.database.session() as session:
        session.execute(update(Event).values(blanked_at=world.clock() - timedelta(days=1)))
    look(world)
    with world.database.session() as session:
        assert list(session.scalars(select(PayloadField))) == []
