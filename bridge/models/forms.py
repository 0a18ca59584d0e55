"""What guards the forms of websites: keys for signatures, counts of submissions, and the links that renters hold."""

from datetime import datetime

from sqlalchemy import Index
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
