"""The texts that renters read, in five languages. The widget's script and our own pages use the same tables."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from typing import Any

from babel import Locale
from babel.dates import format_date, format_skeleton, format_time, get_timezone_name

LOCALES = {"en": "en_US", "es": "es_US", "fr": "fr_FR", "de": "de_DE", "pt": "pt_BR"}
"""The languages, and how dates are written in each."""
DEFAULT = "en"


@dataclass(frozen=True)
class Words:
    """The texts of one language."""

    language: str
    texts: Mapping[str, str]

    def __call__(self, name: str, **values: Any) -> str:
        """A text with its placeholders filled in."""
        return self.texts[name].format(**values)

    @property
    def _locale(self) -> Locale:
        return Locale.parse(LOCALES[self.language])

    def count(self, name: str, n: int, **values: Any) -> str:
        """`1 time` or `3 times`: the text `{name}_one` for one, else `name`."""
        return self(f"{name}_one" if n == 1 else name, n=n, **values)

    def day(self, day: date) -> str:
        """Friday, December 4"""
        weekday = format_date(day, "EEEE", locale=self._locale)
        comma = "" if self.language == "fr" else ","
        return f"{weekday}{comma} {format_skeleton('MMMMd', _at_noon(day), locale=self._locale)}"

    def short_day(self, day: date) -> str:
        """Fri, Dec 4"""
        return _joined(format_skeleton("MMMEd", _at_noon(day), locale=self._locale))

    def time(self, moment: datetime) -> str:
        """3:00 PM, by the moment's own zone."""
        return _joined(format_time(moment, "short", tzinfo=moment.tzinfo, locale=self._locale))

    def when(self, moment: datetime) -> str:
        """Friday, December 4, 3:00 PM"""
        return f"{self.day(moment.date())}, {self.time(moment)}"

    def zone(self, moment: datetime) -> str:
        """Property time (CST)"""
        # In English: other languages have no short names of American zones, and would write -0600.
        return self("zone", zone=get_timezone_name(moment, "short", locale="en_US"))


def _at_noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12)  # noqa: DTZ001 - a date has no zone


def _joined(text: str) -> str:
    """Without the narrow spaces of CLDR, which some fonts lack."""
    return text.replace("\u202f", " ")


@cache
def words(language: str) -> Words:
    """The texts of a language that is one of `LOCALES`."""
    tables = tables_of(language)
    return Words(language, {**tables["widget"], **tables["page"]})


@cache
def tables_of(language: str) -> dict[str, dict[str, str]]:
    """`widget`: what the script needs as well; `page`: what only our pages say."""
    file = files(__package__).joinpath("strings", f"{language}.json")
    tables: dict[str, dict[str, str]] = json.loads(file.read_text(encoding="utf-8"))
    return tables


def choose(*wanted: object) -> str | None:
    """The first of some language tags (`es-MX`) that is known, as its language; `None`: none is."""
    found = (tag[:2].lower() for tag in wanted if isinstance(tag, str))
    return next((language for language in found if language in LOCALES), None)
