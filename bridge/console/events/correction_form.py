"""The form that corrects a tour field by field: what it shows, and the checked input. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import marshmallow

from bridge.errors import BridgeError
from bridge.mapping import fields as values
from bridge.mapping.booking import Action, TourKind
from bridge.mapping.corrected import NAMES, START
from bridge.mapping.plausible_hours import implausible_hour
from bridge.propexo import pms
from bridge.settings import Property

TEXTS = (*NAMES, "email", "phone", "unit", "agent", "kind", "property")
DATE, TIME = "date", "time"
NEEDS_START = (Action.BOOK.value, Action.RESCHEDULE.value)
LONGEST = 300
"""Characters of one field."""


@dataclass(frozen=True)
class FormValues:
    """The fields of the form as text; empty: not given."""

    texts: Mapping[str, str]
    """By the names of TEXTS, DATE and TIME."""

    def __getitem__(self, name: str) -> str:
        return self.texts.get(name, "")

    @classmethod
    def of_form(cls, form: Mapping[str, str]) -> "FormValues":
        """The user's input."""
        return cls({name: form.get(name, "").strip()[:LONGEST] for name in (*TEXTS, DATE, TIME)})

    @classmethod
    def of_tour(cls, known: Mapping[str, Any], place: Property | None, office: tzinfo = UTC) -> "FormValues":
        """What is known of a tour; its start by the clock of a property, else by that of the office."""
        texts = {name: str(known.get(name) or "") for name in TEXTS}
        texts["property"] = place.key if place else ""
        start = _known_start(known, ZoneInfo(place.time_zone) if place else office)
        if start is not None:
            texts |= {DATE: start.date().isoformat(), TIME: start.strftime("%H:%M")}
        return cls(texts)


@dataclass(frozen=True)
class CheckedForm:
    """What the form asks for."""

    changes: Mapping[str, str | None] = field(default_factory=dict)
    """By the names of `mapping.corrected.CORRECTABLE`."""
    errors: Mapping[str, str] = field(default_factory=dict)
    """A sentence for each field that cannot stay so."""


def check(
    typed: FormValues,
    shown: FormValues,
    place: Property | None,
    *,
    action: str | None,
    now: datetime,
    region: str = "US",
) -> CheckedForm:
    """What differs from what was shown, and what is wrong. `place` is the property that is chosen."""
    changes = _changed(typed, shown)
    errors = {}
    for name, kind in (("email", values.Email), ("phone", values.Phone)):
        if changes.get(name):
            try:
                changes[name] = _read(kind, typed[name], region)
            except marshmallow.ValidationError:
                errors[name] = f"Write {kind.expected}."
    if changes.get("kind") and changes["kind"] not in list(TourKind):
        errors["kind"] = "Choose one of the kinds."
    if place is None:
        errors["property"] = "Choose the property."
    if not (typed["email"] or typed["phone"]) and action == Action.BOOK:
        errors["email"] = "Give an e-mail address or a phone number."
    if action in NEEDS_START or typed[DATE] or typed[TIME]:
        start, found = _start(typed, place, now)
        errors |= found
        if start is not None and any(typed[name] != shown[name] for name in (DATE, TIME)):
            changes[START] = start.isoformat(timespec="minutes")
    return CheckedForm(changes, errors)


def _changed(typed: FormValues, shown: FormValues) -> dict[str, str | None]:
    """The texts that differ; of a name both parts, since a payload may have it whole."""
    changes = {name: typed[name] or None for name in TEXTS if typed[name] != shown[name]}
    names = {name: typed[name] or None for name in NAMES}
    return changes | names if changes.keys() & set(NAMES) else changes


def _start(
    typed: FormValues, place: Property | None, now: datetime
) -> tuple[datetime | None, dict[str, str]]:
    """The wall time that was typed, and what is wrong with it."""
    day, clock = _parsed(date.fromisoformat, typed[DATE]), _parsed(time.fromisoformat, typed[TIME])
    errors = {}
    if day is None:
        errors[DATE] = "Choose the date of the tour."
    if clock is None:
        errors[TIME] = "Choose the time of the tour."
    if day is None or clock is None:
        return None, errors
    start = datetime.combine(day, clock.replace(tzinfo=None))
    if place is None:
        return start, {}
    try:
        instant = pms.from_wall_time(start, ZoneInfo(place.time_zone))
    except BridgeError as error:
        return None, {TIME: error.message}
    if instant <= now:
        return None, {DATE: "This time has passed. Agree on another one with the renter."}
    unlikely = implausible_hour(instant, place)
    return (None, {TIME: f"{unlikely}."}) if unlikely else (start, {})


def _parsed(read: Any, text: str) -> Any:
    try:
        return read(text)
    except ValueError:
        return None


def _read(kind: type[values.Email | values.Phone], text: str, region: str) -> str:
    reader = kind(path="value")
    if isinstance(reader, values.Phone):
        reader.region = region
    return reader.choose([values.Match("value", text)])


def _known_start(known: Mapping[str, Any], zone: tzinfo) -> datetime | None:
    if known.get("starts_at"):
        return datetime.fromisoformat(str(known["starts_at"])).astimezone(zone)
    if known.get("starts_at_local"):
        return datetime.fromisoformat(str(known["starts_at_local"]))
    return None
