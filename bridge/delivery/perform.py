"""A step becomes a call, and its answer becomes the next step.

| answer | class | what happens |
|---|---|---|
| a read is answered | read | it is added to the snapshot, and the event is decided again |
| 200 with a job id | submitted | confirm |
| 200 without a job id; time-out or reset after a write went out | unknown outcome | look for its trace |
| 5xx, 408, 425, 409 of a write | unknown outcome | look for its trace |
| 400, 405, 422 | rejected | park, with the issues and the place in the payload |
| 401, 403 | unauthorized | open the circuit breaker; no attempt is used up |
| 404, 410 | stale | park; an update or a cancel forgets the id of its appointment |
| refused, DNS, connect time-out; 5xx, 408, 425, 409 of a read | transient | again, with growing waits |
| 429, or no call left in this minute | budget | at the moment that the rate limiter names |
| all else | misconfigured | park |
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from bridge import metrics
from bridge.delivery.decide import decide, in_time
from bridge.delivery.enrichment import enrich
from bridge.delivery.rules import circuit_breaker
from bridge.delivery.rules.bodies import rejected
from bridge.delivery.rules.entities import AttemptRow, BookingRow, Breaker, ReadRow
from bridge.delivery.rules.in_flight import confirm_later, look_later
from bridge.delivery.rules.outcomes import LOOK_AFTER_UNKNOWN, Reason, WriteOutcome, backoff
from bridge.delivery.rules.state import Call, End, Enrich, Park, Read, Snapshot, StepDecision, Wait, Write
from bridge.delivery.tools import Tools
from bridge.models import Status
from bridge.propexo.client import Propexo
from bridge.propexo.errors import (
    MisconfiguredError,
    NotFoundError,
    Outcome,
    PropexoConflictError,
    PropexoError,
    RateLimitedError,
    RejectedError,
    TransientError,
    UnauthorizedError,
    UnknownOutcomeError,
)

FETCH = "fetch"
KINDS = (
    "create_lead", "update_lead", "create", "update", "cancel", "write_status", "write_log", "newest_leads",
    "find_leads", "get_lead",
    "list_appointments", "get_appointment", "list_units", "list_employees", "list_lead_sources",
    "appointment_availability", "probe", "login", FETCH,
)  # fmt: skip
"""What is called for, as it is counted; the `fetch_<name>` of senders' APIs are one."""
MOST_READS = 12
"""Of one run; an event that wants more has a defect of ours behind it."""
SHARED = ("list_units", "list_employees", "list_lead_sources", "write_log")
"""Calls that several events need at the same moment: one is made for all."""


@dataclass(frozen=True)
class Observation:
    """What a call says about its integration."""

    integration_id: str
    outcome: Outcome
    message: str
    probing: bool


@dataclass(frozen=True)
class Chain:
    """The results of the read calls of one run."""

    base: Snapshot
    """The snapshot with all answers."""
    decision: StepDecision
    reads: tuple[ReadRow, ...] = ()
    observations: tuple[Observation, ...] = ()


class Calls:
    """Makes the reading calls of a worker; may be shared between threads."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._guard = threading.Lock()
        self._shared: dict[Call, Future[Any]] = {}

    def read(self, call: Call) -> Any:
        """The answer to a call. Raises PropexoError."""
        if call.kind not in SHARED:
            return answer_to(self._tools.propexo, call)
        with self._guard:
            running = self._shared.get(call)
            if running is None:
                future = self._shared[call] = Future()
        if running is not None:
            return running.result()
        try:
            future.set_result(answer_to(self._tools.propexo, call))
        except BaseException as error:
            future.set_exception(error)
            raise
        finally:
            with self._guard:
                del self._shared[call]
        return future.result()

    def run(self, base: Snapshot, decision: StepDecision, now: datetime) -> Chain:
        """Make reading calls until the event is decided, or has a write to send."""
        reads: list[ReadRow] = []
        seen: list[Observation] = []
        while isinstance(decision.step, Read):
            call = decision.step.call
            if len(reads) >= MOST_READS:
                raise RuntimeError(
                    f"An event wants more than {MOST_READS} reading calls; the next is {call.kind}."
                )
            started = self._tools.clock()
            probing = call.integration_id in base.probing and call.integration_id not in base.reached
            try:
                with self._tools.calls_for(decision.snapshot.start):
                    answer = self.read(call)
            except PropexoError as error:
                seen.append(Observation(call.integration_id, error.outcome, error.message, probing))
                if error.outcome is not Outcome.BUDGET:
                    reads.append(self._row(call.kind, started, error.outcome, error.status, error.message))
                base = self._called(base, call.kind, error.outcome, started)
                snapshot = replace(decision.snapshot, event=_same_calls(decision.snapshot, base))
                step = after_failure(snapshot, error, call.integration_id, self._tools, now)
                return Chain(base, StepDecision(step, snapshot), tuple(reads), tuple(seen))
            reads.append(self._row(call.kind, started, Outcome.READ, 200, None))
            seen.append(Observation(call.integration_id, Outcome.READ, "", probing))
            base = self._called(base.with_answer(call, answer), call.kind, Outcome.READ, started)
            decision = decide(base, self._tools.settings, now)
        return Chain(base, decision, tuple(reads), tuple(seen))

    def run_enrichment(self, base: Snapshot, step: Enrich, now: datetime) -> Chain:
        """Ask a sender's API. The event has to be interpreted again, unless the answer ends its run."""
        source = base.interpretation.source
        assert source is not None  # it asks for the enrichment
        ended, answer, reads = enrich(self._tools, source, step, base.event.failure_count)
        for read in reads:
            base = self._called(base, read.kind, Outcome(read.outcome), read.started_at)
        if ended is not None:
            bounded = in_time(ended, base.event, base.start, now) if isinstance(ended, Wait) else ended
            return Chain(base, StepDecision(bounded, base), tuple(reads))
        enrichment = {**(base.event.enrichment or {}), step.fetch.into: answer}
        base = base.with_event(enrichment=enrichment, failure_count=0)
        return Chain(base, StepDecision(step, base), tuple(reads))

    def _row(
        self, kind: str, started: datetime, outcome: Outcome, status: int | None, detail: str | None
    ) -> ReadRow:
        return ReadRow(kind, started, self._tools.clock(), outcome, status, detail)

    @staticmethod
    def _called(base: Snapshot, kind: str, outcome: Outcome, started: datetime) -> Snapshot:
        return base.with_event(first_call_at=count(base, kind, outcome, started))


