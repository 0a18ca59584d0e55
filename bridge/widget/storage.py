"""The counters of forms and earlier submissions in the database: all SQL of this folder."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Row, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from bridge.models import Event, FormCount


def add_each(session: Session, keys: Iterable[str], hour: datetime) -> dict[str, int]:
    """Add 1 to each counter of this hour, and return its new value by key."""
    rows = [{"key": key, "hour": hour, "count": 1} for key in sorted(set(keys))]
    added = (
        insert(FormCount)
        .values(rows)
        .on_conflict_do_update(
            index_elements=[FormCount.key, FormCount.hour], set_={"count": FormCount.count + 1}
        )
        .returning(FormCount.key, FormCount.count)
    )
    return {key: number for key, number in session.execute(added)}  # noqa: C416 - rows are no pairs to mypy


def add_first(session: Session, key: str, hour: datetime) -> bool:
    """Make a counter; returns False if it is there."""
    new = insert(FormCount).values({"key": key, "hour": hour, "count": 1}).on_conflict_do_nothing()
    return session.scalar(new.returning(FormCount.key)) is not None


def delete_counters(session: Session, before: datetime) -> None:
    """Delete the counters of earlier hours."""
    session.execute(delete(FormCount).where(FormCount.hour < before))


def submission(session: Session, source: str, delivery_id: str) -> Row[bytes, str | None, str | None] | None:
    """Body, content_type and reference of the event that a form has sent under this id."""
    known = select(Event.body, Event.content_type, Event.reference)
    return session.execute(known.where(Event.source == source, Event.delivery_id == delivery_id)).first()
