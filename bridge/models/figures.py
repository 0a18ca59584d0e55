"""Counters and gauges, stored so that no page and no scrape has to count events."""

from datetime import datetime
from typing import Any

from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from bridge.models.base import Base


class HourlyCount(Base):
    """How many events one source had in one hour; the worker recounts the latest hours every minute."""

    __tablename__ = "tallies"

    hour: Mapped[datetime] = mapped_column(primary_key=True)
    """Its beginning, in UTC."""
    source: Mapped[str] = mapped_column(primary_key=True)
    received: Mapped[int] = mapped_column(default=0)
    written: Mapped[int] = mapped_column(default=0)
    """By the hour in which they were written; likewise the others."""
    parked: Mapped[int] = mapped_column(default=0)
    ignored: Mapped[int] = mapped_column(default=0)


class Gauge(Base):
    """A figure that only the database knows, as the worker last read it."""

    __tablename__ = "gauges"

    name: Mapped[str] = mapped_column(primary_key=True)
    labels: Mapped[str] = mapped_column(primary_key=True)
    """As JSON with sorted keys."""
    value: Mapped[float]
    at: Mapped[datetime]


class RejectionCount(Base):
    """How many requests to one source failed its verification in one hour, and why."""

    __tablename__ = "refusals"

    hour: Mapped[datetime] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(primary_key=True)
    cause: Mapped[str] = mapped_column(primary_key=True)
    """A word of a closed list."""
    count: Mapped[int]
    last_at: Mapped[datetime]


class PayloadField(Base):
    """A field that payloads of one kind have had: its place and type, and when it was first and last seen."""

    __tablename__ = "payload_fields"

    source: Mapped[str] = mapped_column(primary_key=True)
    event: Mapped[str] = mapped_column(primary_key=True)
    """The sender's name of the kind of event; empty where it has none."""
    path: Mapped[str] = mapped_column(primary_key=True)
    type: Mapped[str] = mapped_column(primary_key=True)
    first_seen: Mapped[datetime]
    last_seen: Mapped[datetime]


class Alert(Base):
    """An alert that was sent, until its problem is over."""

    __tablename__ = "alerts"

    key: Mapped[str] = mapped_column(primary_key=True)
    """What it is about: `paused:<integration>`, `parked`, `silent:<source>`."""
    opened_at: Mapped[datetime]
    notified_at: Mapped[datetime | None] = mapped_column("told_at")
    level: Mapped[int]
    """How bad it is; the alert is repeated only when this grows."""
    state: Mapped[Any] = mapped_column(JSONB, nullable=True)
    """What was reported, to detect what is new."""
