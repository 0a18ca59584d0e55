"""A paused integration: its events wait without using up attempts, and one at a time looks whether it is over.

It is paused when Propexo refuses it (401, 403), when nobody has been reached for a while, or when an operator says
so. The first two end with the first call that is answered; only the operator ends his own. The other
integrations have rows of their own and do not notice.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import structlog
from sqlalchemy import exists, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from bridge.clock import Clock
from bridge.database import Database
from bridge.delivery.outcomes import NotYet, Reason
from bridge.models import Event, Integration, Status
from bridge.queue import News, Queue, queue_app

log = structlog.get_logger(__name__)

PROBE_EVERY = timedelta(minutes=5)
LOOK_EVERY = timedelta(minutes=30)
"""How often all others look whether they were forgotten; the end of the pause wakes them."""
OUTAGE_FAILURES = 5
OUTAGE_AFTER = timedelta(minutes=2)
"""So many calls in a row reached nobody, and for so long: an outage."""


class Cause(StrEnum):
    """Why an integration is paused."""

    REFUSED = "refused"
    """Propexo does not accept the token for it."""
    OUTAGE = "outage"
    """Nobody was reached."""
    OPERATOR = "operator"
    """A person said so; never probed."""


class Pauses:
    """Which integrations are paused, for all workers."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def check(self, integration_id: str) -> Cause | None:
        """Pass when the integration is not paused, or when it is our turn to probe.

        Answers what an answer to the call would disprove (`over` is to be told then); `None` when all is well.

        Raises:
            NotYet: it is paused.
        """
        with self._database.single() as session:
            row = session.get(Integration, integration_id)
            if row is None or row.paused_at is None:
                return Cause.OUTAGE if row and row.failures else None
            if self._is_our_turn(session, row):
                return Cause(row.cause or Cause.REFUSED)
            raise self._wait(session, row)

    def _is_our_turn(self, session: Session, row: Integration) -> bool:
        """Of all that ask at this moment, one takes the probe."""
        now = self._clock()
        take = update(Integration).where(
            Integration.integration_id == row.integration_id, Integration.probe_at <= now
        )
        took = session.scalar(take.values(probe_at=now + PROBE_EVERY).returning(Integration.probe_at))
        return took is not None

    def _wait(self, session: Session, row: Integration) -> NotYet:
        """Until the next probe, if no other event is there to make it; else until the end of the pause wakes us."""
        session.refresh(row)
        now = self._clock()
        until = now + LOOK_EVERY
        if row.probe_at is not None:
            due = Event.next_attempt_at.between(now, row.probe_at)
            prober = exists().where(*_waiting(row.integration_id), due)
            until = until if session.scalar(select(prober)) else row.probe_at
        return _paused(until, row.reason)

    def refused(self, integration_id: str, reason: str) -> NotYet:
        """Propexo does not accept the token: pause it until a probe is answered. What to raise is returned."""
        with self._database.session() as session:
            row = _row(session, integration_id)
            return self._pause(session, row, Cause.REFUSED, reason)

    def failed(self, integration_id: str, reason: str) -> NotYet | None:
        """A call reached nobody. Answers what to raise if this is an outage; else the event tries again by itself."""
        now = self._clock()
        with self._database.session() as session:
            row = _row(session, integration_id)
            if row.paused_at is None:
                row.failures += 1
                row.failing_since = row.failing_since or now
                if row.failures < OUTAGE_FAILURES or now - row.failing_since < OUTAGE_AFTER:
                    return None
            return self._pause(session, row, Cause.OUTAGE, reason)

    def _pause(self, session: Session, row: Integration, cause: Cause, reason: str) -> NotYet:
        if row.cause == Cause.OPERATOR:
            return self._wait(session, row)
        now = self._clock()
        if row.paused_at is None:
            log.warning("integration paused", integration_id=row.integration_id, cause=cause, reason=reason)
        row.paused_at = row.paused_at or now
        row.cause, row.reason, row.probe_at = cause, reason, now + PROBE_EVERY
        return _paused(row.probe_at, reason)

    def not_tried(self, integration_id: str) -> None:
        """The probe was not sent, for want of budget: the next one may."""
        undone = update(Integration).where(
            Integration.integration_id == integration_id, Integration.probe_at.is_not(None)
        )
        with self._database.session() as session:
            session.execute(undone.values(probe_at=self._clock()))

    def over(self, integration_id: str) -> None:
        """A call was answered: nothing fails any more, and all that waited goes on. An operator's pause stays."""
        with self._database.session() as session:
            row = _row(session, integration_id)
            if row.cause != Cause.OPERATOR:
                self._end(session, row)

    def pause(self, integration_id: str, reason: str) -> int:
        """An operator pauses it, until `resume`. Answers how many events wait, or will at their next step."""
        with self._database.session() as session:
            row = _row(session, integration_id)
            row.paused_at = row.paused_at or self._clock()
            row.cause, row.reason, row.probe_at = Cause.OPERATOR, reason, None
            log.warning("integration paused", integration_id=integration_id, cause=row.cause, reason=reason)
            return unfinished(session, integration_id)

    def resume(self, integration_id: str) -> int | None:
        """An operator ends a pause of whatever cause. Answers how many events go on; `None`: it was not paused."""
        with self._database.session() as session:
            row = _row(session, integration_id)
            if row.paused_at is None:
                return None
            self._end(session, row)
            return unfinished(session, integration_id)

    def _end(self, session: Session, row: Integration) -> None:
        was_paused = row.paused_at is not None
        row.failures, row.failing_since = 0, None
        row.paused_at = row.cause = row.reason = row.probe_at = None
        if was_paused:
            log.info("integration goes on", integration_id=row.integration_id)
            Queue(queue_app(self._database)).look_now(session, News(integration_id=row.integration_id))


def _paused(until: datetime, reason: str | None) -> NotYet:
    detail = f"The integration is paused. {reason or ''}".strip()
    return NotYet(until, Status.WAITING, Reason.INTEGRATION_PAUSED, detail)


def _row(session: Session, integration_id: str) -> Integration:
    """Locked, and made if it is the first that is known of the integration."""
    new = insert(Integration).values(integration_id=integration_id, failures=0)
    session.execute(new.on_conflict_do_nothing())
    return session.get_one(Integration, integration_id, with_for_update=True, populate_existing=True)


def _waiting(integration_id: str) -> tuple[Any, ...]:
    return (
        Event.integration_id == integration_id,
        Event.ended_at.is_(None),
        Event.reason == Reason.INTEGRATION_PAUSED.value,
    )


def unfinished(session: Session, integration_id: str) -> int:
    """How many events have come to this integration and not ended."""
    count = select(func.count()).select_from(Event)
    return session.scalar(count.where(Event.integration_id == integration_id, Event.ended_at.is_(None))) or 0
