"""The widget as an ordinary page, for browsers without scripts, iframes and links in mails: what it shows. Pure."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from bridge.availability.listing import Availability, Slot
from bridge.settings import Property
from bridge.widget.words import Words

DAYS = 14
"""Days of free times that one page offers."""
TYPED = ("first_name", "last_name", "email", "phone", "message")


@dataclass(frozen=True)
class VisitorChoice:
    """What the visitor has chosen and typed so far."""

    property: str = ""
    kind: str = ""
    first: date | None = None
    """The first day of the list; `None`: today."""
    day: date | None = None
    start: str = ""
    submission: str = ""
    typed: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, values: Mapping[str, str]) -> "VisitorChoice":
        """As a query or a form says it; what cannot be read counts as not chosen."""
        later = _date(values.get("later"))
        return cls(
            property=values.get("property", "").strip(),
            kind=values.get("kind", ""),
            first=later or _date(values.get("from")),
            day=None if later else _date(values.get("day")) or _date(values.get("shown")),
            start=values.get("start", ""),
            submission=values.get("submission_id", "") or str(uuid.uuid4()),
            typed={name: values.get(name, "").strip() for name in TYPED},
        )


@dataclass(frozen=True)
class HostedDay:
    """A day that has free times."""

    date: date
    label: str
    spoken: str
    count: str
    is_chosen: bool


@dataclass(frozen=True)
class HostedPage:
    """What the template draws."""

    words: Words
    place: Property
    places: Sequence[Property]
    kinds: Sequence[tuple[str, str, str, bool]]
    """Name, label, explanation, whether it is chosen."""
    days: Sequence[HostedDay]
    slots: Sequence[tuple[str, str]]
    """`start` and the time."""
    day_label: str
    zone: str
    later: date | None
    choice: VisitorChoice
    empty: str = ""
    """Why days between those that have times have none."""
    errors: Mapping[str, str] = field(default_factory=dict)
    notice: str | None = None


def page_of(
    words: Words,
    place: Property,
    places: Sequence[Property],
    times: Availability | None,
    choice: VisitorChoice,
    errors: Mapping[str, Sequence[str]] | None = None,
    notice: str | None = None,
) -> HostedPage:
    """The page for what is free and what was chosen; `times` is `None` where the property offers none."""
    kinds = times.kinds if times else ()
    kind = choice.kind if choice.kind in kinds else next(iter(kinds), "")
    slots = [slot for slot in (times.slots if times else ()) if kind in slot.kinds]
    by_day: dict[date, list[Slot]] = {}
    for slot in slots:
        by_day.setdefault(slot.start.date(), []).append(slot)
    chosen = choice.day if choice.day in by_day else next(iter(by_day), None)
    of_day = by_day.get(chosen, []) if chosen else []
    return HostedPage(
        words=words,
        place=place,
        places=places,
        kinds=[
            (each_kind, words(each_kind), words(f"{each_kind}_hint"), each_kind == kind)
            for each_kind in kinds
        ],
        days=[_day(words, day, len(found), is_chosen=day == chosen) for day, found in by_day.items()],
        slots=[(slot.start.isoformat(), words.time(slot.start)) for slot in of_day],
        day_label=words.day(chosen) if chosen else "",
        zone=words.zone(of_day[0].start) if of_day else "",
        later=_later(times),
        choice=choice,
        empty=_empty(times, list(by_day), words),
        errors={name: texts[0] for name, texts in (errors or {}).items()},
        notice=notice,
    )


def booking_of(choice: VisitorChoice, place: Property, kinds: Sequence[str], language: str) -> dict[str, Any]:
    """The form as the script would send it."""
    kind = choice.kind if choice.kind in kinds else next(iter(kinds), "")
    return {
        "submission_id": choice.submission,
        **choice.typed,
        "property": place.key,
        "tour_type": kind,
        "starts_at": choice.start,
        "lang": language,
    }


def missing(choice: VisitorChoice, words: Words) -> dict[str, list[str]]:
    """What the page asks for beyond what a booking needs: both names, and a time."""
    errors = {} if choice.start else {"starts_at": [words("error_starts_at")]}
    for name in ("first_name", "last_name"):
        if not choice.typed.get(name):
            errors[name] = [words(f"error_{name}")]
    return errors


def _day(words: Words, day: date, count: int, *, is_chosen: bool) -> HostedDay:
    counted = words.count("times", count)
    return HostedDay(day, words.short_day(day), f"{words.day(day)}, {counted}", counted, is_chosen)


def _empty(times: Availability | None, shown: Sequence[date], words: Words) -> str:
    """Why days have no times: all of them, or those between the first and the last that have some."""
    days = [day.as_json() | {"day": day.day} for day in (times.days if times else ()) if not day.free]
    if shown:
        days = [day for day in days if shown[0] < day["day"] < shown[-1]]
    values = [(day["day"], f"empty_{day['reason']}") for day in days]
    return " · ".join(f"{words.short_day(day)}: {words(name)}" for day, name in values if name in words.texts)


def _later(times: Availability | None) -> date | None:
    if not times or not times.days:
        return None
    last = times.days[-1]
    return None if last.reason == "horizon" else last.day + timedelta(days=1)


def _date(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None
