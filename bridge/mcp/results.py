"""The JSON Schemas of what the tools answer. Pure."""

from collections.abc import Mapping
from typing import Any

from bridge.availability.listing import CLASSES
from bridge.availability.rules.slots import Obstacle

TOUR_STATES = ("requested", "booked", "cancelled", "over")
TEXT = {"type": "string"}
TEXT_OR_NONE = {"type": ["string", "null"]}
DATE = {"type": "string", "format": "date"}
MOMENT = {"type": "string", "format": "date-time"}


def _object(properties: Mapping[str, Any], optional: tuple[str, ...] = ()) -> dict[str, Any]:
    required = [name for name in properties if name not in optional]
    return {
        "type": "object",
        "properties": dict(properties),
        "required": required,
        "additionalProperties": False,
    }


def times_schema(kinds: tuple[str, ...]) -> dict[str, Any]:
    """Of `find_tour_times`."""
    listed_kinds = {"type": "array", "items": {"type": "string", "enum": list(kinds)}}
    slot = _object(
        {
            "start": {**MOMENT, "description": "Give it to book_tour or move_tour as it is."},
            "end": MOMENT,
            "kinds": listed_kinds,
            "agent": TEXT,
        },
        optional=("agent",),
    )
    reasons = sorted({str(CLASSES.get(obstacle, obstacle)) for obstacle in Obstacle})
    day = _object(
        {
            "date": DATE,
            "free": {"type": "integer", "description": "How many times are free."},
            "reason": {"enum": [*reasons, None], "description": "Why none is."},
            "next": {**DATE, "type": ["string", "null"], "description": "The next day with free times."},
        },
        optional=("reason", "next"),
    )
    return _object(
        {
            "property": TEXT,
            "time_zone": TEXT,
            "as_of": MOMENT,
            "origin": {
                "enum": ["pms", "hours"],
                "description": "Whether the property-management system says so, or the usual hours do.",
            },
            "kinds": listed_kinds,
            "slots": {"type": "array", "items": slot},
            "days": {"type": "array", "items": day},
        }
    )


def tour_schema(kinds: tuple[str, ...]) -> dict[str, Any]:
    """Of all other tools."""
    return _object(
        {
            "booking_id": {**TEXT, "description": "Keep it: it moves and cancels the tour."},
            "state": {
                "enum": list(TOUR_STATES),
                "description": "`booked` once the property-management system has confirmed it.",
            },
            "start": MOMENT,
            "end": MOMENT,
            "kind": {"type": "string", "enum": list(kinds)},
            "property": TEXT,
            "property_name": TEXT,
            "address": TEXT_OR_NONE,
            "phone": TEXT_OR_NONE,
            "office_checks": {
                "type": "boolean",
                "description": "Whether a person at the office decides first.",
            },
        }
    )
