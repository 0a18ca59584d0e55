"""Stores bookings, leads and attempts as runs have changed them. A row that somebody else has changed is a conflict."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, text
from sqlalchemy.sql.dml import UpdateBase

from bridge import search_index
from bridge.delivery.results import Result
from bridge.delivery.rules.entities import AttemptRow, BookingRow, LeadRow, Owner, ReadRow
from bridge.delivery.rules.outcomes import WriteOutcome
from bridge.delivery.rules.state import Merge, Snapshot, Write
from bridge.delivery.storage.rows import ATTEMPT, BOOKING, LEAD, Change, values_of
from bridge.errors import BridgeError
from bridge.keys import storable
from bridge.models import Attempt, Booking, BookingReference, Lead


class ConflictError(BridgeError):
    """The booking or the lead was changed at the same time."""

    code = "changed_meanwhile"


@dataclass
class Draft:
    """A result while it is stored."""

    result: Result
    after: Snapshot
    """With the ids and versions that rows have got."""
    attempt: AttemptRow | None = None


_BOOKING = Change(
    Booking,
    BOOKING,
    [name for name in BOOKING if name not in ("id", "source", "created_at", "version")],
    Booking.id == bindparam("this_id"),
    Booking.version == bindparam("this_version"),
    version=Booking.version + 1,
)
_TAKE_BOOKING = Change(
    Booking,
    BOOKING,
    ["in_flight_attempt_id"],
    Booking.id == bindparam("this_id"),
    Booking.version == bindparam("this_version"),
    Booking.open_attempt_id.is_(None),
    version=Booking.version + 1,
)
_OF_LEAD = (
    Lead.integration_id == bindparam("this_integration"),
    Lead.property_id == bindparam("this_property"),
    Lead.contact == bindparam("this_contact"),
)
_LEAD = Change(
    Lead,
    LEAD,
    ["lead_id", "created", "in_flight_attempt_id"],
    *_OF_LEAD,
    Lead.open_attempt_id.is_not_distinct_from(bindparam("this_attempt")),
    Lead.lead_id.is_not_distinct_from(bindparam("this_lead")),
)
_TAKE_LEAD = Change(
    Lead,
    LEAD,
    ["in_flight_attempt_id"],
    *_OF_LEAD,
    Lead.open_attempt_id.is_(None),
    Lead.lead_id.is_(None),
    ~Lead.created,
)
_ATTEMPT = Change(
    Attempt,
    ATTEMPT,
    [name for name in ATTEMPT if name not in ("id", "event_id", "booking_id", "kind", "request")],
    Attempt.id == bindparam("this_id"),
)
_NEW_BOOKING, _NEW_LEAD, _NEW_ATTEMPT = insert(Booking), insert(Lead), insert(Attempt)
_NEW_REFERENCE = insert(BookingReference)
_IDS = text("SELECT nextval(pg_get_serial_sequence(:table, 'id')) FROM generate_series(1, :many)")
_MERGE = (
    "UPDATE booking_references SET booking_id = :kept WHERE booking_id = :gone",
    "UPDATE events SET booking_id = :kept WHERE booking_id = :gone",
    "UPDATE bookings SET merged_into = :kept WHERE merged_into = :gone",
)
_EMPTY: dict[str, Any] = {column.key: None for column in ATTEMPT.values()} | {"unlisted": 0, "look_count": 0}


def execute(
    connection: Connection, statement: UpdateBase, rows: Sequence[dict[str, Any]], *, checked: bool = False
) -> None:
    """Run a statement for each row. `checked`: raises ConflictError unless each finds its row as it was loaded."""
    if rows:
        found = connection.execute(statement, list(rows))
        if checked and found.rowcount != len(rows):
            raise ConflictError


def _ids(connection: Connection, table: str, many: int) -> Iterator[int]:
    return iter(connection.scalars(_IDS, {"table": table, "many": many}).all()) if many else iter(())


def storable_values(values: dict[str, Any]) -> dict[str, Any]:
    """Without what PostgreSQL's text cannot hold."""
    return {name: storable(value) if isinstance(value, str) else value for name, value in values.items()}


# Bookings: new ones, changed ones, and rows that turned out to be one.


