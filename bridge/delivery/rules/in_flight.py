"""The write of a booking or a lead whose outcome is not known yet: each has one at most.

It ends as the PMS confirms it, refuses it or writes a part of it. Where it is not known whether it arrived, the bridge
looks for its trace: Propexo documents no idempotency key, its write log lists finished jobs with their parameters
where the PMS gives them, and its cached records lag behind. A hit is certain, a miss proves nothing: so a create is
never sent again on a guess.
"""

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Literal

from bridge.delivery.rules import failures
from bridge.delivery.rules.entities import AttemptRow, BookingRow, Owner, changed
from bridge.delivery.rules.outcomes import (
    ANSWER_WITHIN,
    CONFIRM_AFTER,
    CONFIRM_FOR,
    CONFIRM_IN_BACKLOG,
    CONFIRM_SWEPT,
    LOOK_AFTER_UNKNOWN,
    RESEND_AFTER_LOOKS,
    Reason,
    WriteOutcome,
    delay_for,
)
from bridge.delivery.rules.state import Call, Park, Read, Snapshot, StepDecision, Wait
from bridge.models import Status
from bridge.propexo.client import WriteLogEntry, WriteState, WriteStatus
from bridge.propexo.errors import Outcome

Category = Literal["events", "leads"]

CREATES = ("create_lead", "create")
OF_LEADS = ("create_lead", "update_lead")
NOT_TAKEN = (408, 425, 503)
"""Statuses by which a server says that it did not take a request up. After any other error of a server a create
may have been written: it goes out again only when an operator has looked."""
MOST_MISSES = 3
"""After so many readings of the write log without a trace of a write, its own status is read."""

ATTRIBUTES = {
    "written_state": "confirmed_state",
    "written": "confirmed_tour",
    "property": "property_key",
    "code": "reference_code",
}
"""By column: the attributes of a row that have another name than their column."""

Adopt = Callable[[Snapshot], Mapping[str, Any] | Read | None]
"""Finds the record that a create of unknown outcome made, and returns the changes of its owner."""


def category_of(kind: str) -> Category:
    """The part of the write log that lists a write of this kind."""
    return "leads" if kind in OF_LEADS else "events"


def poll_again(
    snapshot: Snapshot,
    schedule: list[timedelta],
    reason: Reason,
    detail: str,
    now: datetime,
    *,
    status: Status = Status.WAITING,
    waiting_on: str | None = None,
) -> Wait:
    """Wait for the schedule's next poll; the polls for one reason are counted."""
    count = polls_for(snapshot, reason)
    until = now + delay_for(schedule, count)
    return Wait(until, status, reason, detail, waiting_on, poll_count=count + 1)


def polls_for(snapshot: Snapshot, reason: Reason) -> int:
    """How often the event has looked for one thing so far."""
    return snapshot.event.poll_count if snapshot.event.reason == reason else 0


def confirm_later(snapshot: Snapshot, attempt: AttemptRow, now: datetime, waiting_on: str) -> Wait:
    """When to poll whether the PMS has confirmed a write, unless the sweep of its integration finds out before."""
    is_swept = (attempt.integration_id, category_of(attempt.kind)) in snapshot.several_wait
    schedule = CONFIRM_SWEPT if is_swept else CONFIRM_AFTER
    schedule = CONFIRM_IN_BACKLOG if snapshot.is_backlog else schedule
    detail = "Queued at Propexo; waiting for the PMS to confirm it."
    return poll_again(
        snapshot, schedule, Reason.CONFIRMATION, detail, now, status=Status.SUBMITTED, waiting_on=waiting_on
    )


def look_later(attempt: AttemptRow, waiting_on: str) -> Wait:
    """When to search for the trace of a write of unknown outcome."""
    assert attempt.look_at is not None  # set with the outcome
    problem = attempt.detail or "The bridge stopped while it was sending."
    detail = f"{problem} The bridge looks whether it arrived before it sends again."
    return Wait(attempt.look_at, Status.WAITING, Reason.OUTCOME_UNKNOWN, detail, waiting_on)


def resolve_in_flight(
    snapshot: Snapshot, owner: Owner, integration_id: str, adopt: Adopt, now: datetime
) -> Snapshot | StepDecision:
    """Bring the owner's in-flight write to its end.

    Returns the snapshot in which the owner has none, or a decision: a call that has to be made, a wait, or an
    operator's turn.
    """
    assert owner.in_flight_attempt_id is not None
    attempt = snapshot.attempts[owner.in_flight_attempt_id]
    snapshot = snapshot.with_event(waiting_on=owner.reference_code)
    if attempt.outcome != Outcome.SUBMITTED:
        traced = _find_trace(snapshot, owner, attempt, integration_id, adopt, now)
        if isinstance(traced, StepDecision):
            return traced
        snapshot, attempt = traced, traced.attempts[attempt.id]
        if attempt.outcome != Outcome.SUBMITTED:
            return snapshot
    return _confirm(snapshot, owner, attempt, integration_id, adopt, now)


