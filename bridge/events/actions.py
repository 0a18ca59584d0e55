"""What people do with an event that has ended: run it again, or note that somebody has dealt with it."""

from datetime import datetime

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session, object_session

from bridge import queue
from bridge.delivery.rules.outcomes import Reason
from bridge.errors import BridgeError
from bridge.events import history as lineage
from bridge.events.history import OperatorAction
from bridge.models import Event, Status


class NotReplayableError(BridgeError):
    """This event must not run again."""

    code = "not_replayable"


FREE_SLOT = text("""
    WITH tour AS (
        SELECT id, written_state = 'booked' AS is_there, (written ->> 'starts_at')::timestamptz AS starts_at
        FROM bookings WHERE id = :booking AND open_attempt_id IS NULL
            AND NOT EXISTS (SELECT FROM events WHERE booking_id = :booking AND id <> :event AND ended_at IS NULL)
    ), freed AS (
        DELETE FROM slot_claims USING tour WHERE booking_id = tour.id AND NOT is_there RETURNING property
    ), back AS (
        UPDATE slot_claims SET starts_at = tour.starts_at, ends_at = tour.starts_at + (ends_at - slot_claims.starts_at)
        FROM tour WHERE booking_id = tour.id AND is_there AND slot_claims.starts_at <> tour.starts_at RETURNING property
    )
    INSERT INTO slot_calendars (property, changes)
    SELECT property, 1 FROM freed UNION SELECT property, 1 FROM back
    ON CONFLICT (property) DO UPDATE SET changes = slot_calendars.changes + 1
""")
"""The tour gives back what it holds, or what it was to move to, unless it is still on its way."""


def replay(session: Session, event: Event, now: datetime, by: str | None = None) -> None:
    """Run a stored event again, through the same code; what is written already is not written twice.

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
    event.seq = session.scalar(select(func.nextval("event_seq")))
    queue.enqueue(session, [event.id])


def dismiss(event: Event, now: datetime, note: str | None, by: str | None = None) -> None:
    """A person has dealt with it."""
    lineage.note(event, now, OperatorAction.DISMISSED, by, reason=event.reason)
    event.status, event.ended_at, event.next_attempt_at = Status.DISMISSED, now, None
    event.detail = "\n".join(filter(None, (event.detail, note and f"Dismissed: {note}")))
    session = object_session(event)
    if session is not None and event.booking_id is not None:
        session.execute(FREE_SLOT, {"booking": event.booking_id, "event": event.id})
