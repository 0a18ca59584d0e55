"""Records what came of runs: one transaction for several lanes, or none of it.

A result counts only if the lease of its lane still holds and nobody else has changed its booking or lead since they
were loaded. Where one of several results fails, each is recorded alone, so that it does not cost the others theirs.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import count
from typing import Any

import psycopg
import structlog
from sqlalchemy import Connection, Engine, bindparam, delete, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.exc import DBAPIError

from bridge import queue, search_index
from bridge.delivery.booking_state import contact_code, contact_fields, event_time, merge_fields
from bridge.delivery.outcomes import WAITS_FOR_LATER, Reason, WriteOutcome
from bridge.delivery.rows import ATTEMPT, BOOKING, LEAD, RECORDED, RECORDED_COLUMNS, values_of
from bridge.delivery.state import (
    AttemptRow,
    BookingRow,
    EventRow,
    LeadRow,
    Merge,
    ReadRow,
    Snapshot,
    Write,
)
from bridge.errors import BridgeError
from bridge.keys import storable
from bridge.models import (
    Attempt,
    Booking,
    BookingReference,
    Choices,
    Event,
    Integration,
    KnownContact,
    Lead,
    Notice,
    Status,
)
from bridge.propexo.errors import Outcome
from bridge.queue import Claim, Release, Wakes

log = structlog.get_logger(__name__)

DATA_ERRORS = ("22", "23", "40", "54")
"""Classes of PostgreSQL's errors that speak of what is stored and not of the server."""


class ConflictError(BridgeError):
    """Somebody else has changed the booking or the lead meanwhile."""

    code = "conflict"


@dataclass(frozen=True)
class CachedList:
    """A list of Propexo's records that was read anew."""

    integration_id: str
    property_id: str
    kind: str
    fetched_at: datetime
    records: Sequence[Any]


@dataclass(frozen=True)
class Result:
    """What a run changes: from what was loaded to what was concluded."""

    claim: Claim
    before: Snapshot
    after: Snapshot
    intent: Write | None = None
    """A write that is about to be sent; the lane stays ours."""
    release: Release | None = None
    """Else the lane is given back."""
    reads: tuple[ReadRow, ...] = ()
    lists: tuple[CachedList, ...] = ()
    ranks: dict[int, int] = field(default_factory=dict)
    """Of other events of the lane that were read."""
    send_before: datetime | None = None

    @property
    def event(self) -> EventRow:
        return self.after.event


@dataclass(frozen=True)
class Recorded:
    """What became of a result."""

    result: Result
    after: Snapshot | None
    """The snapshot as it is stored now, with the ids of new rows; `None`: it was not recorded."""
    attempt: AttemptRow | None = None
    """The write on record."""
    is_lost: bool = False
    """Whether the lane is another worker's by now; else it has to be looked at again."""


def record(engine: Engine, results: Sequence[Result], now: datetime) -> list[Recorded]:
    """Record results. Raises DBAPIError where the database is away; then none of them is recorded."""
    if not results:
        return []
    try:
        with engine.connect() as connection:
            return _Transaction(connection, now).record(results)
    except (ConflictError, psycopg.Error, DBAPIError) as error:
        if not (isinstance(error, ConflictError) or _is_of_data(error)):
            raise
        if len(results) > 1:
            return [one for result in results for one in record(engine, [result], now)]
        return [_not_recorded(results[0], error)]


def _is_of_data(error: Exception) -> bool:
    original = error.orig if isinstance(error, DBAPIError) else error
    return (getattr(original, "sqlstate", None) or "").startswith(DATA_ERRORS)


def _not_recorded(result: Result, error: Exception) -> Recorded:
    original = error.orig if isinstance(error, DBAPIError) else error
    lost = isinstance(original, psycopg.errors.DivisionByZero)
    expected = (ConflictError, psycopg.errors.UniqueViolation, psycopg.errors.DeadlockDetected)
    if lost or isinstance(original, expected):
        log.info("a result came too late", event_id=result.event.id, lost_lease=lost)
    else:
        log.error("a result cannot be stored", event_id=result.event.id, error=type(original).__name__)
    return Recorded(result, None, is_lost=lost)


