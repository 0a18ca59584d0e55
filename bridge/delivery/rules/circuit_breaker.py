"""The circuit breaker of an integration: while it is open, events wait without using up attempts.

| state | entered by | left by |
|---|---|---|
| closed | | a refusal (401, 403); five calls in a row, over two minutes, that got no answer; an operator |
| open | as above | a probe is due: half-open; `bridge integrations resume`: closed |
| half-open | one call takes the probe | it is answered: closed; it is not: open, until the next probe |

An operator's pause is never probed. Other integrations have rows of their own and do not notice. `CircuitBreakers`
(bridge/delivery/storage/breakers.py) stores them.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum

from bridge.delivery.rules.entities import Breaker
from bridge.delivery.rules.outcomes import Reason
from bridge.delivery.rules.state import Call, Read, Snapshot, Step, Wait, Write
from bridge.models import Status
from bridge.propexo.errors import Outcome

PROBE_INTERVAL = timedelta(minutes=5)
RECHECK_INTERVAL = timedelta(minutes=30)
"""How often all others check whether they were forgotten; the end of the pause wakes them."""
OUTAGE_FAILURES = 5
OUTAGE_AFTER = timedelta(minutes=2)
"""This many calls in a row without an answer, over at least this long, are an outage."""

REFUSED = (Outcome.UNAUTHORIZED,)
UNREACHED = (Outcome.TRANSIENT, Outcome.UNKNOWN)
ANSWERED = (Outcome.READ, Outcome.SUBMITTED, Outcome.REJECTED, Outcome.STALE, Outcome.CONFLICT)
"""A refusal of the content is an answer, too."""


class Cause(StrEnum):
    """Why an integration is paused."""

    REFUSED = "refused"
    """Propexo does not accept the token for it."""
    OUTAGE = "outage"
    """No answer."""
    OPERATOR = "operator"
    """Paused by an operator; never probed."""


def before_call(step: Step, snapshot: Snapshot, now: datetime) -> Step:
    """The step as the circuit breaker of its integration allows it.

    Before a write, after recent calls without an answer, comes a read: a write might get lost half-way.
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
