"""Keeps the free times that a conversation was offered last, so that it can choose one by its number."""

import hashlib
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from bridge.mapping.conversation import OfferedTimes
from bridge.models import TimeOffer

KEPT = timedelta(days=1)
"""A number that comes later chooses nothing."""


def digest_of(reference: str) -> str:
    """Under which a conversation is stored; the sender's id of it can be a phone number."""
    return hashlib.sha256(reference.encode("utf-8", "replace")).hexdigest()


def store(session: Session, source: str, reference: str, times: OfferedTimes, now: datetime) -> None:
    """Keep an offer in place of the one before it; drop those of all conversations that are too old."""
    row = {
        "property": times.property,
        "kind": times.kind,
        "starts": [start.isoformat() for start in times.starts],
        "offered_at": now,
    }
    names = {"source": source, "digest": digest_of(reference)}
    session.execute(
        insert(TimeOffer).values(names | row).on_conflict_do_update(index_elements=[*names], set_=row)
    )
    session.execute(delete(TimeOffer).where(TimeOffer.offered_at < now - KEPT))


def find(session: Session, source: str, reference: str, now: datetime) -> OfferedTimes | None:
    """What a conversation was offered last; `None`: nothing, or too long ago."""
    known = select(TimeOffer).where(
        TimeOffer.source == source,
        TimeOffer.digest == digest_of(reference),
        TimeOffer.offered_at >= now - KEPT,
    )
    found = session.scalar(known)
    if found is None:
        return None
    return OfferedTimes(found.property, found.kind, tuple(map(datetime.fromisoformat, found.starts)))