def _find_trace(
    snapshot: Snapshot, owner: Owner, attempt: AttemptRow, integration_id: str, adopt: Adopt, now: datetime
) -> Snapshot | StepDecision:
    """Whether a write of unknown outcome arrived: by its job in the write log, else by what it made."""
    shown = _operator_saw(snapshot, attempt)
    look_at = attempt.look_at or (attempt.send_before or attempt.started_at) + ANSWER_WITHIN
    if now < look_at and not shown:
        return StepDecision(_not_before(attempt, look_at, owner.reference_code), snapshot)
    log = _log_call(attempt, integration_id, now)
    if log not in snapshot.answers:
        return StepDecision(Read(log), snapshot)
    creates = attempt.kind in CREATES
    sent = attempt.request or {}
    trace = (
        owner.reference_code if creates else sent["lead_id" if attempt.kind == "update_lead" else "event_id"]
    )
    job_id = _find_job(snapshot, attempt, snapshot.answers[log], trace)
    if job_id:
        return snapshot.with_attempt(changed(attempt, outcome=Outcome.SUBMITTED, job_id=job_id))
    changes = adopt(snapshot) if creates else None
    if isinstance(changes, Read):
        return StepDecision(changes, snapshot)
    if changes is not None:
        return settle(snapshot, owner, attempt, WriteOutcome.CONFIRMED, changes)
    looks = max(attempt.look_count, 1)
    # An update or a cancel that is made twice is made once; a create is not.
    harmless = not creates or attempt.status_code in NOT_TAKEN
    if shown or (harmless and looks >= RESEND_AFTER_LOOKS):
        return settle(snapshot, owner, attempt, WriteOutcome.ABANDONED)
    if looks >= len(LOOK_AFTER_UNKNOWN):
        return StepDecision(Park(Reason.AMBIGUOUS, _evidence(attempt, owner.reference_code, looks)), snapshot)
    attempt = changed(attempt, look_count=looks + 1, look_at=now + delay_for(LOOK_AFTER_UNKNOWN, looks))
    return StepDecision(look_later(attempt, owner.reference_code), snapshot.with_attempt(attempt))


def _not_before(attempt: AttemptRow, look_at: datetime, waiting_on: str) -> Wait:
    if attempt.look_at is not None:
        return look_later(attempt, waiting_on)
    detail = "Its write is on the way, or the bridge stopped while it was sending."
    return Wait(look_at, Status.WAITING, Reason.OUTCOME_UNKNOWN, detail, waiting_on)


def _operator_saw(snapshot: Snapshot, attempt: AttemptRow) -> bool:
    """Whether the write had ended for an operator before this event was replayed; else no operator can have looked."""
    event = snapshot.event
    if event.replayed_at is None or event.replayed_at <= attempt.started_at:
        return False
    ended_at = attempt.event_ended_at
    return attempt.event_id == event.id or (ended_at is not None and ended_at <= event.replayed_at)


def _log_call(attempt: AttemptRow, integration_id: str, now: datetime) -> Call:
    age = now - attempt.started_at + timedelta(minutes=10)  # clocks differ
    time_range = "hour" if age < timedelta(hours=1) else "day" if age < timedelta(days=1) else "week"
    return Call.of(
        "write_log",
        integration_id,
        integration_id=integration_id,
        category=category_of(attempt.kind),
        time_range=time_range,
    )


def _find_job(
    snapshot: Snapshot, attempt: AttemptRow, entries: list[WriteLogEntry], trace: str
) -> str | None:
    """The job of a write, by our reference or the appointment's id in the parameters of the write log."""
    for entry in entries:
        if (
            mentions(entry, trace)
            and _is_same_write(entry, attempt)
            and entry.job_id not in snapshot.known_jobs
        ):
            return entry.job_id
    return None


def _is_same_write(entry: WriteLogEntry, attempt: AttemptRow) -> bool:
    """Every update and cancel of an appointment names its id: they differ only in their other values."""
    sent = attempt.request or {}
    if attempt.kind == "cancel":
        return not mentions(entry, "appointment_date")
    if attempt.kind == "update_lead":
        return all(mentions(entry, value) for name, value in sent.items() if name != "lead_id")
    if attempt.kind == "update":
        values = [sent[name] for name in ("appointment_date", "appointment_time") if name in sent]
        return all(mentions(entry, value) for value in values)
    return True


def mentions(entry: WriteLogEntry, text: str) -> bool:
    """Whether a write carried this text. `parameters` has no documented shape, so all of it is searched."""
    return text in json.dumps(entry.parameters, default=str)


