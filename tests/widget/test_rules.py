"""What guards a form, and the words for renters: pure."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.console.sources.widget_line import Options, accent_of, contrast, line_of
from bridge.settings.records import FormSettings
from bridge.widget import proofs
from bridge.widget.admission import FAR_BEYOND, Admission, FormCounts, Signs, admission
from bridge.widget.counting import network_of
from bridge.widget.errors import in_words
from bridge.widget.words import LOCALES, choose, tables_of, words

LIMITS = FormSettings(per_address=10, per_contact=5, per_property=100)
NOW = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
KEY = b"k" * 32


@pytest.mark.parametrize(
    ("counts", "signs", "expected"),
    [
        (FormCounts(1, 1, 1), Signs(), Admission.TAKEN),
        (FormCounts(10, 5, 100), Signs(seconds_on_page=3), Admission.TAKEN),
        (FormCounts(11, 1, 1), Signs(), Admission.AFTER_WORK),
        (FormCounts(1, 6, 1), Signs(), Admission.AFTER_WORK),
        (FormCounts(1, 1, 101), Signs(), Admission.AFTER_WORK),
        (FormCounts(200, 1, 1), Signs(has_worked=True), Admission.TAKEN),
        (FormCounts(201, 1, 1), Signs(has_worked=True), Admission.REFUSED),
        (FormCounts(1, 1, 1), Signs(seconds_on_page=2.9), Admission.AFTER_WORK),
        (FormCounts(1, 1, 1), Signs(has_filled_trap=True), Admission.AFTER_WORK),
        (
            FormCounts(1, 1, 1),
            Signs(has_filled_trap=True, seconds_on_page=0, has_worked=True),
            Admission.TAKEN,
        ),
    ],
)
def test_a_form_is_taken_after_work_or_refused(counts: FormCounts, signs: Signs, expected: Admission) -> None:
    assert admission(counts, signs, LIMITS) is expected


@given(st.builds(FormCounts, *[st.integers(0, 3000)] * 3), st.booleans())
def test_who_works_is_refused_only_far_beyond_a_limit(counts: FormCounts, is_trapped: bool) -> None:
    found = admission(counts, Signs(has_filled_trap=is_trapped, has_worked=True), LIMITS)
    is_far = (
        counts.address > 10 * FAR_BEYOND
        or counts.contact > 5 * FAR_BEYOND
        or counts.property > 100 * FAR_BEYOND
    )
    assert found is (Admission.REFUSED if is_far else Admission.TAKEN)


def test_a_stamp_counts_from_when_it_was_made_and_only_for_its_source() -> None:
    made = proofs.stamp(KEY, "website", NOW)
    later = NOW + timedelta(seconds=42)
    assert proofs.seconds_since(KEY, "website", made, later) == 42
    assert proofs.seconds_since(KEY, "other", made, later) == 0
    assert proofs.seconds_since(b"x" * 32, "website", made, later) == 0


@given(st.text(max_size=60))
def test_any_other_stamp_and_solution_counts_as_none(text: str) -> None:
    assert proofs.seconds_since(KEY, "website", text, NOW) == 0
    assert proofs.solved(KEY, "website", text, NOW) is None


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        (None, ""),
        ("unix:", "unix:"),
    ],
)
def test_a_network_of_ipv6_is_one_visitor(address: str | None, network: str) -> None:
    assert network_of(address) == network


# Words


def placeholders(text: str) -> list[str]:
    return sorted(re.findall(r"\{(\w+)\}", text))


@pytest.mark.parametrize("language", LOCALES)
def test_each_language_is_complete(language: str) -> None:
    for part, texts in tables_of("en").items():
        translated = tables_of(language)[part]
        assert translated.keys() == texts.keys()
        wrong = [name for name in texts if placeholders(texts[name]) != placeholders(translated[name])]
        assert wrong == []
        assert all(text.strip() == text and text for text in translated.values())


@pytest.mark.parametrize(
    ("language", "when"),
    [
        ("en", "Friday, December 4, 3:00 PM"),
        ("es", "viernes, 4 de diciembre, 3:00 p.m."),
        ("fr", "vendredi 4 décembre, 15:00"),
        ("de", "Freitag, 4. Dezember, 15:00"),
        ("pt", "sexta-feira, 4 de dezembro, 15:00"),
    ],
)
def test_dates_are_of_the_language_too(language: str, when: str) -> None:
    moment = datetime(2026, 12, 4, 15, tzinfo=ZoneInfo("America/Chicago"))
    assert words(language).when(moment).replace("\xa0", " ") == when
    assert "(CST)" in words(language).zone(moment)


@pytest.mark.parametrize(
    ("wanted", "language"),
    [(("es-MX",), "es"), (("ca", "pt-BR", "en"), "pt"), (("xx", None, 7), None), ((), None)],
)
def test_the_first_known_language_is_chosen(wanted: tuple[object, ...], language: str | None) -> None:
    assert choose(*wanted) == language


def test_what_was_left_empty_counts_once() -> None:
    errors = {
        name: ["Expected something."] for name in ("email", "phone", "starts_at", "starts_at_local", "date")
    }
    found = in_words(errors, {"email": " "}, words("de"))
    assert found == {
        "email": ["Geben Sie eine E-Mail-Adresse oder eine Telefonnummer ein."],
        "starts_at": ["Wählen Sie eine Zeit."],
    }


def test_a_field_without_a_text_of_its_own_has_one_all_the_same() -> None:
    assert in_words({"unit": ["?"]}, {}, words("en")) == {"unit": ["Please correct this field."]}


# The line for a website


def test_the_line_says_only_what_is_not_as_usual() -> None:
    plain = line_of("https://b.example", "website", Options(["oakwood", "elm"]))
    assert plain == (
        '<script async src="https://b.example/widget.js?source=website&property=oakwood,elm"></script>'
    )
    styled = line_of("https://b.example", "website", Options(["oakwood"], "es", "#ffee00", "2px"))
    assert "lang=es" in styled
    assert "--tour-accent: #ffee00; --tour-accent-text: #000000; --tour-radius: 2px;" in styled


@pytest.mark.parametrize(
    ("text", "colour"), [("#ABCDEF", "#abcdef"), ("red", "#2b52c7"), ("#fff;}", "#2b52c7")]
)
def test_only_a_colour_is_one(text: str, colour: str) -> None:
    assert accent_of(text) == colour


def test_contrast_is_that_of_the_guidelines() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
