"""Bearer tokens of the management API."""

import secrets
from datetime import datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from bridge.console.access.sessions import token_hash
from bridge.errors import BridgeError
from bridge.models import ApiToken, Role

PREFIX = "brg_"
"""By which scanners for leaked secrets know one."""
USED_TO = timedelta(hours=1)
"""How exactly the last use is kept."""


class UnknownTokenError(BridgeError):
    """There is no such token, or it is already revoked."""

    code = "unknown_token"


def create(
    session: Session, name: str, role: Role, now: datetime, by: str | None, expires_at: datetime | None = None
) -> tuple[ApiToken, str]:
    """Make a token; answers its row and its text, which is stored nowhere."""
    text = PREFIX + secrets.token_urlsafe(32)
    token = ApiToken(
        name=name, digest=token_hash(text), role=role, created_at=now, created_by=by, expires_at=expires_at
    )
    session.add(token)
    session.flush()
    return token, text


def find(session: Session, text: str, now: datetime) -> ApiToken | None:
    """The valid token of this text; its use is noted."""
    valid = or_(ApiToken.expires_at.is_(None), ApiToken.expires_at > now)
    token = session.scalar(
        select(ApiToken).where(ApiToken.digest == token_hash(text), ApiToken.revoked_at.is_(None), valid)
    )
    if token and (token.used_at is None or token.used_at < now - USED_TO):
        token.used_at = now
    return token


def every_token(session: Session) -> list[ApiToken]:
    """The newest first, revoked ones too."""
    return list(session.scalars(select(ApiToken).order_by(ApiToken.id.desc())))


def revoke(session: Session, token_id: int, now: datetime) -> ApiToken:
    """Raises UnknownTokenError."""
    token = session.get(ApiToken, token_id, with_for_update=True)
    if token is None or token.revoked_at is not None:
        raise UnknownTokenError
    token.revoked_at = now
    return token
