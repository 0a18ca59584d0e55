"""Stores incoming events, with the check for duplicates and their lanes, in one transaction."""

import uuid
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, or_, select, tuple_
from sqlalchemy.orm import Session

from bridge import tracing
from bridge.inbound.incoming import (
    LARGEST_BATCH,
    NOT_STORED,
    STORED_HEADERS,
    DuplicatePolicy,
    IncomingEvent,
    RequestMetadata,
    delivery_ids,
    split_events,
)
from bridge.inbound.insertion import insert_events
from bridge.keys import KEY_LENGTH, contact_key, key, sanitise
from bridge.mapping.translation import Envelope
from bridge.models import Event, Status

__all__ = [
    "LARGEST_BATCH",
    "NOT_STORED",
    "STORED_HEADERS",
    "Delivery",
    "DuplicatePolicy",
    "IncomingEvent",
    "RequestMetadata",
    "Stored",
    "delivery_ids",
    "in_batches",
    "split_events",
    "store",
    "store_batches",
]


Name = tuple[str, str]
"""The source and the delivery id of an event."""


@dataclass(frozen=True)
class Delivery:
    """One request, ready to be stored."""

    source: str
    metadata: RequestMetadata
    arrivals: Sequence[IncomingEvent]
    received_at: datetime
    policy: DuplicatePolicy = DuplicatePolicy.SAME_BODY
    is_test: bool = False
    """Sent by an operator at the console as a test: stored, read, and never forwarded."""
    trace: str | None = None
    """The trace context of the request."""
    request_id: str | None = field(default_factory=tracing.current_request_id)

    @cached_property
    def ids(self) -> list[str]:
        """The delivery ids of the arrivals; those of a test are no sender's."""
        ids = delivery_ids(self.arrivals, self.policy)
        return (
            [f"test:{uuid.uuid4().hex}:{event_id}"[:KEY_LENGTH] for event_id in ids] if self.is_test else ids
        )

    @cached_property
    def size(self) -> int:
        """Bytes of the bodies together."""
        return sum(len(arrival.body or b"") for arrival in self.arrivals)


@dataclass(frozen=True)
class Stored:
    """The status in the answer to the sender."""

    id: int
    status: Status
    duplicate: bool = False


def store(
    session: Session,
    source: str,
    metadata: RequestMetadata,
    arrivals: Sequence[IncomingEvent],
    now: datetime,
    policy: DuplicatePolicy = DuplicatePolicy.SAME_BODY,
) -> list[Stored]:
    """Insert the events of one request. A known (source, delivery id) is a duplicate: its own id is answered."""
    return store_batches(
        session.connection(), in_batches([Delivery(source, metadata, arrivals, now, policy)])
    )


def in_batches(deliveries: Sequence[Delivery]) -> list[list["NewEvent"]]:
    """The events of some deliveries, split where one has to know what is stored of a booking that an earlier one
    names; almost always a single batch, which goes in with a single statement."""
    found: list[list[NewEvent]] = [[]]
    for row in _rows(deliveries):
        if row.asks and any(row.shares_a_booking_with(other) for other in found[-1]):
            found.append([])
        found[-1].append(row)
    return found


def store_batches(connection: Connection, batches: Sequence[Sequence["NewEvent"]]) -> list[Stored]:
    """Insert events in the order of their arrival, as if they had come one by one."""
    return [stored for batch in batches if batch for stored in _store_batch(connection, batch)]


def _store_batch(connection: Connection, batch: Sequence["NewEvent"]) -> list[Stored]:
    """Insert events that need to know nothing of each other; of those with one name, the first."""
    for row in batch:
        row.resolve(connection)
    first: dict[Name, NewEvent] = {}
    for row in batch:
        first.setdefault(row.name, row)
    ids = insert_events(connection, [row.values() for row in first.values()])
    stored = {row.name: Stored(id_, row.status) for row, id_ in zip(first.values(), ids, strict=True) if id_}
    stored |= _known(connection, first.keys() - stored.keys())
    return [
        stored[row.name] if first[row.name] is row else replace(stored[row.name], duplicate=True)
        for row in batch
    ]


