"""Users, sessions, tokens and the audit log."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Identity, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from bridge.encryption import SealedJson
from bridge.models.base import Base


class User(Base):
    """A user who may sign in to the console."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    """What is typed to sign in, in lower case."""
    password_hash: Mapped[str | None]
    """Argon2; `None`: signs in through OpenID Connect only."""
    role: Mapped[str]
    locale: Mapped[str] = mapped_column(server_default="en_US")
    """How the console writes dates and numbers for this user: one of `LOCALES` of console/dates.py."""
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]


class SignIn(Base):
    """A session at the console, or a one-time link that opens one."""

    __tablename__ = "sign_ins"

    digest: Mapped[str] = mapped_column(primary_key=True)
    """Of the random text in the cookie or the link, which itself is stored nowhere."""
    one_time: Mapped[bool]
    """A link: using it makes a session of it under another text."""
    name: Mapped[str]
    role: Mapped[str]
    origin: Mapped[str]
    """An Origin of console/access/sessions.py: who vouches for name and role."""
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    csrf: Mapped[str] = mapped_column(server_default=text("gen_random_uuid()::text"))
    """The token that the version before asks its forms for; this one does not read it."""
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class SignInFailure(Base):
    """How many sign-ins failed lately, so that guessing takes longer and longer."""

    __tablename__ = "sign_in_failures"

    key: Mapped[str] = mapped_column(primary_key=True)
    """A digest of the name, or of the address that the requests come from."""
    failures: Mapped[int]
    last_at: Mapped[datetime]


class ApiToken(Base):
    """A bearer token of the management API."""

    __tablename__ = "tokens"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str]
    digest: Mapped[str] = mapped_column(unique=True)
    role: Mapped[str]
    created_at: Mapped[datetime]
    created_by: Mapped[str | None]
    expires_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]
    """To the hour."""
    revoked_at: Mapped[datetime | None]


class CalendarFeed(Base):
    """An address at which calendars read tours; it needs no other authentication."""

    __tablename__ = "calendar_feeds"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    digest: Mapped[str] = mapped_column(unique=True)
    property: Mapped[str | None]
    """Key of a configured property; `None`: of all."""
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    used_at: Mapped[datetime | None]
    """To the hour."""
    revoked_at: Mapped[datetime | None]


class IdempotencyKey(Base):
    """What was answered to a change of the management API, so that its repetition changes nothing."""

    __tablename__ = "idempotency_keys"

    token_id: Mapped[int] = mapped_column(ForeignKey("tokens.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    request: Mapped[str]
    """A digest of method, path and body: another request under the same key is a mistake."""
    status: Mapped[int | None]
    """`None`: it has not been answered yet."""
    answer: Mapped[Any] = mapped_column(SealedJson(), nullable=True)
    """It may name renters, as the stored event does."""
    at: Mapped[datetime]


class AuditEntry(Base):
    """One change that a person made."""

    __tablename__ = "audit"
    __table_args__ = (Index("ix_audit_object", "object", "object_id", "id"),)

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column("who")
    via: Mapped[str]
    """console, api or cli."""
    what: Mapped[str]
    """A verb: replayed, dismissed, added."""
    object: Mapped[str]
    """What was changed: event, events, alias, integration, user, token, source."""
    object_id: Mapped[str]
    """Of an action on many events: the first of them; `after` has all ids."""
    before: Mapped[dict[str, Any] | None]
    """The changed fields; never a secret, and nothing that says who a renter is."""
    after: Mapped[dict[str, Any] | None]


class Erasure(Base):
    """Proof that a person was erased; only a digest identifies the person."""

    __tablename__ = "erasures"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    erased_at: Mapped[datetime]
    contact: Mapped[str]
    """A digest of the e-mail or the phone that was asked for."""
    forced: Mapped[bool]
    """Although tours were still to come."""
    counts: Mapped[dict[str, Any]]
    """What was erased."""
