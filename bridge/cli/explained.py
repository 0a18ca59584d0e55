"""How a mapping read an event, for people at a terminal."""

from collections.abc import Iterator

import click

from bridge.cli.tables import show_table, visible
from bridge.mapping.explanation import Explanation, FieldExplained
from bridge.mapping_checks.contract import error_in_words
from bridge.mapping_checks.explanation import plain_value
from bridge.mapping_checks.preview import Preview


def show_explanation(event: Preview, why: Explanation | None) -> None:
    """Show on a terminal what became of one event, and why."""
    name = f'Event "{event.event}"' if event.event else "An event without a name"
    reason = f", {event.reason}" if event.reason else ""
    click.echo(visible(f"{name}: {event.action or 'cannot be decoded'}{reason}"))
    if why:
        _show_rules(why)
        _show_fields(why)
    if event.errors:
        click.echo("\nProblems")
    for error in event.errors:
        click.echo(visible(f"  {error_in_words(error)}"))
    click.echo()


def _show_rules(why: Explanation) -> None:
    click.echo(visible(f"  Decided by: {why.decided or 'no rule'}"))
    for rule in why.close:
        click.echo(visible(f"  Came close: {rule} (the event matches, `where` does not)"))
    if not why.root_found:
        click.echo(
            visible(f"  There is nothing at the root `{why.root}`, so no path below it finds anything.")
        )
    if why.question:
        asked = f"{why.question.method} {why.question.path}, stored under `{why.question.into}`"
        problem = f": {why.question.problem}" if why.question.problem else ""
        click.echo(visible(f"  Asks the sender's API: {asked}{problem}"))


def _show_fields(why: Explanation) -> None:
    click.echo()
    show_table(
        ("Field", "Value", "Why"),
        [(field.name, plain_value(field.value), "\n".join(_why(field))) for field in why.fields],
    )


def _why(field: FieldExplained) -> Iterator[str]:
    yield from (f"from {path}" for path in field.gave)
    yield from (
        f"refused: found {rejected.found} at {rejected.path}, expected {rejected.expected}"
        for rejected in field.refused
    )
    yield from (f"empty: {path}" for path in field.empty)
    yield from (f"not needed: {path}" for path in field.unused)
