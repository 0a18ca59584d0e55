"""How a mapping read an event, for people and for programs."""

from collections.abc import Iterator
from datetime import datetime
from enum import Enum
from typing import Any

import click

from bridge.cli.tables import show_table, visible
from bridge.forwarding.contract import error_in_words
from bridge.forwarding.preview import Preview
from bridge.forwarding.story import iso
from bridge.mapping.explanation import Explanation, FieldExplained


def explanation_as_json(told: Explanation) -> dict[str, Any]:
    """What stands under `explanation` of an event."""
    return {
        "root": {"path": told.root, "found": told.root_found},
        "decided_by": str(told.decided) if told.decided else None,
        "came_close": [str(rule) for rule in told.close],
        "asks": vars(told.question) if told.question else None,
        "fields": {field.name: _field(field) for field in told.fields},
    }


def tell(event: Preview, told: Explanation | None) -> None:
    """Show on a terminal what became of one event, and why."""
    name = f'Event "{event.event}"' if event.event else "An event without a name"
    reason = f", {event.reason}" if event.reason else ""
    click.echo(visible(f"{name}: {event.action or 'cannot be decoded'}{reason}"))
    if told:
        _tell_rules(told)
        _tell_fields(told)
    if event.errors:
        click.echo("\nWhat stops it")
    for error in event.errors:
        click.echo(visible(f"  {error_in_words(error)}"))
    click.echo()


def _tell_rules(told: Explanation) -> None:
    click.echo(visible(f"  Decided by: {told.decided or 'no rule'}"))
    for rule in told.close:
        click.echo(visible(f"  Came close: {rule} (the event fits, `where` does not hold)"))
    if not told.root_found:
        click.echo(
            visible(f"  Nothing stands at the root `{told.root}`, so that no path below it finds anything.")
        )
    if told.question:
        asked = f"{told.question.method} {told.question.path}, to stand under `{told.question.into}`"
        problem = f": {told.question.problem}" if told.question.problem else ""
        click.echo(visible(f"  Asks the sender's API: {asked}{problem}"))


def _tell_fields(told: Explanation) -> None:
    click.echo()
    show_table(
        ("Field", "Value", "Why"),
        [(field.name, _plain(field.value), "\n".join(_why(field))) for field in told.fields],
    )


def _why(field: FieldExplained) -> Iterator[str]:
    yield from (f"from {path}" for path in field.gave)
    yield from (f"refused: found {one.found} at {one.path}, expected {one.expected}" for one in field.refused)
    yield from (f"empty: {path}" for path in field.empty)
    yield from (f"not needed: {path}" for path in field.unused)


def _field(field: FieldExplained) -> dict[str, Any]:
    return {
        "value": _plain(field.value),
        "from": list(field.gave),
        "empty": list(field.empty),
        "refused": [vars(one) for one in field.refused],
        "not_needed": list(field.unused),
    }


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return iso(value) if value.tzinfo else value.isoformat()
    if isinstance(value, dict):
        return {name: part for name, part in value.items() if part}
    return value.value if isinstance(value, Enum) else value
