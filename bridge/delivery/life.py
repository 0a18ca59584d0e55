"""A booking's life: what its events, in whatever order they came, say the tour is meant to be.

Each field of the booking remembers when, by the sender's clock, it was said; newer sayings win. So the order of
arrival does not matter, an older event never overwrites, and a cancel that comes first is remembered.
"""

import re
import secrets
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from bridge import search_index as terms
from bridge.delivery.booking_json import booking_from_json, booking_to_json
from bridge.delivery.outcomes import NotYet, Reason
from bridge.mapping.booking import Action
from bridge.mapping.booking import Booking as Said
from bridge.models import Attempt, Booking, BookingReference, BookingState, Event, Status, changes_of

RANK = {Action.BOOK: 0, Action.RESCHEDULE: 1, Action.CANCEL: 2}
"""Events of the same second: a cancel is later than a reschedule, and that later than a book."""

Stamp = tuple[datetime, int]

_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Without characters that are misread or spell words."""


CODE = re.compile(rf"(?<![A-Z0-9])TB-[{_ALPHABET}]{{8}}\b")
"""The reference of a booking in a text."""


def new_code(prefix: str) -> str:
    """A short unguessable id that survives being typed."""
    return f"{prefix}-{''.join(secrets.choice(_ALPHABET) for _ in range(8))}"


def stamp_of(event: Event, action: Action) -> Stamp:
    """Where an event stands in its booking's life."""
    return (event.occurred_at or event.received_at, RANK.get(action, 0))


def remember(session: Session, event: Event, said: Said, now: datetime, *, decides: bool = True) -> Booking:
    """Take over what an event says into its booking; safe to repeat. The row stays locked until the commit.

    Unless it `decides`, the event only tells details: whether there is to be a tour, another one says.

    Raises:
        NotYet: another event is just making the booking.
    """
    references = references_of(event)
    booking = _booking_of(session, event.source, references, now)
    known = terms.words_in(booking.details)
    take_over(booking, said, stamp_of(event, said.action), decides=decides)
    session.add(booking)
    session.flush()
    _link(session, event.source, references, booking.id, now)
    words = terms.words_in(booking.details)
    if words != known:
        terms.keep(session, booking, words)
    session.execute(update(Event).where(Event.id == event.id).values(booking_id=booking.id))
    return booking


def named_by(event: Event) -> list[str]:
    """The sender's ids of the booking that an event names: its own, and the one that it had before."""
    return list(dict.fromkeys(one for one in (event.reference, event.previous_reference) if one))


def references_of(event: Event) -> list[str]:
    """By what the booking of an event is known, also where the sender gives it no id."""
    return named_by(event) or [event.delivery_id]


def recall(session: Session, event: Event, said: Said, *, decides: bool = True) -> list[Booking]:
    """The booking of an event that it has heard already, and what was merged into it; nothing is locked.

    Empty where there is something to remember: news of the event, or a reference that does not name the booking yet.
    """
    if event.booking_id is None:
        return []
    references = references_of(event)
    named = linked(event.source, references).where(BookingReference.booking_id == event.booking_id)
    is_named = select(func.count()).select_from(named.subquery()).scalar_subquery() == len(references)
    same = or_(Booking.id == event.booking_id, Booking.merged_into == event.booking_id)
    rows = select(Booking).where(same, is_named).order_by(Booking.merged_into.nulls_first())
    found = list(session.scalars(rows))
    session.expunge_all()
    if not found or found[0].id != event.booking_id or found[0].merged_into is not None:
        return []
    take_over(found[0], said, stamp_of(event, said.action), decides=decides)
    return [] if changes_of(found[0]) else found


def merged_into(session: Session, booking_id: int) -> list[Booking]:
    """The rows that turned out to be this booking, and whose appointments still stand."""
    return list(session.scalars(select(Booking).where(Booking.merged_into == booking_id)))


def take_over(booking: Booking, said: Said, stamp: Stamp, *, decides: bool = True) -> None:
    """Let a booking hear what an event said at a moment; who is older than what is known changes nothing."""
    if said.action is not Action.CANCEL:
        sayings = _sayings(said)
        if not decides and booking.state == BookingState.BOOKED and not has_decided(booking, stamp):
            # A wish to move a tour must not move it: it only adds what nobody has said.
            sayings = {name: value for name, value in sayings.items() if name not in booking.details}
        booking.details = merged(booking.details, sayings, stamp)
    if decides and (booking.changed_at is None or stamp >= (booking.changed_at, booking.changed_rank)):
        booking.state = BookingState.CANCELLED if said.action is Action.CANCEL else BookingState.BOOKED
        booking.changed_at, booking.changed_rank = stamp


def correct(booking: Booking, before: Stamp, said: Said, after: Stamp) -> None:
    """Let a booking forget what an event said before a person corrected it, so that the correction wins.

    What both say takes the event's new moment, whichever is older; what it no longer says is taken back.
    """
    still = set() if said.action is Action.CANCEL else _sayings(said).keys()
    moment = {"at": after[0].isoformat(), "rank": after[1]}
    booking.details = {
        name: {**saying, **moment} if _said_at(saying) == before else saying
        for name, saying in booking.details.items()
        if name in still or _said_at(saying) != before
    }
    if booking.changed_at is not None and (booking.changed_at, booking.changed_rank) == before:
        booking.changed_at, booking.changed_rank = after


def _said_at(saying: dict[str, Any]) -> Stamp:
    return datetime.fromisoformat(saying["at"]), saying["rank"]


