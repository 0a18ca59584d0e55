"""Store bookings, leads and attempts as runs have changed them. A row that another process changed is a conflict."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, text, update

from bridge import search_index
from bridge.delivery.results import Result
from bridge.delivery.rules.entities import AttemptRow, BookingRow, LeadRow, Owner, ReadRow, changed
from bridge.delivery.rules.outcomes import Reason, WriteOutcome
from bridge.delivery.rules.same_tour import link_sentence
from bridge.delivery.rules.state import Merge, Snapshot, Write
from bridge.delivery.rules.tour_key import kept_key
from bridge.delivery.storage.rows import ATTEMPT, BOOKING, LEAD, Change, Insertion, values_of
from bridge.errors import BridgeError
from bridge.models import Attempt, Booking, BookingReference, EarlierCode, Event, Lead, Status


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


_SAME_BOOKING = {"id": Booking.id, "version": Booking.version}
_BOOKING = Change(
    Booking,
    BOOKING,
    [name for name in BOOKING if name not in ("id", "source", "created_at", "version")],
    same=_SAME_BOOKING,
    version=Booking.version + 1,
)
_TAKE_BOOKING = Change(
    Booking,
    BOOKING,
    ["in_flight_attempt_id", "tour_key"],
    Booking.open_attempt_id.is_(None),
    same=_SAME_BOOKING,
    version=Booking.version + 1,
)
_SAME_LEAD = {"integration": Lead.integration_id, "property": Lead.property_id, "contact": Lead.contact}
_LEAD = Change(
    Lead,
    LEAD,
    ["lead_id", "created", "in_flight_attempt_id"],
    same={**_SAME_LEAD, "attempt": Lead.open_attempt_id, "lead": Lead.lead_id},
)
_TAKE_LEAD = Change(
    Lead,
    LEAD,
    ["in_flight_attempt_id"],
    Lead.open_attempt_id.is_(None),
    Lead.lead_id.is_(None),
    ~Lead.created,
    same=_SAME_LEAD,
)
_ATTEMPT = Change(
    Attempt,
    ATTEMPT,
    [name for name in ATTEMPT if name not in ("id", "event_id", "booking_id", "kind", "request")],
    same={"id": Attempt.id},
)
_NEW_BOOKING, _NEW_LEAD = Insertion(Booking, BOOKING), Insertion(Lead, LEAD)
_NEW_ATTEMPT = Insertion(Attempt, ATTEMPT)
_NEW_REFERENCE = Insertion(
    BookingReference,
    {
        "source": BookingReference.source,
        "reference": BookingReference.reference,
        "booking_id": BookingReference.booking_id,
    },
)
_EARLIER_CODES = Insertion(
    EarlierCode,
    {"code": EarlierCode.code, "booking_id": EarlierCode.booking_id},
)
_IDS = text("SELECT nextval(pg_get_serial_sequence(:table, 'id')) FROM generate_series(1, :many)")
_MERGE = (
    "UPDATE booking_references SET booking_id = :kept WHERE booking_id = :gone",
    "UPDATE events SET booking_id = :kept WHERE booking_id = :gone",
    "UPDATE bookings SET merged_into = :kept WHERE merged_into = :gone",
)
_EMPTY: dict[str, Any] = {column.key: None for column in ATTEMPT.values()} | {"unlisted": 0, "look_count": 0}


def _change(connection: Connection, change: Change, rows: Sequence[dict[str, Any]]) -> None:
    """Change rows. Raises ConflictError unless each is there as it was loaded."""
    if change.execute(connection, rows) != len(rows):
        raise ConflictError


def _ids(connection: Connection, table: str, many: int) -> Iterator[int]:
    return iter(connection.scalars(_IDS, {"table": table, "many": many}).all()) if many else iter(())


# Bookings: new ones, changed ones, and rows that turned out to be one.


def store_bookings(connection: Connection, drafts: Sequence[Draft]) -> None:
    """Store the bookings of some results, and what names them."""
    new = [draft for draft in drafts if draft.after.booking is not None and draft.after.booking.id is None]
    for draft, id_ in zip(new, _ids(connection, "bookings", len(new)), strict=True):
        assert draft.after.booking is not None
        booking = changed(draft.after.booking, id=id_)
        draft.after = draft.after.having(booking=booking).with_event(booking_id=id_)
    _NEW_BOOKING.execute(connection, [values_of(BOOKING, draft.after.booking) for draft in new])
    rewritten: list[tuple[BookingRow, int]] = []
    replaced: list[dict[str, Any]] = []
    for draft in drafts:
        for row, before in _changed(draft):
            kept = changed(row, tour_key=kept_key(row))
            rewritten.append((kept, before.version))
            draft.after = draft.after.with_owner(changed(kept, version=before.version + 1))
            if row.reference_code != before.reference_code:
                replaced.append({"code": before.reference_code, "booking_id": row.id})
    rewritten.sort(key=lambda pair: pair[0].id or 0)
    rows = [_BOOKING.parameters(row, id=row.id, version=version) for row, version in rewritten]
    _change(connection, _BOOKING, rows)
    _EARLIER_CODES.execute(connection, replaced)
    for draft in drafts:
        for merge in draft.after.merges[len(draft.result.before.merges) :]:
            _merge(connection, merge)
    _store_references(connection, drafts)
    _store_links(connection, drafts)
    _index(connection, drafts)


def _loaded(before: Snapshot) -> dict[int | None, BookingRow]:
    rows = (*before.related, *before.bookings, *before.duplicates, before.booking)
    return {row.id: row for row in rows if row is not None}


def _changed(draft: Draft) -> list[tuple[BookingRow, BookingRow]]:
    """Rows that differ from what was loaded, each with the row that was loaded."""
    loaded, after = _loaded(draft.result.before), draft.after
    deleted = {merge.gone for merge in after.merges if merge.is_deleted}
    return [
        (row, loaded[row.id])
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
        {"source": draft.after.event.source, "reference": name, "booking_id": draft.after.booking.id}
        for draft in drafts
        if draft.after.booking is not None
        and draft.result.before.booking is None
        and not draft.result.is_put_back
        for name in draft.after.event.known_by
        if name not in draft.after.links
    ]
    _NEW_REFERENCE.execute(connection, sorted(rows, key=lambda row: (row["source"], row["reference"])))


_LINKED = (
    update(Event)
    .where(
        Event.booking_id == bindparam("this_booking"),
        Event.status == Status.WRITTEN,
        Event.reason.is_(None),
        Event.id != bindparam("this_event"),
    )
    .values(reason=Reason.LINKED, detail=bindparam("new_detail"))
)


def _store_links(connection: Connection, drafts: Sequence[Draft]) -> None:
    """Say on the events that have written a tour that another source reports it, too."""
    rows = [
        {
            "this_booking": draft.after.booking.id,
            "this_event": draft.after.event.id,
            "new_detail": link_sentence(draft.after.booking),
        }
        for draft in drafts
        if draft.after.booking is not None and len(draft.after.linked) > len(draft.result.before.linked)
    ]
    if rows:
        connection.execute(_LINKED, rows)


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
    rewritten: list[tuple[LeadRow, LeadRow]] = []
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
                draft.after = draft.after.with_lead(changed(lead, is_new=False))
            elif lead != before.leads.get(lead.key):
                rewritten.append((lead, before.leads[lead.key]))
    _NEW_LEAD.execute(connection, [values_of(LEAD, row) for row in sorted(new, key=lambda row: row.key)])
    parameters = [
        _LEAD.parameters(row, **_key(row), attempt=loaded.in_flight_attempt_id, lead=loaded.lead_id)
        for row, loaded in sorted(rewritten, key=lambda pair: pair[0].key)
    ]
    _change(connection, _LEAD, parameters)


def _key(lead: LeadRow) -> dict[str, str]:
    return {"integration": lead.integration_id, "property": lead.property_id, "contact": lead.contact}


def store_attempts(connection: Connection, drafts: Sequence[Draft], now: datetime) -> None:
    """Store the reads that were made, the writes that are about to be sent, and what became of those before."""
    many = sum(len(draft.result.reads) + (draft.result.intent is not None) for draft in drafts)
    ids = _ids(connection, "attempts", many)
    rows: list[dict[str, Any]] = []
    changed: dict[int, AttemptRow] = {}
    for draft in drafts:
        result = draft.result
        rows += [_read_values(next(ids), draft.after.event.id, read) for read in result.reads]
        before = result.before.attempts
        changed |= {
            id_: attempt for id_, attempt in draft.after.attempts.items() if attempt is not before.get(id_)
        }
        if result.intent is not None:
            draft.attempt = _intent(next(ids), draft, result.intent, now)
            rows.append({**_EMPTY, **values_of(ATTEMPT, draft.attempt)})
    _NEW_ATTEMPT.execute(connection, rows)
    by_id = sorted(changed.values(), key=lambda row: row.id)
    _ATTEMPT.execute(connection, [_ATTEMPT.parameters(row, id=row.id) for row in by_id])
    _take_owners(connection, drafts)


def _read_values(id_: int, event_id: int, read: ReadRow) -> dict[str, Any]:
    return {**_EMPTY, "id": id_, "event_id": event_id, **vars(read)}


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
    """Let each owner point to its write, unless another process was faster. Both rows exist by now."""
    bookings: list[dict[str, Any]] = []
    leads: list[dict[str, Any]] = []
    for draft in drafts:
        write, attempt = draft.result.intent, draft.attempt
        if write is None or attempt is None:
            continue
        owner = _stored_owner(draft.after, write)
        taken: Owner
        if isinstance(owner, BookingRow):
            key = write.tour_key or owner.tour_key
            taken = changed(owner, in_flight_attempt_id=attempt.id, tour_key=key, version=owner.version + 1)
            bookings.append(_TAKE_BOOKING.parameters(taken, id=owner.id, version=owner.version))
        else:
            taken = changed(owner, in_flight_attempt_id=attempt.id)
            leads.append(_TAKE_LEAD.parameters(taken, **_key(owner)))
        after = draft.after.with_owner(taken).with_attempt(attempt)
        draft.after = after.with_event(waiting_on=owner.reference_code)
    bookings.sort(key=lambda row: row["this_id"])
    leads.sort(key=lambda row: (row["this_integration"], row["this_property"], row["this_contact"]))
    _change(connection, _TAKE_BOOKING, bookings)
    _change(connection, _TAKE_LEAD, leads)


def _stored_owner(after: Snapshot, write: Write) -> Owner:
    """The owner of a write as it is stored by now."""
    if isinstance(write.owner, LeadRow):
        return after.leads[write.owner.key]
    rows = [row for row in (after.booking, *after.duplicates) if row is not None]
    if write.owner.id is None:
        assert after.booking is not None
        return after.booking
    return next(row for row in rows if row.id == write.owner.id)
