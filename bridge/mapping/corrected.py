"""Corrections of an operator, field by field: they are stored beside the payload and override it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from bridge.mapping.booking import TourKind
from bridge.mapping.conversation import length_of

CORRECTED_FIELDS = "bridge-corrected-fields"
"""The header that stores them. It is on no allow-list, so no request can bring it."""
NAMES = ("first_name", "last_name")
START = "starts_at_local"
CORRECTABLE = (*NAMES, "email", "phone", START, "property", "unit", "agent", "kind")
"""Fields of a booking that can be corrected so. The start is wall time at the property."""

E = TypeVar("E")


@dataclass(frozen=True)
class CorrectedFields:
    """Values by the names of CORRECTABLE; `None`: what the payload has there does not count."""

    values: Mapping[str, str | None] = field(default_factory=dict)

    @classmethod
    def of(cls, headers: Mapping[str, str]) -> "CorrectedFields":
        """Those that are stored with an event."""
        text = headers.get(CORRECTED_FIELDS)
        return cls(json.loads(text)) if text else cls()

    def as_headers(self) -> dict[str, str]:
        """As they are stored."""
        return {CORRECTED_FIELDS: json.dumps(dict(self.values), ensure_ascii=False)}

    def having(self, values: Mapping[str, str | None]) -> "CorrectedFields":
        """The same with these values in place of older ones."""
        return CorrectedFields({**self.values, **values})

    def without_start(self) -> "CorrectedFields":
        """The same for a tour whose start is chosen in another way."""
        return CorrectedFields({name: value for name, value in self.values.items() if name != START})

    def fill_in(
        self, values: Mapping[str, Any], errors: Mapping[str, E]
    ) -> tuple[dict[str, Any], dict[str, E]]:
        """The loaded values and errors of a booking with these fields in place of what the payload says."""
        filled, left = dict(values), dict(errors)
        for name, text in self.values.items():
            filled[name] = TourKind(text) if name == "kind" and text else text
            left.pop(name, None)
        if not self.values.keys().isdisjoint(NAMES):
            filled["full_name"] = None
            left.pop("full_name", None)
        if (start := self.values.get(START)) is not None:
            filled |= {
                START: datetime.fromisoformat(start),
                "duration_minutes": values.get("duration_minutes") or length_of(values),
            }
            filled |= dict.fromkeys(("starts_at", "ends_at", "ends_at_local"))
            left = {name: error for name, error in left.items() if not name.startswith(("starts_", "ends_"))}
        return filled, left
