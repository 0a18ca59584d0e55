"""A text as the parts of a date and time: days, clock times, zones, offsets, and what is between two of them."""

import re
from dataclasses import dataclass
from datetime import tzinfo
from typing import Literal

from bridge.mapping.moments import words
from bridge.mapping.moments.zones import ABBREVIATIONS, NAMES, OFFSET, read_zone

Kind = Literal["day", "year", "weekday", "clock", "number", "offset", "zone", "range", "filler"]


@dataclass(frozen=True)
class TimeToken:
    """One part of the text."""

    kind: Kind
    match: re.Match[str]
    zone: tzinfo | None = None

    @property
    def text(self) -> str:
        return self.match[0]


_MONTH = rf"(?P<month>{words.any_of(words.MONTHS)})\b\.?"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th|er|ere|o|\u00ba|\u00aa|\u00b0|\.)?(?![\d:])"
_OF = r"[ ,.\-/]*(?:(?:de|del|of)\b[ ]*)?"
_SHORT_YEAR = r"\d{2}(?=\s|,|$)(?!\s*(?:h|uhr|[ap]\b|[ap]\.?m))"
_SECONDS = r"(?::(?P<second>\d{2})(?:[.,:](?P<fraction>\d{1,9}))?)?"

_AFTER_OFFSET = r"(?![:\d]|[-.]\d|/\d(?!\d{3}-))(?!\s?[ap]\.?\s?m)"
_FRACTION = r"(?:\.(?P<fraction>\d{1,9}))"

_PATTERNS: list[tuple[Kind, str]] = [
    ("clock", rf"(?P<hour>\d{{1,2}})\.(?P<minute>\d{{2}})\.(?P<second>\d{{2}}){_FRACTION}?\s?{words.HALF}"),
    ("day", r"(?P<year>20\d\d)(?P<month>0[1-9]|1[0-2])(?P<day>[0-3]\d)(?=[0-2]\d[0-5]\d(?:[0-5]\d)?(?!\d))"),
    ("day", r"(?P<year>\d{4})(?P<by>[-/.])\s?(?P<month>\d{1,2})(?P=by)\s?(?P<day>\d{1,2})(?!\d)[T_]?"),
    ("day", r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})(?:T|(?=\D|$))"),
    ("day", r"(?P<one>\d{1,2})(?P<by>[-/.])\s?(?P<other>\d{1,2})(?P=by)\s?(?P<year>\d{4}|\d{2})(?![\d:])[T_]?"),
    ("day", rf"{_DAY}{_OF}{_MONTH}{_OF}(?P<year>\d{{4}}(?!\d)|'\d{{2}}(?!\d)|{_SHORT_YEAR})"),
    ("day", rf"{_MONTH}[ \-]*{_DAY}[ ,\-]*(?P<year>\d{{4}}(?![\d:])|'\d{{2}}(?!\d))"),
    ("day", rf"{_MONTH}[ \-]*{_DAY}"),
    ("day", rf"{_DAY}{_OF}{_MONTH}"),
    ("clock", rf"T?(?P<hour>\d{{1,2}}):(?P<minute>\d{{2}}){_SECONDS}(?!\d)(?:\s?{words.HALF})?"),
    ("clock", r"(?P<hour>\d{2})(?P<minute>\d{2})(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?(?=[Z+\-\s]|$)"),
    ("clock", rf"(?P<hour>\d{{1,2}})\.(?P<minute>\d{{2}})(?![.\d])(?:\s?{words.HALF}|\s?uhr\b)?"),
    ("clock", rf"(?P<hour>\d{{1,2}})(?P<minute>\d{{2}})\s?{words.HALF}"),
    ("clock", r"(?P<hour>\d{2})(?P<minute>\d{2})\s?(?:hrs?|hours|h|uhr)\b"),
    ("clock", r"(?P<hour>\d{1,2})\s?(?:h|hrs?|uhr|heures?)\b\s?(?P<minute>\d{2})?(?!\d)"),
    ("clock", r"(?P<hour>\d{1,2})h(?P<minute>\d{2})(?!\d)"),
    ("clock", rf"(?P<hour>\d{{1,2}})\s?(?:o'?clock\s)?{words.HALF}"),
    ("clock", rf"(?:12\s)?(?P<noon>{words.NOON})\b"),
    ("clock", rf"(?:12\s)?(?P<midnight>{words.MIDNIGHT})\b"),
    ("offset", rf"(?P<prefix>gmt|utc|z)?\s?\(?(?P<named>gmt|utc)?\s?{OFFSET}\)?{_AFTER_OFFSET}"),
    ("year", r"(?P<year>(?:19|20|21)\d{2})(?!\d)"),
    ("number", r"(?P<hour>\d{4}(?=\s*$)|\d{1,2})(?![\d:])"),
    ("zone", r"\[(?P<name>[A-Za-z][A-Za-z0-9_+\-/]*)\]"),
    ("filler", r"\[!?u-ca=[\w-]+\]"),
    ("zone", r"\((?P<name>[^()]{1,60}(?:\([^()]*\))?)\)"),
    ("zone", rf"(?P<name>{NAMES})"),
    ("zone", r"(?P<name>[a-z]+/[a-z_+\-0-9]+(?:/[a-z_]+)?)"),
    ("zone", rf"(?P<name>(?:utc|gmt|zulu|z|{'|'.join(ABBREVIATIONS)}|[a-z]{{2,5}}t|[a-z]st\d[a-z]dt))(?![\w'])"),
    ("weekday", rf"(?P<weekday>{words.any_of(words.WEEKDAYS)})\b\.?"),
    ("filler", r"m=[+-][\d.]+"),
    ("filler", words.FILLERS),
    ("range", words.RANGES),
    ("filler", r"[.\s]"),
]  # fmt: skip
_COMPILED = [(kind, re.compile(pattern, re.IGNORECASE)) for kind, pattern in _PATTERNS]
MOST_TOKENS = 40


def tokens_at(text: str, place: int, observed: frozenset[str]) -> list[TimeToken]:
    """The parts from a place on, up to what is none."""
    found: list[TimeToken] = []
    while place < len(text) and len(found) < MOST_TOKENS:
        token = _token(text, place, found, observed)
        if token is None:
            break
        place = token.match.end()
        if token.kind != "filler" or token.text.strip():
            found.append(token)
    return found


def _token(text: str, place: int, before: list[TimeToken], observed: frozenset[str]) -> TimeToken | None:
    has_clock = any(token.kind in ("clock", "number") for token in before)
    for kind, pattern in _COMPILED:
        match = pattern.match(text, place)
        if match is None or not match[0]:
            continue
        if kind == "zone":
            zone = read_zone(match["name"], observed)
            if zone is None and not (match[0].startswith("(") and any(t.kind == "offset" for t in before)):
                continue
            return TimeToken("zone" if zone else "filler", match, zone)
        if kind == "offset" and not any(token.kind == "clock" for token in before):
            continue
        return TimeToken("filler" if kind == "range" and not has_clock else kind, match)
    return None
