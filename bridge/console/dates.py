"""Dates as every page writes them: tours by the clock of their property, everything else by the clock of the office.

Each account chooses how: `locale` is one of `LOCALES`. What programs read (the API, CSV, calendars) is ISO 8601.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_skeleton, format_time
from babel.numbers import format_decimal

from bridge.settings import Settings

DEFAULT_LOCALE = "en_US"
LOCALES = (DEFAULT_LOCALE, "en_GB", "es_US", "fr_FR", "de_DE", "pt_BR")
"""How dates, times and numbers can be written, by the names of CLDR."""
TWELVE_HOURS = ("en_US", "es_US")
"""Where the hour of a chart is `1 PM` and not `13:00`."""


def locale_names() -> list[tuple[str, str]]:
    """Each locale with its name in its own language: `English (United States)`."""
    names = [(locale, Locale.parse(locale).get_display_name(locale) or locale) for locale in LOCALES]
    return [(locale, name[0].upper() + name[1:]) for locale, name in names]


def known_locale(name: str | None) -> str:
    """The locale of this name; the default where there is none."""
    return name if name in LOCALES else DEFAULT_LOCALE


def language_of(locale: str) -> str:
    """For `lang` of HTML."""
    return locale.partition("_")[0]


def office_zone(settings: Settings) -> ZoneInfo:
    """The zone of most properties, UTC where there is none."""
    return settings.office_zone


def zone_label(zone: ZoneInfo, now: datetime) -> str:
    """What people call a zone: `Chicago time (CST)`."""
    city = zone.key.rpartition("/")[2].replace("_", " ")
    short = now.astimezone(zone).tzname() or ""
    return city if city == short else f"{city} time ({short})"


def tour_time(start: datetime, now: datetime, locale: str = DEFAULT_LOCALE) -> str:
    """The start of a tour: `Tue, Dec 1, 10:00 AM CST`; naive where its zone is unknown."""
    zone = f" {start.tzname()}" if start.tzinfo else ""
    return f"{_near_day(start.date(), now.date(), locale)}, {clock_time(start, locale)}{zone}"


def office_time(moment: datetime, zone: ZoneInfo, now: datetime, locale: str = DEFAULT_LOCALE) -> str:
    """A moment by the clock of the office, whose zone the head of each page names: `Mon, Nov 30, 8:41 AM`."""
    here = moment.astimezone(zone)
    return f"{_near_day(here.date(), now.astimezone(zone).date(), locale)}, {clock_time(here, locale)}"


def day_label(day: date, today: date, locale: str = DEFAULT_LOCALE) -> str:
    """A day as a heading: `Tuesday, December 1`."""
    return f"{weekday(day, locale)}, {_pattern('MMMMd' if _is_near(day, today) else 'yMMMMd', day, locale)}"


def short_day(day: date, locale: str = DEFAULT_LOCALE) -> str:
    """`Tue, Dec 1`"""
    return _pattern("MMMEd", day, locale)


def month_day(day: date, locale: str = DEFAULT_LOCALE) -> str:
    """`Dec 1`"""
    return _pattern("MMMd", day, locale)


def month(day: date, locale: str = DEFAULT_LOCALE) -> str:
    """`Dec`"""
    return _pattern("MMM", day, locale)


def weekday(day: date, locale: str = DEFAULT_LOCALE) -> str:
    """`Tuesday`"""
    return format_date(day, "EEEE", locale=locale)


def clock_time(moment: datetime | time, locale: str = DEFAULT_LOCALE) -> str:
    """`10:00 AM`, by the moment's own zone."""
    plain = moment.timetz() if isinstance(moment, datetime) else moment
    return _plain_spaces(format_time(plain.replace(tzinfo=None), "short", locale=locale))


def hour_label(moment: datetime, locale: str = DEFAULT_LOCALE) -> str:
    """`10 AM`, below a bar of a chart."""
    skeleton = "h" if locale in TWELVE_HOURS else "Hm"
    return _plain_spaces(format_skeleton(skeleton, moment.replace(tzinfo=None), locale=locale))


def number(value: int, locale: str = DEFAULT_LOCALE) -> str:
    """`12,345`"""
    return _plain_spaces(format_decimal(value, locale=locale))


def day_bounds(first: date, last: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """From the first moment of one day up to that of the day after another, in a zone."""
    begins = datetime.combine(first, datetime.min.time(), zone)
    ends = datetime.combine(last + timedelta(days=1), datetime.min.time(), zone)
    return begins.astimezone(UTC), ends.astimezone(UTC)


def _near_day(day: date, today: date, locale: str) -> str:
    return _pattern("MMMEd" if _is_near(day, today) else "yMMMEd", day, locale)


def _pattern(skeleton: str, day: date, locale: str) -> str:
    # A skeleton takes a moment; at noon no zone makes another day of it.
    noon = datetime(day.year, day.month, day.day, 12)  # noqa: DTZ001 - a date has no zone
    return _plain_spaces(format_skeleton(skeleton, noon, locale=locale))


def _plain_spaces(text: str) -> str:
    """Without the narrow spaces of CLDR, which some fonts lack."""
    return text.replace("\u202f", " ")


def _is_near(day: date, today: date) -> bool:
    """Whether a day is clear without its year."""
    return abs((day - today).days) <= NEAR_DAYS


NEAR_DAYS = 180
"""From a day that is farther away the year is written as well."""
