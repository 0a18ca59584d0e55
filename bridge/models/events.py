"""Events, and the calls to Propexo for them."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, ForeignKey, Identity, Index, UniqueConstraint, func, text
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column, relationship

from bridge.encryption import SealedBytes, SealedJson, SealedText
from bridge.models.base import Base, Status
from bridge.models.bookings import Booking


class Event(Base):
    """One event of a sender, stored as received."""

    __tablename__ = "events"
    __table_args__ = (
        # The name of the constraint is part of insertion.py: ON CONFLICT makes the duplicate check and the insert one.
        UniqueConstraint("source", "delivery_id", name="uq_events_delivery"),
        Index("ix_events_source_reference", "source", "reference"),
        Index("ix_events_source_previous_reference", "source", "previous_reference"),
        Index("ix_events_status", "status", "id"),
        Index("ix_events_booking", "booking_id"),
        Index("ix_events_of_source", "source", "id"),
        # Only of rows that a worker has touched: at the webhook endpoint they cost nothing.
        Index("ix_events_reason", "reason", "id", postgresql_where=text("reason IS NOT NULL")),
        Index("ix_events_property", "property", "id", postgresql_where=text("property IS NOT NULL")),
        Index("ix_events_request", "request_id", postgresql_where=text("request_id IS NOT NULL")),
        Index("ix_events_received", "received_at", postgresql_using="brin"),
        Index(
            "ix_events_kept", "ended_at", postgresql_where=text("ended_at IS NOT NULL AND removed_at IS NULL")
        ),
        Index("ix_events_integration", "integration_id", postgresql_where=text("ended_at IS NULL")),
        Index("ix_events_awaits", "awaits", postgresql_where=text("ended_at IS NULL")),
        Index("ix_events_lane_open", "lock", "seq", postgresql_where=text("ended_at IS NULL")),
        Index("ix_events_reference_open", "source", "reference", postgresql_where=text("ended_at IS NULL")),
        Index(
            "ix_events_previous_open",
            "source",
            "previous_reference",
            postgresql_where=text("ended_at IS NULL AND previous_reference IS NOT NULL"),
        ),
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
    """What the sender's API answered for it, by the names of the mapping's `details`; a replay asks again."""
    would_write: Mapped[dict[str, Any] | None] = mapped_column(SealedJson())
    """In shadow mode: the writes that it would have led to, and how it would have ended (delivery/rules/shadow.py)."""

    event: Mapped[str | None]
    occurred_at: Mapped[datetime | None]
    reference: Mapped[str | None]
    previous_reference: Mapped[str | None]
    lock: Mapped[str]
    """Its lane: the contact (a digest), else the booking. The events of one lane run one after the other."""
    seq: Mapped[int | None] = mapped_column(server_default=text("nextval('event_seq')"))
    """Its place in the lane; a replay takes a new one. `None`: it had ended before there were lanes."""
    rank: Mapped[int | None]
    """Its place among all lanes once it was read; see delivery/priority.py."""
    trace: Mapped[str | None]
    """The trace context of the request that brought it, in W3C's spelling; see tracing.py."""
    request_id: Mapped[str | None]
    """The id of the request that brought it, which is in the log and in the answer (`X-Request-ID`)."""

    status: Mapped[str] = mapped_column(default=Status.RECEIVED)
    action: Mapped[str | None]
    reason: Mapped[str | None]
    """A word of the closed list in delivery/outcomes.py."""
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
    """What people did with it: `at`, `what` (of events/history.py), `by`, and the details of each action."""
    queue_id: Mapped[int | None]
    """The job that ran it in the version before; no longer set."""
    first_call_at: Mapped[datetime | None]
    """When the first call was made for it."""
    job_id: Mapped[str | None]
    """Propexo's job of the last write made for this event."""
    property: Mapped[str | None]
    """Key of its property, once a run has resolved it."""
    integration_id: Mapped[str | None]
    """The integration that it called last, or would have called if it were not paused."""
    awaits: Mapped[str | None]
    """What ends its wait: the code of a booking or a lead, or one of the other codes of delivery/state.py's `Wait`."""
    booking_id: Mapped[int | None] = mapped_column(ForeignKey("bookings.id"))
    blanked_at: Mapped[datetime | None]
    """Since then its payload is deleted; it cannot run again."""
    removed_at: Mapped[datetime | None]
    """Since then the row is only a tombstone of the delivery, so that a repetition is a duplicate."""

    booking: Mapped["Booking | None"] = relationship()


class Attempt(Base):
    """One call to Propexo and what came of it. A write is stored here before it is sent."""

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
    """How it ended as the write log lists it: SUCCESS or FAILURE; see delivery/confirm.py."""
    unlisted: Mapped[int] = mapped_column(default=0)
    """How often the log was read without a trace of it."""
    send_before: Mapped[datetime | None]
    """Of a write: it is not sent after this moment, so its trace is not searched for before."""
    look_count: Mapped[int] = mapped_column(default=0)
    """How often its trace was looked for, where it is not known whether it arrived."""
    look_at: Mapped[datetime | None]
    """When its trace is looked for next."""

    @hybrid_property
    def sent_at(self) -> datetime:
        """When it was answered; of a write whose worker died while it was sending, only the start is known."""
        return self.finished_at or self.started_at

    @sent_at.inplace.expression
    @classmethod
    def _sent_at(cls) -> ColumnElement[datetime]:
        return func.coalesce(cls.finished_at, cls.started_at)


class Lane(Base):
    """What must happen in order, and is claimed by a worker: the open events of one contact, else of one booking."""

    __tablename__ = "lanes"
    __table_args__ = (
        Index("ix_lanes_ready", "rank", "lane", postgresql_where=text("ready")),
        Index("ix_lanes_due", "due_at", postgresql_where=text("NOT ready")),
        {"postgresql_with": {"fillfactor": "70"}},
    )

    lane: Mapped[str] = mapped_column(primary_key=True)
    """`events.lock`. The row goes with the lane's last open event: it is a digest of a person's address."""
    rank: Mapped[int]
    """That of the soonest open event; 0: something in it is new."""
    ready: Mapped[bool]
    """Whether a worker may claim it."""
    due_at: Mapped[datetime]
    """When it is ready at the latest: a wait ends then, or a lease."""
    lease: Mapped[int | None]
    """Who works on it: a result counts only under this number."""
    claims: Mapped[int] = mapped_column(default=0, server_default="0")
    """Claims since a result was last recorded; many mean that an event in it ends its worker."""
    news: Mapped[bool] = mapped_column(default=False, server_default="false")
    """Something came while it was leased."""
    woken: Mapped[bool] = mapped_column(default=False, server_default="false")
    """What an event of it waits for came while it was leased."""
