"""What people do with an event that has ended: run it again, or note that somebody has dealt with it."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bridge import queue
from bridge.delivery.rules.outcomes import Reason
from bridge.errors import BridgeError
from bridge.events import history as lineage
from bridge.events.history import Deed
from bridge.models import Event, Status


class NotReplayableError(BridgeError):
    """This event must not run again."""

    code = "not_replayable"


def replay(session: Session, event: Event, now: datetime, by: str | None = None) -> None:
    """Run a stored event again, through the same code; what is written already is not written twice.

    Raises:
        NotReplayableError: it was a test of the source, which must never book a tour.
    """
    if event.reason == Reason.TEST:
        raise NotReplayableError(f"Event {event.id} is a test of its source. It is never forwarded.")
    lineage.note(event, now, Deed.REPLAYED, by, status=event.status, reason=event.reason)
    event.status, event.reason, event.detail = Status.RECEIVED, None, None
    event.ended_at, event.next_attempt_at = None, None
    event.tries, event.looks, event.answers = 0, 0, None
    event.replays += 1
    event.replayed_at = now
    event.rank = event.awaits = None
    event.seq = session.scalar(select(func.nextval("event_seq")))
    queue.enqueue(session, [event.id])


def dismiss(event: Event, now: datetime, note: str | None, by: str | None = None) -> None:
    """A person has dealt with it."""
    lineage.note(event, now, Deed.DISMISSED, by, reason=event.reason)
    event.status, event.ended_at, event.next_attempt_at = Status.DISMISSED, now, None
    event.detail = "\n".join(filter(None, (event.detail, note and f"Dismissed: {note}")))
