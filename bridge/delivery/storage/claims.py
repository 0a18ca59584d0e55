"""Stores the times that bookings hold: checked once more under a lock per property."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, text

from bridge.availability.rules.slots import taken
from bridge.delivery.rules.entities import TimeClaim
from bridge.delivery.rules.slots import AROUND, as_busy
from bridge.delivery.rules.state import SlotChange
from bridge.delivery.storage import queries
from bridge.delivery.storage.record_rows import ConflictError, Draft
from bridge.settings import Settings

LOCK = text("""
    INSERT INTO slot_calendars (property, changes)
    SELECT place, 1 FROM unnest(CAST(:properties AS text[])) AS place ORDER BY place
    ON CONFLICT (property) DO UPDATE SET changes = slot_calendars.changes + 1
""")
"""The lock for taking or freeing a time at a property."""
FREE = text("DELETE FROM slot_claims WHERE booking_id = ANY(:bookings)")
TAKE = text("""
    INSERT INTO slot_claims (booking_id, property, kind, starts_at, ends_at, agent, changed_at)
    VALUES (:booking_id, :property_key, :kind, :starts_at, :ends_at, :agent, now())
    ON CONFLICT (booking_id) DO UPDATE SET property = excluded.property, kind = excluded.kind,
        starts_at = excluded.starts_at, ends_at = excluded.ends_at, agent = excluded.agent, changed_at = now()
""")


OF_WRITTEN = text("""
    INSERT INTO slot_claims (booking_id, property, kind, starts_at, ends_at, changed_at)
    SELECT id, property, kind, starts_at, starts_at + make_interval(mins => minutes), now()
    FROM (
        SELECT id, property, CAST(written ->> 'starts_at' AS timestamptz) AS starts_at,
            coalesce(CAST(written ->> 'duration_minutes' AS integer), :minutes) AS minutes,
            CASE written ->> 'appointment_type'
                WHEN 'SELF_GUIDED_TOUR' THEN 'self_guided' WHEN 'VIRTUAL_TOUR' THEN 'virtual' ELSE 'in_person'
            END AS kind
        FROM bookings WHERE property = :property AND written_state = 'booked'
    ) AS tours
    WHERE starts_at > :now
    ON CONFLICT (booking_id) DO NOTHING
""")


def claim_written(connection: Connection, settings: Settings, now: datetime) -> int:
    """Let tours that are in the PMS hold their times, also where their property offers times only since now.

    Returns the number of tours that had none.
    """
    found = 0
    for place in settings.properties.values():
        if place.slots is not None:
            this = {"property": place.key, "minutes": place.slots.minutes, "now": now}
            found += connection.execute(OF_WRITTEN, this).rowcount
    return found


def store_claims(connection: Connection, drafts: Sequence[Draft]) -> None:
    """Take and free the times of some results; their bookings are stored already.

    Raises:
        ConflictError: another tour has taken a time meanwhile.
    """
    changed = [draft for draft in drafts if draft.after.slot is not None and not draft.result.is_put_back]
    if not changed:
        return
    claims = [_claim_of(draft) for draft in changed]
    properties = {claim.property_key for claim in claims if claim}
    for draft in changed:
        properties |= {
            claim.property_key for claim in draft.after.claims if claim.booking_id in _holders(draft)
        }
    connection.execute(LOCK, {"properties": sorted(properties)})
    kept = {claim.booking_id for claim in claims if claim}
    freed = {id_ for draft in changed for id_ in _holders(draft)} - kept
    if freed:
        connection.execute(FREE, {"bookings": sorted(freed)})
    taken_now = [claim for claim in claims if claim]
    if taken_now:
        _check(connection, changed, taken_now)
        connection.execute(TAKE, [vars(claim) for claim in taken_now])
    for draft, claim in zip(changed, claims, strict=True):
        other_claims = tuple(claim for claim in draft.after.claims if claim.booking_id not in _holders(draft))
        draft.after = draft.after.having(slot=None, claims=(*other_claims, *([claim] if claim else [])))


def _claim_of(draft: Draft) -> TimeClaim | None:
    change, booking = draft.after.slot, draft.after.booking
    assert change is not None
    assert booking is not None  # it was decided on
    return replace(change.claim, booking_id=booking.id) if change.claim else None


def _holders(draft: Draft) -> set[int]:
    """The booking of a result, and the rows that turned out to be the same."""
    after = draft.after
    return {row.id for row in (after.booking, *after.duplicates) if row is not None and row.id is not None}


def _is_agent_of(other: TimeClaim, claim: TimeClaim) -> bool:
    """Whether another tour has the agent of this one at the same time."""
    overlaps = other.starts_at < claim.ends_at and claim.starts_at < other.ends_at
    return overlaps and other.agent == claim.agent and other.property_key == claim.property_key


def _check(connection: Connection, changed: Iterable[Draft], claims: Sequence[TimeClaim]) -> None:
    """By the same function as the decision, with what is stored by now. Raises ConflictError."""
    this = {
        "properties": [claim.property_key for claim in claims],
        "froms": [claim.starts_at - AROUND for claim in claims],
        "tos": [claim.starts_at + AROUND for claim in claims],
        "bookings": [],
    }
    own = {id_ for draft in changed for id_ in _holders(draft)}
    stored = queries.CLAIMS.rows(connection, this)
    stored = [stored_claim for stored_claim in stored if stored_claim.booking_id not in own]
    for draft in changed:
        claim = next(
            (claim for claim in claims if draft.after.booking and claim.booking_id == draft.after.booking.id),
            None,
        )
        if claim is None:
            continue
        change: SlotChange | None = draft.after.slot
        if change is not None and change.times is not None:
            there = [
                as_busy(stored_claim)
                for stored_claim in stored
                if stored_claim.property_key == claim.property_key
            ]
            known = replace(change.times, busy=[*change.times.busy, *there])
            if taken(known, claim.starts_at, claim.ends_at - claim.starts_at):
                raise ConflictError
            if claim.agent and any(_is_agent_of(stored_claim, claim) for stored_claim in stored):
                raise ConflictError
        stored.append(claim)
