"""What forms and chats need: keys for signatures, counts of submissions, renters' links, and the times offered."""

from datetime import datetime

from sqlalchemy import Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from bridge.encryption import SealedText
from bridge.models.base import Base


class SigningKey(Base):
    """A key made by the first process that needs it, the same for all."""

    __tablename__ = "signing_keys"

    name: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(SealedText)
    created_at: Mapped[datetime]


class FormCount(Base):
    """How often a form was sent in an hour: from one address, for one contact, at one property."""

    __tablename__ = "form_counts"

    key: Mapped[str] = mapped_column(primary_key=True)
    """A keyed digest."""
    hour: Mapped[datetime] = mapped_column(primary_key=True)
    count: Mapped[int]


class TourLink(Base):
    """The link with which a renter moves or cancels a tour. The token itself is not stored."""

    __tablename__ = "tour_links"
    __table_args__ = (Index("ix_tour_links_tour", "source", "reference"),)

    digest: Mapped[str] = mapped_column(primary_key=True)
    """Of the token."""
    source: Mapped[str]
    reference: Mapped[str]
    """The sender's id of the booking."""
    language: Mapped[str]
    """The language in which the renter booked."""
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class TimeOffer(Base):
    """The free times that a conversation was offered last, in the order of their numbers."""

    __tablename__ = "time_offers"

    source: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(primary_key=True)
    """Of the sender's id of the conversation."""
    property: Mapped[str]
    kind: Mapped[str | None]
    starts: Mapped[list[str]] = mapped_column(JSONB)
    offered_at: Mapped[datetime] = mapped_column(index=True)
