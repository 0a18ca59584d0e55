"""One sweep for each integration: where several writes wait for their confirmation, their write log is read for all.

Propexo confirms a write by write-status, one call each. The write log of an integration lists finished jobs, a hundred
in a call, by their job ids; one that is pending, or ended in part, is not listed. The sweep notes on the attempts what
the log says and wakes their events, which `decide` ends. Write-status is read for what the log does not say: why
something failed, and ids that nothing else shows.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import ColumnElement, Connection, bindparam, case, func, select, update
from sqlalchemy.dialects.postgresql import insert

from bridge import queue
from bridge.delivery.rules.entities import AttemptRow
from bridge.delivery.rules.in_flight import MOST_MISSES, OF_LEADS, Category
from bridge.delivery.rules.outcomes import CONFIRM_AFTER
from bridge.delivery.storage.rows import ATTEMPT, labelled
from bridge.models import Attempt, Booking, Lead, WriteLogCursor
from bridge.propexo.client import Propexo, WriteLogEntry, WriteState
from bridge.propexo.errors import Outcome, PropexoError

SEVERAL = 10
"""From so many writes on, that wait in one integration, their log is read. Fewer are asked for one by one: that costs
some calls more, is sooner, and brings the ids of the appointments along."""
SWEEP_EVERY = timedelta(seconds=10)
"""At the longest. With a large budget the log is read more often: a first page takes so much of the minute's calls."""
SWEEP_SHARE = 0.01
SWEEP_EVERY_AT_LEAST = timedelta(seconds=1)
SWEEP_EVERY_IN_BACKLOG = timedelta(seconds=30)
MAYBE_WRITTEN_AFTER = timedelta(seconds=1)
"""A reading of the log for older writes shows younger ones as well, which then need not ask."""
IN_HOUR = timedelta(minutes=50)
"""Until then the log of the last hour is enough, even if the clocks differ."""

Key = tuple[str, Category]
"""An integration and a part of its write log."""


@dataclass(frozen=True)
class Waiting:
    """Writes that wait for their confirmation, of one part of an integration's log."""

    key: Key
    attempts: tuple[AttemptRow, ...]
    codes: Mapping[int, str]
    """By attempt the reference code of the lead that it makes."""


@dataclass(frozen=True)
class SweepResult:
    """What a sweep found: by attempt its state, and the id of the lead that it made."""

    waiting: Waiting
    states: Mapping[int, WriteState]
    lead_ids: Mapping[int, str]
    error: PropexoError | None = None


_MAY_BE_LISTED = (
    Attempt.outcome == Outcome.SUBMITTED,
    Attempt.listed.is_(None),
    Attempt.unlisted < MOST_MISSES,
    Attempt.sent_at <= bindparam("maybe_written"),
)
_GRACE = func.make_interval(0, 0, 0, 0, 0, 0, Attempt.unlisted * int(SWEEP_EVERY.total_seconds()))
_CATEGORY: ColumnElement[str] = case((Attempt.kind.in_(OF_LEADS), "leads"), else_="events")
_SEVERAL_WAITING = (
    select(
        Attempt.integration_id,
        _CATEGORY,
        # A write is due when the log should show it; each miss gives it as long as a rare reading does.
        func.bool_or(Attempt.sent_at + _GRACE <= bindparam("listed_by_now")),
    )
    .where(*_MAY_BE_LISTED)
    .group_by(Attempt.integration_id, _CATEGORY)
    .having(func.count() >= SEVERAL)
)
_WAITING = (
    select(*labelled(ATTEMPT))
    .where(
        Attempt.integration_id == bindparam("integration"),
        bindparam("category") == _CATEGORY,
        *_MAY_BE_LISTED,
    )
    .order_by(Attempt.id)
)


def several_waiting(connection: Connection, now: datetime) -> dict[Key, bool]:
    """Where several writes wait whose end the log may show; and whether one of them should be listed by now."""
    moments = {"maybe_written": now - MAYBE_WRITTEN_AFTER, "listed_by_now": now - CONFIRM_AFTER[0]}
    rows = connection.execute(_SEVERAL_WAITING, moments)
    return {(integration_id, part): bool(due) for integration_id, part, due in rows if integration_id}


def take(
    connection: Connection, key: Key, now: datetime, per_minute: int, *, is_backlog: bool
) -> Waiting | None:
    """The writes that wait, if it is our turn to read their log: one worker at a time, and not too often."""
    integration_id, category = key
    every = SWEEP_EVERY_IN_BACKLOG if is_backlog else sweep_interval(per_minute)
    row = insert(WriteLogCursor).values(integration_id=integration_id, category=category, read_at=now)
    claimed = row.on_conflict_do_update(
        index_elements=[WriteLogCursor.integration_id, WriteLogCursor.category],
        set_={"read_at": now},
        where=WriteLogCursor.read_at <= now - every,
    ).returning(WriteLogCursor.read_at)
    if connection.scalar(claimed) is None:
        return None
    these = {"integration": integration_id, "category": category, "maybe_written": now - MAYBE_WRITTEN_AFTER}
    rows = connection.execute(_WAITING, these)
    attempts = tuple(AttemptRow(**row._mapping) for row in rows)
    asked = select(Lead.open_attempt_id, Lead.code).where(
        Lead.open_attempt_id.in_([attempt.id for attempt in attempts])
    )
    codes = (
        {row.open_attempt_id: row.code for row in connection.execute(asked)} if category == "leads" else {}
    )
    return Waiting(key, attempts, codes)


def sweep_interval(per_minute: int) -> timedelta:
    """How often a log is read with this rate limit."""
    return min(max(timedelta(minutes=1) / (SWEEP_SHARE * per_minute), SWEEP_EVERY_AT_LEAST), SWEEP_EVERY)


