"""Pause and resume an integration."""

from datetime import datetime

from bridge.console import audit
from bridge.console.actions.events import must_be
from bridge.console.actor import Actor
from bridge.database import Database
from bridge.delivery.storage.breakers import CircuitBreakers
from bridge.models import Role


def pause(database: Database, actor: Actor, integration_id: str, reason: str, now: datetime) -> int:
    """Let its events wait until it is resumed. Answers how many wait, or will. Raises NotAllowedError."""
    must_be(actor, Role.OPERATOR)
    waiting = CircuitBreakers(database, lambda: now).pause(integration_id, reason)
    _note(database, actor, integration_id, "paused", now, {"reason": reason})
    return waiting


def resume(database: Database, actor: Actor, integration_id: str, now: datetime) -> int | None:
    """End its pause, whatever caused it. Returns how many events continue; `None`: it was not paused.

    Raises NotAllowedError.
    """
    must_be(actor, Role.OPERATOR)
    waiting = CircuitBreakers(database, lambda: now).resume(integration_id)
    if waiting is not None:
        _note(database, actor, integration_id, "resumed", now, None)
    return waiting


def _note(
    database: Database,
    actor: Actor,
    integration_id: str,
    what: str,
    now: datetime,
    after: dict[str, str] | None,
) -> None:
    with database.session() as session:
        audit.record(session, actor, now, what, ("integration", integration_id), after=after)
