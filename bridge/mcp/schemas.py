"""The tools and the JSON Schemas of their arguments, made of the fields of the source's mapping. Pure."""

from collections.abc import Mapping as Dictionary
from dataclasses import dataclass
from typing import Any

from bridge.mapping.base import Mapping
from bridge.mapping.fields import Choice, Field, Instant
from bridge.mcp.results import times_schema, tour_schema

KIND = "kind"


@dataclass(frozen=True)
class Tool:
    """One tool."""

    name: str
    description: str
    schema: Dictionary[str, Any]
    """Of its arguments."""
    answer: Dictionary[str, Any]
    """The schema of what it answers."""
    is_reading: bool = False
    """Whether it changes nothing."""


BOOKED = ("first_name", "last_name", "email", "phone", "starts_at", "kind", "property", "unit", "notes")
"""The fields that `book_tour` takes."""


def tools_for(
    mapping: Mapping, properties: Dictionary[str, str], kinds: tuple[str, ...], own: str | None
) -> list[Tool]:
    """The five tools.

    Args:
        properties: names by key.
        kinds: of tours that may be offered.
        own: the property of the source, which a call then need not name.
    """
    fields = dict(mapping.paths())
    every = {name: _schema_of(fields[name], kinds) for name in (*BOOKED, "reference")}
    called = ", ".join(f"{key} ({name})" for key, name in properties.items())
    every["property"]["description"] = f"The community, by its key or name: {called}."
    every["starts_at"]["description"] += " Take a `start` of find_tour_times, as it is."
    named = {_argument(fields[name]): schema for name, schema in every.items()}
    start, booking_id = _argument(fields["starts_at"]), _argument(fields["reference"])
    named[booking_id]["description"] = "The id that book_tour answered."
    needs_property = () if own else ("property",)
    tour = tour_schema(kinds)
    days = {
        "from": {"type": "string", "format": "date", "description": "The first day; today unless given."},
        "days": {
            "type": "integer",
            "minimum": 1,
            "maximum": 14,
            "description": "How many days; 7 unless given.",
        },
    }
    return [
        Tool(
            "find_tour_times",
            "Free times for a tour, in the time zone of the community. An empty day says why, and names the next.",
            _object({"property": named["property"], **days, KIND: named[KIND]}, needs_property),
            times_schema(kinds),
            is_reading=True,
        ),
        Tool(
            "book_tour",
            "Request a tour at a free time. It is booked once the property-management system confirms it, which"
            " tour_status shows. Needs an e-mail address or a phone number.",
            _object(
                {_argument(fields[name]): named[_argument(fields[name])] for name in BOOKED},
                ("first_name", "last_name", start, *needs_property),
            ),
            tour,
        ),
        Tool(
            "move_tour",
            "Request another time for a tour that is booked or requested.",
            _object({booking_id: named[booking_id], start: named[start]}, (booking_id, start)),
            tour,
        ),
        Tool(
            "cancel_tour",
            "Cancel a tour.",
            _object({booking_id: named[booking_id]}, (booking_id,)),
            tour,
        ),
        Tool(
            "tour_status",
            "Whether a tour is requested, booked or cancelled, and when it is.",
            _object({booking_id: named[booking_id]}, (booking_id,)),
            tour,
            is_reading=True,
        ),
    ]


def _argument(field: Field) -> str:
    """The name of an argument: the path of its field."""
    return field.paths[0].expression


def _schema_of(field: Field, kinds: tuple[str, ...]) -> dict[str, Any]:
    if isinstance(field, Choice):
        return {"type": "string", "enum": list(kinds), "description": "The kind of tour."}
    schema = {"type": "string", "description": f"{field.expected[0].upper()}{field.expected[1:]}."}
    return schema | ({"format": "date-time"} if isinstance(field, Instant) else {})


def _object(properties: Dictionary[str, Any], required: tuple[str, ...]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(required),
        "additionalProperties": False,
    }
