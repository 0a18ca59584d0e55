"""Which of the stored events: by what they have in common, the newest first, a page at a time.

A page is read in windows of ids. What a window holds is found by an index, or else by reading it whole; so no
combination of conditions, however rare its matches, makes a page read all that is stored at one go. When patience
ends first, the page is short and says where to go on.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session, joinedload, load_only

from bridge.aliases import aliases_in, property_named
from bridge.delivery.rules.outcomes import Reason
from bridge.errors import BridgeError
from bridge.models import Alias, Booking, Event
from bridge.settings import Property, Settings

FIRST_WINDOW = 20_000
LARGEST_WINDOW = 100_000
"""Ids; each window is larger than the one before while little is found."""
PATIENCE = 0.1
"""Seconds that a page of the console may look for what is rare."""


Row = TypeVar("Row")


@dataclass(frozen=True)
class Selection:
    """Which events; what is empty does not restrict."""

    statuses: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    property: str | None = None
    """The key, name or an alias of a configured property. Events have one since their first run."""
    since: datetime | None = None
    """Received then or later (aware)."""
    until: datetime | None = None
    """Received before then (aware)."""
    without: tuple[str, ...] = ()
    """Reasons that are left out."""
    runnable: bool = False
    """Only those that may run again: what they said is kept, and they are no tests."""
    ids: tuple[int, ...] | None = None
    """Only these."""
    request_id: str | None = None
    """Only those that the request with this id brought."""


class UnknownPropertyError(BridgeError):
    """No property with this name is configured."""

    code = "unknown_property"


@dataclass(frozen=True)
class RowPage(Generic[Row]):
    """A page of rows, the newest first."""

    rows: list[Row]
    before: int | None
    """The id below which the next page begins; `None`: there is no more. A page can be short, or empty, and not
    the last."""


def find_events(
    session: Session,
    settings: Settings,
    selection: Selection,
    limit: int,
    *,
    before: int | None = None,
    patience: float | None = None,
) -> RowPage[Event]:
    """The newest events first, each with its booking, without what came (it is loaded when it is asked for).

    `before` is that of the page before; without `patience` (seconds) it looks as long as it takes.
    Raises UnknownPropertyError.
    """
    listed = (
        select(Event)
        .where(*_selected(session, settings, selection))
        .options(
            load_only(*_LISTED),
            joinedload(Event.booking).load_only(Booking.details, Booking.property, Booking.written_state),
        )
    )
    return newest(session, listed, Event.id, limit, before, patience)


_LISTED: tuple[InstrumentedAttribute[Any], ...] = (
    Event.source, Event.received_at, Event.event, Event.action, Event.reference, Event.property, Event.status,
    Event.reason, Event.detail, Event.next_attempt_at, Event.ended_at, Event.replays, Event.booking_id,
)  # fmt: skip


def kept_event(session: Session, event_id: int) -> Event | None:
    """The event with this id; `None`: there is none, or it is no longer kept."""
    found = session.get(Event, event_id)
    return found if found is not None and found.removed_at is None else None


def last_received(session: Session, source: str) -> datetime | None:
    """When a source sent its newest event; `None`: it never has."""
    newest_one = select(Event.received_at).where(Event.source == source).order_by(Event.id.desc()).limit(1)
    return session.scalar(newest_one)


def find_ids(session: Session, settings: Settings, selection: Selection) -> list[int]:
    """The ids of all these events, the oldest first. Raises UnknownPropertyError."""
    query = select(Event.id).where(*_selected(session, settings, selection))
    return list(session.scalars(query.order_by(Event.id)))


def _selected(session: Session, settings: Settings, selection: Selection) -> Iterator[ColumnElement[bool]]:
    yield Event.removed_at.is_(None)
    if selection.ids is not None:
        yield Event.id.in_(selection.ids)
    for column, values in (
        (Event.status, selection.statuses),
        (Event.reason, selection.reasons),
        (Event.source, selection.sources),
    ):
        if values:
            yield column.in_(values)
    if selection.request_id:
        yield Event.request_id == selection.request_id
    if selection.since:
        yield Event.received_at >= selection.since
    if selection.until:
        yield Event.received_at < selection.until
    if selection.without:
        yield or_(Event.reason.is_(None), Event.reason.not_in(selection.without))
    if selection.runnable:
        yield Event.blanked_at.is_(None)
        yield or_(Event.reason.is_(None), Event.reason != Reason.TEST.value)
    if selection.property is not None:
        yield _concerns(session, settings, configured(session, settings, selection.property))


def _concerns(session: Session, settings: Settings, found: Property) -> ColumnElement[bool]:
    """Events of a property: by what their last run told, and those that would be, were they to run now."""
    aliases = session.scalars(select(Alias.alias).where(Alias.property == found.key))
    names = [prefix + name for name in (*found.called, *aliases) for prefix in ("", "property:")]
    sent_name = func.lower(func.btrim(Booking.details["property"]["value"].astext))
    named = and_(
        Event.reason == Reason.UNKNOWN_PROPERTY.value,
        exists().where(Booking.id == Event.booking_id, sent_name.in_(names)),
    )
    sources = [source.key for source in settings.sources.values() if source.property == found.key]
    by_default = and_(Event.reason == Reason.UNDECODABLE.value, Event.source.in_(sources))
    return or_(Event.property == found.key, and_(Event.property.is_(None), or_(named, by_default)))


def configured(session: Session, settings: Settings, named: str) -> Property:
    """The property that a person means. Raises UnknownPropertyError."""
    found = property_named(settings, named, aliases_in(session))
    if found is None:
        known = ", ".join(settings.properties) or "none"
        raise UnknownPropertyError(f'No property "{named}" is configured; there are: {known}.')
    return found


def newest(
    session: Session,
    rows: Select[Any],
    id_column: InstrumentedAttribute[int],
    limit: int,
    before: int | None = None,
    patience: float | None = None,
) -> RowPage[Row]:
    """A page of what a query selects, in the descending order of an id that is given in ascending order."""
    lowest = session.scalar(select(func.min(id_column)))
    highest = session.scalar(select(func.max(id_column)))
    if lowest is None or highest is None:
        return RowPage([], None)
    upper = min(before, highest + 1) if before is not None else highest + 1
    ends_at = None if patience is None else time.monotonic() + patience
    found: list[Any] = []
    size = FIRST_WINDOW
    while upper > lowest:
        inside = rows.where(id_column >= upper - size, id_column < upper)
        page = inside.order_by(id_column.desc()).limit(limit + 1 - len(found))
        found += session.scalars(page)
        if len(found) > limit:
            return RowPage(found[:limit], getattr(found[limit - 1], id_column.key))
        upper, size = upper - size, min(4 * size, LARGEST_WINDOW)
        if ends_at is not None and time.monotonic() >= ends_at:
            break
    return RowPage(found, upper if upper > lowest else None)
