"""Correct what an event says: read it as its mapping would, then save it and run the event again."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from bridge.aliases import aliases_in
from bridge.console import audit
from bridge.console.actions.events import must_be
from bridge.console.actor import Actor
from bridge.console.audit import BulkEntry, EventBefore
from bridge.errors import BridgeError
from bridge.events import actions
from bridge.events import edit as repair
from bridge.events.dry_run import error_sentence
from bridge.events.edit import Correction
from bridge.models import Event, Role
from bridge.settings import Settings


class UnreadableCorrectionError(BridgeError):
    """The mapping cannot read this payload; nothing was saved."""

    code = "not_readable"


def preview(session: Session, settings: Settings, event: Event, payload: Any) -> Correction:
    """How a corrected payload would be read; nothing is saved.

    Raises NotRepairableError, SourceRemovedError or ConfigurationError.
    """
    return repair.correction_of(event, payload, settings, aliases_in(session))


def preview_fields(
    session: Session, settings: Settings, event: Event, fields: Mapping[str, str | None]
) -> Correction:
    """How an event would be read with other values of these fields; nothing is saved.

    Raises DecodingError, NotRepairableError, SourceRemovedError or ConfigurationError.
    """
    return repair.with_fields(event, fields, settings, aliases_in(session))


def save(
    session: Session,
    actor: Actor,
    correction: Correction,
    now: datetime,
    *,
    again: bool,
    force: bool = False,
    bulk: BulkEntry | None = None,
) -> Event:
    """Replace what the event says and, if `again`, run it. Unless `force`, only what can be read is saved.

    `bulk`: the audit entry of the correction of many events that this is a part of; they all run again.

    Raises:
        UnreadableCorrectionError: the mapping cannot read it.
        NotRepairableError: another user has changed the event, or its tour may be in the PMS.
        NotAllowedError: not for this role.
    """
    must_be(actor, Role.OPERATOR)
    if correction.unreadable and not force:
        raise UnreadableCorrectionError(" ".join(map(error_sentence, correction.unreadable)))
    event = repair.save(session, correction, now, actor.name)
    changed = {"changed": list(correction.changed)}
    if bulk:
        before_all = [EventBefore.of(event)]
        actions.replay(session, event, now, actor.name)
        audit.record_events(session, actor, now, "corrected", before_all, bulk, after=changed)
        return event
    audit.record(session, actor, now, "corrected", ("event", event.id), after=changed)
    if again:
        before = {"status": event.status, "reason": event.reason}
        actions.replay(session, event, now, actor.name)
        audit.record(session, actor, now, "replayed", ("event", event.id), before=before)
    return event
