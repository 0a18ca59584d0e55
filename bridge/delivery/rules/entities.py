"""The rows that a decision works on, frozen, under the names of this folder; rows.py maps them to columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from bridge.mapping.booking import Contact
from bridge.models import BookingState, Status

Row = TypeVar("Row")
EventTime = tuple[datetime, int]
"""The position of an event in its booking's history: the sender's clock, then the rank of its action."""


def changed(row: Row, **changes: Any) -> Row:
    """Return the frozen row with some values replaced, as `dataclasses.replace` does.

    It copies the values at once: a tour takes about 100 changes, and the rows have up to 37 fields. For classes without
    `__post_init__` and slots. Raises TypeError for a field that the row does not have.
    """
    known, copy = vars(row), object.__new__(type(row))
    values = vars(copy)
    values.update(known)
    values.update(changes)
    if len(values) != len(known):
        raise TypeError(f"{type(row).__name__} has no {', '.join(sorted(changes.keys() - known.keys()))}.")
    return copy


@dataclass(frozen=True)
class EventRow:
    """One stored event, without its body."""

    id: int
    source: str
    delivery_id: str
    received_at: datetime
    lane: str
    seq: int
    status: str = Status.RECEIVED
    event: str | None = None
    occurred_at: datetime | None = None
    reference: str | None = None
    previous_reference: str | None = None
    action: str | None = None
    reason: str | None = None
    detail: str | None = None
    due_at: datetime | None = None
    ended_at: datetime | None = None
    failure_count: int = 0
    poll_count: int = 0
    replayed_at: datetime | None = None
    propexo_job_id: str | None = None
    property_key: str | None = None
    integration_id: str | None = None
    waiting_on: str | None = None
    booking_id: int | None = None
    rank: int | None = None
    """Its place among all events that can run; lower goes first. `None`: not read yet."""
    first_call_at: datetime | None = None
    trace: str | None = None
    """The trace context of the request that brought it."""
    request_id: str | None = None
    enrichment: Mapping[str, Any] | None = None
    would_write: Mapping[str, Any] | None = None
    """In shadow mode: what would have been written (see shadow.py); concluded, and never loaded."""

    @property
    def log_fields(self) -> dict[str, Any]:
        """What every log line about it has: by the id of its request, the log leads from the endpoint to the PMS."""
        return {"event_id": self.id} | ({"request_id": self.request_id} if self.request_id else {})

    @property
    def references(self) -> list[str]:
        """The sender's ids of the booking that the event names: its own, and the one that it had before."""
        return list(dict.fromkeys(name for name in (self.reference, self.previous_reference) if name))

    @property
    def known_by(self) -> list[str]:
        """By what its booking is known, also where the sender gives it no id."""
        return self.references or [self.delivery_id]


@dataclass(frozen=True)
class BookingRow:
    """One tour over its life. `id` is `None` until it is stored."""

    id: int | None
    source: str
    reference_code: str
    created_at: datetime
    desired_state: str = BookingState.UNWRITTEN
    decided_at: datetime | None = None
    decided_rank: int = 0
    fields: Mapping[str, Any] = field(default_factory=dict)
    confirmed_state: str = BookingState.UNWRITTEN
    confirmed_tour: Mapping[str, Any] | None = None
    property_key: str | None = None
    lead_id: str | None = None
    appointment_id: str | None = None
    appointment_verified: bool = False
    in_flight_attempt_id: int | None = None
    merged_into: int | None = None
    tour_key: str | None = None
    """Of the appointment: no other booking has the same (see tour_key.py)."""
    version: int = 1

    @property
    def is_in_pms(self) -> bool:
        return self.confirmed_state == BookingState.BOOKED

    @property
    def is_awaited(self) -> bool:
        """Whether there is to be an appointment, and none is known."""
        return self.desired_state == BookingState.BOOKED and not self.is_in_pms

    @property
    def may_be_in_pms(self) -> bool:
        """Whether the PMS holds an appointment of it, or may soon."""
        return self.is_in_pms or self.in_flight_attempt_id is not None


@dataclass(frozen=True)
class LeadRow:
    """A person at a property."""

    integration_id: str
    property_id: str
    contact: str
    reference_code: str
    created_at: datetime
    lead_id: str | None = None
    created: bool = False
    in_flight_attempt_id: int | None = None
    is_new: bool = False
    """Whether it is not stored yet."""
    person: Contact | None = None
    """Who it was made for, where this run knows; never stored."""

    @property
    def key(self) -> tuple[str, str, str]:
        return self.integration_id, self.property_id, self.contact


@dataclass(frozen=True)
class TimeClaim:
    """The time that a booking holds at its property. `booking_id` is `None` until the booking is stored."""

    booking_id: int | None
    property_key: str
    kind: str
    starts_at: datetime
    ends_at: datetime
    agent: str | None = None
    written_since: datetime | None = field(default=None, compare=False)
    """When it was taken, where the PMS has confirmed the tour since; loaded and never written."""


Owner = BookingRow | LeadRow
"""What a write is about."""


@dataclass(frozen=True)
class AttemptRow:
    """A write whose outcome is not known yet."""

    id: int
    event_id: int
    kind: str
    started_at: datetime
    outcome: str
    booking_id: int | None = None
    request: Mapping[str, Any] | None = None
    finished_at: datetime | None = None
    status_code: int | None = None
    detail: str | None = None
    job_id: str | None = None
    on_confirm: Mapping[str, Any] | None = None
    integration_id: str | None = None
    write_log_state: str | None = None
    write_log_misses: int = 0
    send_before: datetime | None = None
    look_count: int = 0
    look_at: datetime | None = None
    event_ended_at: datetime | None = None
    """When the event that made it had ended; loaded beside it and never written."""

    @property
    def sent_at(self) -> datetime:
        """When it was answered; of a write whose worker died while it was sending, only the start is known."""
        return self.finished_at or self.started_at


@dataclass(frozen=True)
class Breaker:
    """The circuit breaker of one integration."""

    integration_id: str
    failures: int = 0
    failing_since: datetime | None = None
    paused_at: datetime | None = None
    cause: str | None = None
    reason: str | None = None
    probe_at: datetime | None = None
    has_prober: bool = False
    """Whether an event waits that will be there when the next probe is due."""


@dataclass(frozen=True)
class ReadRow:
    """A reading call that was made, for the history of its event."""

    kind: str
    started_at: datetime
    finished_at: datetime
    outcome: str
    status_code: int | None = None
    detail: str | None = None


@dataclass(frozen=True)
class CachedRecords:
    """What Propexo offered at a property when it was asked last."""

    fetched_at: datetime
    records: Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class SenderContact:
    """The contact behind a sender's id of a person."""

    source: str
    contact_id: str
    fields: Mapping[str, Any] = field(default_factory=dict)
