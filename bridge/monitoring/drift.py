"""What payloads look like, and how that changes: fields that appear, vanish or change their type. No value is kept."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

from bridge.clock import Clock
from bridge.database import Database
from bridge.delivery.tools import Tools
from bridge.errors import DecodingError
from bridge.inbound.decoding import decode
from bridge.models import Event, PayloadField
from bridge.monitoring.storage import delete_fields, fields_of_source, store_fields, unseen_events
from bridge.settings import Settings

if TYPE_CHECKING:
    import procrastinate

MOST_EVENTS = 200
"""The newest ones of a source that one run reads."""
MOST_FIELDS = 300
"""Of one payload."""
DEEPEST = 12
KEPT = timedelta(days=90)
RECENT = timedelta(days=30)
GONE_AFTER = timedelta(days=7)
"""A field has vanished when events of its kind have come without it for this long."""
_AN_ID = re.compile(r"\d+|[0-9a-fA-F-]{8,}|.{60,}|.*[@\s].*", re.DOTALL)
"""A key that is a value: an id, an address, a question."""


def fields_of(payload: Any) -> dict[str, str]:
    """The type of each field by its path; items of lists are `[]`, keys that are ids or texts of people are `*`.

    A field that is null has no type and is left out.
    """
    found: dict[str, str] = {}
    for path, kind in _walk(payload, "", 0):
        if len(found) >= MOST_FIELDS:
            break
        found.setdefault(path, kind)
    return found


def _walk(value: Any, path: str, depth: int) -> Iterator[tuple[str, str]]:
    if value is None or depth > DEEPEST:
        return
    if path:
        yield path, _type_of(value)
    if isinstance(value, dict):
        for key, inner in value.items():
            name = "*" if _AN_ID.fullmatch(key) else key
            yield from _walk(inner, f"{path}.{name}" if path else name, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            yield from _walk(inner, f"{path}[]", depth + 1)


def _type_of(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, dict | list):
        return "object" if isinstance(value, dict) else "list"
    return "text" if isinstance(value, str) else "number"


def observe(database: Database, settings: Settings, clock: Clock) -> int:
    """Note the fields of the newest events of each source; returns of how many events. Safe to repeat."""
    seen = 0
    for source in settings.sources:
        with database.session() as session:
            events = unseen_events(session, source, MOST_EVENTS)
            store_fields(session, _rows_of(events))
            seen += len(events)
    with database.session() as session:
        delete_fields(session, clock() - KEPT)
    return seen


def _rows_of(events: Sequence[Event]) -> list[dict[str, Any]]:
    """One row for each field of the events, with the first and the last time it was seen."""
    rows: dict[tuple[str, str, str, str], dict[str, Any]] = {}
    for event in events:
        try:
            payload = decode(event.body, event.content_type)
        except DecodingError:
            continue
        at = event.received_at
        for path, kind in fields_of(payload).items():
            key = (event.source, event.event or "", path, kind)
            row = rows.setdefault(
                key, {**dict(zip(_NAMES, key, strict=True)), "first_seen": at, "last_seen": at}
            )
            row["first_seen"], row["last_seen"] = min(row["first_seen"], at), max(row["last_seen"], at)
    return [rows[key] for key in sorted(rows)]


_NAMES = ("source", "event", "path", "type")


@dataclass(frozen=True)
class Drift:
    """One change of what a kind of event looks like."""

    event: str
    path: str
    what: str
    """appeared, vanished or changed."""
    at: datetime
    """When it was first seen so; of what vanished, when it was last seen."""
    type: str
    before: str | None = None
    """The type that it had, where that changed."""


def drift(session: Session, source: str, now: datetime) -> list[Drift]:
    """What changed in the last 30 days, the newest first; the first event of a kind is no change."""
    rows = fields_of_source(session, source)
    began: dict[str, datetime] = {}
    latest: dict[str, datetime] = {}
    by_path: dict[tuple[str, str], list[PayloadField]] = {}
    for row in rows:
        began[row.event] = min(began.get(row.event, row.first_seen), row.first_seen)
        latest[row.event] = max(latest.get(row.event, row.last_seen), row.last_seen)
        by_path.setdefault((row.event, row.path), []).append(row)
    found = [
        change
        for (event, _), types in by_path.items()
        for change in _changes(sorted(types, key=lambda type_: type_.first_seen), began[event], latest[event])
        if change.at >= now - RECENT
    ]
    return sorted(found, key=lambda change: (change.at, change.path), reverse=True)


def _changes(types: list[PayloadField], began: datetime, latest: datetime) -> Iterator[Drift]:
    first, last = types[0], max(types, key=lambda type_: type_.last_seen)
    if first.first_seen > began:
        yield Drift(first.event, first.path, "appeared", first.first_seen, first.type)
    for before, after in pairwise(types):
        yield Drift(after.event, after.path, "changed", after.first_seen, after.type, before.type)
    if last.last_seen < latest - GONE_AFTER:
        yield Drift(last.event, last.path, "vanished", last.last_seen, last.type)


def register(app: "procrastinate.App", tools: Tools) -> None:
    """Give a worker the task of observing new payloads."""

    @app.periodic(cron="*/5 * * * *")
    @app.task(name="observe", queueing_lock="observe", lock="observe")
    def _observe(timestamp: int) -> None:  # noqa: ARG001 - Procrastinate passes it
        observe(tools.database, tools.settings, tools.clock)