def _same_calls(snapshot: Snapshot, base: Snapshot) -> Any:
    return replace(
        snapshot.event,
        first_call_at=base.event.first_call_at,
        failure_count=base.event.failure_count,
    )


def count(snapshot: Snapshot, kind: str, outcome: Outcome, started: datetime) -> datetime | None:
    """Count a call; returns when the first one was made for the event."""
    metrics.ATTEMPTS.labels(FETCH if kind.startswith(FETCH) else kind, outcome).inc()
    event = snapshot.event
    if outcome is Outcome.BUDGET or event.first_call_at is not None:
        return event.first_call_at
    metrics.DELIVERY_LAG.observe((started - event.received_at).total_seconds())
    return started


def answer_to(propexo: Propexo, call: Call) -> Any:
    """Make one reading call. Raises PropexoError."""
    arguments = dict(call.arguments)
    if call.kind == "probe":
        return propexo.get_integration(call.integration_id)
    if call.kind == "get_lead":
        try:
            return propexo.get_lead(**arguments)
        except RejectedError:
            return None  # the id of another system
    if call.kind == "appointment_availability":
        try:
            return propexo.appointment_availability(**arguments)
        except (RejectedError, NotFoundError, TransientError, UnknownOutcomeError):
            return None  # an accepted tour does not wait for what the PMS may not offer
    method: Callable[..., Any] = getattr(propexo, call.kind)
    return method(**arguments)


def send(propexo: Propexo, write: Write) -> str:
    """Send a write; returns Propexo's job id. Raises PropexoError."""
    body = dict(write.request)
    match write.kind:
        case "create_lead":
            return propexo.create_lead(body)
        case "update_lead":
            return propexo.update_lead(body.pop("lead_id"), body)
        case "create":
            return propexo.create_appointment(body)
        case "update":
            return propexo.update_appointment(body.pop("event_id"), body)
        case "cancel":
            return propexo.cancel_appointment(body)


def after_failure(
    snapshot: Snapshot, error: PropexoError, integration_id: str, tools: Tools, now: datetime
) -> End:
    """What a call means that failed and left nothing behind."""
    step = _meaning(snapshot, error, integration_id, tools, now)
    return in_time(step, snapshot.event, snapshot.start, now) if isinstance(step, Wait) else step


def _meaning(
    snapshot: Snapshot, error: PropexoError, integration_id: str, tools: Tools, now: datetime
) -> Wait | Park:
    breaker = snapshot.breakers.get(integration_id) or Breaker(integration_id)
    after = circuit_breaker.after_call(breaker, error.outcome, error.message, now, probing=False)
    if isinstance(error, UnauthorizedError) or (
        after.paused_at is not None and error.outcome in circuit_breaker.UNREACHED
    ):
        return circuit_breaker.paused(replace(after, has_prober=False), now)
    match error:
        case RateLimitedError():
            return Wait(error.until, Status.WAITING, Reason.BUDGET, error.message, "budget")
        case NotFoundError() | RejectedError() if _is_unknown_lead(error):
            return Park(Reason.STALE_LINK, error.message)
        case RejectedError():
            return rejected(snapshot, error)
        case MisconfiguredError():
            return Park(Reason.MISCONFIGURED, error.message)
    failures = snapshot.event.failure_count
    wait = backoff(failures, tools.random)
    if error.retry_after:
        wait = max(wait, timedelta(seconds=error.retry_after))
    return Wait(now + wait, Status.RETRYING, Reason.TEMPORARY, error.message, failure_count=failures + 1)


@dataclass(frozen=True)
class Sent:
    """The result of a write."""

    decision: StepDecision
    observations: tuple[Observation, ...] = field(default=())


