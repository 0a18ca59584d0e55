"""Bookings, leads and contacts."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Identity, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from bridge.encryption import SealedJson
from bridge.models.base import UNENCRYPTED_FIELDS, UNENCRYPTED_TOUR_FIELDS, Base, BookingState


class Booking(Base):
    """One tour over its life: what it is meant to be, and what the PMS holds of it."""

    __tablename__ = "bookings"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    source: Mapped[str]
    code: Mapped[str] = mapped_column(unique=True)
    """Our short reference, written into the notes of the appointment and searched for when in doubt.

    A cancel draws a new one for the next appointment; see `EarlierCode`.
    """
    created_at: Mapped[datetime]

    state: Mapped[str] = mapped_column(default=BookingState.UNWRITTEN)
    """What it is meant to be by the newest event."""
    changed_at: Mapped[datetime | None]
    changed_rank: Mapped[int] = mapped_column(default=0)
    """Orders events of one moment: book, reschedule, cancel."""
    details: Mapped[dict[str, Any]] = mapped_column(SealedJson(*UNENCRYPTED_FIELDS), default=dict)
    """Each field with the time of its event; the newest wins."""

    written_state: Mapped[str] = mapped_column(default=BookingState.UNWRITTEN)
    written: Mapped[dict[str, Any] | None] = mapped_column(SealedJson(*UNENCRYPTED_TOUR_FIELDS))
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
    tour_key: Mapped[str | None]
    """Lead, property and start of its appointment, from its write on until it is cancelled; unique where it is set.
    Older versions leave it empty."""
    version: Mapped[int] = mapped_column()
    """Counts changes: who decided on an older version decides again."""

    __table_args__ = (
        Index("ix_bookings_tour_start", text("tour_start(details)")),  # a function of migration 0012
        Index("uq_bookings_tour_key", "tour_key", unique=True, postgresql_where=text("tour_key IS NOT NULL")),
    )
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy's declaration


class EarlierCode(Base):
    """A reference of a booking that `code` has replaced: it is in the notes of an appointment that is cancelled."""

    __tablename__ = "earlier_codes"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    """Counts up: the highest one of a booking is of its last cancelled appointment."""
    code: Mapped[str] = mapped_column(unique=True)
    booking_id: Mapped[int] = mapped_column(ForeignKey("bookings.id", ondelete="CASCADE"), index=True)


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
    """Each field with the time of its event; the newest wins."""
    used_at: Mapped[datetime]
    """When an event last described or named the person."""


class SearchToken(Base):
    """A search term of a booking: a word of the name, the e-mail or the phone, as a digest (see search_index.py)."""

    __tablename__ = "terms"

    term: Mapped[str] = mapped_column(primary_key=True)
    booking_id: Mapped[int] = mapped_column(
        ForeignKey("bookings.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class Alias(Base):
    """A sender's name for a property, added at the console; bridge.toml has the others."""

    __tablename__ = "aliases"

    alias: Mapped[str] = mapped_column(primary_key=True)
    """As `settings.records.normalise_name` spells it."""
    property: Mapped[str]
    """Key of a configured property."""
    added_at: Mapped[datetime]
    added_by: Mapped[str]
