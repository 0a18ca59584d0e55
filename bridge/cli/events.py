"""`bridge events`: list and show stored events; replay, correct or dismiss them."""

import json
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from sqlalchemy.orm import Session

from bridge.cli.base import (
    cli_actor,
    config_option,
    confirm,
    json_option,
    load_settings,
    open_database,
    print_json,
    say,
    yes_option,
)
from bridge.cli.completion import complete_event
from bridge.cli.edit import edit
from bridge.cli.group import CommandError
from bridge.cli.remote import RemoteBridge, remote_options
from bridge.cli.remote_events import dismissed, listed
from bridge.cli.replay import replay
from bridge.cli.selection import (
    change_each,
    property_option,
    reason_option,
    since_option,
    source_option,
    status_option,
    until_option,
)
from bridge.cli.tables import plain, show_table, visible
from bridge.clock import utc_now
from bridge.console.actions import events as actions
from bridge.console.api.schemas import EventLine
from bridge.console.audit import BulkEntry
from bridge.console.queries import events as queries
from bridge.console.queries.paging import before_of, cursor_of
from bridge.events.query import Selection, kept_event
from bridge.keys import sanitise
from bridge.models import Event, Status

HEADINGS = {"status_text": "In the PMS"}
"""Of columns whose name is not their heading."""


@click.group()
def events() -> None:
    """Show stored events; replay, correct or dismiss them."""


events.add_command(replay)
events.add_command(edit)


@events.command("list")
@config_option
@remote_options
@status_option(list(Status))
@source_option
@property_option
@reason_option
@since_option
@until_option
@click.option(
    "--request",
    "request_id",
    metavar="ID",
    help="Of the request with this id, as the log and its answer have it.",
)
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@click.option("--before", type=int, metavar="ID", help="Older than this event: opens the next page.")
@json_option
def list_events(
    *,
    config: Path | None,
    remote: RemoteBridge | None,
    statuses: tuple[str, ...],
    sources: tuple[str, ...],
    property_name: str | None,
    reasons: tuple[str, ...],
    since: datetime | None,
    until: datetime | None,
    request_id: str | None,
    limit: int,
    before: int | None,
    as_json: bool,
) -> None:
    """List events, the newest first."""
    selection = Selection(
        statuses, reasons, sources, property_name, since, until, request_id=sanitise(request_id)
    )
    if remote:
        rows, following = listed(remote, selection, limit, before)
    else:
        rows, following = _stored(config, selection, limit, before)
    if as_json:
        print_json({"events": rows})
        return
    columns = (
        "id",
        "received_at",
        "source",
        "event",
        "action",
        "property",
        "status",
        "status_text",
        "reason",
        "detail",
    )
    headings = [HEADINGS.get(column) or column.removesuffix("_at").capitalize() for column in columns]
    show_table(headings, [[plain(row[column]) for column in columns] for row in rows])
    if following is not None:
        say(f"There is more: --before {following}")


def _stored(
    config: Path | None, selection: Selection, limit: int, before: int | None
) -> tuple[list[dict[str, Any]], int | None]:
    settings = load_settings(config)
    with open_database(settings) as database, database.session() as session:
        cursor = cursor_of(before)
        found = queries.page(
            session, settings, cli_actor(), selection, cursor=cursor, limit=limit, patience=None
        )
        rows: list[dict[str, Any]] = EventLine().dump(found.rows, many=True)
    return [{**row, "detail": row["sentence"]} for row in rows], before_of(found.next)


@events.command()
@click.argument("event_id", metavar="ID", type=int, shell_complete=complete_event)
@config_option
@remote_options
@click.option("--original", is_flag=True, help="Show the original payload of an edited event.")
@json_option
def show(
    *, event_id: int, config: Path | None, remote: RemoteBridge | None, original: bool, as_json: bool
) -> None:
    """Show one event with its full history."""
    detail = remote.get(f"/events/{event_id}") if remote else _story(config, event_id)
    if as_json:
        print_json(detail)
    else:
        _show(detail, original=original)