def is_superseded(event: Event, action: Action, booking: Booking) -> bool:
    """Whether a newer event of the booking has decided."""
    return booking.changed_at is not None and stamp_of(event, action) < (
        booking.changed_at,
        booking.changed_rank,
    )


def has_decided(booking: Booking, stamp: Stamp) -> bool:
    """Whether an event of this moment or a later one has said that there is to be a tour, or none."""
    return booking.changed_at is not None and stamp <= (booking.changed_at, booking.changed_rank)


def wish_of(booking: Booking, said: Said, stamp: Stamp) -> Said:
    """The booking as it would be if what an event asks for were granted."""
    return said_of(merged(booking.details, _sayings(said), stamp))


def merged(details: dict[str, Any], sayings: dict[str, Any], stamp: Stamp) -> dict[str, Any]:
    """The newest saying of each field."""
    result = dict(details)
    for name, value in sayings.items():
        known = result.get(name)
        if known is None or stamp >= (datetime.fromisoformat(known["at"]), known["rank"]):
            result[name] = {"value": value, "at": stamp[0].isoformat(), "rank": stamp[1]}
    return result


def said_of(details: dict[str, Any]) -> Said:
    """The booking as all its events together describe it."""
    values = {name: saying["value"] for name, saying in details.items()}
    return booking_from_json({**values, "action": Action.BOOK, "reference": ""})


def _sayings(said: Said) -> dict[str, Any]:
    """The fields with a value. The start is one saying, whichever way it was given."""
    document = booking_to_json(said)
    flat = {**document, **document["contact"]}
    left_out = {
        "action",
        "reference",
        "previous_reference",
        "occurred_at",
        "contact",
        "requested",
        "starts_at",
        "starts_at_local",
    }
    sayings = {name: value for name, value in flat.items() if name not in left_out and value is not None}
    if said.starts_at or said.starts_at_local:
        sayings["start"] = {
            "starts_at": document["starts_at"],
            "starts_at_local": document["starts_at_local"],
        }
    return sayings


def _booking_of(session: Session, source: str, references: list[str], now: datetime) -> Booking:
    """The booking that one of the references names, locked; a new one if there is none."""
    named = select(Booking).where(Booking.id.in_(linked(source, references))).order_by(Booking.id)
    found = list(session.scalars(named.with_for_update()))
    booking = found[0] if found else new_booking(source, new_code("TB"), now)
    for other in found[1:]:
        booking = _fold(session, booking, other)
    return booking


def linked(source: str, references: list[str]) -> Select[Any]:
    """The ids of the bookings that one of the references names."""
    return select(BookingReference.booking_id).where(
        BookingReference.source == source, BookingReference.reference.in_(references)
    )


def _link(session: Session, source: str, references: list[str], booking_id: int, now: datetime) -> None:
    """Let all of the references name the booking.

    Raises:
        NotYet: another event is just making it.
    """
    rows = [{"source": source, "reference": one, "booking_id": booking_id} for one in references]
    new = insert(BookingReference).values(rows).on_conflict_do_nothing().returning(BookingReference.reference)
    if len(session.scalars(new).all()) == len(rows):
        return
    if set(session.scalars(linked(source, references))) != {booking_id}:
        # Another event made the booking at the same moment: its insert was waited for, ours came to nothing.
        raise NotYet(now, Status.RETRYING, Reason.EARLIER_EVENT, "Another event made this booking just now.")


def new_booking(source: str, code: str, now: datetime) -> Booking:
    """A booking of which nothing has been said and nothing is written."""
    return Booking(
        source=source,
        code=code,
        created_at=now,
        details={},
        state=BookingState.UNWRITTEN,
        written_state=BookingState.UNWRITTEN,
    )


def _fold(session: Session, one: Booking, other: Booking) -> Booking:
    """Two rows turn out to be one booking: a cancel or a move came before the event that links the ids.

    The newer saying of each field wins. Where both have an appointment, the newer booking's stays, and the other
    row remains only until its appointment is cancelled.
    """
    newer, older = sorted((one, other), key=_last_change, reverse=True)
    kept, gone = (older, newer) if _is_live(older) and not _is_live(newer) else (newer, older)
    for name, saying in gone.details.items():
        stamp = (datetime.fromisoformat(saying["at"]), saying["rank"])
        kept.details = merged(kept.details, {name: saying["value"]}, stamp)
    kept.state, kept.changed_at, kept.changed_rank = newer.state, newer.changed_at, newer.changed_rank
    session.execute(
        update(BookingReference).where(BookingReference.booking_id == gone.id).values(booking_id=kept.id)
    )
    session.execute(update(Event).where(Event.booking_id == gone.id).values(booking_id=kept.id))
    terms.keep(session, kept, terms.words_in(kept.details))
    session.execute(update(Booking).where(Booking.merged_into == gone.id).values(merged_into=kept.id))
    if _is_live(gone):
        gone.state, gone.merged_into = BookingState.CANCELLED, kept.id
    else:
        session.execute(update(Attempt).where(Attempt.booking_id == gone.id).values(booking_id=kept.id))
        session.delete(gone)
    session.flush()
    return kept


def _last_change(booking: Booking) -> Stamp:
    return (booking.changed_at or booking.created_at, booking.changed_rank)


def _is_live(booking: Booking) -> bool:
    """Whether the PMS holds an appointment of it, or may soon."""
    return booking.written_state == BookingState.BOOKED or booking.open_attempt_id is not None
