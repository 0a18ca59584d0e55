"""`bridge events replay`: run stored events again, or show what that would send."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import click
from sqlalchemy.orm import Session

from bridge.cli import remote_events
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
from bridge.cli.progress import progress
from bridge.cli.remote import RemoteBridge, remote_options
from bridge.cli.selection import (
    change_each,
    counted,
    property_option,
    reason_option,
    since_option,
    source_option,
    status_option,
    until_option,
)
from bridge.cli.tables import plain, visible
from bridge.clock import utc_now
from bridge.console.actions import events as actions
from bridge.console.audit import BulkEntry
from bridge.database import Database
from bridge.events import dry_run as planning
from bridge.events.query import Selection
from bridge.models import Event, Status
from bridge.settings import Settings


@click.command()
@click.argument("event_ids", metavar="[ID...]", type=int, nargs=-1, shell_complete=complete_event)
@config_option
@remote_options
@click.option("--parked", is_flag=True, help="The same as --status parked, the default.")
@status_option(actions.ENDED)
@reason_option
@source_option
@property_option
@since_option
@until_option
@click.option(
    "--dry-run", is_flag=True, help="Show only what each would send, and what is different from last time."
)
@json_option
@yes_option
def replay(
    *,
    event_ids: tuple[int, ...],
    config: Path | None,
    remote: RemoteBridge | None,
    parked: bool,
    statuses: tuple[str, ...],
    reasons: tuple[str, ...],
    sources: tuple[str, ...],
    property_name: str | None,
    since: datetime | None,
    until: datetime | None,
    dry_run: bool,
    as_json: bool,
    yes: bool,
) -> None:
    """Run events again that have ended; what is written already is not written twice.

    Name them by their IDs, or select parked ones by what they have in common. After an alias was added to bridge.toml
    and the processes were restarted, `--reason unknown_property` releases all that wait for it. With --dry-run nothing
    is sent and nothing changes: it shows the requests that would go out, field by field against the last attempt.
    """
    if parked:
        statuses = (*statuses, Status.PARKED)
    wanted = statuses or (Status.PARKED,)
    selection = Selection(wanted, reasons, sources, property_name, since, until, runnable=True)
    _require_choice(event_ids, selection, has_statuses=bool(statuses))
    if remote:
        _run(_Remote(remote), event_ids, selection, dry_run=dry_run, as_json=as_json, yes=yes)
        return
    settings = load_settings(config)
    with open_database(settings) as database:
        here = _Here(database, settings)
        _run(here, event_ids, selection, dry_run=dry_run, as_json=as_json, yes=yes)


def _require_choice(event_ids: Sequence[int], selection: Selection, *, has_statuses: bool) -> None:
    in_common = (
        selection.reasons, selection.sources, selection.property, selection.since, selection.until
    )  # fmt: skip
    if event_ids and (has_statuses or any(in_common)):
        raise click.UsageError(
            "Name the events by their IDs, or select them by what they have in common; not both."
        )
    if not event_ids and not any(in_common):
        raise click.UsageError(
            "Name the events, or say what they have in common: --reason, --source, --property, --since or --until. "
            "What was done about one does not release all others."
        )
    if set(actions.ONE_BY_ONE) & set(selection.reasons):
        raise click.UsageError("Check the PMS for each ambiguous event first; then replay it by its ID.")


@dataclass(frozen=True)
class _Chosen:
    ids: list[int]
    by_id: bool
    statuses: tuple[str, ...] = ()
    left_out: tuple[int, ...] = ()


class _Bridge(Protocol):
    """Where the events are: in the database here, or at a bridge on another machine."""

    def select(self, selection: Selection) -> tuple[list[int], list[int]]:
        """The ids of a selection, and of those that it leaves out."""

    def queue_named(self, ids: Sequence[int], *, yes: bool) -> list[int]:
        """Queue all of them again or, where one of them cannot be, none."""

    def queue_selected(self, ids: Sequence[int], statuses: Sequence[str]) -> list[int]:
        """Queue those again that still are as they were selected, in one transaction."""

    def check(self, ids: Sequence[int]) -> None:
        """Refuse events that cannot run again."""

    def dry_run(self, ids: Sequence[int]) -> Iterator[dict[str, Any]]:
        """What each would send."""


@dataclass(frozen=True)
class _Here:
    database: Database
    settings: Settings
    bulk: BulkEntry = field(default_factory=BulkEntry)
    """The audit entry of all that one command queues."""

    def select(self, selection: Selection) -> tuple[list[int], list[int]]:
        """Raises UnknownPropertyError."""
        with self.database.session() as session:
            found = actions.choose(session, self.settings, selection)
        return found.ids, found.left_out

    def queue_named(self, ids: Sequence[int], *, yes: bool) -> list[int]:
        actor, bulk = cli_actor(), self.bulk if len(set(ids)) > 1 else None

        def again(session: Session, event: Event) -> str:
            actions.replay(session, actor, [event.id], utc_now(), bulk)
            return "queued again"

        question = "Replay {} events?"
        return list(
            change_each(self.database, ids, actions.replay_problem, again, question=question, yes=yes)
        )

    def queue_selected(self, ids: Sequence[int], statuses: Sequence[str]) -> list[int]:
        with self.database.session() as session:
            return actions.replay_chosen(session, cli_actor(), ids, statuses, utc_now(), self.bulk)

    def check(self, ids: Sequence[int]) -> None:
        """Raises ActionNotPossibleError."""
        with self.database.session() as session:
            actions.locked(session, ids, actions.replay_problem)

    def dry_run(self, ids: Sequence[int]) -> Iterator[dict[str, Any]]:
        now = utc_now()
        for event_id in ids:
            with self.database.session() as session:
                event = session.get(Event, event_id)
                if event is not None:
                    yield planning.dry_run(session, event, self.settings, now).as_json()


@dataclass(frozen=True)
class _Remote:
    remote: RemoteBridge

    def select(self, selection: Selection) -> tuple[list[int], list[int]]:
        return remote_events.selected(self.remote, selection)

    def queue_named(self, ids: Sequence[int], *, yes: bool) -> list[int]:
        if len(ids) > 1 and sys.stdin.isatty():
            confirm(f"Replay {len(ids)} events at {self.remote.url}?", yes)
        return remote_events.replayed(self.remote, ids, ())

    def queue_selected(self, ids: Sequence[int], statuses: Sequence[str]) -> list[int]:
        return remote_events.replayed(self.remote, ids, statuses)

    def check(self, ids: Sequence[int]) -> None:
        """The dry run itself refuses them."""

    def dry_run(self, ids: Sequence[int]) -> Iterator[dict[str, Any]]:
        for batch in _batches(ids, DRY_RUN_BATCH):
            yield from remote_events.dry_runs(self.remote, batch)


DRY_RUN_BATCH = 50
"""Events of which one request shows what they would send."""


def _run(
    bridge: _Bridge,
    event_ids: Sequence[int],
    selection: Selection,
    *,
    dry_run: bool,
    as_json: bool,
    yes: bool,
) -> None:
    if event_ids:
        chosen = _Chosen(list(dict.fromkeys(event_ids)), by_id=True)
    else:
        ids, left_out = bridge.select(selection)
        chosen = _Chosen(ids, by_id=False, statuses=selection.statuses, left_out=tuple(left_out))
    if dry_run:
        _show_dry_run(bridge, chosen, as_json=as_json)
    else:
        _queue(bridge, chosen, as_json=as_json, yes=yes)
    if chosen.left_out:
        say(
            f"Left out: {counted(len(chosen.left_out))} parked as ambiguous. A person looks for each in the "
            "PMS first; replay it by its ID."
        )


def _queue(bridge: _Bridge, chosen: _Chosen, *, as_json: bool, yes: bool) -> None:
    """Queue the events again, the oldest first, and say how many."""
    queued = (
        bridge.queue_named(chosen.ids, yes=yes) if chosen.by_id else _queue_selected(bridge, chosen, yes=yes)
    )
    if as_json:
        print_json({"queued": queued, "left_out": list(chosen.left_out)})
    elif chosen.by_id:
        click.echo("\n".join(f"Event {event_id}: queued again." for event_id in queued))
    else:
        click.echo(f"{counted(len(queued))} queued again.")


def _queue_selected(bridge: _Bridge, chosen: _Chosen, *, yes: bool) -> list[int]:
    if chosen.ids and sys.stdin.isatty():
        confirm(f"Replay {counted(len(chosen.ids))}?", yes)
    queued: list[int] = []
    with progress("Queueing", len(chosen.ids)) as advance:
        for batch in _batches(chosen.ids, actions.BATCH):
            queued += bridge.queue_selected(batch, chosen.statuses)
            advance(len(batch))
    return queued


def _show_dry_run(bridge: _Bridge, chosen: _Chosen, *, as_json: bool) -> None:
    """Show what each would send."""
    if chosen.by_id:
        bridge.check(chosen.ids)
    runs = []
    with progress("Reading", len(chosen.ids)) as advance:
        for run in bridge.dry_run(chosen.ids):
            runs.append(run)
            advance(1)
    if as_json:
        print_json({"events": runs, "left_out": list(chosen.left_out)})
    else:
        for run in runs:
            click.echo(visible("\n".join(_lines(run))))
    sending = sum(bool(run["requests"]) for run in runs)
    say(f"{counted(len(runs))} would be queued again; of these {sending} would send something.")


def _batches(ids: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    return (ids[start : start + size] for start in range(0, len(ids), size))


def _lines(run: dict[str, Any]) -> Iterator[str]:
    ended = f"{run['status']}, {run['reason']}" if run["reason"] else run["status"]
    yield f"Event {run['id']} ({ended})"
    if run["stopped"]:
        yield f"  {run['stopped']}"
    yield from (f"  {remark}" for remark in run["remarks"])
    for planned in run["requests"]:
        yield from _request(planned)


def _request(planned: dict[str, Any]) -> Iterator[str]:
    yield f"  {planned['kind']}: {planned['method']} {planned['path']}"
    last = planned["last"]
    if last is None:
        yield "    Never sent for this event. The body:"
        yield from (f"      {name}: {_shown(value)}" for name, value in planned["body"].items())
        return
    when = f"the {last['kind']} of {plain(last['at'])} UTC ({last['outcome']})"
    if not planned["differences"]:
        yield f"    The same as {when}."
        return
    yield f"    Against {when}:"
    for difference in planned["differences"]:
        yield f"      {difference['field']}: {_shown(difference['before'])} -> {_shown(difference['now'])}"


def _shown(value: Any) -> str:
    return "(nothing)" if value is None else repr(value) if isinstance(value, str) else str(value)
