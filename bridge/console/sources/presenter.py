"""Prepares a source for its page: address, setup of the sender, and state."""

import inspect
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bridge.console.actor import Actor
from bridge.events.query import last_received
from bridge.events.unknown_events import UnknownEvent, unknown_events
from bridge.inbound.decoding import readable
from bridge.inbound.signatures import SharedSecret
from bridge.mapping.sources import MappedSource
from bridge.models import Event, RejectionCount
from bridge.monitoring.drift import Drift, drift
from bridge.monitoring.hourly_counts import counts_since
from bridge.settings import Settings

DAY, MONTH = timedelta(days=1), timedelta(days=30)
NONE = (0, 0)
RECORDED = 10
"""Requests of unknown shape that the page shows."""


@dataclass(frozen=True)
class SourceLine:
    """One source in the list."""

    name: str
    sender: str
    mapping: str
    enabled: bool
    last_at: datetime | None
    received: int
    """In the last 24 hours; likewise the others."""
    refused: int


@dataclass(frozen=True)
class VerificationFailures:
    """Requests that failed the verification for one reason, in the last 30 days."""

    cause: str
    count: int
    last_at: datetime


@dataclass(frozen=True)
class RecordedPayload:
    """A request that a source without a mapping of its own has stored."""

    event_id: int
    received_at: datetime
    content_type: str | None
    payload: Any
    """`None` for a user who may not see renters."""


@dataclass(frozen=True)
class SourcePage:
    """One source."""

    line: SourceLine
    address: str
    """What is pasted at the sender."""
    is_public: bool
    """Whether the address is the one that senders reach: `server.public_url` is set."""
    secret_in_address: bool
    """Whether the sender carries its secret in the path or the query."""
    steps: str
    """How to set the sender up: the words of the mapping file."""
    samples: tuple[str, ...]
    received_30_days: int
    failures: tuple[VerificationFailures, ...]
    unknown: tuple[UnknownEvent, ...]
    """Events that were ignored because the mapping does not know them."""
    changes: tuple[Drift, ...]
    recorded: tuple[RecordedPayload, ...]
    records: bool


def lines(session: Session, sources: Iterable[MappedSource], now: datetime) -> list[SourceLine]:
    """All sources in the order of bridge.toml."""
    counted = counts_since(session, now - DAY, now)
    return [_line(session, source, counted, now) for source in sources]


def page(
    session: Session, settings: Settings, source: MappedSource, actor: Actor, now: datetime, here: str
) -> SourcePage:
    """One source as an actor may see it. `here` is the address at which the console was reached."""
    file = source.file
    proof = file.schema.signature
    return SourcePage(
        line=_line(session, source, counts_since(session, now - DAY, now), now),
        address=f"{settings.server.public_url or here}/hooks/{source.name}",
        is_public=settings.server.public_url is not None,
        secret_in_address=isinstance(proof, SharedSecret) and not proof.header_names,
        steps=inspect.cleandoc(file.schema.__doc__ or "").replace("``", "").replace("`", ""),
        samples=tuple(sample.name for sample in file.samples),
        received_30_days=counts_since(session, now - MONTH, now).get(source.name, NONE)[0],
        failures=tuple(_failures(session, source.name, now)),
        unknown=tuple(unknown_events(session, now, source.name)),
        changes=tuple(drift(session, source.name, now)),
        recorded=tuple(_recorded(session, source.name, actor)) if source.settings.record else (),
        records=source.settings.record,
    )


def _line(
    session: Session, source: MappedSource, counted: Mapping[str, tuple[int, int]], now: datetime
) -> SourceLine:
    refused = select(func.sum(RejectionCount.count)).where(
        RejectionCount.source == source.name, RejectionCount.hour > now - DAY
    )
    return SourceLine(
        name=source.name,
        sender=source.file.schema.sender(),
        mapping=source.settings.mapping,
        enabled=source.settings.enabled,
        last_at=last_received(session, source.name),
        received=counted.get(source.name, NONE)[0],
        refused=int(session.scalar(refused) or 0),
    )


def _failures(session: Session, name: str, now: datetime) -> list[VerificationFailures]:
    count, last = func.sum(RejectionCount.count), func.max(RejectionCount.last_at)
    query = select(RejectionCount.cause, count, last).where(
        RejectionCount.source == name, RejectionCount.hour > now - MONTH
    )
    rows = session.execute(query.group_by(RejectionCount.cause).order_by(count.desc()))
    return [VerificationFailures(cause, int(number), at) for cause, number, at in rows]


def _recorded(session: Session, name: str, actor: Actor) -> list[RecordedPayload]:
    query = select(Event).where(Event.source == name, Event.blanked_at.is_(None)).order_by(Event.id.desc())
    return [
        RecordedPayload(event.id, event.received_at, event.content_type, _payload(event, actor))
        for event in session.scalars(query.limit(RECORDED))
    ]


def _payload(event: Event, actor: Actor) -> Any:
    """`None` means that the actor may not see it, so that an empty body is an empty text."""
    if not actor.sees_people:
        return None
    return readable(event.body, event.content_type) if event.body else ""
