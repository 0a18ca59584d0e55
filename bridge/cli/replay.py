"""`bridge events replay`: run stored events again, or show what that would send."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
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
from bridge.cli.progress import progress
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
from bridge.cli.tables import visible
from bridge.clock import utc_now
from bridge.console.actions import events as actions
from bridge.console.actor import Actor
from bridge.database import Database
from bridge.events.dry_run import DryRun, PlannedRequest, dry_run
from bridge.events.query import Selection
from bridge.models import Event, Status
from bridge.settings import Settings


@click.command()
@click.argument("event_ids", metavar="[ID...]", type=int, nargs=-1)
@config_option
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
    settings = load_settings(config)
    with open_database(settings) as database:
        chosen = _named(event_ids) if event_ids else _selected(database, settings, selection)
        run = _Run(database, settings, chosen, as_json=as_json)
        run.rehearse() if dry_run else run.queue(yes=yes)


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


def _named(event_ids: Sequence[int]) -> _Chosen:
    return _Chosen(list(dict.fromkeys(event_ids)), by_id=True)


def _selected(database: Database, settings: Settings, selection: Selection) -> _Chosen:
    """Raises UnknownPropertyError."""
    with database.session() as session:
        found = actions.choose(session, settings, selection)
    return _Chosen(found.ids, by_id=False, statuses=selection.statuses, left_out=tuple(found.left_out))


class _Run:
    def __init__(self, database: Database, settings: Settings, chosen: _Chosen, *, as_json: bool) -> None:
        self.database, self.settings, self.chosen, self.as_json = database, settings, chosen, as_json

    def queue(self, *, yes: bool) -> None:
        """Queue the events again, the oldest first, and say how many."""
        queued = self._queue_named(yes=yes) if self.chosen.by_id else self._queue_selected(yes=yes)
        if self.as_json:
            print_json({"queued": queued, "left_out": list(self.chosen.left_out)})
        elif self.chosen.by_id:
            click.echo("\n".join(f"Event {event_id}: queued again." for event_id in queued))
        else:
            click.echo(f"{counted(len(queued))} queued again.")
        self._show_left_out()

    def _queue_named(self, *, yes: bool) -> list[int]:
        actor = cli_actor()

        def again(session: Session, event: Event) -> str:
            actions.replay(session, actor, [event.id], utc_now())
            return "queued again"

        question = "Replay {} events?"
        return list(
            change_each(
                self.database, self.chosen.ids, actions.replay_objection, again, question=question, yes=yes
            )
        )

    def _queue_selected(self, *, yes: bool) -> list[int]:
        ids = self.chosen.ids
        if ids and sys.stdin.isatty():
            confirm(f"Replay {counted(len(ids))}?", yes)
        actor = cli_actor()
        queued: list[int] = []
        with progress("Queueing", len(ids)) as advance:
            for batch in _batches(ids):
                queued += self._release(batch, actor)
                advance(len(batch))
        return queued

    def _release(self, ids: Sequence[int], actor: Actor) -> list[int]:
        """Those that still are as they were selected, in one transaction."""
        with self.database.session() as session:
            return actions.replay_chosen(session, actor, ids, self.chosen.statuses, utc_now())

    def rehearse(self) -> None:
        """Show what each would send."""
        if self.chosen.by_id:
            with self.database.session() as session:
                actions.locked(session, self.chosen.ids, actions.replay_objection)
        runs = list(self._rehearsals())
        if self.as_json:
            print_json({"events": [run.as_json() for run in runs], "left_out": list(self.chosen.left_out)})
        else:
            for run in runs:
                click.echo(visible("\n".join(_lines(run))))
        sending = sum(bool(run.requests) for run in runs)
        say(f"{counted(len(runs))} would be queued again; of these {sending} would send something.")
        self._show_left_out()

    def _rehearsals(self) -> Iterator[DryRun]:
        ids, now = self.chosen.ids, utc_now()
        with progress("Reading", len(ids)) as advance:
            for event_id in ids:
                with self.database.session() as session:
                    event = session.get(Event, event_id)
                    if event is not None:
                        yield dry_run(session, event, self.settings, now)
                advance(1)

    def _show_left_out(self) -> None:
        if self.chosen.left_out:
            say(
                f"Left out: {counted(len(self.chosen.left_out))} parked as ambiguous. A person looks for each in the "
                "PMS first; replay it by its ID."
            )


def _batches(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    return (ids[start : start + actions.BATCH] for start in range(0, len(ids), actions.BATCH))


def _lines(run: DryRun) -> Iterator[str]:
    ended = f"{run.status}, {run.reason}" if run.reason else run.status
    yield f"Event {run.event_id} ({ended})"
    if run.stopped:
        yield f"  {run.stopped}"
    yield from (f"  {remark}" for remark in run.remarks)
    for planned in run.requests:
        yield from _request(planned)


def _request(planned: PlannedRequest) -> Iterator[str]:
    yield f"  {planned.kind}: {planned.method} {planned.path}"
    last = planned.last
    if last is None:
        yield "    Never sent for this event. The body:"
        yield from (f"      {name}: {_shown(value)}" for name, value in planned.body.items())
        return
    when = f"the {last.kind} of {last.started_at:%Y-%m-%d %H:%M:%S} UTC ({last.outcome})"
    if not planned.differences:
        yield f"    The same as {when}."
        return
    yield f"    Against {when}:"
    for difference in planned.differences:
        yield f"      {difference.field}: {_shown(difference.before)} -> {_shown(difference.now)}"


def _shown(value: Any) -> str:
    return "(nothing)" if value is None else repr(value) if isinstance(value, str) else str(value)