def record_sent(engine: Engine, result: Result, attempt_id: int, now: datetime) -> None:
    """Record what became of a write and nothing else, where the rest of its result cannot be stored.

    The event runs again at once and finds its booking as it is by now.
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
            mine = (
                Booking.open_attempt_id == attempt_id,
                {"open_attempt_id": None, "version": Booking.version + 1},
            )
            connection.execute(update(Booking).where(mine[0]).values(mine[1]))
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
        results = sorted(results, key=lambda one: one.claim.lane)
        afters = self._bookings(results)
        afters = self._leads(results, afters)
        afters, attempts = self._attempts(results, afters)
        self._contacts(results, afters)
        self._lists(results)
        self._events(results, afters)
        self._look_again(results, afters)
        queue.commit(
            self._connection,
            [one.claim for one in results if one.release is None],
            [one.release for one in results if one.release is not None],
            [wakes_of(one.before, after) for one, after in zip(results, afters, strict=True)],
        )
        return [
            Recorded(result, after, attempt)
            for result, after, attempt in zip(results, afters, attempts, strict=True)
        ]

    def _execute(self, statement: Any, rows: Sequence[dict[str, Any]], *, checked: bool = False) -> None:
        """Run a statement for each row; `checked`: each must find its row as it was loaded."""
        if not rows:
            return
        found = self._connection.execute(statement, list(rows))
        if checked and found.rowcount != len(rows):
            raise ConflictError

    def _ids(self, table: str, many: int) -> Callable[[], int]:
        if not many:
            return lambda: next(iter(()))
        ids = self._connection.scalars(
            text("SELECT nextval(pg_get_serial_sequence(:table, 'id')) FROM generate_series(1, :many)"),
            {"table": table, "many": many},
        ).all()
        position = count()
        return lambda: int(ids[next(position)])

    # Bookings: new ones, changed ones, and rows that turned out to be one.

    def _bookings(self, results: Sequence[Result]) -> list[Snapshot]:
        is_new = [one.after.booking is not None and one.after.booking.id is None for one in results]
        next_id = self._ids("bookings", sum(is_new))
        new: list[BookingRow] = []
        changed: list[tuple[BookingRow, int]] = []
        afters: list[Snapshot] = []
        for result in results:
            after = result.after
            booking = after.booking
            if booking is not None and booking.id is None:
                booking = replace(booking, id=next_id())
                new.append(booking)
                after = after.having(booking=booking).with_event(booking_id=booking.id)
            loaded = {row.id: row for row in (*result.before.bookings, *result.before.duplicates)}
            if result.before.booking is not None:
                loaded[result.before.booking.id] = result.before.booking
            deleted = {one.gone for one in after.merges if one.is_deleted}
            rows = [row for row in (booking, *after.duplicates) if row and row.id in loaded]
            for row in rows:
                if row.id not in deleted and row != loaded[row.id]:
                    changed.append((row, loaded[row.id].version))
                    after = after.with_owner(replace(row, version=loaded[row.id].version + 1))
            afters.append(after)
        self._execute(insert(Booking), [values_of(BOOKING, row) for row in new])
        names = [name for name in BOOKING if name not in ("id", "source", "created_at", "version")]
        changing = (
            update(Booking)
            .where(Booking.id == bindparam("this_id"), Booking.version == bindparam("this_version"))
            .values(
                {Booking.version.key: Booking.version + 1}
                | {BOOKING[name].key: bindparam(f"new_{BOOKING[name].key}") for name in names}
            )
        )
        parameters = [
            {"this_id": row.id, "this_version": version}
            | {f"new_{name}": value for name, value in values_of(BOOKING, row, names).items()}
            for row, version in sorted(changed, key=lambda one: one[0].id or 0)
        ]
        self._execute(changing, parameters, checked=True)
        for result in results:
            for merge in result.after.merges[len(result.before.merges) :]:
                self._merge(merge)
        self._references(results, afters)
        self._index(results, afters)
        return afters

    def _merge(self, merge: Merge) -> None:
        pair = {"kept": merge.kept, "gone": merge.gone, "version": merge.gone_version}
        for statement in _MERGE:
            self._connection.execute(text(statement), pair)
        if merge.is_deleted:
            self._connection.execute(
                text("UPDATE attempts SET booking_id = :kept WHERE booking_id = :gone"), pair
            )
            gone = delete(Booking).where(Booking.id == merge.gone, Booking.version == merge.gone_version)
            if self._connection.execute(gone).rowcount != 1:
                raise ConflictError

    def _references(self, results: Sequence[Result], afters: Sequence[Snapshot]) -> None:
        rows = [
            {"source": after.event.source, "reference": name, "booking_id": after.booking.id}
            for result, after in zip(results, afters, strict=True)
            if after.booking is not None and result.before.booking is None
            for name in after.event.known_by
            if name not in after.links
        ]
        self._execute(
            insert(BookingReference), sorted(rows, key=lambda row: (row["source"], row["reference"]))
        )

    def _index(self, results: Sequence[Result], afters: Sequence[Snapshot]) -> None:
        """Let tours be found by the words of their renters, where these have changed."""
        for result, after in zip(results, afters, strict=True):
            booking = after.booking
            if booking is None or booking.id is None:
                continue
            loaded = [row.fields for row in (*result.before.bookings, result.before.booking) if row]
            if booking.fields in loaded and not after.merges:
                continue
            words = search_index.words_in(dict(booking.fields))
            if after.merges or words != [
                word for one in loaded[:1] for word in search_index.words_in(dict(one))
            ]:
                search_index.keep(self._connection, booking.id, words)

    # Leads.

    def _leads(self, results: Sequence[Result], afters: Sequence[Snapshot]) -> list[Snapshot]:
        new: list[LeadRow] = []
        changed: list[tuple[LeadRow, LeadRow]] = []
        stored: list[Snapshot] = []
        for result, after in zip(results, afters, strict=True):
            for lead in after.leads.values():
                loaded = result.before.leads.get(lead.key)
                if lead.is_new:
                    new.append(lead)
                    after = after.with_lead(replace(lead, is_new=False))
                elif loaded is not None and lead != loaded:
                    changed.append((lead, loaded))
            intent = result.intent
            if (
                intent is not None
                and isinstance(intent.owner, LeadRow)
                and intent.owner.key not in after.leads
            ):
                new.append(intent.owner)
                after = after.with_lead(replace(intent.owner, is_new=False))
            stored.append(after)
        rows = [values_of(LEAD, row) for row in sorted(new, key=lambda row: row.key)]
        self._execute(insert(Lead), rows)
        same = (
            Lead.integration_id == bindparam("this_integration"),
            Lead.property_id == bindparam("this_property"),
            Lead.contact == bindparam("this_contact"),
            Lead.open_attempt_id.is_not_distinct_from(bindparam("this_attempt")),
            Lead.lead_id.is_not_distinct_from(bindparam("this_lead")),
        )
        values: dict[str, Any] = {
            "lead_id": bindparam("new_lead"),
            "created": bindparam("new_created"),
            "open_attempt_id": bindparam("new_attempt"),
        }
        parameters = [
            {
                "this_integration": row.integration_id,
                "this_property": row.property_id,
                "this_contact": row.contact,
                "this_attempt": loaded.in_flight_attempt_id,
                "this_lead": loaded.lead_id,
                "new_lead": row.lead_id,
                "new_created": row.created,
                "new_attempt": row.in_flight_attempt_id,
            }
            for row, loaded in sorted(changed, key=lambda pair: pair[0].key)
        ]
        self._execute(update(Lead).where(*same).values(values), parameters, checked=True)
        return stored

    # Attempts: reads that were made, writes that are about to be sent, and what became of them.

    def _attempts(
        self, results: Sequence[Result], afters: Sequence[Snapshot]
    ) -> tuple[list[Snapshot], list[AttemptRow | None]]:
        intents = sum(one.intent is not None for one in results)
        next_id = self._ids("attempts", sum(len(one.reads) for one in results) + intents)
        rows: list[dict[str, Any]] = []
        changed: list[AttemptRow] = []
        stored: list[Snapshot] = []
        written: list[AttemptRow | None] = []
        for result, after in zip(results, afters, strict=True):
            rows += [_read_values(next_id(), after.event.id, read) for read in result.reads]
            changed += [one for id_, one in after.attempts.items() if one != result.before.attempts.get(id_)]
            attempt = None
            if result.intent is not None:
                attempt = self._intent(next_id(), result, after)
                rows.append(values_of(ATTEMPT, attempt))
                after = self._take(after, result.intent, attempt)
            stored.append(after)
            written.append(attempt)
        self._execute(insert(Attempt), [{**_EMPTY, **row} for row in rows])
        names = [name for name in ATTEMPT if name not in ("id", "event_id", "booking_id", "kind", "request")]
        changing = (
            update(Attempt)
            .where(Attempt.id == bindparam("this_id"))
            .values({ATTEMPT[name].key: bindparam(f"new_{ATTEMPT[name].key}") for name in names})
        )
        parameters = [
            {"this_id": row.id}
            | {f"new_{name}": value for name, value in values_of(ATTEMPT, row, names).items()}
            for row in sorted(changed, key=lambda row: row.id)
        ]
        self._execute(changing, [_storable(one) for one in parameters])
        return stored, written

    def _intent(self, id_: int, result: Result, after: Snapshot) -> AttemptRow:
        write = result.intent
        assert write is not None
        owner = _stored_owner(after, write)
        return AttemptRow(
            id_,
            after.event.id,
            write.kind,
            self._now,
            WriteOutcome.SENDING,
            booking_id=owner.id if isinstance(owner, BookingRow) else None,
            request=write.request,
            detail=write.note,
            on_confirm=write.on_confirm,
            integration_id=write.integration_id,
            send_before=result.send_before,
        )

    def _take(self, after: Snapshot, write: Write, attempt: AttemptRow) -> Snapshot:
        """Let the owner point to the write, unless somebody has been faster. Both rows exist by now."""
        owner = _stored_owner(after, write)
        if isinstance(owner, BookingRow):
            taken = (
                update(Booking)
                .where(
                    Booking.id == owner.id,
                    Booking.version == owner.version,
                    Booking.open_attempt_id.is_(None),
                )
                .values(open_attempt_id=attempt.id, version=Booking.version + 1)
            )
            owner = replace(owner, in_flight_attempt_id=attempt.id, version=owner.version + 1)
        else:
            taken = (
                update(Lead)
                .where(
                    Lead.integration_id == owner.integration_id,
                    Lead.property_id == owner.property_id,
                    Lead.contact == owner.contact,
                    Lead.open_attempt_id.is_(None),
                    Lead.lead_id.is_(None),
                    ~Lead.created,
                )
                .values(open_attempt_id=attempt.id)
            )
            owner = replace(owner, in_flight_attempt_id=attempt.id)
        if self._connection.execute(taken).rowcount != 1:
            raise ConflictError
        after = after.with_owner(owner).with_attempt(attempt)
        return after.with_event(waiting_on=owner.reference_code)

    # Everything else.

    def _contacts(self, results: Sequence[Result], afters: Sequence[Snapshot]) -> None:
        """Who is behind a sender's id of a person."""
        for result, after in zip(results, afters, strict=True):
            request = after.interpretation.request
            if request is None or result.before.learned_contact is not None:
                continue
            contact_id = request.contact_id or request.reference
            same = (KnownContact.source == after.event.source, KnownContact.contact_id == contact_id)
            if after.learned_contact is not None:
                new = upsert(KnownContact).values(
                    source=after.event.source, contact_id=contact_id, details={}, used_at=self._now
                )
                self._connection.execute(new.on_conflict_do_nothing())
                known = self._connection.scalar(select(KnownContact.details).where(*same).with_for_update())
                moment = event_time(after.event, request.action)
                fields = merge_fields(known or {}, contact_fields(after.learned_contact), moment)
                changes: dict[str, Any] = {"details": fields, "used_at": self._now}
                self._connection.execute(update(KnownContact).where(*same).values(changes))
            elif after.uses_contact:
                self._connection.execute(update(KnownContact).where(*same).values(used_at=self._now))

    def _lists(self, results: Sequence[Result]) -> None:
        rows = {
            (one.integration_id, one.property_id, one.kind): vars(one)
            for result in results
            for one in result.lists
        }
        if rows:
            new = upsert(Choices).values([rows[key] for key in sorted(rows)])
            names = [Choices.integration_id, Choices.property_id, Choices.kind]
            values = {"fetched_at": new.excluded.fetched_at, "records": new.excluded.records}
            self._connection.execute(new.on_conflict_do_update(index_elements=names, set_=values))

    def _events(self, results: Sequence[Result], afters: Sequence[Snapshot]) -> None:
        changing = (
            update(Event)
            .where(Event.id == bindparam("this_id"), Event.ended_at.is_(None))
            .values(
                {
                    RECORDED_COLUMNS[name].key: bindparam(f"new_{RECORDED_COLUMNS[name].key}")
                    for name in RECORDED
                }
            )
        )
        parameters = [
            {"this_id": after.event.id}
            | {
                f"new_{name}": value
                for name, value in values_of(RECORDED_COLUMNS, after.event, RECORDED).items()
            }
            for after in sorted(afters, key=lambda one: one.event.id)
        ]
        self._execute(changing, [_storable(one) for one in parameters])
        ranks = [
            {"this_id": id_, "new_rank": rank} for one in results for id_, rank in sorted(one.ranks.items())
        ]
        ranked = update(Event).where(Event.id == bindparam("this_id")).values(rank=bindparam("new_rank"))
        self._execute(ranked, ranks)

    def _look_again(self, results: Sequence[Result], afters: Sequence[Snapshot]) -> None:
        """Whoever was recorded as waiting for what has ended meanwhile is due at once.

        The rows of what it waits for are locked: what ends later, sees that this event waits, and wakes it.
        """
        waiting = {
            after.event.id: after.event.waiting_on or "" for after in afters if not after.event.ended_at
        }
        predecessors = _numbers(waiting, "event:")
        ended: set[int] = set()
        if predecessors:
            locked = select(Event.id, Event.ended_at, Event.reason).where(Event.id.in_(predecessors.values()))
            rows = self._connection.execute(locked.order_by(Event.id).with_for_update(read=True)).all()
            over = {row.id for row in rows if row.ended_at or row.reason in WAITS_FOR_LATER}
            over |= set(predecessors.values()) - {row.id for row in rows}
            ended |= {id_ for id_, number in predecessors.items() if number in over}
        paused = {
            id_: code.removeprefix("integration:")
            for id_, code in waiting.items()
            if code.startswith("integration:")
        }
        if paused:
            still = select(Integration.integration_id).where(
                Integration.integration_id.in_(paused.values()), Integration.paused_at.is_not(None)
            )
            rows_ = set(self._connection.scalars(still.with_for_update(read=True)))
            ended |= {id_ for id_, integration_id in paused.items() if integration_id not in rows_}
        ended |= self._reported(afters)
        if ended:
            due = update(Event).where(Event.id.in_(ended)).values(next_attempt_at=func.now())
            self._connection.execute(due)
            woken = text("UPDATE lanes SET news = true, woken = true WHERE lane = ANY(:lanes)")
            lanes = sorted({one.claim.lane for one in results if one.event.id in ended})
            self._connection.execute(woken, {"lanes": lanes})

    def _reported(self, afters: Sequence[Snapshot]) -> set[int]:
        """Events of writes of which Propexo has reported the failure before their answer was recorded."""
        jobs = {
            f"job:{one.event.propexo_job_id}": one.event.id
            for one in afters
            if one.event.reason == Reason.CONFIRMATION and one.event.propexo_job_id
        }
        if not jobs:
            return set()
        found = self._connection.scalars(select(Notice.key).where(Notice.key.in_(jobs)))
        return {jobs[key] for key in found}


