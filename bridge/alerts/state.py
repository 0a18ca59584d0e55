"""What people were told, so that they are not told it again."""

from datetime import datetime
from typing import Any

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from bridge.models import Alert


def remember(session: Session, key: str, level: int, state: Any, now: datetime) -> None:
    """Note that people were told something, at this level; it has been open since they first were."""
    values = {"told_at": now, "level": level, "state": state}
    row = insert(Alert).values(key=key, opened_at=now, **values)
    session.execute(row.on_conflict_do_update(index_elements=[Alert.key], set_=values))
