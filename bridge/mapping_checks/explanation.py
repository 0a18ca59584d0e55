"""How a mapping read an event, as JSON."""

from datetime import datetime
from enum import Enum
from typing import Any

from bridge.clock import iso
from bridge.mapping.explanation import Explanation, FieldExplained


def explanation_as_json(explanation: Explanation) -> dict[str, Any]:
    """The value of `explanation` of an event."""
    return {
        "root": {"path": explanation.root, "found": explanation.root_found},
        "decided_by": str(explanation.decided) if explanation.decided else None,
        "came_close": [str(rule) for rule in explanation.close],
        "asks": vars(explanation.question) if explanation.question else None,
        "fields": {field.name: _field(field) for field in explanation.fields},
    }


def plain_value(value: Any) -> Any:
    """A value of a field as JSON has it."""
    if isinstance(value, datetime):
        return iso(value) if value.tzinfo else value.isoformat()
    if isinstance(value, dict):
        return {name: part for name, part in value.items() if part}
    return value.value if isinstance(value, Enum) else value


def _field(field: FieldExplained) -> dict[str, Any]:
    return {
        "value": plain_value(field.value),
        "from": list(field.gave),
        "empty": list(field.empty),
        "refused": [vars(rejected) for rejected in field.refused],
        "not_needed": list(field.unused),
    }