def after_write(
    snapshot: Snapshot,
    write: Write,
    attempt: AttemptRow,
    answer: str | PropexoError | None,
    tools: Tools,
    now: datetime,
) -> Sent:
    """Return what the answer to a write means: its job id, an error, or `None` where it was not sent in time."""
    owner = snapshot.booking if isinstance(write.owner, BookingRow) else snapshot.leads[write.owner.key]
    if isinstance(owner, BookingRow) and attempt.booking_id != owner.id:
        owner = next(duplicate for duplicate in snapshot.duplicates if duplicate.id == attempt.booking_id)
    assert owner is not None
    code = owner.reference_code
    if answer is None:
        closed = replace(attempt, outcome=WriteOutcome.NOT_SENT, finished_at=now)
        snapshot = snapshot.with_attempt(closed).with_owner(replace(owner, in_flight_attempt_id=None))
        detail = "The worker was too late to send it, so it starts again."
        return Sent(StepDecision(Wait(now, Status.RETRYING, Reason.TEMPORARY, detail), snapshot))
    if isinstance(answer, str):
        attempt = replace(attempt, outcome=Outcome.SUBMITTED, job_id=answer, status_code=200, finished_at=now)
        snapshot = snapshot.with_attempt(attempt).with_event(failure_count=0)
        if isinstance(owner, BookingRow):
            snapshot = snapshot.with_event(propexo_job_id=answer)
        seen = Observation(write.integration_id, Outcome.SUBMITTED, "", _is_probe(snapshot, write))
        return Sent(_bounded(confirm_later(snapshot, attempt, now, code), snapshot, now), (seen,))
    attempt = replace(
        attempt, outcome=answer.outcome, status_code=answer.status, detail=answer.message, finished_at=now
    )
    seen = Observation(write.integration_id, answer.outcome, answer.message, _is_probe(snapshot, write))
    if _may_have_arrived(answer):
        attempt = replace(attempt, look_count=1, look_at=now + LOOK_AFTER_UNKNOWN[0])
        snapshot = snapshot.with_attempt(attempt)
        return Sent(_bounded(look_later(attempt, code), snapshot, now), (seen,))
    owner = replace(owner, in_flight_attempt_id=None)
    if write.kind == "update_lead" and isinstance(answer, RejectedError | NotFoundError):
        snapshot = snapshot.with_attempt(attempt).with_owner(owner)
        return _again(snapshot, f"{answer.message} The notes of the appointment say it instead.", seen, now)
    if isinstance(owner, BookingRow) and owner.appointment_verified and _may_be_unknown(answer):
        # The id leads nowhere: the next run, or a replay, searches for the appointment by its reference.
        owner = replace(owner, appointment_id=None, appointment_verified=False)
        snapshot = snapshot.with_attempt(attempt).with_owner(owner)
        if not snapshot.refused_changes:
            detail = f"{answer.message} The bridge looks for the appointment by its reference."
            return _again(snapshot, detail, seen, now)
    snapshot = snapshot.with_attempt(attempt).with_owner(owner)
    if write.kind == "create" and _is_unknown_lead(answer) and not snapshot.refused_creates:
        snapshot = snapshot.forgetting_lead(write.request.get("lead_id"))
        return _again(snapshot, f"{answer.message} The bridge looks for the lead again.", seen, now)
    step = after_failure(snapshot, answer, write.integration_id, tools, now)
    return Sent(StepDecision(step, snapshot), (seen,))


def _again(snapshot: Snapshot, detail: str, seen: Observation, now: datetime) -> Sent:
    """A write that was refused, where the next run of the event tries another way immediately."""
    wait = Wait(now, Status.RETRYING, Reason.TEMPORARY, detail)
    return Sent(_bounded(wait, snapshot, now), (seen,))


def _bounded(wait: Wait, snapshot: Snapshot, now: datetime) -> StepDecision:
    return StepDecision(in_time(wait, snapshot.event, snapshot.start, now), snapshot)


def _is_probe(snapshot: Snapshot, write: Write) -> bool:
    return write.integration_id in snapshot.probing and write.integration_id not in snapshot.reached


def _may_be_unknown(error: PropexoError) -> bool:
    """Whether a change was refused because Propexo does not know the appointment.

    400 is the only error that it documents; one that names a field of the body is about that field.
    """
    about = {issue.path for issue in error.issues} - {"", "event_id", "id"}
    is_refused = isinstance(error, RejectedError) and error.status == HTTPStatus.BAD_REQUEST
    return isinstance(error, NotFoundError) or (is_refused and not about)


def _is_unknown_lead(error: PropexoError) -> bool:
    """Whether a create was refused because Propexo does not know its lead; 400 is the only error that it documents."""
    named = {issue.path for issue in error.issues}
    return isinstance(error, NotFoundError) or (isinstance(error, RejectedError) and named == {"lead_id"})


def _may_have_arrived(error: PropexoError) -> bool:
    if isinstance(error, TransientError):
        return error.sent
    return isinstance(error, UnknownOutcomeError | PropexoConflictError)
