"""What shadow mode would have written, beside what the PMS lists."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import pytest

from bridge.console.dates import tour_time
from bridge.console.sources.shadow import sentence
from bridge.events.shadow_comparison import ComparedTour, ShadowMatch, ShadowTour, compare, newest_of_each
from bridge.propexo.records import Appointment

ZONE = ZoneInfo("America/Chicago")
TOUR = ShadowTour(
    7, "book", ("create_lead", "create"), "write", None, datetime(2026, 12, 3, 16, 30, tzinfo=UTC), "oakwood", "B-1",
    "Maya Okafor", "maya@example.com", None,
)  # fmt: skip
LOCAL = datetime.fromisoformat("2026-12-03T10:30")
WRITE = partial(tour_time, now=LOCAL, locale="en_GB")


def held(at: datetime | None, notes: str | None = None) -> Appointment:
    return Appointment("cid", notes, None, at, (), "cproperty", None, None)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([], ShadowMatch.ABSENT),
        ([held(LOCAL)], ShadowMatch.THIS_TIME),
        ([held(LOCAL.replace(hour=16))], ShadowMatch.THIS_TIME),
        ([held(LOCAL, "maya  OKAFOR, 2 BR")], ShadowMatch.SAME),
        ([held(LOCAL), held(LOCAL, "for MAYA@example.com")], ShadowMatch.SAME),
        ([held(LOCAL.replace(hour=9), "Maya Okafor")], ShadowMatch.OTHER_TIME),
        ([held(LOCAL), held(LOCAL.replace(hour=9), "Maya Okafor")], ShadowMatch.OTHER_TIME),
        ([held(None, "Jonas Weller")], ShadowMatch.ABSENT),
    ],
)
def test_the_most_likely_appointment_is_found(rows, expected):
    assert compare(TOUR, rows, ZONE).match is expected


@pytest.mark.parametrize(
    ("tour", "match", "tone", "words"),
    [
        (TOUR, ShadowMatch.SAME, "written", "The same tour is listed in Entrata"),
        (TOUR, ShadowMatch.OTHER_TIME, "waiting", "Entrata has Thu 3 Dec, 10:30"),
        (TOUR, ShadowMatch.ABSENT, "waiting", "Not listed in Entrata"),
        (
            replace(TOUR, end="park", detail="Unknown."),
            ShadowMatch.ABSENT,
            "parked",
            "Would need you. Unknown.",
        ),
    ],
)
def test_each_tour_gets_a_sentence(tour, match, tone, words):
    shown, text = sentence(tour, ComparedTour(match, LOCAL), "Entrata", is_current=True, write=WRITE)
    assert shown == tone
    assert words in text


CANCELLED_AT = datetime(2026, 12, 1, 9, tzinfo=UTC)
CANCELLED = replace(TOUR, action="cancel", received_at=CANCELLED_AT)
BEFORE, AFTER = CANCELLED_AT - timedelta(hours=2), CANCELLED_AT + timedelta(hours=2)


def seen(at: datetime | None, *, hour: int = 10, notes: str | None = "Maya Okafor") -> Appointment:
    return replace(held(LOCAL.replace(hour=hour), notes), last_seen=at)


@pytest.mark.parametrize(
    ("rows", "tone", "words"),
    [
        ([], "written", "Not listed in Entrata"),
        ([seen(AFTER)], "held", "still reports a tour at this time"),
        ([seen(AFTER, notes=None)], "held", "Propexo does not say whether it is cancelled"),
        ([seen(BEFORE), seen(AFTER, hour=15, notes=None)], "written", "has not reported this tour since"),
        ([seen(None), seen(AFTER, hour=15, notes=None)], "written", "has not reported this tour since"),
        ([seen(BEFORE), seen(BEFORE, hour=15)], "ignored", "Propexo has not heard from Entrata since"),
        ([seen(AFTER, hour=15)], "written", "Not listed in Entrata at this time; it has Thu 3 Dec, 15:30"),
    ],
)
def test_a_cancellation_is_compared_by_what_the_pms_has_reported_since(rows, tone, words):
    shown, text = sentence(CANCELLED, compare(CANCELLED, rows, ZONE), "Entrata", is_current=True, write=WRITE)
    assert shown == tone
    assert words in text


def test_a_cancellation_without_a_start_means_the_tour_of_its_renter():
    compared = compare(replace(CANCELLED, starts_at=None), [seen(AFTER, hour=15)], ZONE)
    assert (compared.match, compared.agrees) == (ShadowMatch.SAME, None)


def test_the_newest_event_speaks_for_its_tour():
    tours = [replace(TOUR, event_id=id_, reference=name) for id_, name in ((9, "B-1"), (8, None), (7, "B-1"))]
    assert newest_of_each(tours) == {9, 8}
