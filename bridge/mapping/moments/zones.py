"""The names of time zones: IANA, Windows, Rails, Outlook's labels, abbreviations and offsets."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

US_ZONES = ("America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles")
"""What a text is read with when no property is configured."""

_REGIONS = {
    "eastern": "America/New_York",
    "central": "America/Chicago",
    "mountain": "America/Denver",
    "pacific": "America/Los_Angeles",
    "alaska": "America/Anchorage",
    "alaskan": "America/Anchorage",
    "hawaii": "Pacific/Honolulu",
    "hawaiian": "Pacific/Honolulu",
    "arizona": "America/Phoenix",
    "us mountain": "America/Phoenix",
    "us eastern": "America/Indiana/Indianapolis",
    "indiana (east)": "America/Indiana/Indianapolis",
    "atlantic": "America/Halifax",
    "newfoundland": "America/St_Johns",
    "canada central": "America/Regina",
    "sa western": "America/La_Paz",
    "aleutian": "America/Adak",
    "utc": "UTC",
    "coordinated universal": "UTC",
    "greenwich mean": "UTC",
    "greenwich": "Atlantic/Reykjavik",
    "gmt": "Europe/London",
    "british summer": "Europe/London",
    "w. europe": "Europe/Berlin",
    "romance": "Europe/Paris",
    "central europe": "Europe/Budapest",
    "central european": "Europe/Warsaw",
    "e. europe": "Europe/Chisinau",
    "fle": "Europe/Kiev",
    "gtb": "Europe/Bucharest",
    "russian": "Europe/Moscow",
    "israel": "Asia/Jerusalem",
    "arabian": "Asia/Dubai",
    "india": "Asia/Kolkata",
    "china": "Asia/Shanghai",
    "tokyo": "Asia/Tokyo",
    "singapore": "Asia/Singapore",
    "aus eastern": "Australia/Sydney",
    "new zealand": "Pacific/Auckland",
    "pacific sa": "America/Santiago",
    "sa pacific": "America/Bogota",
    "sa eastern": "America/Cayenne",
    "e. south america": "America/Sao_Paulo",
    "argentina": "America/Buenos_Aires",
    "central america": "America/Guatemala",
    "south africa": "Africa/Johannesburg",
}
_MEXICO = {"central": "America/Mexico_City", "mountain": "America/Mazatlan", "pacific": "America/Tijuana"}

ABBREVIATIONS = {
    word: zone
    for words, zone in (
        ("est edt et", "America/New_York"),
        ("cst cdt ct", "America/Chicago"),
        ("mst mdt mt", "America/Denver"),
        ("pst pdt pt", "America/Los_Angeles"),
        ("akst akdt akt", "America/Anchorage"),
        ("hst", "Pacific/Honolulu"),
    )
    for word in words.split()
}
"""What is written behind a time in the United States; elsewhere some of them mean other zones."""

OFFSET = (
    r"(?P<sign>[+\u2212-])\s?(?P<hours>(?:0?\d|1[0-2]|(?<=\+)1[34]|(?<=\+\s)1[34])(?!\d(?!\d)))"
    r"(?::?(?P<minutes>\d{2}))?(?::\d\d)?(?!\d)"
)
NAMES = (
    r"(?:us[/ ])?(?:eastern|central|mountain|pacific|alaskan?|hawaii(?:an)?|atlantic)"
    r"(?:[ -](?:standard|daylight|summer))?[ -]time(?:\s?\(us & canada\))?"
)
"""The spelled-out names that may stand behind a time."""


def offset(match: re.Match[str]) -> timedelta:
    """The offset that `OFFSET` matched. Raises ValueError: there is no such offset on earth."""
    found = timedelta(hours=int(match["hours"]), minutes=int(match["minutes"] or 0))
    found = found if match["sign"] == "+" else -found
    if not timedelta(hours=-12) <= found <= timedelta(hours=14):
        raise ValueError("an offset between -12:00 and +14:00")
    return found


def read_zone(text: str, observed: Iterable[str] = ()) -> tzinfo | None:
    """The zone that a text names, however it is labelled; `None` where it names none that is known.

    `America/Chicago`, `America/Chicago (GMT-06:00)`, `GMT-06:00 America/Chicago (CST)`, `Central Standard Time`,
    `(UTC-06:00) Central Time (US & Canada)`, `CST`, `UTC-6`.
    """
    for word in re.findall(r"[A-Za-z]+(?:/[A-Za-z_+\-0-9]+)+", text):
        if known := _iana(word):
            return known
    plain = re.sub(r"^\s*\(?(?:utc|gmt)[+-]?[\d:]*\)?\s+(?=\S)", "", text.strip(), flags=re.IGNORECASE)
    plain = plain.replace(" - ", " (")
    outside = plain.partition(" (")[0].strip()
    for name in (text, plain, outside):
        if zone := abbreviated(name, observed) or _named(name) or _iana(name):
            return zone
    if found := re.search(rf"(?:^|utc|gmt|\()\s*{OFFSET}", text, re.IGNORECASE):
        try:
            return timezone(offset(found))
        except ValueError:
            return None
    return None


def abbreviated(word: str, observed: Iterable[str] = ()) -> tzinfo | None:
    """The zone of an abbreviation: of the observed zones those that use it, if they show the same clock.

    `CST` in July still means the clock of Chicago. Without observed zones it is one of the United States.
    """
    word = word.strip().casefold()
    if word in ("utc", "gmt", "z", "zulu", "ut", "uct"):
        return timezone.utc  # noqa: UP017 - fixed, unlike a ZoneInfo
    zones = [zone for zone in sorted(set(observed)) if word in _words_of(zone)]
    if not observed and word in ABBREVIATIONS:
        zones = [ABBREVIATIONS[word]]
    if len({_clock(zone) for zone in zones}) != 1:
        return None
    return ZoneInfo(zones[0])


def offsets_of(zones: Iterable[str]) -> frozenset[timedelta]:
    """Every offset that the zones have in a year."""
    return frozenset(each for zone in zones for each in _clock(zone))


@lru_cache(maxsize=64)
def _words_of(zone: str) -> frozenset[str]:
    words = {moment.tzname() or "" for moment in _seasons(zone)}
    generic = {word[:-2] + "t" for word in words if word.endswith(("ST", "DT"))}
    return frozenset(word.casefold() for word in words | generic)


@lru_cache(maxsize=64)
def _clock(zone: str) -> tuple[timedelta, ...]:
    return tuple(moment.utcoffset() or timedelta() for moment in _seasons(zone))


def _seasons(zone: str) -> list[datetime]:
    return [datetime(2026, month, 1, 12, tzinfo=ZoneInfo(zone)) for month in (1, 7)]


def _named(name: str) -> ZoneInfo | None:
    plain = " ".join(name.casefold().replace("/", " ").split())
    plain, _, country = plain.partition(" (")
    plain = re.sub(r"[ -](?:standard|daylight|summer)?[ -]?time$", "", plain)
    if country.startswith("mexico"):
        known = _MEXICO.get(plain)
    else:
        known = (
            _REGIONS.get(plain)
            or _REGIONS.get(f"{plain} ({country}")
            or _REGIONS.get(plain.removeprefix("us "))
        )
    return ZoneInfo(known) if known else None


def _iana(name: str) -> ZoneInfo | None:
    known = _by_name().get(name.casefold().replace(" ", "_"))
    return ZoneInfo(known) if known else None


@lru_cache(maxsize=1)
def _by_name() -> dict[str, str]:
    return {name.casefold(): name for name in available_timezones()}