def store_bookings(connection: Connection, drafts: Sequence[Draft]) -> None:
    """Store the bookings of some results, and what names them."""
    new = [one for one in drafts if one.after.booking is not None and one.after.booking.id is None]
    for draft, id_ in zip(new, _ids(connection, "bookings", len(new)), strict=True):
        assert draft.after.booking is not None
        booking = replace(draft.after.booking, id=id_)
        draft.after = draft.after.having(booking=booking).with_event(booking_id=id_)
    execute(connection, _NEW_BOOKING, [values_of(BOOKING, one.after.booking) for one in new])
    changed: list[tuple[BookingRow, int]] = []
    for draft in drafts:
        for row, version in _changed(draft):
            changed.append((row, version))
            draft.after = draft.after.with_owner(replace(row, version=version + 1))
    changed.sort(key=lambda pair: pair[0].id or 0)
    rows = [_BOOKING.parameters(row, id=row.id, version=version) for row, version in changed]
    execute(connection, _BOOKING.statement, rows, checked=True)
    for draft in drafts:
        for merge in draft.after.merges[len(draft.result.before.merges) :]:
            _merge(connection, merge)
    _store_references(connection, drafts)
    _index(connection, drafts)


def _loaded(before: Snapshot) -> dict[int | None, BookingRow]:
    return {row.id: row for row in (*before.bookings, *before.duplicates, before.booking) if row is not None}


def _changed(draft: Draft) -> list[tuple[BookingRow, int]]:
    """Rows that differ from what was loaded, each with the version that it had."""
    loaded, after = _loaded(draft.result.before), draft.after
    deleted = {one.gone for one in after.merges if one.is_deleted}
    return [
        (row, loaded[row.id].version)
        for row in (after.booking, *after.duplicates)
        if row is not None and row.id in loaded and row.id not in deleted and row != loaded[row.id]
    ]


def _merge(connection: Connection, merge: Merge) -> None:
    pair = {"kept": merge.kept, "gone": merge.gone}
    for statement in _MERGE:
        connection.execute(text(statement), pair)
    if merge.is_deleted:
        connection.execute(text("UPDATE attempts SET booking_id = :kept WHERE booking_id = :gone"), pair)
        gone = delete(Booking).where(Booking.id == merge.gone, Booking.version == merge.gone_version)
        if connection.execute(gone).rowcount != 1:
            raise ConflictError


def _store_references(connection: Connection, drafts: Sequence[Draft]) -> None:
    rows = [
        {"source": one.after.event.source, "reference": name, "booking_id": one.after.booking.id}
        for one in drafts
        if one.after.booking is not None and one.result.before.booking is None and not one.result.is_put_back
        for name in one.after.event.known_by
        if name not in one.after.links
    ]
    execute(connection, _NEW_REFERENCE, sorted(rows, key=lambda row: (row["source"], row["reference"])))


def _index(connection: Connection, drafts: Sequence[Draft]) -> None:
    """Let tours be found by the words of their renters, where these have changed."""
    changed: dict[int, list[str]] = {}
    for draft in drafts:
        booking = draft.after.booking
        if booking is None or booking.id is None:
            continue
        known = _loaded(draft.result.before).get(booking.id)
        if known is not None and booking.fields is known.fields and not draft.after.merges:
            continue
        words = search_index.words_in(booking.fields)
        if known is None or draft.after.merges or words != search_index.words_in(known.fields):
            changed[booking.id] = words
    if changed:
        search_index.keep(connection, changed)


def store_leads(connection: Connection, drafts: Sequence[Draft]) -> None:
    """Store the leads of some results."""
    new: list[LeadRow] = []
    changed: list[tuple[LeadRow, LeadRow]] = []
    for draft in drafts:
        before, write = draft.result.before, draft.result.intent
        rows = list(draft.after.leads.values())
        if (
            write is not None
            and isinstance(write.owner, LeadRow)
            and write.owner.key not in draft.after.leads
        ):
            rows.append(write.owner)
        for lead in rows:
            if lead.is_new:
                new.append(lead)
                draft.after = draft.after.with_lead(replace(lead, is_new=False))
            elif lead != before.leads.get(lead.key):
                changed.append((lead, before.leads[lead.key]))
    execute(connection, _NEW_LEAD, [values_of(LEAD, row) for row in sorted(new, key=lambda row: row.key)])
    parameters = [
        _LEAD.parameters(row, **_key(row), attempt=loaded.in_flight_attempt_id, lead=loaded.lead_id)
        for row, loaded in sorted(changed, key=lambda pair: pair[0].key)
    ]
    execute(connection, _LEAD.statement, parameters, checked=True)


