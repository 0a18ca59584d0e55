"""The circuit breakers as they are stored: what operators do with them, and what workers note."""

import structlog
from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from bridge import queue
from bridge.clock import Clock
from bridge.database import Database
from bridge.delivery.rules.circuit_breaker import PROBE_INTERVAL, Cause, after_call
from bridge.delivery.rules.entities import Breaker
from bridge.models import Event, IntegrationState
from bridge.propexo.errors import Outcome

log = structlog.get_logger(__name__)


class CircuitBreakers:
    """What operators do with the integrations, and what a worker notes of them."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def pause(self, integration_id: str, reason: str) -> int:
        """Pause it until `resume`. Returns how many events wait, or will at their next step."""
        with self._database.session() as session:
            row = _row(session, integration_id)
            row.paused_at = row.paused_at or self._clock()
            row.cause, row.reason, row.probe_at = Cause.OPERATOR, reason, None
            log.warning("integration paused", integration_id=integration_id, cause=row.cause, reason=reason)
            return unfinished(session, integration_id)

    def resume(self, integration_id: str) -> int | None:
        """End a pause of any cause. Returns how many events continue; `None`: it was not paused."""
        with self._database.session() as session:
            row = _row(session, integration_id)
            if row.paused_at is None:
                return None
            write(session, Breaker(integration_id))
            return unfinished(session, integration_id)

    def observe(self, integration_id: str, outcome: Outcome, message: str, *, probing: bool) -> Breaker:
        """Record the outcome of a call, and wake the waiting events if the breaker closes. Returns the new breaker."""
        with self._database.session() as session:
            before = of_row(_row(session, integration_id))
            after = after_call(before, outcome, message, self._clock(), probing=probing)
            if after != before:
                write(session, after)
                if before.paused_at is None and after.paused_at is not None:
                    log.warning("integration paused", integration_id=integration_id, cause=after.cause,
                                reason=after.reason)  # fmt: skip
            return after

    def take_probe(self, integration_id: str) -> bool:
        """Whether the probe is ours: of all that ask at this moment, one takes it."""
        now = self._clock()
        due = update(IntegrationState).where(
            IntegrationState.integration_id == integration_id, IntegrationState.probe_at <= now
        )
        with self._database.autocommit_session() as session:
            taken = due.values(probe_at=now + PROBE_INTERVAL).returning(IntegrationState.integration_id)
            return session.scalar(taken) is not None


def write(session: Session, breaker: Breaker) -> None:
    """Store a breaker; one that closes wakes all that waited for it, in the session's transaction."""
    row = session.get_one(IntegrationState, breaker.integration_id, with_for_update=True)
    closes = row.paused_at is not None and breaker.paused_at is None
    row.failures, row.failing_since = breaker.failures, breaker.failing_since
    row.paused_at, row.cause = breaker.paused_at, breaker.cause
    row.reason, row.probe_at = breaker.reason, breaker.probe_at
    session.flush()
    if closes:
        log.info("integration resumed", integration_id=breaker.integration_id)
        queue.wake(session.connection(), [f"integration:{breaker.integration_id}"])


def of_row(row: IntegrationState) -> Breaker:
    """A stored breaker."""
    return Breaker(
        row.integration_id,
        row.failures,
        row.failing_since,
        row.paused_at,
        row.cause,
        row.reason,
        row.probe_at,
    )


def _row(session: Session, integration_id: str) -> IntegrationState:
    """Locked, and made if it is the first that is known of the integration."""
    new = insert(IntegrationState).values(integration_id=integration_id, failures=0)
    session.execute(new.on_conflict_do_nothing())
    return session.get_one(IntegrationState, integration_id, with_for_update=True, populate_existing=True)


def unfinished(session: Session, integration_id: str) -> int:
    """How many events have come to this integration and not ended."""
    count = select(func.count()).select_from(Event)
    return session.scalar(count.where(Event.integration_id == integration_id, Event.ended_at.is_(None))) or 0