def sweep(propexo: Propexo, waiting: Waiting, now: datetime) -> SweepResult:
    """Read the log for all of them. Makes up to six calls and touches no database."""
    try:
        listed = _read_log(propexo, waiting, now)
        found = [attempt for attempt in waiting.attempts if attempt.job_id in listed]
        succeeded = [attempt for attempt in found if _is_success(listed[attempt.job_id or ""])]
        lead_ids = _lead_ids(propexo, waiting, succeeded)
    except PropexoError as error:
        return SweepResult(waiting, {}, {}, error)
    states = {
        attempt.id: WriteState.SUCCESS if _is_success(listed[attempt.job_id or ""]) else WriteState.FAILURE
        for attempt in found
    }
    return SweepResult(waiting, states, lead_ids)


def _read_log(propexo: Propexo, waiting: Waiting, now: datetime) -> dict[str, WriteLogEntry]:
    integration_id, category = waiting.key
    wanted = {attempt.job_id or "" for attempt in waiting.attempts if _should_be_listed(attempt, now)}
    oldest = min((attempt.started_at for attempt in waiting.attempts), default=now)
    time_range: Literal["hour", "day"] = "hour" if now - oldest < IN_HOUR else "day"
    entries = propexo.write_log(
        integration_id=integration_id,
        category=category,
        time_range=time_range,
        enough=lambda read: wanted <= {entry.job_id for entry in read},
    )
    return {entry.job_id: entry for entry in entries}


def _should_be_listed(attempt: AttemptRow, now: datetime) -> bool:
    return now - attempt.sent_at >= CONFIRM_AFTER[0] + attempt.write_log_misses * SWEEP_EVERY


def _is_success(entry: WriteLogEntry) -> bool:
    """Written, without a word about a part that was not."""
    return entry.status == WriteState.SUCCESS and not entry.error


def _lead_ids(propexo: Propexo, waiting: Waiting, created: Sequence[AttemptRow]) -> dict[int, str]:
    """By attempt the id of the lead that it made, where the newest leads show it. For one alone that saves no call: its
    event looks for it."""
    wanting = {
        attempt.id: attempt for attempt in created if (attempt.on_confirm or {}).get("id_column") == "lead_id"
    }
    if len(wanting) <= 1:
        return {}
    newest = propexo.newest_leads(integration_id=waiting.key[0])
    by_email = defaultdict[str, list[str]](list)
    for lead in newest:
        if lead.email:
            by_email[lead.email.casefold()].append(lead.id)
    lead_ids = {}
    for number, code in waiting.codes.items():
        if number not in wanting:
            continue
        email = (wanting[number].request or {}).get("email_1") or ""
        # The lead with our code in its notes, else the only one with the e-mail: before it was made there was none.
        coded = [lead.id for lead in newest if lead.notes and code in lead.notes]
        hits = coded or by_email.get(email.casefold(), [])
        if len(hits) == 1:
            lead_ids[number] = hits[0]
    return lead_ids


_STILL = (Attempt.id == bindparam("this_id"), Attempt.outcome == Outcome.SUBMITTED)
_LISTED = update(Attempt).where(*_STILL).values(listed=bindparam("new_listed"))
_MADE = update(Attempt).where(*_STILL).values(effect=bindparam("new_effect"))


def note(connection: Connection, found: SweepResult, now: datetime) -> None:
    """Note on the attempts what the log says, wake the events that wait for them, and commit."""
    by_id = {attempt.id: attempt for attempt in found.waiting.attempts}
    if found.error is not None:
        woken = _note_unread(connection, found, now)
    else:
        _note_states(connection, found, by_id)
        missed = [
            number
            for number, attempt in by_id.items()
            if number not in found.states and _should_be_listed(attempt, now)
        ]
        more = update(Attempt).where(Attempt.id.in_(missed)).values(unlisted=Attempt.unlisted + 1)
        connection.execute(more)
        given_up = [number for number in missed if by_id[number].write_log_misses + 1 >= MOST_MISSES]
        woken = [*found.states, *given_up]
    codes: list[str] = []
    for owner in (Booking, Lead) if woken else ():
        codes += connection.scalars(select(owner.code).where(owner.open_attempt_id.in_(woken)))
    queue.wake(connection, codes, reasons=["confirmation"], soon=True, commit=True)


def _note_states(connection: Connection, found: SweepResult, by_id: Mapping[int, AttemptRow]) -> None:
    listed = [
        {"this_id": number, "new_listed": state.value} for number, state in sorted(found.states.items())
    ]
    if listed:
        connection.execute(_LISTED, listed)
    made = []
    for number, lead_id in sorted(found.lead_ids.items()):
        effect = dict(by_id[number].on_confirm or {})
        effect.pop("id_column", None)
        made.append({"this_id": number, "new_effect": {**effect, "lead_id": lead_id}})
    if made:
        connection.execute(_MADE, made)


def _note_unread(connection: Connection, found: SweepResult, now: datetime) -> list[int]:
    """The log was not read: the next caller may. A token without access to it polls each write alone."""
    assert found.error is not None
    integration_id, category = found.waiting.key
    if found.error.outcome in (Outcome.REJECTED, Outcome.STALE, Outcome.MISCONFIGURED, Outcome.CONFLICT):
        ids = [attempt.id for attempt in found.waiting.attempts]
        connection.execute(update(Attempt).where(Attempt.id.in_(ids)).values(unlisted=MOST_MISSES))
        return ids
    cursor = update(WriteLogCursor).where(
        WriteLogCursor.integration_id == integration_id, WriteLogCursor.category == category
    )
    connection.execute(cursor.values(read_at=now - SWEEP_EVERY_IN_BACKLOG))
    return []
