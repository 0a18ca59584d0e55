"""The tables: events, bookings with their references, known contacts, leads, attempts, choices, integrations,
notices, budget, sweeps, erasures.

State lives here and nowhere else; a job in the queue only names its event.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, MetaData, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from bridge.encryption import SealedBytes, SealedJson, SealedText


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


SAYINGS_OPEN = ("property", "unit", "agent", "lead_source", "lead_id", "kind", "start", "duration_minutes")
"""Of a booking's details: what does not say who the renter is. The rest is encrypted, and the first to be blanked."""
TOUR_OPEN = (
    "starts_at", "duration_minutes", "appointment_type", "unit_id", "employee_id", "lead_source_id", "reference",
    "property_name",
)  # fmt: skip
"""Likewise of a written tour."""


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
        Index(
            "ix_events_kept", "ended_at", postgresql_where=text("ended_at IS NOT NULL AND removed_at IS NULL")
        ),
        Index("ix_events_integration", "integration_id", postgresql_where=text("ended_at IS NULL")),
        Index("ix_events_awaits", "awaits", postgresql_where=text("ended_at IS NULL")),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    source: Mapped[str]
    delivery_id: Mapped[str]
    received_at: Mapped[datetime]
    content_type: Mapped[str | None]
    headers: Mapped[dict[str, Any]] = mapped_column(SealedJson(), default=dict)
    query: Mapped[dict[str, Any]] = mapped_column(SealedJson(), default=dict)
    """The parameters of the address, without secrets."""
    body: Mapped[bytes] = mapped_column(SealedBytes)
    original_body: Mapped[bytes | None] = mapped_column(SealedBytes)
    """What came, where a person corrected `body` since."""
    original_content_type: Mapped[str | None]
    answers: Mapped[dict[str, Any] | None] = mapped_column(SealedJson())
    """What the sender's API answered for it, by the names of the mapping's `details`; asked anew by a replay."""

    event: Mapped[str | None]
    occurred_at: Mapped[datetime | None]
    reference: Mapped[str | None]
    previous_reference: Mapped[str | None]
    lock: Mapped[str]
    """Whose events run one after the other: the contact (a digest), else the booking."""

    status: Mapped[str] = mapped_column(default=Status.RECEIVED)
    action: Mapped[str | None]
    reason: Mapped[str | None]
    """A word of the closed list in forwarding/outcomes.py."""
    detail: Mapped[str | None] = mapped_column(SealedText)
    """A sentence for a person."""
    next_attempt_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(default=0)
    """Transient failures in a row; the next progress sets it back."""
    looks: Mapped[int] = mapped_column(default=0)
    """How often it was checked whether the awaited thing has come."""
    replays: Mapped[int] = mapped_column(default=0)
    replayed_at: Mapped[datetime | None]
    history: Mapped[list[dict[str, Any]] | None] = mapped_column(SealedJson())
    """What people did with it: `at`, `what` (of forwarding/lineage.py), `by`, and what each such deed tells more."""
    queue_id: Mapped[int | None]
    """The job that runs it."""
    job_id: Mapped[str | None]
    """Propexo's job of the last write made for this event."""
    integration_id: Mapped[str | None]
    """The integration that it called last, or would have called if it were not paused."""
    awaits: Mapped[str | None]
    """The code of the booking or the lead of which it awaits news; see forwarding/waking.py."""
    booking_id: Mapped[int | None] = mapped_column(ForeignKey("bookings.id"))
    blanked_at: Mapped[datetime | None]
    """Since then nothing of what was said is kept; it cannot run again."""
    removed_at: Mapped[datetime | None]
    """Since then the row only tells that this delivery came, so that a repetition is a duplicate."""

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
    details: Mapped[dict[str, Any]] = mapped_column(SealedJson(*SAYINGS_OPEN), default=dict)
    """Each field with the moment of the event that said it; the newest wins."""

    written_state: Mapped[str] = mapped_column(default=BookingState.UNWRITTEN)
    written: Mapped[dict[str, Any] | None] = mapped_column(SealedJson(*TOUR_OPEN))
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
    details: Mapped[dict[str, Any]] = mapped_column(SealedJson(), default=dict)
    """Each field with the moment of the event that said it; the newest wins."""
    used_at: Mapped[datetime]
    """When an event last told of the person, or named it."""


