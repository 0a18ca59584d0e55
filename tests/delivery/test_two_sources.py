"""One tour from two sources is one appointment, in whatever order their events come."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count

import pytest
from delivery.cases import MAYA, NOW, SETTINGS, START, snapshot
from effort import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.delivery.rules.booking_state import apply_request, event_time, new_booking, to_request
from bridge.delivery.rules.entities import BookingRow, EventRow
from bridge.delivery.rules.same_tour import is_same_tour, link
from bridge.mapping.booking import Action, BookingRequest, Contact
from bridge.settings import parse


def settings_with(**of_other):
    document = {
        "propexo": {"token": "secret-token"},
        "properties": {
            "oakwood": {
                "integration_id": "cintegration", "property_id": "cproperty", "pms": "RENTMANAGER",
                "time_zone": "America/Chicago",
            },
        },
        "sources": {
            name: {"mapping": "standard_webhooks", "auth": "none", "property": "oakwood", **more}
            for name, more in (("widget", {}), ("other", of_other))
        },
    }  # fmt: skip
    return parse(document, {})


BOTH = settings_with()


def stated(*statements, source="widget", contact=MAYA, **more):
    """A booking of which a source has said this: minutes, an action, and a start."""
    row = BookingRow(more.pop("id", 1), source, "TB-AAAAAAAA", NOW)
    for minutes, action, start in statements:
        request = BookingRequest(action, "B-1", contact=contact, starts_at=start, **more)
        moment = event_time(EventRow(1, source, "m", NOW + timedelta(minutes=minutes), "lane", 1), action)
        row = apply_request(row, request, moment)
    return row


LATER = START + timedelta(hours=2)
BOOKED = (0, Action.BOOK, START)


def same(first, second, chosen=BOTH):
    return is_same_tour(first, second, chosen, lambda _: None), is_same_tour(
        second, first, chosen, lambda _: None
    )


@pytest.mark.parametrize(
    ("theirs", "is_same"),
    [
        ([(5, Action.BOOK, START)], True),
        ([(5, Action.BOOK, LATER)], False),
        ([(-5, Action.BOOK, LATER), (3, Action.RESCHEDULE, START)], True),
        ([(5, Action.BOOK, START), (9, Action.CANCEL, None)], True),
    ],
)
def test_the_same_start_at_some_moment_makes_one_tour(theirs, is_same):
    assert same(stated(BOOKED), stated(*theirs, source="other", id=2)) == (is_same, is_same)


def test_a_new_tour_after_a_cancel_or_a_move_is_another_one():
    gone = stated(BOOKED, (10, Action.CANCEL, None))
    moved = stated(BOOKED, (10, Action.RESCHEDULE, LATER))
    again = stated((20, Action.BOOK, START), source="other", id=2)
    assert same(gone, again) == same(moved, again) == (False, False)


@pytest.mark.parametrize(
    ("contact", "is_same"),
    [
        (Contact("Maya", "Okafor", "MAYA@example.com"), True),
        (Contact("Maya", "Okafor", "work@example.com", MAYA.phone), True),
        (Contact("Omar", "Okafor", "omar@example.com", MAYA.phone), False),
        (Contact("Jonas", "Weller", MAYA.email, "+13035550188"), False),
        (Contact("Maya", "Okafor", "work@example.com"), False),
    ],
)
def test_only_one_persons_tours_are_one(contact, is_same):
    other = stated((5, Action.BOOK, START), source="other", id=2, contact=contact)
    assert same(stated(BOOKED), other) == (is_same, is_same)


def test_two_units_are_two_tours_and_one_without_is_the_same():
    first = stated(BOOKED, unit="Unit 101")
    assert same(first, stated(BOOKED, source="other", id=2, unit="204")) == (False, False)
    assert same(first, stated(BOOKED, source="other", id=2, unit="#101")) == (True, True)
    assert same(first, stated(BOOKED, source="other", id=2)) == (True, True)


def test_one_source_keeps_its_own_tours_apart():
    assert same(stated(BOOKED), stated((5, Action.BOOK, START), id=2)) == (False, False)


def test_another_start_on_the_same_day_is_a_move_where_the_source_says_so():
    other = stated((5, Action.BOOK, LATER), source="other", id=2)
    moves = settings_with(same_day="move")
    assert same(stated(BOOKED), other) == (False, False)
    assert same(stated(BOOKED), other, moves) == (True, True)
    tomorrow = stated((5, Action.BOOK, START + timedelta(days=1)), source="other", id=2)
    assert same(stated(BOOKED), tomorrow, moves) == (False, False)


def test_the_second_source_adds_what_it_alone_knows():
    first = stated(BOOKED, notes="2 BR", title="Tour")
    second = stated(
        (5, Action.BOOK, START), source="other", id=None, notes="Has a dog.", unit="204", title="Meeting"
    )
    known = snapshot(related=(first,))
    after, row = link(known, second, BOTH)
    request = to_request(row.fields)
    assert (row.id, row.source, after.linked) == (1, "widget", (1,))
    assert (request.notes, request.unit, request.title) == ("2 BR Has a dog.", "204", "Tour")


# Orders and repetitions.


@dataclass
class Rows:
    """The bookings of two sources, as they are stored between events."""

    rows: dict[int, BookingRow] = field(default_factory=dict)
    references: dict[tuple[str, str], int] = field(default_factory=dict)
    numbers: count = field(default_factory=lambda: count(1))

    def take(self, source: str, request: BookingRequest, at: datetime) -> None:
        key = (source, request.reference)
        row = self.rows[self.references[key]] if key in self.references else new_booking(source, "TB-X", NOW)
        moment = event_time(EventRow(1, source, "m", at, "lane", 1), request.action)
        row = apply_request(row, request, moment, source=source)
        extra = tuple(this_row for this_row in self.rows.values() if this_row.id != row.id)
        after, row = link(snapshot(related=extra), row, BOTH)
        if row.id is None:
            row = replace(row, id=next(self.numbers))
        for merge in after.merges:
            self.rows.pop(merge.gone)
            moved = {name: merge.kept for name, to in self.references.items() if to == merge.gone}
            self.references |= moved
        self.rows[row.id] = row
        self.references[key] = row.id


FIRST, MOVED = START, START + timedelta(days=1)
LIVES = {
    "widget": [(0, Action.BOOK, FIRST), (100, Action.RESCHEDULE, MOVED), (200, Action.CANCEL, None)],
    "other": [(5, Action.BOOK, FIRST), (103, Action.RESCHEDULE, MOVED), (205, Action.CANCEL, None)],
}
EVENTS = [(source, *one) for source, life in LIVES.items() for one in life]


@settings(max_examples=examples(500), deadline=None)
@given(
    left_out=st.sets(st.sampled_from([one for one in EVENTS if one[2] is not Action.BOOK])),
    order=st.permutations(EVENTS),
    repeated=st.lists(st.sampled_from(EVENTS), max_size=4),
)
def test_any_order_of_two_sources_ends_in_one_tour_as_the_newest_says(left_out, order, repeated):
    rows = Rows()
    chosen = [one for one in [*order, *repeated] if one not in left_out]
    for source, minutes, action, start in chosen:
        contact = Contact() if action is Action.CANCEL else MAYA
        request = BookingRequest(action, f"{source}-1", contact=contact, starts_at=start)
        rows.take(source, request, NOW + timedelta(minutes=minutes))
    assert len(rows.rows) == 1
    (row,) = rows.rows.values()
    newest = max(chosen, key=lambda one: one[1])
    starts = [one for one in chosen if one[3] is not None]
    assert row.desired_state == ("cancelled" if newest[2] is Action.CANCEL else "booked")
    assert to_request(row.fields).starts_at == max(starts, key=lambda start: start[1])[3]
    assert set(rows.references.values()) == {row.id}


# Through the endpoint, PostgreSQL and the sandbox.


def test_two_sources_make_one_appointment_and_both_events_say_so(world):
    first = world.book("C-1")
    world.run()
    world.clock.now += timedelta(minutes=1)
    second = world.book("H-1", source="other")
    world.run()
    assert world.status(first) == ("written", "linked")
    assert world.status(second) == ("ignored", "linked")
    detail = f"widget and other report the same tour; it has one appointment, {world.tours[0].notes[4:15]}."
    assert world.event(first).detail == world.event(second).detail == detail
    assert len(world.sandbox.appointments) == 1
    assert world.event(first).booking_id == world.event(second).booking_id
    assert [attempt for attempt in world.attempts(second) if attempt.request] == []


def test_what_the_second_source_alone_knows_is_added(world):
    world.book("C-1")
    world.run()
    prospect = {"first_name": "Maya", "last_name": "Okafor", "email": "MAYA@example.com"}
    tour = {"start": "2026-12-03T10:30:00-06:00", "notes": "Has a dog."}
    second = world.send("booked", "H-1", source="other", prospect=prospect, tour=tour, unit="204")
    world.run()
    assert world.status(second) == ("written", "linked")
    (tour,) = world.tours
    assert tour.notes.endswith("Unit 204. 2 BR Has a dog.")


def test_a_move_and_a_cancel_of_either_act_on_the_one_appointment(world):
    world.book("C-1")
    world.book("H-1", source="other")
    world.run()
    world.clock.now += timedelta(minutes=1)
    moved = world.reschedule("H-1", source="other")
    world.run()
    assert world.status(moved)[0] == "written"
    assert [tour.appointment_date for tour in world.tours] == ["2026-12-04"]
    world.clock.now += timedelta(minutes=1)
    cancelled = world.cancel("C-1")
    world.run()
    assert world.status(cancelled)[0] == "written"
    assert world.tours == []
    assert len(world.sandbox.appointments) == 1


def test_an_event_that_comes_too_late_finds_the_tour_that_was_moved_meanwhile(world):
    world.book("C-1")
    world.run()
    at = world.clock()
    world.clock.now += timedelta(minutes=10)
    world.reschedule("C-1")
    world.run()
    late = world.book("H-1", source="other", at=at + timedelta(minutes=1))
    world.run()
    assert world.status(late) == ("ignored", "linked")
    assert [tour.appointment_date for tour in world.tours] == ["2026-12-04"]
    assert len(world.sandbox.appointments) == 1


def test_a_cancel_that_comes_first_holds_for_both(world):
    at = world.clock()
    world.clock.now += timedelta(minutes=10)
    world.cancel("C-1")
    world.book("H-1", source="other", at=at + timedelta(minutes=1))
    world.run()
    assert len(world.tours) == 1
    world.book("C-1", at=at)
    world.run()
    assert world.tours == []


def test_two_appointments_that_turn_out_to_be_one_tour_become_one(world):
    world.book("C-1")
    world.book("H-1", source="other", start="2026-12-04T13:00:00-06:00")
    world.run()
    assert len(world.tours) == 2
    world.clock.now += timedelta(minutes=1)
    world.reschedule("C-1")
    world.run()
    assert [tour.appointment_date for tour in world.tours] == ["2026-12-04"]


def test_two_tours_of_one_source_at_one_time_stay_two(world):
    world.book("C-1")
    world.book("C-2")
    world.run()
    assert len(world.tours) == 2


def test_settings_of_the_cases_know_no_second_source():
    assert set(SETTINGS.sources) == {"widget"}


def test_one_tour_by_phone_with_another_e_mail_is_linked(world):
    world.book("C-1")
    world.run()
    world.clock.now += timedelta(minutes=1)
    second = world.book("H-1", source="other", email="work@example.com")
    world.run()
    assert world.status(second)[1] == "linked"
    assert len(world.sandbox.appointments) == 1