def _key(lead: LeadRow) -> dict[str, str]:
    return {"integration": lead.integration_id, "property": lead.property_id, "contact": lead.contact}


def store_attempts(connection: Connection, drafts: Sequence[Draft], now: datetime) -> None:
    """Store the reads that were made, the writes that are about to be sent, and what became of those before."""
    many = sum(len(one.result.reads) + (one.result.intent is not None) for one in drafts)
    ids = _ids(connection, "attempts", many)
    rows: list[dict[str, Any]] = []
    changed: list[AttemptRow] = []
    for draft in drafts:
        result = draft.result
        rows += [_read_values(next(ids), draft.after.event.id, read) for read in result.reads]
        before = result.before.attempts
        changed += [one for id_, one in draft.after.attempts.items() if one is not before.get(id_)]
        if result.intent is not None:
            draft.attempt = _intent(next(ids), draft, result.intent, now)
            rows.append({**_EMPTY, **values_of(ATTEMPT, draft.attempt)})
    execute(connection, _NEW_ATTEMPT, rows)
    parameters = [
        storable_values(_ATTEMPT.parameters(row, id=row.id))
        for row in sorted(changed, key=lambda row: row.id)
    ]
    execute(connection, _ATTEMPT.statement, parameters)
    _take_owners(connection, drafts)


def _read_values(id_: int, event_id: int, read: ReadRow) -> dict[str, Any]:
    return {**_EMPTY, "id": id_, "event_id": event_id, **storable_values(vars(read))}


def _intent(id_: int, draft: Draft, write: Write, now: datetime) -> AttemptRow:
    owner = _stored_owner(draft.after, write)
    return AttemptRow(
        id_,
        draft.after.event.id,
        write.kind,
        now,
        WriteOutcome.SENDING,
        booking_id=owner.id if isinstance(owner, BookingRow) else None,
        request=write.request,
        detail=write.note,
        on_confirm=write.on_confirm,
        integration_id=write.integration_id,
        send_before=draft.result.send_before,
    )


def _take_owners(connection: Connection, drafts: Sequence[Draft]) -> None:
    """Let each owner point to its write, unless somebody has been faster. Both rows exist by now."""
    bookings: list[dict[str, Any]] = []
    leads: list[dict[str, Any]] = []
    for draft in drafts:
        write, attempt = draft.result.intent, draft.attempt
        if write is None or attempt is None:
            continue
        owner = _stored_owner(draft.after, write)
        taken: Owner
        if isinstance(owner, BookingRow):
            taken = replace(owner, in_flight_attempt_id=attempt.id, version=owner.version + 1)
            bookings.append(_TAKE_BOOKING.parameters(taken, id=owner.id, version=owner.version))
        else:
            taken = replace(owner, in_flight_attempt_id=attempt.id)
            leads.append(_TAKE_LEAD.parameters(taken, **_key(owner)))
        after = draft.after.with_owner(taken).with_attempt(attempt)
        draft.after = after.with_event(waiting_on=owner.reference_code)
    bookings.sort(key=lambda row: row["this_id"])
    leads.sort(key=lambda row: (row["this_integration"], row["this_property"], row["this_contact"]))
    execute(connection, _TAKE_BOOKING.statement, bookings, checked=True)
    execute(connection, _TAKE_LEAD.statement, leads, checked=True)


def _stored_owner(after: Snapshot, write: Write) -> Owner:
    """The owner of a write as it is stored by now."""
    if isinstance(write.owner, LeadRow):
        return after.leads[write.owner.key]
    rows = [row for row in (after.booking, *after.duplicates) if row is not None]
    if write.owner.id is None:
        assert after.booking is not None
        return after.booking
    return next(row for row in rows if row.id == write.owner.id)
