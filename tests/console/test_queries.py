"""Lists of events and tours: filtered, searched, paged, and what somebody sees who may only look."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bridge.console.actor import Actor, Via
from bridge.console.masking import mask
from bridge.console.queries import bookings, events
from bridge.console.queries.paging import UnknownCursorError
from bridge.events.query import FIRST_WINDOW, Selection, UnknownPropertyError
from bridge.models import Alias, Event, Role, SearchToken, Status
from bridge.privacy.retention import Retention

OPERATOR = Actor("olga", Role.OPERATOR, Via.CONSOLE)
VIEWER = Actor("vic", Role.VIEWER, Via.CONSOLE)


def page(world: Any, selection: Selection = Selection(), actor: Actor = OPERATOR, **more: Any) -> Any:  # noqa: B008 - it is frozen
    with world.database.session() as session:
        return events.page(session, world.settings, actor, selection, **more)


def ids(world: Any, selection: Selection = Selection(), **more: Any) -> list[int]:  # noqa: B008 - it is frozen
    return [row.id for row in page(world, selection, **more).rows]


@pytest.fixture
def three(world: Any) -> list[int]:
    """Written at Oakwood, written at Elm Court, parked for a property that nobody knows."""
    found = [
        world.book("B-1"),
        world.book("B-2", email="ines@example.com", property="Elm Court"),
        world.book("B-3", email="tom@example.com", property="Atlantis"),
    ]
    world.run(until=world.clock() + timedelta(minutes=10))
    assert [world.status(one)[0] for one in found] == ["written", "written", "parked"]
    return found


def test_a_line_says_who_comes_when_in_the_time_of_the_property(world, three):
    row = page(world).rows[-1]
    assert (row.id, row.source, row.action, row.status) == (three[0], "widget", "book", "written")
    assert (row.renter, row.property, row.property_name) == ("Maya Okafor", "oakwood", "Oakwood Flats")
    assert row.tour_at.isoformat() == "2026-12-03T10:30:00-06:00"


def test_a_line_of_what_failed_says_what_happened(world, three):
    row = page(world).rows[0]
    assert (row.id, row.property, row.reason) == (three[2], None, "unknown_property")
    assert "Atlantis" in row.sentence


def test_a_list_can_be_narrowed(world, three):
    wanted = [
        (Selection(statuses=("parked",)), [2]),
        (Selection(statuses=("written", "parked")), [2, 1, 0]),
        (Selection(sources=("other",)), []),
        (Selection(property="oakwood"), [0]),
        (Selection(property="ELM court"), [1]),
        (Selection(reasons=("unknown_property",), statuses=("parked",)), [2]),
        (Selection(property="elm", statuses=("parked",)), []),
    ]
    for selection, found in wanted:
        assert ids(world, selection) == [three[index] for index in found], selection


def test_a_list_can_be_of_a_span_of_time(world, three):
    now = world.clock()
    later = world.book("B-4")
    assert ids(world, Selection(since=now)) == [later]
    assert ids(world, Selection(until=now)) == three[::-1]


def test_a_property_that_nobody_knows_is_reported(world):
    with pytest.raises(UnknownPropertyError, match="oakwood, elm"):
        page(world, Selection(property="Atlantis"))


def test_an_alias_of_the_console_counts_as_one_of_bridge_toml(world, three):
    with world.database.session() as session:
        session.add(Alias(alias="atlantis", property="elm", added_at=world.clock(), added_by="olga"))
    assert ids(world, Selection(property="Atlantis", statuses=("parked",))) == [three[2]]
    world.replay(three[2])
    world.run(until=world.clock() + timedelta(minutes=10))
    assert world.status(three[2]) == ("written", None)
    assert page(world).rows[0].property == "elm"


def test_pages_follow_each_other_without_gap(world, three):
    first = page(world, limit=2)
    second = page(world, limit=2, cursor=first.next)
    assert [row.id for row in (*first.rows, *second.rows)] == three[::-1]
    assert second.next is None


def test_a_cursor_of_somebody_else_is_refused(world):
    for cursor in ("x", "PDE", "????", "PC0x", "é"):
        with pytest.raises(UnknownCursorError):
            page(world, cursor=cursor + "!")


def test_a_page_without_patience_is_short_and_leads_on(world, three):
    """What is rare and far away is found in steps."""
    with world.database.session() as session:
        far = session.get_one(Event, three[2])
        session.connection().exec_driver_sql(
            f"SELECT setval(pg_get_serial_sequence('events', 'id'), {far.id + 3 * FIRST_WINDOW})"
        )
    newest = world.book("B-4")
    parked = Selection(statuses=("parked",))
    found, steps, cursor = [], 0, None
    while steps == 0 or cursor is not None:
        one = page(world, parked, cursor=cursor, patience=0)
        found, steps, cursor = [*found, *one.rows], steps + 1, one.next
    assert ([row.id for row in found], steps) == ([three[2]], 4)
    assert ids(world, parked) == [three[2]]
    assert ids(world, limit=1) == [newest]


def test_a_tour_is_found_by_what_a_person_types(world, three):
    typed = (
        "Maya", "okafor", "MÁYA Okafor", " maya@example.com", "MAYA@example.com", "(512) 555-0142", "+1 512 555 0142",
        "512.555.0142", "0142", "555-0142", "5 0142", "B-1",
    )  # fmt: skip
    assert [words for words in typed if three[0] not in ids(world, search=words)] == []


def test_a_tour_is_found_by_its_codes_and_ids(world, three):
    with world.database.session() as session:
        code = session.get_one(Event, three[1]).booking.code
    assert ids(world, search=code) == [three[1]]
    assert ids(world, search=code.lower()) == [three[1]]
    assert ids(world, search=f"#{three[1]}") == [three[1]]
    assert ids(world, search="msg_2") == [three[1]]


def test_what_is_not_there_is_not_found(world, three):
    typed = (
        "Mayan",
        "nobody@example.com",
        "142",
        "0143",
        "6665550142",
        "B-9",
        "999999",
        "\0",
        "'; DROP",
        "☃",
    )
    assert [words for words in typed if ids(world, search=words)] == []


def test_a_search_and_a_filter_narrow_each_other(world, three):
    assert ids(world, Selection(statuses=("parked",)), search="Maya") == [three[2]]
    assert ids(world, Selection(statuses=("parked",)), search="ines@example.com") == []


def test_who_may_only_look_does_not_see_the_renter(world, three):
    rows = page(world, actor=VIEWER).rows
    assert [row.renter for row in rows] == ["M••• O•••"] * 3
    assert "Atlantis" not in str(rows)
    assert rows[0].sentence.startswith("Add the value found")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Maya Okafor", "M••• O•••"),
        ("maya@example.com", "m•••"),
        ("+15125550142", "•••"),
        ("", ""),
        (None, None),
    ],
)
def test_a_mask_keeps_the_first_letters(text, shown):
    assert mask(text) == shown


def test_a_viewer_finds_references_and_ids_but_nobody_by_who_they_are(world, three):
    for words in ("Maya", "Okafor", "maya@example.com", "+1 512 555 0142", "0142"):
        assert ids(world, search=words) != []
        assert page(world, actor=VIEWER, search=words).rows == []
        with world.database.session() as session:
            assert bookings.page(session, world.settings, VIEWER, search=words).rows == []
    assert page(world, actor=VIEWER, search=str(three[0])).rows == []
    for words in ("B-1", f"#{three[0]}"):
        assert [row.id for row in page(world, actor=VIEWER, search=words).rows] == [three[0]]


def test_a_booking_shows_its_life(world):
    first = world.book("B-1")
    world.run(until=world.clock() + timedelta(minutes=10))
    moved = world.reschedule("B-1")
    world.run(until=world.clock() + timedelta(minutes=10))
    gone = world.cancel("B-1")
    world.run(until=world.clock() + timedelta(minutes=10))
    with world.database.session() as session:
        [row] = bookings.page(session, world.settings, OPERATOR).rows
        [masked] = bookings.page(session, world.settings, VIEWER, search="B-1").rows
    reported = [(turn.what, turn.event_id, turn.status) for turn in row.life]
    assert reported == [
        ("booked", first, Status.WRITTEN),
        ("moved", moved, Status.WRITTEN),
        ("cancelled", gone, Status.WRITTEN),
    ]
    assert (row.state, row.written_state, row.renter) == ("cancelled", "cancelled", "Maya Okafor")
    assert (row.property_name, row.tour_at.utcoffset()) == ("Oakwood Flats", timedelta(hours=-6))
    assert masked.renter == "M••• O•••"


def test_the_reference_of_a_cancelled_tour_is_that_in_its_notes(world):
    world.book("B-1")
    world.run(until=world.clock() + timedelta(minutes=10))
    [cancelled_tour] = world.tours
    world.cancel("B-1")
    world.run(until=world.clock() + timedelta(minutes=10))
    with world.database.session() as session:
        [cancelled] = bookings.page(session, world.settings, OPERATOR).rows
    assert cancelled.code in cancelled_tour.notes
    again = world.book("B-1", start="2026-12-05T11:00:00-06:00")
    world.run(until=world.clock() + timedelta(minutes=10))
    assert world.status(again) == ("written", None)
    with world.database.session() as session:
        [booked] = bookings.page(session, world.settings, OPERATOR).rows
        found = [
            [row.id for row in bookings.page(session, world.settings, OPERATOR, search=code).rows]
            for code in (cancelled.code, booked.code)
        ]
    assert booked.code != cancelled.code
    assert booked.code in world.tours[0].notes
    assert found == [[booked.id], [booked.id]]


def test_bookings_can_be_narrowed(world, three):
    def found(**wanted: Any) -> list[str]:
        with world.database.session() as session:
            return [row.property for row in bookings.page(session, world.settings, OPERATOR, **wanted).rows]

    assert found() == ["elm", "oakwood", None]
    assert found(property_name="elm") == ["elm"]
    assert found(written_state="unwritten") == [None]
    assert found(source="other") == []
    assert found(search="ines@example.com") == ["elm"]


def terms(world: Any) -> set[str]:
    with world.database.session() as session:
        return {term.term for term in session.query(SearchToken)}


def test_the_words_of_a_tour_change_with_it_and_go_with_it(world):
    world.book("B-1")
    world.run(until=world.clock() + timedelta(minutes=10))
    before = terms(world)
    assert len(before) == 5
    world.book("B-1", email="other@example.com", at=world.clock())
    world.run(until=world.clock() + timedelta(minutes=10))
    assert len(terms(world)) == 5
    assert terms(world) != before
    assert ids(world, search="maya@example.com") == []
    world.clock.advance(days=45)
    Retention(world.database, replace(world.settings.privacy), world.clock).run()
    assert terms(world) == set()
