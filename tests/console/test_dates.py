"""One way to write a date, for tours and for everything else."""

import re
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bridge.console import dates
from bridge.console.dates import day_bounds, day_label, office_time, tour_time, zone_label

NOW = datetime(2026, 11, 30, 15, 5, tzinfo=UTC)
CHICAGO = ZoneInfo("America/Chicago")


@pytest.mark.parametrize(
    ("start", "text"),
    [
        (datetime(2026, 12, 1, 10, 0, tzinfo=CHICAGO), "Tue, Dec 1, 10:00 AM CST"),
        (datetime(2026, 12, 1, 0, 5, tzinfo=CHICAGO), "Tue, Dec 1, 12:05 AM CST"),
        (datetime(2026, 12, 1, 12, 30, tzinfo=CHICAGO), "Tue, Dec 1, 12:30 PM CST"),
        (datetime(2027, 7, 9, 13, 0, tzinfo=CHICAGO), "Fri, Jul 9, 2027, 1:00 PM CDT"),
        (datetime(2026, 12, 1, 16, 0, tzinfo=UTC), "Tue, Dec 1, 4:00 PM UTC"),
        (datetime(2026, 12, 1, 16, 0), "Tue, Dec 1, 4:00 PM"),  # noqa: DTZ001 - its zone is not known
    ],
)
def test_a_tour_is_written_by_the_clock_of_its_property(start: datetime, text: str) -> None:
    assert tour_time(start, NOW) == text


def test_everything_else_is_written_by_the_clock_of_the_office() -> None:
    assert office_time(NOW, CHICAGO, NOW) == "Mon, Nov 30, 9:05 AM"
    assert office_time(NOW.replace(year=2024), CHICAGO, NOW) == "Sat, Nov 30, 2024, 9:05 AM"
    assert zone_label(CHICAGO, NOW) == "Chicago time (CST)"
    assert zone_label(ZoneInfo("UTC"), NOW) == "UTC"


def test_days() -> None:
    assert day_label(date(2026, 12, 1), NOW.date()) == "Tuesday, December 1"
    assert day_label(date(2028, 12, 1), NOW.date()) == "Friday, December 1, 2028"
    begins, ends = day_bounds(date(2026, 11, 1), date(2026, 11, 1), CHICAGO)  # the night has an hour twice
    assert (ends - begins).total_seconds() == 25 * 3600


@pytest.mark.parametrize(
    ("locale", "tour", "heading", "hour", "day", "number"),
    [
        ("en_US", "Tue, Dec 1, 2:05 PM CST", "Tuesday, December 1", "2 PM", "Dec 1", "12,345"),
        ("en_GB", "Tue 1 Dec, 14:05 CST", "Tuesday, 1 December", "14:05", "1 Dec", "12,345"),
        ("es_US", "mar, 1 de dic, 2:05 p.m. CST", "martes, 1 de diciembre", "2 p.m.", "1 dic", "12,345"),
        ("fr_FR", "mar. 1 déc., 14:05 CST", "mardi, 1 décembre", "14:05", "1 déc.", "12 345"),
        ("de_DE", "Di., 1. Dez., 14:05 CST", "Dienstag, 1. Dezember", "14:05", "1. Dez.", "12.345"),
        ("pt_BR", "ter., 1 de dez., 14:05 CST", "terça-feira, 1 de dezembro", "14:05", "1 de dez.", "12.345"),
    ],
)
def test_each_locale_writes_dates_and_numbers_in_its_way(
    locale: str, tour: str, heading: str, hour: str, day: str, number: str
) -> None:
    start = datetime(2026, 12, 1, 14, 5, tzinfo=CHICAGO)
    assert tour_time(start, NOW, locale) == tour
    assert day_label(start.date(), NOW.date(), locale) == heading
    assert (dates.hour_label(start, locale), dates.month_day(start, locale)) == (hour, day)
    assert dates.number(12345, locale) == number


def test_an_account_chooses_among_them() -> None:
    names = dict(dates.locale_names())
    assert list(names) == list(dates.LOCALES)
    assert (names["en_US"], names["es_US"]) == ("English (United States)", "Español (Estados Unidos)")
    assert (dates.known_locale("tlh"), dates.known_locale(None), dates.known_locale("de_DE")) == (
        "en_US",
        "en_US",
        "de_DE",
    )
    assert dates.language_of("pt_BR") == "pt"


FOR_PROGRAMS = {"exports.py", "correction_form.py"}
"""Files that write dates for CSV and for the fields of forms."""


def test_no_page_writes_dates_in_another_way() -> None:
    own = re.compile(r"strftime|:%[a-zA-Z-]")
    files = [file for file in Path(dates.__file__).parent.rglob("*.*") if file.suffix in (".py", ".html")]
    found = {file.name for file in files if own.search(file.read_text(encoding="utf-8"))}
    assert found - FOR_PROGRAMS == set()
