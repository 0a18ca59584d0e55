"""`bridge events`: look at stored events; replay or dismiss them."""

import json
import re
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from bridge.cli.base import (
    Refusal,
    config_option,
    confirm,
    json_option,
    load_settings,
    open_database,
    print_json,
    say,
    yes_option,
)
from bridge.cli.parked import replay_parked
from bridge.cli.tables import plain, show_table, visible
from bridge.clock import utc_now
from bridge.database import Database
from bridge.forwarding import job
from bridge.forwarding.outcomes import Reason
from bridge.forwarding.story import Selection, find_events, story, summary
from bridge.models import Event, Status
from bridge.queue import Queue, queue_app

STATUSES = click.Choice([status.value for status in Status])
REASONS = click.Choice([reason.value for reason in Reason])
SPANS = {"m": "minutes", "h": "hours", "d": "days"}


class Moment(click.ParamType[datetime]):
    """`2026-11-24`, `2026-11-24T15:00` (UTC), or how long ago: `30m`, `12h`, `7d`."""

    name = "moment"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        ago = re.fullmatch(r"(\d{1,6})([mhd])", value)
        try:
            if ago:
                return utc_now() - timedelta(**{SPANS[ago[2]]: int(ago[1])})
            moment = datetime.fromisoformat(value)
        except (ValueError, OverflowError):
            told = f"{value!r} is neither a date and time (2026-11-24T15:00) nor a span (30m, 12h, 7d)."
            self.fail(told, param, ctx)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


source_option = click.option("--source", "sources", multiple=True, help="May be repeated.")
property_option = click.option("--property", "property_name", help="Key, name or alias of a property.")
reason_option = click.option(
    "--reason", "reasons", multiple=True, type=REASONS, metavar="REASON", help="May be repeated."
)


@click.group()
def events() -> None:
    """Look at stored events; replay or dismiss them."""


