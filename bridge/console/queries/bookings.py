"""Tours over their lives, one line each."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bridge.console.actor import Actor
from bridge.console.dates import office_zone
from bridge.console.masking import mask
from bridge.console.phones import readable_phone
from bridge.console.queries.events import renter_of, tour_at
from bridge.console.queries.paging import LIMIT, Page, before_of, cursor_of
from bridge.console.queries.searching import bookings_found
from bridge.console.status_words import KINDS, StatusWords, booking_status, event_status, pms_name
from bridge.events.query import PATIENCE, RowPage, configured, newest
from bridge.events.reference_codes import codes_in_notes
from bridge.mapping.booking import Action
from bridge.models import Booking, Event, Role
from bridge.settings import Settings

WORDS = {
    Action.BOOK: "booked",
    Action.RESCHEDULE: "moved",
    Action.CANCEL: "cancelled",
    Action.NO_SHOW: "no-show",
}


@dataclass(frozen=True)
class Turn:
    """One thing that happened to a tour."""

    what: str
    """booked, moved, cancelled or no-show."""
    at: datetime
    """By the sender's clock where it says."""
    event_id: int
    status: str
    """The status of that event."""
    words: StatusWords


@dataclass(frozen=True)
class BookingSummary:
    """One tour, as the actor who asked may see it."""

    id: int
    code: str
    """The reference in the notes of its last appointment, also of a cancelled one."""
    source: str
    created_at: datetime
    renter: str | None
    tour_at: datetime | None
    """In the time of the property."""
    length: timedelta | None
    phone: str | None
    kind: str | None
    """As people call it."""
    unit: str | None
    agent: str | None
    property: str | None
    property_name: str | None
    state: str
    """What it is meant to be: booked, cancelled, or unwritten where only a wish is known."""
    written_state: str
    """What the PMS holds: booked, cancelled, or unwritten."""
    status_words: StatusWords
    """The status of the tour, with the name of its PMS."""
    written_at: datetime | None
    """The start as the PMS holds it, in the time of the property."""
    appointment_id: str | None
    life: tuple[Turn, ...]
    """The oldest first."""


def page(
    session: Session,
    settings: Settings,
    actor: Actor,
    *,
    source: str | None = None,
    property_name: str | None = None,
    state: str | None = None,
    written_state: str | None = None,
    search: str | None = None,
    cursor: str | None = None,
    limit: int = LIMIT,
) -> Page[BookingSummary]:
    """The newest bookings first. Raises UnknownPropertyError, UnknownCursorError."""
    wanted = select(Booking).where(Booking.merged_into.is_(None))
    for column, value in (
        (Booking.source, source),
        (Booking.state, state),
        (Booking.written_state, written_state),
    ):
        if value is not None:
            wanted = wanted.where(column == value)
    if property_name is not None:
        wanted = wanted.where(Booking.property == configured(session, settings, property_name).key)
    if search and search.strip():
        wanted = wanted.where(Booking.id.in_(ids_found(session, settings, actor, search)))
    found: RowPage[Booking] = newest(session, wanted, Booking.id, limit, before_of(cursor), PATIENCE)
    return Page(summaries(session, settings, actor, found.rows), cursor_of(found.before))


def matching(
    session: Session,
    settings: Settings,
    actor: Actor,
    rows: Sequence[BookingSummary],
    *,
    source: str | None = None,
    state: str | None = None,
    written_state: str | None = None,
    search: str | None = None,
) -> list[BookingSummary]:
    """Those of some tours that are meant; what is left out does not restrict."""
    ids = ids_found(session, settings, actor, search) if search and search.strip() else None
    return [
        row
        for row in rows
        if (ids is None or row.id in ids)
        and source in (None, "", row.source)
        and state in (None, "", row.state)
        and written_state in (None, "", row.written_state)
    ]


def ids_found(session: Session, settings: Settings, actor: Actor, search: str) -> set[int]:
    """The ids of the bookings that match a search."""
    return bookings_found(session, settings, search, people=actor.may(Role.OPERATOR))


def booking(session: Session, settings: Settings, actor: Actor, booking_id: int) -> BookingSummary | None:
    """One tour."""
    found = session.get(Booking, booking_id)
    return summaries(session, settings, actor, [found])[0] if found else None


def summaries(
    session: Session, settings: Settings, actor: Actor, bookings: Sequence[Booking]
) -> list[BookingSummary]:
    """Each as a line."""
    lives = lives_of(session, settings, [booking.id for booking in bookings])
    codes = codes_in_notes(session, bookings)
    return [_row(booking, settings, actor, lives[booking.id], codes[booking.id]) for booking in bookings]


def _row(found: Booking, settings: Settings, actor: Actor, life: Sequence[Turn], code: str) -> BookingSummary:
    named = found.details.get("property", {}).get("value")
    by_name = settings.property_named(named) if named else None
    default = settings.sources.get(found.source)
    key = found.property or (by_name.key if by_name else None)
    key = key or (default.property if default and not named else None)
    place = settings.properties.get(key or "")
    written = {"start": {"value": found.written or {}}}
    renter = renter_of(found.details)
    values = {name: entry["value"] for name, entry in found.details.items() if "value" in entry}
    phone, minutes = readable_phone(values.get("phone")), values.get("duration_minutes")
    return BookingSummary(
        id=found.id,
        code=code,
        source=found.source,
        created_at=found.created_at.astimezone(UTC),
        renter=renter if actor.sees_people else mask(renter),
        tour_at=tour_at(found.details, place, office_zone(settings)),
        length=timedelta(minutes=minutes) if minutes else None,
        phone=phone if actor.sees_people else mask(phone),
        kind=KINDS.get(str(values.get("kind"))),
        unit=values.get("unit") if actor.sees_people else mask(values.get("unit")),
        agent=values.get("agent") if actor.sees_people else mask(values.get("agent")),
        property=key,
        property_name=(place.name or place.key) if place else key,
        state=found.state,
        written_state=found.written_state,
        status_words=booking_status(found.state, found.written_state, pms_name(settings, key)),
        written_at=tour_at(written, place),
        appointment_id=found.appointment_id,
        life=tuple(life),
    )


MOST_TURNS = 50
"""Of one tour."""


def lives_of(session: Session, settings: Settings, booking_ids: Sequence[int]) -> dict[int, list[Turn]]:
    """What happened to each of these bookings, the oldest first."""
    lives: dict[int, list[Turn]] = defaultdict(list)
    moment = func.coalesce(Event.occurred_at, Event.received_at)
    rank = func.row_number().over(partition_by=Event.booking_id, order_by=Event.id.desc())
    latest = (
        select(
            Event.booking_id,
            Event.id,
            Event.action,
            Event.status,
            Event.reason,
            Event.property,
            moment.label("at"),
            rank.label("rank"),
        )
        .where(Event.booking_id.in_(booking_ids), Event.action.in_([action.value for action in WORDS]))
        .subquery()
    )
    query = select(latest).where(latest.c.rank <= MOST_TURNS).order_by(latest.c.at, latest.c.id)
    for row in session.execute(query) if booking_ids else ():
        words = event_status(row.status, row.action, row.reason, pms_name(settings, row.property))
        lives[row.booking_id].append(Turn(WORDS[Action(row.action)], row.at, row.id, row.status, words))
    return lives
