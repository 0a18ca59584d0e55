"""State of Propexo and of the PMSs behind it."""

from datetime import datetime
from typing import Any

from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from bridge.models.base import Base


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


class RecordCache(Base):
    """The records of one kind that Propexo lists at a property, cached so that not every booking fetches them."""

    __tablename__ = "choices"

    integration_id: Mapped[str] = mapped_column(primary_key=True)
    property_id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    """units, agents or lead_sources."""
    fetched_at: Mapped[datetime]
    records: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    """Of each its id and its names; see delivery/rules/record_cache.py."""


class IntegrationState(Base):
    """A connection to a PMS that fails or is paused; one that works has no row, or one that says nothing."""

    __tablename__ = "integrations"

    integration_id: Mapped[str] = mapped_column(primary_key=True)
    failures: Mapped[int] = mapped_column(default=0)
    """Calls in a row, of any event, that got no answer."""
    failing_since: Mapped[datetime | None]
    paused_at: Mapped[datetime | None]
    cause: Mapped[str | None]
    """Why it is paused: a Cause of delivery/rules/circuit_breaker.py."""
    reason: Mapped[str | None]
    """The same as a sentence."""
    probe_at: Mapped[datetime | None]
    """From then on one event may try whether it is over; `None`: only `bridge integrations resume` ends it."""


class ProcessedWebhook(Base):
    """A webhook of Propexo that was processed, so that a repetition has no effect; or the time at which a sync of an
    integration was last requested."""

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
    """Propexo's own count in this window, from the latest answer."""
    in_flight: Mapped[list[float]] = mapped_column(JSONB, default=list)
    """The moments (seconds since 1970) of calls whose answer has not come: Propexo may have counted them."""
    allowed: Mapped[int | None]
    """Calls per minute as Propexo's headers say; None: they never did."""
    blocked_until: Mapped[datetime | None]


class WriteLogCursor(Base):
    """When the write log of an integration was last read for all writes that wait for their confirmation."""

    __tablename__ = "sweeps"

    integration_id: Mapped[str] = mapped_column(primary_key=True)
    category: Mapped[str] = mapped_column(primary_key=True)
    """events or leads."""
    read_at: Mapped[datetime]
