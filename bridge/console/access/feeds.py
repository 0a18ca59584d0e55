"""Calendar feeds: addresses with a secret in them, at which calendars read tours without signing in."""

import secrets
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from bridge.console.access.sessions import token_hash
from bridge.errors import BridgeError
from bridge.models import CalendarFeed

USED_TO = timedelta(hours=1)
"""How exactly the last use is kept."""


class UnknownFeedError(BridgeError):
    """There is no such calendar feed, or it is already revoked."""

    code = "unknown_feed"


def create_feed(
    session: Session, property_key: str | None, now: datetime, by: str
) -> tuple[CalendarFeed, str]:
    """Make a feed of one property, or of all. Returns its row and its secret, which is stored nowhere."""
    text = secrets.token_urlsafe(32)
    feed = CalendarFeed(digest=token_hash(text), property=property_key, created_at=now, created_by=by)
    session.add(feed)
    session.flush()
    return feed, text


def feed_of(session: Session, text: str, now: datetime) -> CalendarFeed | None:
    """The valid feed with this secret; its use is noted."""
    feed = session.scalar(
        select(CalendarFeed).where(CalendarFeed.digest == token_hash(text), CalendarFeed.revoked_at.is_(None))
    )
    if feed and (feed.used_at is None or feed.used_at < now - USED_TO):
        feed.used_at = now
    return feed


def valid_feeds(session: Session) -> list[CalendarFeed]:
    """Those that are not revoked, the newest first."""
    query = select(CalendarFeed).where(CalendarFeed.revoked_at.is_(None)).order_by(CalendarFeed.id.desc())
    return list(session.scalars(query))


def revoke_feed(session: Session, feed_id: int, now: datetime) -> CalendarFeed:
    """Raises UnknownFeedError."""
    feed = session.get(CalendarFeed, feed_id, with_for_update=True)
    if feed is None or feed.revoked_at is not None:
        raise UnknownFeedError
    feed.revoked_at = now
    return feed
