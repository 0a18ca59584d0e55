"""Events that were ignored because no rule of their mapping knows them: perhaps tours under another name."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bridge.delivery.rules.outcomes import Reason
from bridge.models import Event

RECENT = timedelta(days=30)
MOST_NAMES = 50
"""Names of one query, the newest first: an event's name can be any text."""
LONGEST_NAME = 100
"""Characters."""


@dataclass(frozen=True)
class UnknownEvent:
    """One name of events that no rule knows, in the last 30 days."""

    source: str
    event: str
    """Its first characters."""
    count: int
    first_at: datetime
    last_at: datetime
    newest_id: int


def unknown_events(session: Session, now: datetime, source: str | None = None) -> list[UnknownEvent]:
    """The names of a source, or of all sources, the newest first."""
    name = func.left(Event.event, LONGEST_NAME)
    first_at = func.min(Event.received_at)
    query = (
        select(Event.source, name, func.count(), first_at, func.max(Event.received_at), func.max(Event.id))
        .where(
            Event.reason == Reason.UNKNOWN_EVENT.value,
            Event.event.is_not(None),
            Event.received_at > now - RECENT,
        )
        .group_by(Event.source, name)
        .order_by(first_at.desc(), Event.source, name)
    )
    if source is not None:
        query = query.where(Event.source == source)
    return [UnknownEvent(*row) for row in session.execute(query.limit(MOST_NAMES))]
