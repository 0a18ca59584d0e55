"""Records the outcomes of runs, in one transaction for several lanes.

A result counts only if the lease of its lane still holds and no other worker has changed its booking or lead since they
were loaded. Where one of several results fails, each is recorded alone, so that it does not cost the others theirs.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import psycopg
import structlog
from sqlalchemy import Connection, Engine, func, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.exc import DBAPIError

from bridge import metrics, queue
from bridge.delivery.decided_requests import end_decided_requests
from bridge.delivery.results import Recorded, Result
from bridge.delivery.rules.booking_state import contact_code, contact_fields, event_time, merge_fields
from bridge.delivery.rules.entities import EventRow, changed
from bridge.delivery.rules.outcomes import WAITS_FOR_LATER, Reason, WriteOutcome
from bridge.delivery.rules.state import Snapshot
from bridge.delivery.storage.claims import store_claims
from bridge.delivery.storage.record_rows import (
    ConflictError,
    Draft,
    store_attempts,
    store_bookings,
    store_leads,
)
from bridge.delivery.storage.rows import RECORDED, RECORDED_AT_INTENT, RECORDED_COLUMNS, Change
from bridge.models import (
    Attempt,
    Booking,
    Event,
    IntegrationState,
    KnownContact,
    Lead,
    ProcessedWebhook,
    RecordCache,
    Status,
)
from bridge.propexo.errors import Outcome
from bridge.queue import Release, Wakes

log = structlog.get_logger(__name__)

DATA_ERRORS = ("22", "23", "40", "54")
"""Classes of PostgreSQL's errors that speak of what is stored and not of the server."""


_IS_OPEN, _SAME = Event.ended_at.is_(None), {"id": Event.id}
_END = Change(Event, RECORDED_COLUMNS, RECORDED, _IS_OPEN, same=_SAME)
_INTENT = Change(Event, RECORDED_COLUMNS, RECORDED_AT_INTENT, _IS_OPEN, same=_SAME)
_RANK = Change(Event, RECORDED_COLUMNS, ("rank",), _IS_OPEN, same=_SAME)


def record(
    engine: Engine, results: Sequence[Result], now: datetime, *, may_repeat: bool = True
) -> list[Recorded]:
    """Record results. Raises DBAPIError or psycopg.Error where the database is away; then none of them is recorded."""
    if not results:
        return []
    try:
        with engine.connect() as connection:
            return _Transaction(connection, now).record(results)
    except (ConflictError, psycopg.Error, DBAPIError) as error:
        if not (isinstance(error, ConflictError) or _is_of_data(error)):
            raise
        if len(results) > 1 or (_is_deadlock(error) and may_repeat):
            return [
                recorded for result in results for recorded in record(engine, [result], now, may_repeat=False)
            ]
        return [_not_recorded(results[0], error)]


def _is_deadlock(error: Exception) -> bool:
    original = error.orig if isinstance(error, DBAPIError) else error
    return isinstance(original, psycopg.errors.DeadlockDetected)


def _is_of_data(error: Exception) -> bool:
    original = error.orig if isinstance(error, DBAPIError) else error
    return (getattr(original, "sqlstate", None) or "").startswith(DATA_ERRORS)


def _not_recorded(result: Result, error: Exception) -> Recorded:
    original = error.orig if isinstance(error, DBAPIError) else error
    lost = isinstance(original, psycopg.errors.DivisionByZero)
    expected = (ConflictError, psycopg.errors.UniqueViolation, psycopg.errors.DeadlockDetected)
    is_late = lost or isinstance(original, expected)
    if is_late:
        log.info("a result came too late", **result.event.log_fields, lost_lease=lost)
    else:
        log.error("a result cannot be stored", **result.event.log_fields, error=type(original).__name__)
    return Recorded(result, None, is_lost=lost, is_late=is_late)


def record_sent(engine: Engine, result: Result, attempt_id: int, now: datetime) -> None:
    """Record what became of a write and nothing else, where the rest of its result cannot be stored.

    The event runs again immediately, with its booking as it is by then.
    """
    sent = result.after.attempts[attempt_id]
    is_open = sent.outcome == Outcome.SUBMITTED or sent.look_at is not None
    with engine.connect() as connection:
        changes = {
            name: getattr(sent, name)
            for name in ("outcome", "status_code", "job_id", "finished_at", "look_count", "look_at")
        }
        still = (Attempt.id == attempt_id, Attempt.outcome == WriteOutcome.SENDING)
        connection.execute(update(Attempt).where(*still).values(changes))
        if not is_open:
            in_flight = (
                Booking.open_attempt_id == attempt_id,
                {"open_attempt_id": None, "version": Booking.version + 1},
            )
            connection.execute(update(Booking).where(in_flight[0]).values(in_flight[1]))
            lead = update(Lead).where(Lead.open_attempt_id == attempt_id)
            connection.execute(lead.values(open_attempt_id=None))
        event = update(Event).where(Event.id == result.event.id, Event.ended_at.is_(None))
        state = (Status.SUBMITTED, Reason.CONFIRMATION) if is_open else (Status.RETRYING, Reason.TEMPORARY)
        connection.execute(
            event.values(
                status=state[0], reason=state[1], job_id=result.event.propexo_job_id, next_attempt_at=now
            )
        )
        release = Release(result.claim.lane, result.claim.lease, now)
        queue.commit(connection, [], [release], [])


