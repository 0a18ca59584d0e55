"""The circuit breaker of an integration: while it is open, events wait without using up attempts.

| state | entered by | left by |
|---|---|---|
| closed | | a refusal (401, 403); five calls in a row, over two minutes, that reached nobody; an operator |
| open | as above | a probe is due: half-open; `bridge integrations resume`: closed |
| half-open | one call takes the probe | it is answered: closed; it is not: open, until the next probe |

An operator's pause is never probed. Other integrations have rows of their own and do not notice. The transitions are
pure; `CircuitBreakers` is what operators do.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum

import structlog
from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from bridge import queue
from bridge.clock import Clock
from bridge.database import Database
from bridge.delivery.entities import Breaker
from bridge.delivery.outcomes import Reason
from bridge.delivery.state import Call, Read, Snapshot, Step, Wait, Write
from bridge.models import Event, Integration, Status
from bridge.propexo.errors import Outcome

log = structlog.get_logger(__name__)

PROBE_INTERVAL = timedelta(minutes=5)
RECHECK_INTERVAL = timedelta(minutes=30)
"""How often all others look whether they were forgotten; the end of the pause wakes them."""
OUTAGE_FAILURES = 5
OUTAGE_AFTER = timedelta(minutes=2)
"""So many calls in a row reached nobody, and for so long: an outage."""

REFUSED = (Outcome.UNAUTHORIZED,)
UNREACHED = (Outcome.TRANSIENT, Outcome.UNKNOWN)
ANSWERED = (Outcome.READ, Outcome.SUBMITTED, Outcome.REJECTED, Outcome.STALE, Outcome.CONFLICT)
"""A refusal of the content is an answer, too."""


class Cause(StrEnum):
    """Why an integration is paused."""

    REFUSED = "refused"
    """Propexo does not accept the token for it."""
    OUTAGE = "outage"
    """Nobody was reached."""
    OPERATOR = "operator"
    """An operator said so; never probed."""


def before_call(step: Step, snapshot: Snapshot, now: datetime) -> Step:
    """The step as the circuit breaker of its integration allows it.

    Before a write, where nobody was reached lately, comes a reading call: a write might get lost half-way.
    """
    if not isinstance(step, Read | Write):
        return step
    integration_id = step.call.integration_id if isinstance(step, Read) else step.integration_id
    breaker = snapshot.breakers.get(integration_id)
    if breaker is None or integration_id in snapshot.reached:
        return step
    is_shaky = breaker.failures > 0 if breaker.paused_at is None else breaker.cause == Cause.OUTAGE
    if is_shaky and isinstance(step, Write):
        step = Read(Call.of("probe", integration_id))
    if breaker.paused_at is None or integration_id in snapshot.probing:
        return step
    if breaker.probe_at is not None and breaker.probe_at <= now:
        return replace(step, takes_probe=True)
    return paused(breaker, now)


def paused(breaker: Breaker, now: datetime) -> Wait:
    """Until the next probe, if no other event is there to make it; else until the end of the pause wakes it."""
    until = now + RECHECK_INTERVAL
    if breaker.probe_at is not None and not breaker.has_prober:
        until = breaker.probe_at
    detail = f"The integration is paused. {breaker.reason or ''}".strip()
    waiting_on = f"integration:{breaker.integration_id}"
    return Wait(until, Status.WAITING, Reason.INTEGRATION_PAUSED, detail, waiting_on)


def after_call(breaker: Breaker, outcome: Outcome, message: str, now: datetime, *, probing: bool) -> Breaker:
    """The breaker after a call to its integration, whose probe it may have been."""
    if breaker.cause == Cause.OPERATOR:
        return breaker
    if outcome in ANSWERED:
        return Breaker(breaker.integration_id)
    if outcome in REFUSED:
        return _opened(breaker, Cause.REFUSED, message, now)
    if outcome in UNREACHED:
        failures, since = breaker.failures + 1, breaker.failing_since or now
        is_outage = failures >= OUTAGE_FAILURES and now - since >= OUTAGE_AFTER
        if breaker.paused_at is not None or is_outage:
            return _opened(breaker, Cause.OUTAGE, message, now)
        return replace(breaker, failures=failures, failing_since=since)
    # The probe was not sent, for want of budget: the next event may make it.
    is_free = probing and outcome is Outcome.BUDGET
    return replace(breaker, probe_at=now) if is_free and breaker.probe_at else breaker


def _opened(breaker: Breaker, cause: Cause, reason: str, now: datetime) -> Breaker:
    return replace(
        breaker,
        paused_at=breaker.paused_at or now,
        cause=cause,
        reason=reason,
        probe_at=now + PROBE_INTERVAL,
    )


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
        """End a pause of whatever cause. Returns how many events go on; `None`: it was not paused."""
        with self._database.session() as session:
            row = _row(session, integration_id)
            if row.paused_at is None:
                return None
            write(session, Breaker(integration_id))
            return unfinished(session, integration_id)

    def observe(self, integration_id: str, outcome: Outcome, message: str, *, probing: bool) -> Breaker:
        """Note what came of a call, and wake what waited if the breaker closes. Returns the breaker as it is now."""
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
        due = update(Integration).where(
            Integration.integration_id == integration_id, Integration.probe_at <= now
        )
        with self._database.single() as session:
            taken = due.values(probe_at=now + PROBE_INTERVAL).returning(Integration.integration_id)
            return session.scalar(taken) is not None


def write(session: Session, breaker: Breaker) -> None:
    """Store a breaker; one that closes wakes all that waited for it, in the session's transaction."""
    row = session.get_one(Integration, breaker.integration_id, with_for_update=True)
    closes = row.paused_at is not None and breaker.paused_at is None
    row.failures, row.failing_since = breaker.failures, breaker.failing_since
    row.paused_at, row.cause = breaker.paused_at, breaker.cause
    row.reason, row.probe_at = breaker.reason, breaker.probe_at
    session.flush()
    if closes:
        log.info("integration resumed", integration_id=breaker.integration_id)
        queue.wake(session.connection(), [f"integration:{breaker.integration_id}"])


def of_row(row: Integration) -> Breaker:
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


def _row(session: Session, integration_id: str) -> Integration:
    """Locked, and made if it is the first that is known of the integration."""
    new = insert(Integration).values(integration_id=integration_id, failures=0)
    session.execute(new.on_conflict_do_nothing())
    return session.get_one(Integration, integration_id, with_for_update=True, populate_existing=True)


def unfinished(session: Session, integration_id: str) -> int:
    """How many events have come to this integration and not ended."""
    count = select(func.count()).select_from(Event)
    return session.scalar(count.where(Event.integration_id == integration_id, Event.ended_at.is_(None))) or 0