def _story(config: Path | None, event_id: int) -> dict[str, Any]:
    settings = load_settings(config)
    with open_database(settings) as database, database.session() as session:
        event = kept_event(session, event_id)
        if event is None:
            raise CommandError(f"There is no event {event_id}.")
        return queries.full_story(session, settings, cli_actor(), event)


@events.command()
@click.argument(
    "event_ids", metavar="ID...", type=int, nargs=-1, required=True, shell_complete=complete_event
)
@config_option
@remote_options
@click.option("--note", help="What was done about it; kept with the event.")
@yes_option
def dismiss(
    *,
    event_ids: tuple[int, ...],
    config: Path | None,
    remote: RemoteBridge | None,
    note: str | None,
    yes: bool,
) -> None:
    """Mark parked events as done."""
    question = "Dismiss {} events?"
    if remote:
        ids = list(dict.fromkeys(event_ids))
        if len(ids) > 1 and sys.stdin.isatty():
            confirm(question.format(len(ids)), yes)
        done = dict.fromkeys(dismissed(remote, ids, note), "dismissed")
    else:
        change = _dismissal(note, BulkEntry() if len(set(event_ids)) > 1 else None)
        with open_database(load_settings(config)) as database:
            done = change_each(
                database, event_ids, actions.dismiss_problem, change, question=question, yes=yes
            )
    click.echo("\n".join(f"Event {event_id}: {detail}." for event_id, detail in done.items()))


def _dismissal(note: str | None, bulk: BulkEntry | None) -> Callable[[Session, Event], str]:
    def change(session: Session, event: Event) -> str:
        actions.dismiss(session, cli_actor(), [event.id], note, utc_now(), bulk)
        return "dismissed"

    return change


def _show(detail: dict[str, Any], *, original: bool) -> None:
    reason = f" ({detail['reason']})" if detail["reason"] else ""
    click.echo(f"Event {detail['id']}: {detail['status']}{reason}: {detail['status_text']}")
    _line("  Detail", detail["detail"])
    _line("  What to do", detail["advice"])
    _line("  Next attempt", plain(detail["next_attempt_at"]))
    _line("  Ended", plain(detail["ended_at"]))
    _line("  Replays", detail["replays"] or None)
    for entry in detail["history"] or ():
        click.echo(visible(f"  {_history_line(entry)}"))
    click.echo("\nPayload")
    _line("  Received", f"{plain(detail['received_at'])} UTC from {detail['source']}")
    _line("  Delivery", detail["delivery_id"])
    _line("  Request", detail["request_id"])
    for name, value in (detail["headers"] or {}).items():
        _line(f"  {name}", value)
    _document((detail["original"] or detail)["payload"] if original else detail["payload"])
    if detail["original"] and not original:
        click.echo(
            f"  Edited by an operator; bridge events show {detail['id']} --original shows the original."
        )
    click.echo("\nHow it is read")
    _document(detail["reading"])
    click.echo("\nIts booking")
    _document(detail["booking"])
    click.echo("\nCalls to Propexo")
    columns = ("started_at", "kind", "status", "outcome", "job_id", "detail")
    show_table(
        ("At", "Call", "Status", "Outcome", "Job", "Detail"),
        [[plain(attempt[column]) for column in columns] for attempt in detail["attempts"]],
    )


def _history_line(entry: dict[str, Any]) -> str:
    """One line of the history: when, who, what, and details."""
    by = f" by {entry['by']}" if entry.get("by") else ""
    more = ("status", "reason", "changed", "file", "verified")
    details = "; ".join(f"{name}: {_plain(entry[name])}" for name in more if name in entry)
    return f"{entry['what'].capitalize()} {plain(entry['at'])} UTC{by}" + (f" ({details})" if details else "")


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(value) if isinstance(value, list) else str(value)


def _line(label: str, value: object) -> None:
    if value is not None:
        click.echo(visible(f"{label}: {value}"))


def _document(value: Any) -> None:
    text = json.dumps(value, ensure_ascii=False, indent=2, default=str)
    click.echo("\n".join(f"  {line}" for line in visible(text).splitlines()))
