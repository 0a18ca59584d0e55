"""The audit log: who changed what and when, with the values before and after."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from bridge.console.actor import Actor
from bridge.console.audit_sentences import has_sentence
from bridge.models import AuditEntry, Event

CONTINUED_FOR = timedelta(hours=1)
"""So long after its first transaction an action on many events adds to its entry."""


@dataclass
class BulkEntry:
    """The one entry of an action on many events that takes several transactions, or several requests of a page."""

    id: int | None = None
    """`None`: not written yet."""


@dataclass(frozen=True)
class EventBefore:
    """An event before it was changed."""

    id: int
    source: str
    status: str
    reason: str | None

    @classmethod
    def of(cls, event: Event) -> "EventBefore":
        return cls(event.id, event.source, event.status, event.reason)

    @property
    def state(self) -> dict[str, Any]:
        return {"status": self.status, "reason": self.reason}


def record(
    session: Session,
    actor: Actor,
    now: datetime,
    what: str,
    on: tuple[str, str | int],
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> AuditEntry:
    """Write a change down, in the transaction that makes it.

    `what` is a verb (replayed, added), `on` the kind and the id of what was changed (("event", 17)), `before` and
    `after` the changed fields, without secrets and without what says who a renter is.

    Raises LookupError where audit_sentences.py has no sentence for this kind of change.
    """
    kind, name = on
    if not has_sentence(what, kind):
        raise LookupError(f"Add a sentence for `{what} {kind}` to bridge/console/audit_sentences.py.")
    entry = AuditEntry(
        at=now, actor=actor.name, via=actor.via, what=what, object=kind, object_id=str(name),
        before=before, after=after,
    )  # fmt: skip
    session.add(entry)
    return entry


def record_events(
    session: Session,
    actor: Actor,
    now: datetime,
    what: str,
    changed: Sequence[EventBefore],
    bulk: BulkEntry | None = None,
    *,
    after: dict[str, Any] | None = None,
) -> None:
    """Write down a change of events as one entry: a new one, or that of `bulk` if this actor began it just now.

    The ids of all of them are in the entry. It is about the first one, or about the alias that released them.
    """
    if not changed:
        return
    if bulk is None and len(changed) == 1:
        [event] = changed
        record(session, actor, now, what, ("event", event.id), before=event.state, after=after)
        return
    entry = _continued(session, actor, now, what, bulk)
    if entry is None:
        before = _common([event.state for event in changed])
        entry = record(session, actor, now, what, ("events", changed[0].id), before=before, after=after)
    elif entry.object == "events":
        entry.before = _common([entry.before or {}, *(event.state for event in changed)])
    known = entry.after or {}
    entry.after = {
        **known,
        "ids": [*known.get("ids", []), *(event.id for event in changed)],
        "sources": sorted({*known.get("sources", []), *(event.source for event in changed)}),
    }
    session.flush()
    if bulk:
        bulk.id = entry.id


def _continued(
    session: Session, actor: Actor, now: datetime, what: str, bulk: BulkEntry | None
) -> AuditEntry | None:
    """The entry to which an action adds. Its id may come from a form: it counts for this user, and not for long."""
    if bulk is None or bulk.id is None:
        return None
    entry = session.get(AuditEntry, bulk.id, with_for_update=True)
    if entry is None or (entry.actor, entry.via) != (actor.name, actor.via) or now - entry.at > CONTINUED_FOR:
        return None
    is_same = (entry.what, entry.object) == (what, "events")
    is_released = (entry.what, entry.object, what) == ("added", "alias", "replayed")
    return entry if is_same or is_released else None


def _common(states: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """What all of them share."""
    first, *rest = states
    shared = {
        name: value
        for name, value in first.items()
        if all(name in state and state[name] == value for state in rest)
    }
    return shared or None