def _confirm(
    snapshot: Snapshot, owner: Owner, attempt: AttemptRow, integration_id: str, adopt: Adopt, now: datetime
) -> Snapshot | StepDecision:
    status = _status_of(snapshot, attempt, integration_id)
    if isinstance(status, Read):
        return StepDecision(status, snapshot)
    match status.status:
        case WriteState.PENDING:
            return StepDecision(_still_pending(snapshot, owner, attempt, now), snapshot)
        case WriteState.SUCCESS:
            return settle(snapshot, owner, attempt, WriteOutcome.CONFIRMED, _changes(attempt, status))
        case WriteState.FAILURE:
            return _failed(snapshot, owner, attempt, _message(status), adopt, now)
        case WriteState.PARTIAL_SUCCESS:
            changes = _changes(attempt, status)
            snapshot = settle(snapshot, owner, attempt, WriteOutcome.PARTLY, changes, detail=_message(status))
            detail = f"The PMS wrote only a part: {_message(status)}"
            return StepDecision(Park(Reason.PARTLY_WRITTEN, detail), snapshot)


def _failed(
    snapshot: Snapshot, owner: Owner, attempt: AttemptRow, words: str, adopt: Adopt, now: datetime
) -> Snapshot | StepDecision:
    """A failure does not prove that nothing was written: look for what a create made, and take it over."""
    changes = adopt(snapshot) if attempt.kind in CREATES else None
    if isinstance(changes, Read):
        return StepDecision(changes, snapshot)
    if changes is not None:
        return settle(
            snapshot, owner, attempt, WriteOutcome.CONFIRMED, changes, detail=f"It is there. {words}"
        )
    snapshot = settle(snapshot, owner, attempt, WriteOutcome.FAILED, detail=words)
    if attempt.event_id == snapshot.event.id:
        snapshot = snapshot.with_event(propexo_job_id=None)
    step = failures.after_failure(words, snapshot.failed_writes, now)
    if attempt.kind == "update_lead" and isinstance(step, Park):
        return snapshot.having(lead_update_refused=True)  # the notes say it instead
    return StepDecision(step, snapshot)


def _status_of(snapshot: Snapshot, attempt: AttemptRow, integration_id: str) -> WriteStatus | Read:
    """The state of a submitted write: as the sweep of the write log noted it, else by its own write-status."""
    wants_lead_id = (attempt.on_confirm or {}).get("id_column") == "lead_id"
    if attempt.write_log_state == WriteState.SUCCESS and not wants_lead_id:
        return WriteStatus(WriteState.SUCCESS, (), None)
    may_be_listed = attempt.write_log_state is None and attempt.write_log_misses < MOST_MISSES
    if may_be_listed and (integration_id, category_of(attempt.kind)) in snapshot.several_wait:
        return WriteStatus(WriteState.PENDING, (), None)
    call = Call.of("write_status", integration_id, job_id=attempt.job_id or "")
    answer: WriteStatus | None = snapshot.answers.get(call)
    return answer or Read(call)


def _still_pending(snapshot: Snapshot, owner: Owner, attempt: AttemptRow, now: datetime) -> Wait | Park:
    since = max(filter(None, (attempt.sent_at, snapshot.event.replayed_at)))
    if now - since < CONFIRM_FOR:
        return confirm_later(snapshot, attempt, now, owner.reference_code)
    detail = (
        f"Propexo's job {attempt.job_id} is still pending after an hour. Look in the PMS; replay asks again."
    )
    return Park(Reason.UNCONFIRMED, detail)


def settle(
    snapshot: Snapshot,
    owner: Owner,
    attempt: AttemptRow,
    outcome: WriteOutcome,
    changes: Mapping[str, Any] | None = None,
    *,
    detail: str | None = None,
) -> Snapshot:
    """End the owner's in-flight write; `changes` are columns of the owner, if any."""
    snapshot = snapshot.with_attempt(changed(attempt, outcome=outcome, detail=detail or attempt.detail))
    row = changed(owner, **by_attribute(changes or {}), in_flight_attempt_id=None)
    snapshot = snapshot.with_owner(row)
    if changes is not None and isinstance(owner, BookingRow) and attempt.event_id == snapshot.event.id:
        job_id = attempt.job_id or f"found:{changes.get('appointment_id')}"
        snapshot = snapshot.with_event(propexo_job_id=job_id)
    if outcome is WriteOutcome.ABANDONED:
        snapshot = snapshot.with_event(
            reason=None, poll_count=0
        )  # the next one is looked for from the beginning
    return snapshot


def by_attribute(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Changes of columns under the names of the attributes that a row has for them."""
    return {ATTRIBUTES.get(column, column): value for column, value in changes.items()}


def _changes(attempt: AttemptRow, status: WriteStatus) -> dict[str, Any]:
    changes = dict(attempt.on_confirm or {})
    id_column = changes.pop("id_column", None)
    return {**changes, id_column: status.created_record_id} if id_column else changes


def _message(status: WriteStatus) -> str:
    return " ".join(status.errors) or "it gave no reason."


def _evidence(attempt: AttemptRow, code: str, looks: int) -> str:
    return (
        f"Sent at {attempt.started_at:%Y-%m-%d %H:%M:%S} UTC, with no usable answer "
        f"({attempt.detail or 'the bridge stopped while it was sending'}). "
        f"{looks} looks at Propexo's write log and records found no trace of {code}, which proves nothing. "
        "Look in the PMS: if it is there, dismiss; if not, replay, which looks once more and then sends it."
    )