class Lead(Base):
    """A person at a property, as far as the bridge knows: found in Propexo, or being created there."""

    __tablename__ = "leads"

    integration_id: Mapped[str] = mapped_column(primary_key=True)
    property_id: Mapped[str] = mapped_column(primary_key=True)
    contact: Mapped[str] = mapped_column(primary_key=True)
    """A digest of the e-mail, else of the phone; see keys.contact_key."""
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
    __table_args__ = (
        Index("ix_attempts_event", "event_id", "id"),
        Index("ix_attempts_submitted", "integration_id", postgresql_where=text("outcome = 'submitted'")),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id", ondelete="CASCADE"))
    booking_id: Mapped[int | None] = mapped_column(ForeignKey("bookings.id"))
    kind: Mapped[str]
    request: Mapped[dict[str, Any] | None] = mapped_column(SealedJson("event_id"))
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    outcome: Mapped[str]
    """`sending`, then an Outcome of propexo/errors.py."""
    status_code: Mapped[int | None]
    detail: Mapped[str | None] = mapped_column(SealedText)
    job_id: Mapped[str | None] = mapped_column(index=True)
    effect: Mapped[dict[str, Any] | None] = mapped_column(SealedJson())
    """What the booking becomes when the write is confirmed."""
    integration_id: Mapped[str | None]
    """Of a write: whose write log will list it."""
    listed: Mapped[str | None]
    """How it ended as the write log lists it: SUCCESS or FAILURE; see forwarding/confirmation.py."""
    unlisted: Mapped[int] = mapped_column(default=0)
    """How often the log was read without a trace of it."""


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
    """A connection to a PMS that fails or is paused; one that works has no row, or one that says nothing."""

    __tablename__ = "integrations"

    integration_id: Mapped[str] = mapped_column(primary_key=True)
    failures: Mapped[int] = mapped_column(default=0)
    """Calls in a row, of whatever event, that reached nobody."""
    failing_since: Mapped[datetime | None]
    paused_at: Mapped[datetime | None]
    cause: Mapped[str | None]
    """Why it is paused: a Cause of forwarding/pauses.py."""
    reason: Mapped[str | None]
    """The same as a sentence."""
    probe_at: Mapped[datetime | None]
    """From then on one event may try whether it is over; `None`: only `bridge integrations resume` ends it."""


class Notice(Base):
    """One of Propexo's own webhooks that was acted upon, so that nobody can make us look again by repeating it."""

    __tablename__ = "notices"

    key: Mapped[str] = mapped_column(primary_key=True)
    received_at: Mapped[datetime]


class Budget(Base):
    """What is known of Propexo's count of the calls of one token, shared by all workers; see propexo/quota.py."""

    __tablename__ = "budget"

    token: Mapped[str] = mapped_column(primary_key=True)
    """A hash of it."""
    window: Mapped[int] = mapped_column(default=0)
    """Counts Propexo's minutes, as far as we have seen any."""
    began: Mapped[datetime]
    """When, by our clock, the present one began at the earliest that we know."""
    called_at: Mapped[datetime]
    """When the last call was allowed."""
    seen: Mapped[int] = mapped_column(default=0)
    """Propexo's own count in this window, as the latest answer told it."""
    in_flight: Mapped[list[float]] = mapped_column(JSONB, default=list)
    """The moments (seconds since 1970) of calls whose answer has not come: Propexo may have counted them."""
    allowed: Mapped[int | None]
    """Calls per minute as Propexo's headers say; None: they never did."""
    blocked_until: Mapped[datetime | None]


class Sweep(Base):
    """When the write log of an integration was last read for all writes that wait for their confirmation."""

    __tablename__ = "sweeps"

    integration_id: Mapped[str] = mapped_column(primary_key=True)
    category: Mapped[str] = mapped_column(primary_key=True)
    """events or leads."""
    read_at: Mapped[datetime]


class Erasure(Base):
    """That a person was removed, for whoever has to prove it. Who it was, only the digest tells."""

    __tablename__ = "erasures"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    erased_at: Mapped[datetime]
    contact: Mapped[str]
    """A digest of the e-mail or the phone that was asked for."""
    forced: Mapped[bool]
    """Although tours were still to come."""
    counts: Mapped[dict[str, Any]]
    """What was erased."""
