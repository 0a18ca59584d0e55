"""The tables: events, bookings with their references, known contacts, leads, attempts, choices, integrations, budget.

State lives here and nowhere else; a job in the queue only names its event.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, MetaData, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Status(StrEnum):
    """Where an event stands."""

    RECEIVED = "received"
    RETRYING = "retrying"
    WAITING = "waiting"
    SUBMITTED = "submitted"
    WRITTEN = "written"
    IGNORED = "ignored"
    PARKED = "parked"
    DISMISSED = "dismissed"

    @property
    def ended(self) -> bool:
        """Whether nothing more happens by itself."""
        return self in (Status.WRITTEN, Status.IGNORED, Status.PARKED, Status.DISMISSED)


UNFINISHED = tuple(status for status in Status if not status.ended)


class BookingState(StrEnum):
    """What a tour is meant to be, and what the PMS holds of it."""

    UNWRITTEN = "unwritten"
    BOOKED = "booked"
    CANCELLED = "cancelled"


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy's declaration
        datetime: TIMESTAMP(timezone=True),
        dict[str, Any]: JSONB,
        int: BigInteger,
    }


class Event(Base):
    """One thing that a sender told us, stored as received."""

    __tablename__ = "events"
    __table_args__ = (
        # The name of the constraint is part of inbox.py: ON CONFLICT makes the duplicate check and the insert one.
        UniqueConstraint("source", "delivery_id", name="uq_events_delivery"),
        Index("ix_events_source_reference", "source", "reference"),
        Index("ix_events_source_previous_reference", "source", "previous_reference"),
        Index("ix_events_status", "status", "id"),
        Index("ix_events_booking", "booking_id"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    source: Mapped[str]
    delivery_id: Mapped[str]
    received_at: Mapped[datetime]
    content_type: Mapped[str | None]
    headers: Mapped[dict[str, Any]] = mapped_column(default=dict)
    query: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """The parameters of the address, without secrets."""
    body: Mapped[bytes]
    answers: Mapped[dict[str, Any] | None]
    """What the sender's API answered for it, by the names of the mapping's `details`; asked anew by a replay."""

    event: Mapped[str | None]
    occurred_at: Mapped[datetime | None]
    reference: Mapped[str | None]
    previous_reference: Mapped[str | None]
    lock: Mapped[str]
    """Whose events run one after the other: the contact, else the booking."""

    status: Mapped[str] = mapped_column(default=Status.RECEIVED)
    action: Mapped[str | None]
    reason: Mapped[str | None]
    """A word of the closed list in forwarding/outcomes.py."""
    detail: Mapped[str | None]
    """A sentence for a person."""
    next_attempt_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(default=0)
    """Transient failures in a row; the next progress sets it back."""
    looks: Mapped[int] = mapped_column(default=0)
    """How often it was checked whether the awaited thing has come."""
    replays: Mapped[int] = mapped_column(default=0)
    replayed_at: Mapped[datetime | None]
    queue_id: Mapped[int | None]
    """The job that runs it."""
    job_id: Mapped[str | None]
    """Propexo's job of the last write made for this event."""
    booking_id: Mapped[int | None] = mapped_column(ForeignKey("bookings.id"))

    booking: Mapped["Booking | None"] = relationship()


