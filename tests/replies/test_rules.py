"""Which situation an answer is for, and which times it names."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bridge.availability.listing import Slot
from bridge.mapping import ASK_TIMES, BOOK, CANCEL, IGNORE, NO_SHOW, REQUEST, RESCHEDULE
from bridge.mapping.actions import CHOOSE_TIME, CHOOSES_NONE, Decision
from bridge.replies.rules import Facts, Situation, offered, situation_of, spread
from bridge.replies.sentences import VARIABLES, Context, fill_in, sentence, sentences
from bridge.settings import parse
from bridge.settings.replies import LANGUAGES, SITUATIONS
from bridge.widget.words import LOCALES

CHICAGO = ZoneInfo("America/Chicago")


def facts(decision: Decision, **known: object) -> Facts:
    return Facts(decision, has_place=True, offers_times=True, **known)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("known", "situation"),
    [
        (Facts(ASK_TIMES), "needs_property"),
        (Facts(ASK_TIMES, has_place=True), "no_tour_times"),
        (facts(ASK_TIMES, has_times=True), "times"),
        (facts(ASK_TIMES), "no_times"),
        (facts(ASK_TIMES, has_start=True, is_free=True), "confirm"),
        (facts(ASK_TIMES, has_start=True, is_free=False, has_times=True), "not_free"),
        (facts(ASK_TIMES, has_start=True, is_free=False), "no_times"),
        (facts(BOOK, has_start=True, is_free=True), "requested"),
        (facts(BOOK, has_start=True), "requested"),
        (facts(BOOK, has_start=True, is_free=False), "requested_not_free"),
        (facts(BOOK, has_start=True, is_free=False, is_confirmed=True), "booked"),
        (facts(CHOOSE_TIME, has_start=True), "requested"),
        (facts(RESCHEDULE, has_start=True), "move_requested"),
        (facts(RESCHEDULE, has_start=True, is_confirmed=True), "booked"),
        (facts(REQUEST), "received"),
        (facts(CANCEL), "cancel_requested"),
        (facts(NO_SHOW), "received"),
        (Facts(BOOK, has_start=True), "received"),
        (facts(BOOK, unread=frozenset({"starts_at", "contact"})), "needs_time"),
        (facts(BOOK, unread=frozenset({"contact"})), "needs_contact"),
        (facts(BOOK, unread=frozenset({"email"})), "unclear"),
        (facts(CHOOSES_NONE, is_free=False, has_times=True), "choice_gone"),
        (facts(CHOOSES_NONE, is_free=False), "no_times"),
        (facts(CHOOSES_NONE, was_offered=True), "no_choice"),
        (facts(IGNORE("other talk")), None),
    ],
)
def test_a_situation(known: Facts, situation: str | None) -> None:
    assert situation_of(known) == situation


def test_only_a_confirmed_tour_is_called_booked() -> None:
    for decision in (BOOK, RESCHEDULE, CHOOSE_TIME, REQUEST):
        for is_free in (True, False, None):
            assert situation_of(facts(decision, has_start=True, is_free=is_free)) is not Situation.BOOKED


def slots(day: date, *hours: int) -> list[Slot]:
    starts = [datetime(day.year, day.month, day.day, hour, tzinfo=CHICAGO) for hour in hours]
    return [Slot(start, start + timedelta(minutes=30), ("in_person",)) for start in starts]


def test_the_next_times_are_of_several_days() -> None:
    thursday, friday = date(2026, 12, 3), date(2026, 12, 4)
    found = offered(
        [*slots(thursday, *range(9, 18)), *slots(friday, 9, 10), *slots(date(2026, 12, 5), 9, 10)]
    )
    assert [f"{slot.start:%a %H}" for slot in found] == [
        "Thu 09",
        "Thu 13",
        "Thu 17",
        "Fri 09",
        "Fri 10",
        "Sat 09",
    ]


def test_of_one_day_nine_times_are_named() -> None:
    day = date(2026, 12, 3)
    found = offered([*slots(day, *range(8, 20)), *slots(date(2026, 12, 4), 9)], day)
    assert len(found) == 9
    assert (found[0].start.hour, found[-1].start.hour) == (8, 19)
    assert {slot.start.date() for slot in found} == {day}


def test_few_times_are_all_named() -> None:
    few = slots(date(2026, 12, 3), 9, 10, 11)
    assert spread(few, 3) == few
    assert offered([]) == []


def test_a_time_of_two_agents_is_named_once() -> None:
    twice = slots(date(2026, 12, 3), 9) * 2
    assert len(offered(twice)) == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_has_each_sentence_with_the_same_variables(language: str) -> None:
    ours, english = sentences(language), sentences("en")
    assert ours.keys() == english.keys()
    for name, text in ours.items():
        used = {variable for variable in VARIABLES if f"{{{variable}}}" in text}
        assert used == {variable for variable in VARIABLES if f"{{{variable}}}" in english[name]}, name


def test_the_settings_know_the_situations_and_languages() -> None:
    assert tuple(Situation) == SITUATIONS
    assert tuple(LOCALES) == LANGUAGES
    assert {*SITUATIONS, "office"} == sentences("en").keys()


OAKWOOD = parse(
    {
        "propexo": {"token": "t"},
        "properties": {
            "oakwood": {
                "integration_id": "i", "property_id": "p", "pms": "RESMAN", "time_zone": "America/Chicago",
                "name": "Oakwood Flats", "phone": "+1 512-555-0134",
            },
        },
    },
    {},
).properties["oakwood"]  # fmt: skip


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "You are booked: Friday, December 4, 3:00 PM at Oakwood Flats. Property time (CST)."),
        ("es", "Su visita está reservada: viernes, 4 de diciembre, 3:00 p.m. en Oakwood Flats."),
        ("de", "Ihre Besichtigung ist gebucht: Freitag, 4. Dezember, 15:00, Oakwood Flats."),
    ],
)
def test_a_sentence_names_day_and_time_as_the_language_writes_them(language: str, text: str) -> None:
    start = datetime(2026, 12, 4, 15, tzinfo=CHICAGO)
    reported = sentence(Situation.BOOKED, Context(language, OAKWOOD, start), {})
    assert reported.replace("\xa0", " ").startswith(text)


def test_a_source_has_sentences_of_its_own() -> None:
    own = {"en": {"booked": "See you {day} at {time}! {office} {tour_link}"}}
    context = Context("en", OAKWOOD, datetime(2026, 12, 4, 15, tzinfo=CHICAGO), tour_link="https://x/tour/1")
    assert sentence(Situation.BOOKED, context, own) == (
        "See you Friday, December 4 at 3:00 PM! You can reach the office at +1 512-555-0134. https://x/tour/1"
    )
    assert sentence(Situation.CANCEL_REQUESTED, context, own) == sentences("en")["cancel_requested"]


def test_what_a_value_holds_is_not_filled_in_again() -> None:
    context = Context("en", OAKWOOD, tour_link="{phone}")
    assert fill_in("{tour_link} {other}", context) == "{phone} {other}"
