"""Search texts for a tour: a name, an e-mail, a phone or its last digits, a reference, our code, `#14`."""

import re
from collections.abc import Iterator

import phonenumbers
from phonenumbers import PhoneNumberFormat
from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from bridge import search_index as terms
from bridge.delivery.rules.booking_state import CODE
from bridge.keys import key, sanitise
from bridge.models import Booking, BookingReference, EarlierCode, Event
from bridge.settings import Settings

MOST_BOOKINGS = 500
"""The newest tours of a name that are looked at; who looks for an older one types more of it."""
MOST_EVENTS = 5000


def bookings_found(session: Session, settings: Settings, text: str, *, people: bool) -> set[int]:
    """The ids of the bookings that match a search; without `people`, only by code and reference."""
    words = (sanitise(text) or "").strip()
    if not words:
        return set()
    found: set[int] = set()
    codes = CODE.findall(words.upper())
    if codes:
        found |= _by_code(session, codes)
    named = select(BookingReference.booking_id).where(
        BookingReference.source.in_(_sources(settings)), BookingReference.reference == key(words)
    )
    found |= set(session.scalars(named))
    for wanted in _readings(settings, words) if people else ():
        found |= set(terms.bookings_with(session, wanted, MOST_BOOKINGS))
    return found | (_by_ending(session, words) if people else set())


def _by_ending(session: Session, words: str) -> set[int]:
    """By the last digits of a phone, at least four of them, in any spelling."""
    digits = terms.digits_of(words)
    if len(digits) < terms.ENDING or not _PARTS_OF_A_NUMBER.fullmatch(words):
        return set()
    candidates = terms.bookings_with(session, [terms.ending_word(digits)], MOST_BOOKINGS)
    rows = session.execute(select(Booking.id, Booking.details).where(Booking.id.in_(candidates)))
    phones = {id_: str(details.get("phone", {}).get("value") or "") for id_, details in rows}
    return {id_ for id_, phone in phones.items() if terms.digits_of(phone).endswith(digits)}


_PARTS_OF_A_NUMBER = re.compile(r"[\d\s().+/-]+")


def _by_code(session: Session, codes: list[str]) -> set[int]:
    """Also by the reference of a cancelled appointment, and by that of a booking that is part of another now."""
    kept = func.coalesce(Booking.merged_into, Booking.id)
    earlier = select(EarlierCode.booking_id).where(EarlierCode.code.in_(codes))
    return set(session.scalars(select(kept).where(or_(Booking.code.in_(codes), Booking.id.in_(earlier)))))


def events_found(session: Session, settings: Settings, text: str, *, people: bool) -> tuple[int, ...]:
    """The ids of the events that match a search: those of the bookings, and those that carry the id themselves.

    Without `people`, names, e-mails and phones are not searched: a viewer could find out whether a person is there.
    """
    words = (sanitise(text) or "").strip()
    if not words:
        return ()
    found: set[int] = set()
    if re.fullmatch(r"#\d{1,18}", words):
        number = int(words.removeprefix("#"))
        found |= set(session.scalars(select(Event.id).where(Event.id == number)))
    named = key(words)
    for column in (Event.reference, Event.previous_reference, Event.delivery_id, Event.request_id):
        query = select(Event.id).where(Event.source.in_(_sources(settings)), column == named)
        found |= set(session.scalars(query.limit(MOST_EVENTS)))
    bookings = bookings_found(session, settings, words, people=people)
    of_bookings = select(Event.id).where(Event.booking_id.in_(bookings)).order_by(Event.id.desc())
    found |= set(session.scalars(of_bookings.limit(MOST_EVENTS))) if bookings else set()
    return tuple(sorted(found))


def _sources(settings: Settings) -> list[str]:
    return list(settings.sources)


def _readings(settings: Settings, words: str) -> Iterator[list[str]]:
    """What the text can be: an e-mail, a phone number of one of the sources' countries, or words of a name."""
    if "@" in words:
        yield [terms.email_word(words)]
        return
    numbers = {_number(words, region) for region in _regions(settings)} - {None}
    yield from ([terms.phone_word(number)] for number in sorted(filter(None, numbers)))
    name = terms.words_of(words)
    if name:
        yield name


def _regions(settings: Settings) -> set[str]:
    return {source.phone_region for source in settings.sources.values()} | {"US"}


def _number(text: str, region: str) -> str | None:
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)
