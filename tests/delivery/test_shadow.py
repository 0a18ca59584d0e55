"""A source in shadow mode: its events are decided as always, recorded, and never sent."""

from dataclasses import replace

import pytest
from delivery.cases import NOW, SETTINGS, booking, event, in_pms, request, snapshot, stored

from bridge.delivery.decide import decide
from bridge.delivery.rules.outcomes import Reason
from bridge.delivery.rules.shadow import SHADOW_ID, booking_from, booking_record
from bridge.delivery.rules.state import Ignore, Wait
from bridge.mapping.booking import Action, Contact
from bridge.settings import SourceTable


def shadowed(**changes):
    source = replace(SETTINGS.sources["widget"], mode="shadow", **changes)
    return replace(SETTINGS, sources=SourceTable({"widget": source}))


SHADOW = shadowed()


def recorded(of, settings=SHADOW):
    """The end of an event in shadow mode, and its record."""
    decision = decide(of, settings, NOW)
    return decision.step, decision.snapshot.event.would_write


def after(first, of, settings=SHADOW):
    """The record of an event that follows another one of its booking."""
    return recorded(of.having(shadow=recorded(first, settings)[1]), settings)


def kinds(record):
    return [write["kind"] for write in record["writes"]]


BOOK = snapshot()
CANCEL = snapshot(request(Action.CANCEL), of=event(2, minutes=5))
MOVE = snapshot(request(Action.RESCHEDULE, starts_at=NOW.replace(month=12, day=4)), of=event(2, minutes=5))


@pytest.mark.parametrize(
    ("record", "expected", "end"),
    [
        (recorded(BOOK), ["create_lead", "create"], "write"),
        (recorded(CANCEL), [], "ignore"),
        (after(BOOK, CANCEL), ["cancel"], "ignore"),
        (after(BOOK, MOVE), ["update"], "write"),
        (after(BOOK, replace(BOOK, event=event(2))), [], "ignore"),
        (recorded(replace(CANCEL, **stored(in_pms()))), ["cancel"], "ignore"),
        (recorded(snapshot(request(property="The Oaks"))), [], "park"),
        (recorded(snapshot(of=event(property_key="oakwood"), **stored(booking()))), ["create_lead", "create"], "write"),
    ],
)  # fmt: skip
def test_what_would_have_been_written_is_recorded(record, expected, end):
    step, would_write = record
    assert (type(step), step.reason) == (Ignore, Reason.SHADOW)
    assert (kinds(would_write), would_write["end"]["step"]) == (expected, end)


def test_nothing_of_a_booking_is_concluded():
    decision = decide(BOOK, SHADOW, NOW)
    assert decision.snapshot.booking is None
    assert decision.snapshot.leads == {}
    assert decision.snapshot.event.booking_id is None


def test_a_booking_that_was_written_live_is_followed_until_it_changes():
    live = replace(CANCEL, **stored(in_pms()))
    again = replace(CANCEL, event=event(3, minutes=6))
    assert kinds(after(live, replace(again, **stored(in_pms())))[1]) == []
    assert kinds(after(live, replace(again, **stored(in_pms(version=2))))[1]) == ["cancel"]


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        (snapshot(newer=4), Ignore),
        (snapshot(predecessor=3), Wait),
        (snapshot(request(Action.RESCHEDULE, contact=Contact())), Wait),
    ],
)
def test_what_concerns_other_events_is_decided_as_if_it_were_live(of, expected):
    step, record = recorded(of)
    assert isinstance(step, expected)
    assert step == decide(of, SETTINGS, NOW).step
    assert record is None


@pytest.mark.parametrize(
    ("changes", "is_shadow"),
    [
        ({}, True),
        ({"received_at": NOW.replace(hour=16)}, False),
        ({"replayed_at": NOW.replace(hour=16)}, False),
    ],
)
def test_events_before_the_switch_stay_in_shadow(changes, is_shadow):
    since = shadowed(live_since=NOW.replace(hour=15, minute=30)).sources["widget"]
    settings = replace(SETTINGS, sources=SourceTable({"widget": replace(since, mode="live")}))
    step = decide(snapshot(of=replace(event(), **changes)), settings, NOW).step
    assert (getattr(step, "reason", None) == Reason.SHADOW) is is_shadow


def test_a_booking_survives_its_record():
    row = in_pms(id=SHADOW_ID)
    assert booking_from(booking_record(row)) == row


def test_a_shadow_source_sends_nothing_until_it_is_live(world, clock):
    world.document["sources"]["widget"]["mode"] = "shadow"
    world.restart()
    booked = world.book()
    world.run_due()
    moved = world.reschedule()
    world.run_due()
    cancelled = world.cancel()
    world.run_due()
    for id_, would in ((booked, ["create_lead", "create"]), (moved, ["update"]), (cancelled, ["cancel"])):
        assert world.status(id_) == ("ignored", "shadow")
        assert kinds(world.event(id_).would_write) == would
    assert world.sandbox.requests == []
    world.document["sources"]["widget"]["mode"] = "live"
    world.restart()
    world.replay(booked)
    world.run()
    assert world.status(booked)[0] == "written"
    assert world.event(booked).would_write is None
