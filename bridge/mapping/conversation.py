"""Requests of a chat for free times, and for one of them by its number."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from bridge.mapping.fields import minutes_between

CHOSEN_TIME = "bridge-chosen-time"
"""The header that stores the time that was chosen for an event: by the renter, by its number, or by an operator in
place of one that was taken. No request can bring it."""
LARGEST_CHOICE = 9

E = TypeVar("E")


@dataclass(frozen=True)
class TimesQuestion:
    """What a request says about times. Absent is `None`."""

    property: str | None = None
    kind: str | None = None
    starts_at: datetime | None = None
    """Aware."""
    starts_at_local: datetime | None = None
    """Wall time at the property (naive)."""
    day: str | None = None
    choice: str | None = None
    language: str | None = None

    def number(self) -> int | None:
        """The number that was chosen, from 1 to 9."""
        text = (self.choice or "").strip()
        is_number = text.isascii() and text.isdigit() and 0 < int(text[:4]) <= LARGEST_CHOICE
        return int(text[:4]) if is_number else None


@dataclass(frozen=True)
class OfferedTimes:
    """Free times of a property, in the order of their numbers."""

    property: str
    """Its key."""
    kind: str | None
    starts: tuple[datetime, ...]
    """Aware."""

    def chosen(self, number: int | None) -> "OfferedTimes | None":
        """The time with this number alone; `None` where there is none."""
        if number is None or not 0 < number <= len(self.starts):
            return None
        return OfferedTimes(self.property, self.kind, (self.starts[number - 1],))

    def fill_in(
        self, values: Mapping[str, Any], errors: Mapping[str, E]
    ) -> tuple[dict[str, Any], dict[str, E]]:
        """The values and errors of a booking whose time is the one that was chosen."""
        missing = {"property": self.property, "kind": self.kind, "duration_minutes": length_of(values)}
        filled = {**values, **{name: values.get(name) or given for name, given in missing.items()}}
        filled |= {
            "starts_at": self.starts[0],
            "starts_at_local": None,
            "ends_at": None,
            "ends_at_local": None,
        }
        return filled, {
            name: error for name, error in errors.items() if not name.startswith(("starts_", "ends_"))
        }

    def as_text(self) -> str:
        """As a header stores it."""
        starts = [start.isoformat() for start in self.starts]
        return json.dumps({"property": self.property, "kind": self.kind, "starts": starts})

    @classmethod
    def from_text(cls, text: str | None) -> "OfferedTimes | None":
        """What `as_text` made; `None` where there is none."""
        if not text:
            return None
        values = json.loads(text)
        starts = tuple(datetime.fromisoformat(start) for start in values["starts"])
        return cls(values["property"], values["kind"], starts)


def length_of(values: Mapping[str, Any]) -> int | None:
    """The minutes of a tour from its start to its end, where both are given."""
    for start, end in (("starts_at", "ends_at"), ("starts_at_local", "ends_at_local")):
        if values.get(start) and values.get(end):
            return minutes_between(values[start], values[end])
    return None