@events.command("list")
@config_option
@click.option("--status", "statuses", multiple=True, type=STATUSES, metavar="STATUS", help="May be repeated.")
@source_option
@property_option
@reason_option
@click.option("--since", type=Moment(), help="2026-11-24, 2026-11-24T15:00 (UTC), or ago: 30m, 12h, 7d.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@click.option("--before", type=int, metavar="ID", help="Older than this event: opens the next page.")
@json_option
def list_events(
    *,
    config: Path | None,
    statuses: tuple[str, ...],
    sources: tuple[str, ...],
    property_name: str | None,
    reasons: tuple[str, ...],
    since: datetime | None,
    limit: int,
    before: int | None,
    as_json: bool,
) -> None:
    """List events, the newest first."""
    settings = load_settings(config)
    selection = Selection(statuses, reasons, sources, property_name, since, before)
    with open_database(settings) as database, database.session() as session:
        rows = [summary(event, settings) for event in find_events(session, settings, selection, limit)]
    if as_json:
        print_json({"events": rows})
        return
    columns = ("id", "received_at", "source", "event", "action", "property", "status", "reason", "detail")
    headings = [column.removesuffix("_at").capitalize() for column in columns]
    show_table(headings, [[plain(row[column]) for column in columns] for row in rows])
    if len(rows) == limit:
        say(f"There may be more: --before {rows[-1]['id']}")


@events.command()
@click.argument("event_id", metavar="ID", type=int)
@config_option
@json_option
def show(*, event_id: int, config: Path | None, as_json: bool) -> None:
    """Tell the whole story of one event."""
    settings = load_settings(config)
    with open_database(settings) as database, database.session() as session:
        event = session.get(Event, event_id)
        if event is None:
            raise Refusal(f"There is no event {event_id}.")
        told = story(session, event, settings)
    if as_json:
        print_json(told)
    else:
        _tell(told)


@events.command()
@click.argument("event_ids", metavar="[ID...]", type=int, nargs=-1)
@config_option
@click.option("--parked", is_flag=True, help="Instead of IDs: all that are parked for a --reason.")
@reason_option
@source_option
@property_option
@click.option("--dry-run", is_flag=True, help="List them only.")
@yes_option
def replay(
    *,
    event_ids: tuple[int, ...],
    config: Path | None,
    parked: bool,
    reasons: tuple[str, ...],
    sources: tuple[str, ...],
    property_name: str | None,
    dry_run: bool,
    yes: bool,
) -> None:
    """Run events again that have ended; what is written already is not written twice.

    After an alias was added to bridge.toml and the processes were restarted, `--parked --reason unknown_property`
    releases all that wait for it.
    """
    if parked == bool(event_ids):
        raise click.UsageError("Name the events, or say --parked and the --reason.")
    if parked and not reasons:
        raise click.UsageError(
            "--parked needs a --reason: what was done about one does not release the others."
        )
    if Reason.AMBIGUOUS in reasons:
        raise click.UsageError(
            "A person looks for each ambiguous event in the PMS first; replay it by its ID."
        )
    if not parked and (reasons or sources or property_name or dry_run):
        raise click.UsageError("--reason, --source, --property and --dry-run go with --parked.")
    settings = load_settings(config)
    with open_database(settings) as database:
        if parked:
            selection = Selection((Status.PARKED,), reasons, sources, property_name)
            replay_parked(database, settings, selection, dry_run=dry_run, yes=yes)
            return
        queue = Queue(queue_app(database))

        def again(session: Session, event: Event) -> str:
            job.replay(session, queue, event, utc_now())
            return "queued again"

        _change(database, event_ids, _ended, again, question="Replay {} events?", yes=yes)


@events.command()
@click.argument("event_ids", metavar="ID...", type=int, nargs=-1, required=True)
@config_option
@click.option("--note", help="What was done about it; kept with the event.")
@yes_option
def dismiss(*, event_ids: tuple[int, ...], config: Path | None, note: str | None, yes: bool) -> None:
    """Take parked events off the list: a person has dealt with them."""

    def dealt_with(_: Session, event: Event) -> str:
        job.dismiss(event, utc_now(), note)
        return "dismissed"

    with open_database(load_settings(config)) as database:
        _change(database, event_ids, _parked, dealt_with, question="Dismiss {} events?", yes=yes)


def _ended(event: Event) -> str | None:
    if Status(event.status).ended:
        return None
    return f"Event {event.id} has not ended ({event.status}): it goes on by itself."


def _parked(event: Event) -> str | None:
    if event.status == Status.PARKED:
        return None
    return f"Event {event.id} is not parked ({event.status}): there is nothing to dismiss."


def _change(
    database: Database,
    event_ids: Sequence[int],
    objection: Callable[[Event], str | None],
    change: Callable[[Session, Event], str],
    *,
    question: str,
    yes: bool,
) -> None:
    """Change all of the events or, where one of them must not be, none. Each change is one transaction."""
    ids = list(dict.fromkeys(event_ids))
    with database.session() as session:
        _refuse_any(session, ids, objection)
    if len(ids) > 1 and sys.stdin.isatty():
        confirm(question.format(len(ids)), yes)
    for event_id in ids:
        with database.session() as session:
            [event] = _refuse_any(session, [event_id], objection)
            told = change(session, event)
        click.echo(f"Event {event_id}: {told}.")


def _refuse_any(session: Session, ids: list[int], objection: Callable[[Event], str | None]) -> list[Event]:
    """The events, locked. Raises Refusal with a line for each that is missing or must not be changed."""
    query = select(Event).where(Event.id.in_(ids)).order_by(Event.id).with_for_update()
    found = {event.id: event for event in session.scalars(query)}
    told = [objection(found[one]) if one in found else f"There is no event {one}." for one in ids]
    objections = [line for line in told if line]
    if objections:
        raise Refusal("\n".join(objections))
    return list(found.values())


def _tell(told: dict[str, Any]) -> None:
    reason = f" ({told['reason']})" if told["reason"] else ""
    click.echo(f"Event {told['id']}: {told['status']}{reason}")
    _line("  Detail", told["detail"])
    _line("  What to do", told["advice"])
    _line("  Next attempt", plain(told["next_attempt_at"]))
    _line("  Ended", plain(told["ended_at"]))
    _line("  Replays", told["replays"] or None)
    click.echo("\nWhat came")
    _line("  Received", f"{plain(told['received_at'])} UTC from {told['source']}")
    _line("  Delivery", told["delivery_id"])
    for name, value in told["headers"].items():
        _line(f"  {name}", value)
    _document(told["payload"])
    click.echo("\nHow it is read")
    _document(told["reading"])
    click.echo("\nIts booking")
    _document(told["booking"])
    click.echo("\nCalls to Propexo")
    columns = ("started_at", "kind", "status", "outcome", "job_id", "detail")
    show_table(
        ("At", "Call", "Status", "Outcome", "Job", "Detail"),
        [[plain(attempt[column]) for column in columns] for attempt in told["attempts"]],
    )


def _line(label: str, value: object) -> None:
    if value is not None:
        click.echo(visible(f"{label}: {value}"))


def _document(value: Any) -> None:
    text = json.dumps(value, ensure_ascii=False, indent=2, default=str)
    click.echo("\n".join(f"  {line}" for line in visible(text).splitlines()))
