"""Sessions at the console, and links that open one once. The database knows digests only."""

import hashlib
import secrets
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from bridge.console.access.accounts import Account
from bridge.models import Role, SignIn, User
from bridge.settings import Settings

LINK_VALID = timedelta(minutes=15)
FIRST_ADMIN = "first sign-in"
"""Who comes through a link, in the audit."""


class SessionOrigin(StrEnum):
    """Who vouches for the name and the role of a session."""

    DATABASE = "database"
    SETTINGS = "settings"
    OPENID = "openid"
    LINK = "link"


def token_hash(text: str) -> str:
    """Under which a random text is known."""
    return hashlib.sha256(text.encode()).hexdigest()


def begin(session: Session, settings: Settings, account: Account, now: datetime) -> str:
    """Open a session; answers the text of its cookie."""
    origin = SessionOrigin.SETTINGS if account.user_id is None else SessionOrigin.DATABASE
    return _make(session, account, origin, now, timedelta(hours=settings.console.session_hours))


def begin_from_outside(session: Session, settings: Settings, name: str, role: Role, now: datetime) -> str:
    """Open a session for whom OpenID Connect vouches; answers the text of its cookie."""
    lasts = timedelta(hours=settings.console.session_hours)
    return _make(session, Account(name, role, None), SessionOrigin.OPENID, now, lasts)


def make_link(session: Session, now: datetime) -> str:
    """Allow one sign-in as admin within a quarter of an hour; returns the secret of the link."""
    account = Account(FIRST_ADMIN, Role.ADMIN, None)
    return _make(session, account, SessionOrigin.LINK, now, LINK_VALID, one_time=True)


def redeem_magic_link(session: Session, settings: Settings, text: str, now: datetime) -> str | None:
    """Open a session by a link, which is used up; answers the text of its cookie, or `None` for no valid one."""
    used = delete(SignIn).where(SignIn.digest == token_hash(text), SignIn.one_time, SignIn.expires_at > now)
    if session.scalar(used.returning(SignIn.digest)) is None:
        return None
    account = Account(FIRST_ADMIN, Role.ADMIN, None)
    return _make(session, account, SessionOrigin.LINK, now, timedelta(hours=settings.console.session_hours))


def find(session: Session, settings: Settings, text: str, now: datetime) -> SignIn | None:
    """The session of a cookie, with the role that its user has by now; `None`: there is none (any more)."""
    known = select(SignIn, User).outerjoin(User, User.id == SignIn.user_id)
    session_row = known.where(SignIn.digest == token_hash(text), ~SignIn.one_time, SignIn.expires_at > now)
    row = session.execute(session_row).first()
    if row is None:
        return None
    found, user = row
    role: str | None = found.role
    if found.origin == SessionOrigin.DATABASE:
        role = user.role if user and user.disabled_at is None else None
    elif found.origin == SessionOrigin.SETTINGS:
        configured = settings.users.get(found.name)
        role = configured.role if configured else None
    session.expunge(found)
    if role is None:
        return None
    found.role = role
    return found


def end(session: Session, text: str) -> None:
    """Sign out."""
    session.execute(delete(SignIn).where(SignIn.digest == token_hash(text)))


def _forget_expired(session: Session, now: datetime) -> None:
    session.execute(delete(SignIn).where(SignIn.expires_at <= now))


def _make(
    session: Session,
    account: Account,
    origin: SessionOrigin,
    now: datetime,
    lasts: timedelta,
    *,
    one_time: bool = False,
) -> str:
    text = secrets.token_urlsafe(32)
    _forget_expired(session, now)
    session.add(
        SignIn(
            digest=token_hash(text), one_time=one_time, name=account.name, role=account.role, origin=origin,
            user_id=account.user_id, created_at=now, expires_at=now + lasts,
        )
    )  # fmt: skip
    return text
