"""Stores what arrived: the event, the check for duplicates and the job, in one commit."""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping as Dictionary
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from bridge.errors import DecodingError
from bridge.keys import contact_key, key, storable
from bridge.mapping.base import Envelope, Mapping
from bridge.mapping.paths import Received
from bridge.models import Event, Status
from bridge.queue import Queue

STORED_HEADERS = (
    "content-type",
    "idempotency-key",
    "user-agent",
    "webhook-id",
    "x-cal-webhook-version",
    "x-request-id",
)
"""An allow-list: what is not on it (signatures, tokens, cookies, addresses) is never stored."""

LARGEST_BATCH = 1000
"""Events; each costs some statements, and the sender waits for the answer."""


@dataclass(frozen=True)
class Arrival:
    """One event on its way into the table."""

    body: bytes
    content_type: str | None
    envelope: Envelope
    parked: str | None = None
    """Why it cannot even be decoded, as a sentence; such an event is stored parked and has no job."""
    content: bytes | None = None
    """What the body says, as JSON: the bytes of a multipart form differ each time that it is sent."""


@dataclass(frozen=True)
class Stored:
    """What the sender is told."""

    id: int
    status: Status
    duplicate: bool = False


def arrivals_of(mapping: Mapping, payload: Any, body: bytes, headers: Dictionary[str, str]) -> list[Arrival]:
    """The events of a decoded request: the body as it came, or each item of a batch as JSON.

    Raises:
        DecodingError: a batch of more events than one request can store.
    """
    items = mapping.items(payload)
    if len(items) == 1 and items[0] is payload:
        envelope = mapping.envelope(Received(payload, headers))
        return [Arrival(body, headers.get("content-type"), envelope, content=_as_json(payload))]
    if len(items) > LARGEST_BATCH:
        raise DecodingError(
            f"The body is a batch of {len(items)} events, over {LARGEST_BATCH}. Send smaller ones."
        )
    return [
        Arrival(_as_json(item), "application/json", mapping.envelope(Received(item, headers)))
        for item in items
    ]


def _as_json(item: Any) -> bytes:
    return json.dumps(item, ensure_ascii=False, separators=(",", ":")).encode()


def kept_headers(headers: Dictionary[str, str]) -> dict[str, str]:
    """The headers that are stored with an event, of those of a request by lower-case names."""
    return {name: storable(headers[name]) or "" for name in STORED_HEADERS if name in headers}


def delivery_ids(arrivals: Sequence[Arrival]) -> list[str]:
    """The sender's ids; a hash of the content where it gives none, and with it where one id covers several events."""
    given = [arrival.envelope.delivery_id for arrival in arrivals]
    hashes = [f"sha256:{hashlib.sha256(arrival.content or arrival.body).hexdigest()}" for arrival in arrivals]
    events_of = Counter(one for one, _ in set(zip(given, hashes, strict=True)))
    return [
        key(f"{one}|{other}" if one and events_of[one] > 1 else one) or other
        for one, other in zip(given, hashes, strict=True)
    ]


def store(
    session: Session,
    queue: Queue,
    source: str,
    headers: Dictionary[str, str],
    arrivals: Sequence[Arrival],
    now: datetime,
) -> list[Stored]:
    """Insert the events of one request. A known (source, delivery id) is a duplicate: its own id is answered."""
    kept = kept_headers(headers)
    return [
        _store_one(session, queue, source, kept, arrival, delivery_id, now)
        for arrival, delivery_id in zip(arrivals, delivery_ids(arrivals), strict=True)
    ]


def _store_one(
    session: Session,
    queue: Queue,
    source: str,
    headers: dict[str, str],
    arrival: Arrival,
    delivery_id: str,
    now: datetime,
) -> Stored:
    envelope = arrival.envelope
    reference, previous = key(envelope.reference), key(envelope.previous_reference)
    lock = _lock(session, source, envelope, [one for one in (reference, previous) if one], delivery_id)
    status = Status.PARKED if arrival.parked else Status.RECEIVED
    row = {
        "source": source,
        "delivery_id": delivery_id,
        "received_at": now,
        "content_type": storable(arrival.content_type),
        "headers": headers,
        "body": arrival.body,
        "event": key(envelope.event),
        "occurred_at": envelope.occurred_at,
        "reference": reference,
        "previous_reference": previous,
        "lock": lock,
        "status": status,
        "reason": "undecodable" if arrival.parked else None,
        "detail": storable(arrival.parked),
        "ended_at": now if arrival.parked else None,
    }
    new = (
        insert(Event).values(row).on_conflict_do_nothing(constraint="uq_events_delivery").returning(Event.id)
    )
    event_id = session.scalar(new)
    if event_id is None:
        known = select(Event.id, Event.status).where(Event.source == source, Event.delivery_id == delivery_id)
        row_id, row_status = session.execute(known).one()
        return Stored(row_id, Status(row_status), duplicate=True)
    if not arrival.parked:
        job = queue.enqueue(session, event_id, lock)
        session.execute(update(Event).where(Event.id == event_id).values(queue_id=job))
    return Stored(event_id, status)


def _lock(session: Session, source: str, envelope: Envelope, references: list[str], delivery_id: str) -> str:
    """Whose events must not overtake each other: the contact, else whoever the named booking belongs to."""
    contact = contact_key(envelope.email, envelope.phone)
    if contact:
        return contact
    if not references:
        return f"event:{source}:{delivery_id}"
    same_booking = or_(Event.reference.in_(references), Event.previous_reference.in_(references))
    known = select(Event.lock).where(Event.source == source, same_booking).order_by(Event.id).limit(1)
    return session.scalar(known) or f"booking:{source}:{references[-1]}"
