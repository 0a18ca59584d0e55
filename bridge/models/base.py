"""What all tables share: column types and status values."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, MetaData
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.orm import DeclarativeBase


class Status(StrEnum):
    """The state of an event."""

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
        """Whether it has ended: it changes only if an operator acts."""
        return self in (Status.WRITTEN, Status.IGNORED, Status.PARKED, Status.DISMISSED)


UNFINISHED = tuple(status for status in Status if not status.ended)


class BookingState(StrEnum):
    """What a tour is meant to be, and what the PMS holds of it."""

    UNWRITTEN = "unwritten"
    BOOKED = "booked"
    CANCELLED = "cancelled"


class Role(StrEnum):
    """What a user may do. Each role includes those before it."""

    VIEWER = "viewer"
    """Looks; sees renters' names and addresses masked."""
    OPERATOR = "operator"
    """Repairs, replays, dismisses, pauses."""
    ADMIN = "admin"
    """Manages users and tokens."""

    def includes(self, other: "Role") -> bool:
        """Whether this role may do what the other may."""
        ranks = list(Role)
        return ranks.index(self) >= ranks.index(other)


UNENCRYPTED_FIELDS = (
    "property",
    "unit",
    "agent",
    "lead_source",
    "lead_id",
    "kind",
    "start",
    "duration_minutes",
)
"""Of a booking's details: what does not say who the renter is. The rest is encrypted, and the first to be blanked."""
UNENCRYPTED_TOUR_FIELDS = (
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
