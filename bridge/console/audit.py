"""What people changed: who, what, when, before and after."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from bridge.console.actor import Actor
from bridge.models import AuditEntry


def record(
    session: Session,
    actor: Actor,
    now: datetime,
    what: str,
    on: tuple[str, str | int],
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    """Write a change down, in the transaction that makes it.

    `what` is a verb (replayed, added), `on` the kind and the id of what was changed (("event", 17)), `before` and
    `after` the changed fields, without secrets and without what says who a renter is.
    """
    kind, name = on
    session.add(
        AuditEntry(
            at=now, actor=actor.name, via=actor.via, what=what, object=kind, object_id=str(name),
            before=before, after=after,
        )
    )  # fmt: skip