class _Transaction:
    """One transaction."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection, self._now = connection, now

    def record(self, results: Sequence[Result]) -> list[Recorded]:
        drafts = [
            Draft(result, result.after) for result in sorted(results, key=lambda result: result.claim.lane)
        ]
        store_bookings(self._connection, drafts)
        store_claims(self._connection, drafts)
        store_leads(self._connection, drafts)
        store_attempts(self._connection, drafts, self._now)
        self._contacts(drafts)
        self._lists(drafts)
        self._events(drafts)
        end_decided_requests(self._connection, drafts, self._now)
        self._look_again(drafts)
        queue.commit(
            self._connection,
            [draft.result.claim for draft in drafts if draft.result.release is None],
            [draft.result.release for draft in drafts if draft.result.release is not None],
            [wakes_of(draft.result.before, draft.after) for draft in drafts],
        )
        return [Recorded(draft.result, draft.after, draft.attempt) for draft in drafts]

    def _contacts(self, drafts: Sequence[Draft]) -> None:
        """The contact behind a sender's id of a person."""
        for draft in drafts:
            after = draft.after
            request = after.interpretation.request
            if request is None or not (after.learned_contact or after.uses_contact):
                continue
            if draft.result.before.learned_contact or draft.result.before.uses_contact:
                continue
            contact_id = request.contact_id or request.reference
            same = (KnownContact.source == after.event.source, KnownContact.contact_id == contact_id)
            changes: dict[str, Any] = {"used_at": self._now}
            if after.learned_contact is not None:
                new = upsert(KnownContact).values(
                    source=after.event.source, contact_id=contact_id, details={}, used_at=self._now
                )
                self._connection.execute(new.on_conflict_do_nothing())
                known = self._connection.scalar(select(KnownContact.details).where(*same).with_for_update())
                moment = event_time(after.event, request.action)
                fields = merge_fields(known or {}, contact_fields(after.learned_contact), moment)
                changes["details"] = fields
            self._connection.execute(update(KnownContact).where(*same).values(changes))

    def _lists(self, drafts: Sequence[Draft]) -> None:
        rows = {
            (listing.integration_id, listing.property_id, listing.kind): vars(listing)
            for draft in drafts
            for listing in draft.result.lists
        }
        if rows:
            new = upsert(RecordCache).values([rows[key] for key in sorted(rows)])
            names = [RecordCache.integration_id, RecordCache.property_id, RecordCache.kind]
            values = {"fetched_at": new.excluded.fetched_at, "records": new.excluded.records}
            self._connection.execute(new.on_conflict_do_update(index_elements=names, set_=values))

    def _events(self, drafts: Sequence[Draft]) -> None:
        by_id = sorted(drafts, key=lambda draft: draft.after.event.id)
        for change, chosen in (
            (_RANK, [draft for draft in by_id if draft.result.is_put_back]),
            (_INTENT, [draft for draft in by_id if draft.result.intent is not None]),
            (_END, [draft for draft in by_id if not (draft.result.intent or draft.result.is_put_back)]),
        ):
            rows = [change.parameters(draft.after.event, id=draft.after.event.id) for draft in chosen]
            change.execute(self._connection, rows)
        ranks = [
            {"this_id": id_, "new_rank": rank}
            for draft in drafts
            for id_, rank in sorted(draft.result.ranks.items())
        ]
        _RANK.execute(self._connection, ranks)
        for draft in drafts:
            event, changes = draft.after.event, dict[str, Any]()
            if event.enrichment != draft.result.before.event.enrichment:
                changes["answers"] = event.enrichment
            if event.would_write is not None and draft.result.release is not None:
                changes["would_write"] = event.would_write
            if changes:
                self._connection.execute(update(Event).where(Event.id == event.id).values(changes))

    def _look_again(self, drafts: Sequence[Draft]) -> None:
        """An event that was recorded as waiting for something that has ended meanwhile is due immediately.

        The rows of what it waits for are locked: what ends later, sees that this event waits, and wakes it. An event
        that was put back waits only for its turn, no longer for anything else.
        """
        waiting = {
            draft.after.event.id: draft.after.event.waiting_on or ""
            for draft in drafts
            if draft.result.release is not None
            and not draft.result.is_put_back
            and draft.after.event.ended_at is None
        }
        predecessors = _numbers(waiting, "event:")
        ended: set[int] = set()
        if predecessors:
            locked = select(Event.id, Event.ended_at, Event.reason).where(Event.id.in_(predecessors.values()))
            rows = self._connection.execute(
                locked.order_by(Event.id).with_for_update(read=True, skip_locked=True)
            ).all()
            over = {row.id for row in rows if row.ended_at or row.reason in WAITS_FOR_LATER}
            over |= set(predecessors.values()) - {row.id for row in rows}
            ended |= {id_ for id_, number in predecessors.items() if number in over}
        paused = {
            id_: code.removeprefix("integration:")
            for id_, code in waiting.items()
            if code.startswith("integration:")
        }
        if paused:
            still = select(IntegrationState.integration_id).where(
                IntegrationState.integration_id.in_(paused.values()), IntegrationState.paused_at.is_not(None)
            )
            rows_ = set(self._connection.scalars(still.with_for_update(read=True, skip_locked=True)))
            ended |= {id_ for id_, integration_id in paused.items() if integration_id not in rows_}
        ended |= self._reported(drafts)
        if ended:
            due = update(Event).where(Event.id.in_(ended)).values(next_attempt_at=func.now())
            self._connection.execute(due)
            woken = text("UPDATE lanes SET news = true, woken = true WHERE lane = ANY(:lanes)")
            lanes = sorted({draft.result.claim.lane for draft in drafts if draft.after.event.id in ended})
            self._connection.execute(woken, {"lanes": lanes})

    def _reported(self, drafts: Sequence[Draft]) -> set[int]:
        """Events of writes of which Propexo has reported the failure before their answer was recorded."""
        jobs = {
            f"job:{draft.after.event.propexo_job_id}": draft.after.event.id
            for draft in drafts
            if draft.after.event.reason == Reason.CONFIRMATION and draft.after.event.propexo_job_id
        }
        if not jobs:
            return set()
        found = self._connection.scalars(select(ProcessedWebhook.key).where(ProcessedWebhook.key.in_(jobs)))
        return {jobs[key] for key in found}


