"""Replay or dismiss an event that has ended."""

from datetime import datetime

from sqlalchemy.orm import Session, object_session

from bridge import queue
from bridge.delivery.rules.outcomes import Reason
from bridge.errors import BridgeError
from bridge.events import history as lineage
from bridge.events.history import OperatorAction
from bridge.events.query import free_slot, next_place
from bridge.models import Event, Status


class NotReplayableError(BridgeError):
    """This event must not run again."""

    code = "not_replayable"


def replay(session: Session, event: Event, now: datetime, by: str | None = None) -> None:
    """Run a stored event again, through the same code. What the PMS has already is not written twice.

    Raises:
        NotReplayableError: it was a test of the source, which must never book a tour.
    """
    if event.reason == Reason.TEST:
        raise NotReplayableError(f"Event {event.id} is a test of its source. It is never forwarded.")
    lineage.note(event, now, OperatorAction.REPLAYED, by, status=event.status, reason=event.reason)
    event.status, event.reason, event.detail = Status.RECEIVED, None, None
    event.ended_at, event.next_attempt_at = None, None
    event.tries, event.looks, event.answers, event.would_write = 0, 0, None, None
    event.replays += 1
    event.replayed_at = now
    event.rank = event.awaits = None
    event.seq = next_place(session)
    queue.enqueue(session, [event.id])


def dismiss(event: Event, now: datetime, note: str | None, by: str | None = None) -> None:
    """Close an event that an operator has dealt with."""
    lineage.note(event, now, OperatorAction.DISMISSED, by, reason=event.reason)
    event.status, event.ended_at, event.next_attempt_at = Status.DISMISSED, now, None
    event.detail = "\n".join(filter(None, (event.detail, note and f"Dismissed: {note}")))
    session = object_session(event)
    if session is not None:
        free_slot(session, event)
