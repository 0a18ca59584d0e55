"""Replay, dry-run and dismiss events that have ended."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from bridge.console import audit
from bridge.console.actor import Actor
from bridge.console.audit import BulkEntry, EventBefore
from bridge.delivery.rules.outcomes import Reason
from bridge.errors import BridgeError, NotAllowedError
from bridge.events import actions
from bridge.events.dry_run import DryRun, dry_run
from bridge.events.query import Selection, find_ids
from bridge.models import Event, Role, Status
from bridge.settings import Settings

BATCH = 500
"""Events that are changed in one transaction, and by one request."""
ENDED = tuple(status for status in Status if status.ended)
ONE_BY_ONE = (Reason.AMBIGUOUS,)
"""An operator checks each of them in the PMS first, so no selection includes them."""


class ActionNotPossibleError(BridgeError):
    """Not all of these events can be changed this way; none was changed."""

    code = "not_possible"

    def __init__(self, problems: dict[int, str]) -> None:
        self.problems = problems
        """A sentence for each event that is missing or cannot be changed."""
        super().__init__("\n".join(problems.values()))


@dataclass(frozen=True)
class Chosen:
    """The events that a selection matches."""

    ids: list[int]
    left_out: list[int]
    """Ambiguous ones: check the PMS for each first."""
    bulk: BulkEntry = field(default_factory=BulkEntry)
    """The audit entry that their replay adds to."""


def must_be(actor: Actor, role: Role) -> None:
    """Raises NotAllowedError."""
    if not actor.may(role):
        raise NotAllowedError


def choose(session: Session, settings: Settings, selection: Selection) -> Chosen:
    """What a replay of a selection would take, the oldest first. Raises UnknownPropertyError.

    Only what has ended and can run again, parked events unless the selection names other statuses.
    """
    statuses = tuple(status for status in selection.statuses if status in ENDED) or (Status.PARKED.value,)
    wanted = replace(selection, statuses=statuses, runnable=True)
    ids = find_ids(session, settings, replace(wanted, without=ONE_BY_ONE))
    by_hand = [] if wanted.reasons else find_ids(session, settings, replace(wanted, reasons=ONE_BY_ONE))
    return Chosen(ids, by_hand)


def replay(
    session: Session, actor: Actor, ids: Sequence[int], now: datetime, bulk: BulkEntry | None = None
) -> list[int]:
    """Run these events again, all or none. Raises ActionNotPossibleError, NotAllowedError.

    `bulk`: the audit entry of the action that they are a part of.
    """
    must_be(actor, Role.OPERATOR)
    return _again(session, actor, locked(session, ids, replay_problem), now, bulk)


def replay_chosen(
    session: Session,
    actor: Actor,
    ids: Sequence[int],
    statuses: Sequence[str],
    now: datetime,
    bulk: BulkEntry | None = None,
) -> list[int]:
    """Of these events, run those again that still are as they were selected. Raises NotAllowedError."""
    must_be(actor, Role.OPERATOR)
    unchanged = select(Event).where(
        Event.id.in_(ids),
        Event.status.in_(statuses),
        Event.blanked_at.is_(None),
        or_(Event.reason.is_(None), Event.reason.not_in(ONE_BY_ONE)),
    )
    events = session.scalars(unchanged.order_by(Event.id).with_for_update())
    return _again(session, actor, list(events), now, bulk)


def _again(
    session: Session, actor: Actor, events: Sequence[Event], now: datetime, bulk: BulkEntry | None
) -> list[int]:
    before = [EventBefore.of(event) for event in events]
    for event in events:
        actions.replay(session, event, now, actor.name)
    audit.record_events(session, actor, now, "replayed", before, bulk)
    return [event.id for event in events]


def dry_runs(session: Session, settings: Settings, ids: Sequence[int], now: datetime) -> list[DryRun]:
    """What a replay of each would send; nothing is called, nothing changes. Raises ActionNotPossibleError."""
    found = select(Event).where(Event.id.in_(ids)).order_by(Event.id)
    return [
        dry_run(session, event, settings, now)
        for event in _checked(list(session.scalars(found)), ids, replay_problem)
    ]


def dismiss(
    session: Session,
    actor: Actor,
    ids: Sequence[int],
    note: str | None,
    now: datetime,
    bulk: BulkEntry | None = None,
) -> list[int]:
    """Mark these parked events as done by an operator, all or none. Raises ActionNotPossibleError, NotAllowedError.

    `note` says what was done; it is stored with the event. `bulk`: as of `replay`.
    """
    must_be(actor, Role.OPERATOR)
    events = locked(session, ids, dismiss_problem)
    before = [EventBefore.of(event) for event in events]
    for event in events:
        actions.dismiss(event, now, note, actor.name)
    audit.record_events(session, actor, now, "dismissed", before, bulk)
    return [event.id for event in events]


def replay_problem(event: Event) -> str | None:
    """Why the event cannot be run again, as a sentence."""
    if event.blanked_at is not None:
        return f"The payload of event {event.id} has been deleted. It cannot run again: ask the sender to send it."
    if event.reason == Reason.TEST:
        return f"Event {event.id} is a test of its source. It is never forwarded."
    if Status(event.status).ended:
        return None
    return f"Event {event.id} has not ended ({event.status}): it is still being processed."


def dismiss_problem(event: Event) -> str | None:
    """Why the event cannot be dismissed, as a sentence."""
    if event.status == Status.PARKED:
        return None
    return f"Event {event.id} is not parked ({event.status}): there is nothing to dismiss."


def locked(session: Session, ids: Sequence[int], problem_of: Callable[[Event], str | None]) -> list[Event]:
    """The events in the order of their ids, held until the commit. Raises ActionNotPossibleError."""
    query = select(Event).where(Event.id.in_(ids)).order_by(Event.id).with_for_update()
    return _checked(list(session.scalars(query)), ids, problem_of)


def _checked(
    events: list[Event], ids: Sequence[int], problem_of: Callable[[Event], str | None]
) -> list[Event]:
    found = {event.id: event for event in events}
    problem_of_id = {
        event_id: problem_of(found[event_id]) if event_id in found else f"There is no event {event_id}."
        for event_id in ids
    }
    problems = {event_id: line for event_id, line in problem_of_id.items() if line}
    if problems:
        raise ActionNotPossibleError(problems)
    return events