class NewEvent:
    """An event on its way into the table; `resolve` looks up what depends on earlier ones."""

    def __init__(self, delivery: Delivery, arrival: IncomingEvent, delivery_id: str) -> None:
        self.delivery, self.arrival, self.delivery_id = delivery, arrival, delivery_id
        envelope = arrival.envelope
        self.reference, self.previous = key(envelope.reference), key(envelope.previous_reference)
        if delivery.is_test:
            self.reference = self.previous = None  # a tour of this reference must not find it
        self.references = [name for name in (self.reference, self.previous) if name]
        self.contact = contact_key(envelope.email, envelope.phone)
        self.lock = ""

    @property
    def name(self) -> Name:
        """What no other event may have."""
        return self.delivery.source, self.delivery_id

    @property
    def asks(self) -> bool:
        """Whether something is looked up of the booking that it names."""
        disambiguated = (
            self.delivery.policy is DuplicatePolicy.SAME_BODY_UNLESS_INTERLEAVED
            and not self.arrival.envelope.delivery_id
        )
        return bool(self.references) and (disambiguated or not self.contact)

    def shares_a_booking_with(self, other: "NewEvent") -> bool:
        same_source = self.delivery.source == other.delivery.source
        return same_source and not set(self.references).isdisjoint(other.references)

    def resolve(self, connection: Connection) -> None:
        """Set the delivery id and the lock, which may depend on earlier events."""
        source, envelope = self.delivery.source, self.arrival.envelope
        self.delivery_id = _disambiguate(
            connection, source, self.arrival, self.delivery_id, self.delivery.policy
        )
        self.lock = lock_of(connection, source, envelope, self.references, self.delivery_id)

    def values(self) -> dict[str, Any]:
        """The columns."""
        now, envelope, parked = self.delivery.received_at, self.arrival.envelope, self.arrival.parked
        return {
            "source": self.delivery.source,
            "delivery_id": self.delivery_id,
            "received_at": now,
            "content_type": sanitise(self.arrival.content_type),
            "headers": self.delivery.metadata.headers,
            "query": self.delivery.metadata.query,
            "body": self.arrival.body,
            "event": key(envelope.event),
            "occurred_at": envelope.occurred_at,
            "reference": self.reference,
            "previous_reference": self.previous,
            "lock": self.lock,
            "trace": self.delivery.trace,
            "request_id": self.delivery.request_id,
            "status": self.status,
            "reason": self.reason,
            "detail": sanitise(parked),
            "ended_at": None if self.status is Status.RECEIVED else now,
        }

    @property
    def status(self) -> Status:
        if self.delivery.is_test:
            return Status.IGNORED
        return Status.PARKED if self.arrival.parked else Status.RECEIVED

    @property
    def reason(self) -> str | None:
        """A word of delivery/outcomes.py, which this folder does not know."""
        return "test" if self.delivery.is_test else "undecodable" if self.arrival.parked else None


def _rows(deliveries: Sequence[Delivery]) -> Iterator[NewEvent]:
    for delivery in deliveries:
        for arrival, delivery_id in zip(delivery.arrivals, delivery.ids, strict=True):
            yield NewEvent(delivery, arrival, delivery_id)


def _known(connection: Connection, names: Collection[Name]) -> dict[Name, Stored]:
    """What is stored under these names."""
    if not names:
        return {}
    known = select(Event.source, Event.delivery_id, Event.id, Event.status).where(
        tuple_(Event.source, Event.delivery_id).in_(names)
    )
    return {
        (source, delivery_id): Stored(id_, Status(status), duplicate=True)
        for source, delivery_id, id_, status in connection.execute(known)
    }


def _disambiguate(
    connection: Connection, source: str, arrival: IncomingEvent, delivery_id: str, policy: DuplicatePolicy
) -> str:
    """The delivery id, made another one if the booking had another event since."""
    reference = key(arrival.envelope.reference)
    if (
        policy is not DuplicatePolicy.SAME_BODY_UNLESS_INTERLEAVED
        or arrival.envelope.delivery_id
        or reference is None
    ):
        return delivery_id
    newest = (
        select(Event.id, Event.delivery_id)
        .where(
            Event.source == source, or_(Event.reference == reference, Event.previous_reference == reference)
        )
        .order_by(Event.id.desc())
        .limit(1)
    )
    before = connection.execute(newest).first()
    if before is None or before.delivery_id.startswith(delivery_id):
        return before.delivery_id if before else delivery_id
    known = select(Event.id).where(Event.source == source, Event.delivery_id == delivery_id)
    return f"{delivery_id}:{before.id}" if connection.scalar(known) else delivery_id


def lock_of(
    connection: Session | Connection, source: str, envelope: Envelope, references: list[str], delivery_id: str
) -> str:
    """Whose events must not overtake each other: the contact, else the owner of the named booking."""
    contact = contact_key(envelope.email, envelope.phone)
    if contact:
        return contact
    if not references:
        return f"event:{source}:{delivery_id}"
    same_booking = or_(Event.reference.in_(references), Event.previous_reference.in_(references))
    known = select(Event.lock).where(Event.source == source, same_booking).order_by(Event.id).limit(1)
    return connection.scalar(known) or f"booking:{source}:{references[-1]}"
