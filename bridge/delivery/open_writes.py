"""The write of a booking or a lead whose outcome is not known yet: each has one at most, and points to its attempt.

Whoever takes it, notes its answer or ends it does so on one condition, which is part of the statement itself: that it
still is the open one. A worker that was frozen meanwhile changes nothing then.
"""

from typing import Any

from sqlalchemy import CTE, ColumnElement, and_, exists, select, tuple_, update
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningUpdate

from bridge.models import Attempt, Booking, Event, Lead, changes_of

Owner = Booking | Lead
"""What a write is about."""

NO_COPIES = {"synchronize_session": False}
"""The session of such a statement holds no row that would have to follow."""


def open_attempt(session: Session, owner: Owner) -> Attempt:
    """The attempt that the owner points to."""
    return session.get_one(Attempt, owner.open_attempt_id)


def take(session: Session, owner: Owner, attempt: Attempt) -> bool:
    """Let the owner point to a write that is about to be sent; answers `False` where somebody has been faster.

    News of the owner concerns the event of the attempt from then on, also while that is still running.
    """
    if isinstance(owner, Booking):
        as_decided = Booking.version == owner.version
    else:
        as_decided = and_(Lead.lead_id.is_(None), ~Lead.created)
    free = and_(type(owner).open_attempt_id.is_(None), as_decided)
    taken = _changed(owner, free, open_attempt_id=attempt.id)
    if session.scalar(taken, execution_options=NO_COPIES) is None:
        return False
    session.execute(update(Event).where(Event.id == attempt.event_id).values(awaits=owner.code))
    return True


def note(
    session: Session,
    owner: Owner,
    attempt: Attempt,
    *,
    changes: dict[str, Any] | None,
    job_id: str | None,
    event_id: int,
) -> bool:
    """Write down what the attempt says now, in one statement; answers `False` where it is not the open one any more.

    `changes` of the owner end it, even if there are none; `None` leaves it open. `job_id` is what the event is told.
    """
    still_open = exists().select_from(_still_open(owner, attempt.id, changes))
    noted = (
        update(Attempt)
        .where(Attempt.id == attempt.id, still_open)
        .values({**changes_of(attempt), "outcome": attempt.outcome})
    )
    if job_id is not None:
        told = update(Event).where(Event.id == event_id, still_open).values(job_id=job_id)
        noted = noted.add_cte(told.returning(Event.id).cte("told"))
    return session.scalar(noted.returning(Attempt.id), execution_options=NO_COPIES) is not None


def _still_open(owner: Owner, attempt_id: int, changes: dict[str, Any] | None) -> CTE:
    """The owner if its open write is still this one: locked, or with the changes that end it."""
    model = type(owner)
    is_this = model.open_attempt_id == attempt_id
    if changes is None:
        return select(model.code).where(_row_of(owner), is_this).with_for_update().cte("owner")
    return _changed(owner, is_this, **changes, open_attempt_id=None).cte("owner")


def _changed(owner: Owner, condition: ColumnElement[bool], **changes: Any) -> ReturningUpdate[Any]:
    """Change the owner's row if the condition holds; a booking counts its changes."""
    model = type(owner)
    if model is Booking:
        changes["version"] = Booking.version + 1
    return update(model).where(_row_of(owner), condition).values(changes).returning(model.code)


def _row_of(owner: Owner) -> ColumnElement[bool]:
    if isinstance(owner, Booking):
        return Booking.id == owner.id
    key = (owner.integration_id, owner.property_id, owner.contact)
    return tuple_(Lead.integration_id, Lead.property_id, Lead.contact) == key