def wakes_of(before: Snapshot, after: Snapshot) -> Wakes:
    """Whom a recorded event wakes: those that wait for it, for its booking or lead, or for its person."""
    codes: set[str] = set()
    event = after.event
    if event.ended_at is not None or event.reason in WAITS_FOR_LATER:
        codes.add(f"event:{event.id}")
    learned = None
    known_rows = (*before.related, *before.bookings, *before.duplicates, before.booking)
    loaded = {row.id: row for row in known_rows if row}
    for row in filter(None, (after.booking, *after.duplicates)):
        known = loaded.get(row.id)
        if known is not None and changed(row, version=known.version) != known:
            codes |= {row.reference_code, known.reference_code}
            if row.fields != known.fields:
                learned = row.id
    for merge in after.merges:
        codes |= {row.reference_code for row in (*before.bookings, *before.related) if row.id == merge.gone}
    codes |= {lead.reference_code for key, lead in after.leads.items() if lead != before.leads.get(key)}
    known_outcomes = {id_: attempt.outcome for id_, attempt in before.attempts.items()}
    learned_of = [
        attempt
        for id_, attempt in after.attempts.items()
        if attempt.outcome != known_outcomes.get(id_, attempt.outcome)
    ]
    if learned_of and event.waiting_on:
        codes.add(event.waiting_on)
    request = after.interpretation.request
    if after.learned_contact is not None and request is not None:
        codes.add(contact_code(event.source, request.contact_id or request.reference))
    return Wakes(event.id, frozenset(codes), learned)


def _numbers(waiting: dict[int, str], prefix: str) -> dict[int, int]:
    return {id_: int(code.removeprefix(prefix)) for id_, code in waiting.items() if code.startswith(prefix)}


def release(engine: Engine, idle: Sequence[Release]) -> None:
    """Give lanes back in which nothing can run now; those whose lease has ended are another worker's."""
    for part in [list(idle), *([claim] for claim in idle)]:
        try:
            with engine.connect() as connection:
                queue.commit(connection, [], part, [])
        except psycopg.errors.DivisionByZero:
            continue  # a lease has ended: each is given back alone
        if len(part) == len(idle):
            return


def is_news(before: EventRow, after: EventRow) -> bool:
    """Whether a run has left an event in another state than it was in: ended, waiting for something else, failed."""
    return after.ended_at is not None or _state(before) != _state(after)


def _state(event: EventRow) -> tuple[object, ...]:
    return event.status, event.reason, event.failure_count, event.propexo_job_id


def report(before: EventRow, event: EventRow) -> None:
    """Log and count what became of an event. A run that leaves it as it was, waiting for budget, is not logged."""
    if is_news(before, event):
        log.info(
            "event ran", **event.log_fields, source=event.source, status=event.status, reason=event.reason
        )
    if event.ended_at is None:
        return
    metrics.ENDED.labels(event.status).inc()
    if event.status == Status.WRITTEN:
        since = event.replayed_at or event.received_at
        metrics.EVENT_TO_WRITTEN.observe((event.ended_at - since).total_seconds())