class Booking(Base):
    """One tour over its life: what it is meant to be, and what the PMS holds of it."""

    __tablename__ = "bookings"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    source: Mapped[str]
    code: Mapped[str] = mapped_column(unique=True)
    """Our short reference, written into the notes of the appointment and searched for when in doubt."""
    created_at: Mapped[datetime]

    state: Mapped[str] = mapped_column(default=BookingState.UNWRITTEN)
    """What it is meant to be by the newest event."""
    changed_at: Mapped[datetime | None]
    changed_rank: Mapped[int] = mapped_column(default=0)
    """Orders events of one moment: book, reschedule, cancel."""
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """Each field with the moment of the event that said it; the newest wins."""

    written_state: Mapped[str] = mapped_column(default=BookingState.UNWRITTEN)
    written: Mapped[dict[str, Any] | None]
    """The tour as the PMS confirmed it."""
    property: Mapped[str | None]
    """Key of the property at which it was written."""
    lead_id: Mapped[str | None]
    appointment_id: Mapped[str | None]
    appointment_verified: Mapped[bool] = mapped_column(default=False)
    open_attempt_id: Mapped[int | None]
    """The write whose outcome is not known yet."""
    merged_into: Mapped[int | None] = mapped_column(ForeignKey("bookings.id"), index=True)
    """The booking that this one turned out to be a part of; its own appointment is to be cancelled."""
    version: Mapped[int] = mapped_column()
    """Counts changes: who decided on an older version decides again."""

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy's declaration


class BookingReference(Base):
    """A sender's id of a booking; a reschedule can add another."""

    __tablename__ = "booking_references"

    source: Mapped[str] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(primary_key=True)
    booking_id: Mapped[int] = mapped_column(ForeignKey("bookings.id"), index=True)


class KnownContact(Base):
    """Who is behind a sender's id of a person, for senders that name people in events of their own."""

    __tablename__ = "known_contacts"

    source: Mapped[str] = mapped_column(primary_key=True)
    contact_id: Mapped[str] = mapped_column(primary_key=True)
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """Each field with the moment of the event that said it; the newest wins."""


class Lead(Base):
    """A person at a property, as far as the bridge knows: found in Propexo, or being created there."""

    __tablename__ = "leads"

    integration_id: Mapped[str] = mapped_column(primary_key=True)
    property_id: Mapped[str] = mapped_column(primary_key=True)
    contact: Mapped[str] = mapped_column(primary_key=True)
    """E-mail, else phone."""
    code: Mapped[str] = mapped_column(unique=True)
    """Our id of the lead, given to the PMS as third_party_id and in the notes."""
    lead_id: Mapped[str | None]
    created: Mapped[bool] = mapped_column(default=False)
    """The PMS confirmed that we made it; where it gives no id, the next sync brings it."""
    open_attempt_id: Mapped[int | None]
    created_at: Mapped[datetime]


class Attempt(Base):
    """One call to Propexo and what came of it. A write stands here before it is sent."""

    __tablename__ = "attempts"
    __table_args__ = (Index("ix_attempts_event", "event_id", "id"),)

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id", ondelete="CASCADE"))
    booking_id: Mapped[int | None] = mapped_column(ForeignKey("bookings.id"))
    kind: Mapped[str]
    request: Mapped[dict[str, Any] | None]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    outcome: Mapped[str]
    """`sending`, then an Outcome of propexo/errors.py."""
    status_code: Mapped[int | None]
    detail: Mapped[str | None]
    job_id: Mapped[str | None] = mapped_column(index=True)
    effect: Mapped[dict[str, Any] | None]
    """What the booking becomes when the write is confirmed."""


class Choices(Base):
    """What Propexo offers at a property, kept so that not every booking asks anew."""

    __tablename__ = "choices"

    integration_id: Mapped[str] = mapped_column(primary_key=True)
    property_id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    """units, agents or lead_sources."""
    fetched_at: Mapped[datetime]
    records: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    """Of each its id and its names; see forwarding/lookups.py."""


class Integration(Base):
    """A paused connection to a PMS; its events wait without using up attempts."""

    __tablename__ = "integrations"

    integration_id: Mapped[str] = mapped_column(primary_key=True)
    paused_at: Mapped[datetime | None]
    reason: Mapped[str | None]
    probe_at: Mapped[datetime | None]
    """From then on one event may try whether it is over."""


class Budget(Base):
    """Calls spent in the current minute, shared by all workers that use one token."""

    __tablename__ = "budget"

    token: Mapped[str] = mapped_column(primary_key=True)
    """A hash of it."""
    minute: Mapped[datetime]
    used: Mapped[int]
    allowed: Mapped[int]
    blocked_until: Mapped[datetime | None]
