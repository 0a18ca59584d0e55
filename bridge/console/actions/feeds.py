"""Make and revoke calendar feeds."""

from datetime import datetime

from sqlalchemy.orm import Session

from bridge.console import audit
from bridge.console.access import feeds
from bridge.console.actions.events import must_be
from bridge.console.actor import Actor
from bridge.models import CalendarFeed, Role


def create_feed(
    session: Session, actor: Actor, property_key: str | None, now: datetime
) -> tuple[CalendarFeed, str]:
    """Make a feed of one property, or of all. Returns its row and its secret. Raises NotAllowedError."""
    must_be(actor, Role.OPERATOR)
    feed, text = feeds.create_feed(session, property_key, now, actor.name)
    _note(session, actor, now, "created", feed)
    return feed, text


def revoke_feed(session: Session, actor: Actor, feed_id: int, now: datetime) -> None:
    """Revoke a feed immediately. Raises NotAllowedError, UnknownFeedError."""
    must_be(actor, Role.OPERATOR)
    _note(session, actor, now, "revoked", feeds.revoke_feed(session, feed_id, now))


def _note(session: Session, actor: Actor, now: datetime, what: str, feed: CalendarFeed) -> None:
    audit.record(
        session, actor, now, what, ("calendar feed", feed.id), after={"property": feed.property or "all"}
    )
