"""Events that were ignored because no rule of their mapping knows them: perhaps tours under another name."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from bridge.events.query import unknown_event_names

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
    rows = unknown_event_names(session, now - RECENT, source, MOST_NAMES, LONGEST_NAME)
    return [UnknownEvent(*row) for row in rows]
