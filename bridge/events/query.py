"""Select stored events, with their attempts and bookings: all SQL of this folder.

Lists are read in windows of ids, the newest first. A window is read through an index, or whole; so a condition with few
matches never reads the whole table in one statement. When the time limit (`patience`) ends first, the page is short and
says where the next one begins.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Row, Select, and_, exists, func, or_, select, text
from sqlalchemy.orm import InstrumentedAttribute, Session, joinedload, load_only

from bridge.aliases import aliases_in, property_named
from bridge.delivery.rules.outcomes import Reason
from bridge.errors import BridgeError
from bridge.models import Alias, Attempt, Booking, BookingReference, EarlierCode, Event
from bridge.settings import Property, Settings

FIRST_WINDOW = 20_000
LARGEST_WINDOW = 100_000
"""Ids; each window is larger than the one before while little is found."""
PATIENCE = 0.1
"""Seconds that a page of the console may search for rare events."""


Listed = TypeVar("Listed")


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
    """Only those that may run again: their payload is still stored, and they are no tests."""
    ids: tuple[int, ...] | None = None
    """Only these."""
    request_id: str | None = None
    """Only those that the request with this id brought."""


class UnknownPropertyError(BridgeError):
    """No property with this name is configured."""

    code = "unknown_property"


@dataclass(frozen=True)
class RowPage(Generic[Listed]):
    """A page of rows, the newest first."""

    rows: list[Listed]
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
    """The newest events first, each with its booking. The payload is loaded on access.

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
    """Events of a property: by their last run, and those that a run now would assign to it."""
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
    """The property with this key, name or alias. Raises UnknownPropertyError."""
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
) -> RowPage[Listed]:
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


FREE_SLOT = text("""
    WITH tour AS (
        SELECT id, written_state = 'booked' AS is_there, (written ->> 'starts_at')::timestamptz AS starts_at
        FROM bookings WHERE id = :booking AND open_attempt_id IS NULL
            AND NOT EXISTS (SELECT FROM events WHERE booking_id = :booking AND id <> :event AND ended_at IS NULL)
    ), freed AS (
        DELETE FROM slot_claims USING tour WHERE booking_id = tour.id AND NOT is_there RETURNING property
    ), back AS (
        UPDATE slot_claims SET starts_at = tour.starts_at, ends_at = tour.starts_at + (ends_at - slot_claims.starts_at)
        FROM tour WHERE booking_id = tour.id AND is_there AND slot_claims.starts_at <> tour.starts_at RETURNING property
    )
    INSERT INTO slot_calendars (property, changes)
    SELECT property, 1 FROM freed UNION SELECT property, 1 FROM back
    ON CONFLICT (property) DO UPDATE SET changes = slot_calendars.changes + 1
""")
"""Release the slot that a dismissed event holds or was to move to, unless another event or write still needs it."""


def free_slot(session: Session, event: Event) -> None:
    """Give back the time that the tour of an event holds in vain."""
    if event.booking_id is not None:
        session.execute(FREE_SLOT, {"booking": event.booking_id, "event": event.id})


def next_place(session: Session) -> int:
    """The next place in the order of events, for one that runs again."""
    return int(session.execute(select(func.nextval("event_seq"))).scalar_one())


def attempts_of(session: Session, event: Event) -> list[Attempt]:
    """The calls of an event, the oldest first."""
    return list(session.scalars(select(Attempt).where(Attempt.event_id == event.id).order_by(Attempt.id)))


def last_attempt(session: Session, event: Event, kinds: Sequence[str]) -> Attempt | None:
    """The last call of these kinds."""
    calls = select(Attempt).where(Attempt.event_id == event.id, Attempt.kind.in_(kinds))
    return session.scalars(calls.order_by(Attempt.id.desc()).limit(1)).first()


def references_of(session: Session, booking: Booking) -> list[str]:
    """The senders' ids of a booking, in alphabetical order."""
    known = select(BookingReference.reference).where(BookingReference.booking_id == booking.id)
    return sorted(session.scalars(known))


def booking_has_reference(session: Session, booking: Booking, references: Sequence[str]) -> bool:
    """Whether the booking has one of these references already."""
    same = select(BookingReference.reference).where(
        BookingReference.booking_id == booking.id, BookingReference.reference.in_(references)
    )
    return session.scalar(same.limit(1)) is not None


def bookings_written_at(session: Session, property_key: str) -> list[Booking]:
    """The bookings that were ever written at a property."""
    here = select(Booking).where(Booking.property == property_key, Booking.merged_into.is_(None))
    was_cancelled = Booking.id.in_(select(EarlierCode.booking_id))
    return list(session.scalars(here.where(or_(Booking.written.is_not(None), was_cancelled))))


def earlier_codes(session: Session, booking_ids: Iterable[int]) -> dict[int, list[str]]:
    """By id of the booking: the references of its cancelled appointments, the oldest first."""
    found: dict[int, list[str]] = {}
    ids = list(booking_ids)
    if ids:
        query = select(EarlierCode).where(EarlierCode.booking_id.in_(ids)).order_by(EarlierCode.id)
        for row in session.scalars(query):
            found.setdefault(row.booking_id, []).append(row.code)
    return found


def unknown_event_names(
    session: Session, since: datetime, source: str | None, limit: int, longest: int
) -> Sequence[Row[str, str, int, datetime, datetime, int]]:
    """Source, name (its first `longest` characters), count, first and last time, and newest id of the events that no
    rule knows; the name that appeared last comes first."""
    name = func.left(Event.event, longest)
    first_at = func.min(Event.received_at)
    query = (
        select(Event.source, name, func.count(), first_at, func.max(Event.received_at), func.max(Event.id))
        .where(
            Event.reason == Reason.UNKNOWN_EVENT.value, Event.event.is_not(None), Event.received_at > since
        )
        .group_by(Event.source, name)
        .order_by(first_at.desc(), Event.source, name)
    )
    if source is not None:
        query = query.where(Event.source == source)
    return session.execute(query.limit(limit)).all()
