"""What shadow mode would have written, beside what the PMS lists."""

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from bridge.console.sources.shadow import sentence
from bridge.events.shadow_comparison import ComparedTour, ShadowMatch, ShadowTour, compare, newest_of_each
from bridge.propexo.records import Appointment

ZONE = ZoneInfo("America/Chicago")
TOUR = ShadowTour(
    7, "book", ("create_lead", "create"), "write", None, datetime(2026, 12, 3, 16, 30, tzinfo=UTC), "oakwood", "B-1",
    "Maya Okafor", "maya@example.com", None,
)  # fmt: skip
LOCAL = datetime.fromisoformat("2026-12-03T10:30")


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
        (TOUR, ShadowMatch.OTHER_TIME, "waiting", "Entrata has Thu, Dec 3, 10:30 AM"),
        (TOUR, ShadowMatch.ABSENT, "waiting", "Not listed in Entrata"),
        (replace(TOUR, action="cancel"), ShadowMatch.ABSENT, "written", "Not listed in Entrata"),
        (replace(TOUR, action="cancel"), ShadowMatch.SAME, "ignored", "does not say whether it is cancelled"),
        (
            replace(TOUR, end="park", detail="Unknown."),
            ShadowMatch.ABSENT,
            "parked",
            "Would need you. Unknown.",
        ),
    ],
)
def test_each_tour_gets_a_sentence(tour, match, tone, words):
    shown, text = sentence(tour, ComparedTour(match, LOCAL), "Entrata", is_current=True)
    assert shown == tone
    assert words in text


def test_the_newest_event_speaks_for_its_tour():
    tours = [replace(TOUR, event_id=id_, reference=name) for id_, name in ((9, "B-1"), (8, None), (7, "B-1"))]
    assert newest_of_each(tours) == {9, 8}