_MERGE = (
    "UPDATE booking_references SET booking_id = :kept WHERE booking_id = :gone",
    "UPDATE events SET booking_id = :kept WHERE booking_id = :gone",
    "UPDATE bookings SET merged_into = :kept WHERE merged_into = :gone",
)
_EMPTY: dict[str, Any] = {column.key: None for column in ATTEMPT.values()} | {"unlisted": 0, "look_count": 0}


def wakes_of(before: Snapshot, after: Snapshot) -> Wakes:
    """Whom a recorded event wakes: those that wait for it, for its booking or lead, or for its person."""
    codes: set[str] = set()
    event = after.event
    if event.ended_at is not None or event.reason in WAITS_FOR_LATER:
        codes.add(f"event:{event.id}")
    learned = None
    loaded = {row.id: row for row in (*before.bookings, *before.duplicates)}
    for row in filter(None, (after.booking, *after.duplicates)):
        known = loaded.get(row.id)
        if known is not None and replace(row, version=known.version) != known:
            codes |= {row.reference_code, known.reference_code}
            if row.fields != known.fields:
                learned = row.id
    for merge in after.merges:
        codes |= {row.reference_code for row in before.bookings if row.id == merge.gone}
    for key, lead in after.leads.items():
        if lead != before.leads.get(key):
            codes.add(lead.reference_code)
    for id_, attempt in after.attempts.items():
        known_attempt = before.attempts.get(id_)
        if known_attempt is not None and attempt.outcome != known_attempt.outcome and event.waiting_on:
            codes.add(event.waiting_on)
    request = after.interpretation.request
    if after.learned_contact is not None and request is not None:
        codes.add(contact_code(event.source, request.contact_id or request.reference))
    return Wakes(event.id, frozenset(codes), learned)


def _numbers(waiting: dict[int, str], prefix: str) -> dict[int, int]:
    return {id_: int(code.removeprefix(prefix)) for id_, code in waiting.items() if code.startswith(prefix)}


def _stored_owner(after: Snapshot, write: Write) -> BookingRow | LeadRow:
    """The owner of a write as it is stored by now."""
    if isinstance(write.owner, LeadRow):
        return after.leads[write.owner.key]
    rows = [row for row in (after.booking, *after.duplicates) if row is not None]
    if write.owner.id is None:
        assert after.booking is not None
        return after.booking
    return next(row for row in rows if row.id == write.owner.id)


def _read_values(id_: int, event_id: int, read: ReadRow) -> dict[str, Any]:
    return {"id": id_, "event_id": event_id, **_storable(vars(read))}


def _storable(values: dict[str, Any]) -> dict[str, Any]:
    """Without what PostgreSQL's text cannot hold."""
    return {name: storable(value) if isinstance(value, str) else value for name, value in values.items()}
