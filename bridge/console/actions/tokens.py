"""Create and revoke tokens of the management API, for console, API and command line."""

from datetime import datetime

from sqlalchemy.orm import Session

from bridge.console import audit
from bridge.console.access import tokens
from bridge.console.actions.events import must_be
from bridge.console.actor import Actor
from bridge.models import ApiToken, Role


def create_token(
    session: Session, actor: Actor, name: str, role: Role, now: datetime, expires_at: datetime | None = None
) -> tuple[ApiToken, str]:
    """Make a token; answers its row and its text, which is stored nowhere. Raises NotAllowedError."""
    must_be(actor, Role.ADMIN)
    token, text = tokens.create(session, name, role, now, actor.name, expires_at)
    audit.record(session, actor, now, "created", ("token", token.id), after={"name": name, "role": role})
    return token, text


def revoke_token(session: Session, actor: Actor, token_id: int, now: datetime) -> ApiToken:
    """Let a token no longer be valid, from the next request on. Raises NotAllowedError, UnknownTokenError."""
    must_be(actor, Role.ADMIN)
    token = tokens.revoke(session, token_id, now)
    audit.record(session, actor, now, "revoked", ("token", token_id), before={"name": token.name})
    return token
