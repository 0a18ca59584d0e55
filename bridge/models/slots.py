"""The times that tours hold, and Propexo's answers about free times."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from bridge.models.base import Base


class SlotCalendar(Base):
    """One property, whose row is locked to take or free a time there."""

    __tablename__ = "slot_calendars"

    property: Mapped[str] = mapped_column(primary_key=True)
    """Key of a configured property."""
    changes: Mapped[int]
    """Counts what was taken and freed: who has kept a list sees that it is out of date."""


class SlotClaim(Base):
    """The time that a tour holds, from the commit that accepts it, until it moves, is cancelled or is given up."""

    __tablename__ = "slot_claims"
    __table_args__ = (Index(None, "property", "starts_at"),)

    booking_id: Mapped[int] = mapped_column(ForeignKey("bookings.id", ondelete="CASCADE"), primary_key=True)
    property: Mapped[str]
    kind: Mapped[str]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    agent: Mapped[str | None]
    """Propexo's id of the employee."""
    changed_at: Mapped[datetime] = mapped_column(server_default=func.now())
    """When the tour took this time."""


class SlotSource(Base):
    """An answer of Propexo about times, shared by all processes: what a PMS offers, or the appointments there."""

    __tablename__ = "slot_sources"

    integration_id: Mapped[str] = mapped_column(primary_key=True)
    property_id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    """`appointments`, or `calendars:` and the first day."""
    fetched_at: Mapped[datetime | None]
    asked_at: Mapped[datetime | None]
    """When a process began to refresh it; `None`: none does."""
    content: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    """Times and ids of agents, without names and notes."""
