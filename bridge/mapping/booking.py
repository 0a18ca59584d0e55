"""One tour, as every sender's payload is read into it and every PMS is written from it."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Action(StrEnum):
    """What an event asks for."""

    BOOK = "book"
    RESCHEDULE = "reschedule"
    CANCEL = "cancel"
    NO_SHOW = "no_show"
    """The renter did not come. The booking keeps it; no PMS takes it through Propexo."""
    REMEMBER = "remember"
    """The event names a person, whose bookings come in events of their own."""
    IGNORE = "ignore"


class TourKind(StrEnum):
    """How the renter sees the apartment."""

    IN_PERSON = "in_person"
    SELF_GUIDED = "self_guided"
    VIRTUAL = "virtual"
    LEASING = "leasing"
    """A talk about a lease instead of a tour."""


class AppointmentStatus(StrEnum):
    """Where an appointment is in the PMS; MRI takes it."""

    OPEN = "open"
    REVIEW = "review"
    COMPLETED = "completed"
    DENIED = "denied"


class Priority(StrEnum):
    """How urgent an appointment is; RealPage Partner Exchange takes it."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


@dataclass(frozen=True)
class Contact:
    """The renter. E-mail in the letters of the sender (compare without case), phone in E.164."""

    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    phone: str | None = None


@dataclass(frozen=True)
class BookingRequest:
    """What one event says about one tour. Absent is `None`: a cancel often carries a reference and no more."""

    action: Action
    reference: str
    """The sender's id of the booking."""
    previous_reference: str | None = None
    """Where the sender gives a new id on a reschedule: the id before it."""
    occurred_at: datetime | None = None
    """When it happened, by the sender's clock (aware). Orders the events of one booking."""
    requested: bool = False
    """Tentative: asked for and not confirmed yet; it may lack a start."""
    contact: Contact = field(default_factory=Contact)
    contact_id: str | None = None
    """The sender's id of the renter, where another event says who that is."""
    starts_at: datetime | None = None
    """The start as an instant (aware, UTC)."""
    starts_at_local: datetime | None = None
    """The start as wall time at the property (naive), when the sender knows no zone."""
    duration_minutes: int | None = None
    kind: TourKind | None = None
    status: AppointmentStatus | None = None
    priority: Priority | None = None
    property: str | None = None
    """As the sender writes it; the configured aliases say which property it is."""
    unit: str | None = None
    agent: str | None = None
    lead_source: str | None = None
    lead_id: str | None = None
    """The Propexo id of the lead, where the sender carries it along."""
    title: str | None = None
    notes: str | None = None
