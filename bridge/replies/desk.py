"""Answers the requests of chats: loads what is known, lets `rules` decide, and fills in the sentence.

An answer waits for no worker. It reads availability once, from what is cached or answered at once; what Propexo
answers later is there for the next message.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy.exc import SQLAlchemyError

from bridge.aliases import aliases_of, property_named
from bridge.availability.calendar import Calendar
from bridge.availability.listing import MOST_DAYS, Slot
from bridge.availability.rules.slots import Obstacle
from bridge.clock import Clock
from bridge.database import Database
from bridge.errors import InvalidDatesError, NoTourTimesError, UnknownTourKindError
from bridge.inbound.answers import ChatAnswer
from bridge.keys import key
from bridge.mapping.booking import Action
from bridge.mapping.conversation import CHOSEN_TIME, OfferedTimes, TimesQuestion
from bridge.mapping.paths import DecodedRequest
from bridge.mapping.sources import MappedSource
from bridge.models import TourLink
from bridge.renter import tour as tours
from bridge.replies import offers
from bridge.replies.rules import OF_QUESTIONS, OF_RECEIPT, Facts, Situation, offered, situation_of
from bridge.replies.sentences import Context, fill_in, sentence, times_as_data
from bridge.settings import Property, Settings
from bridge.widget.words import DEFAULT, choose, words

log = structlog.get_logger()

WAIT = 0.7
"""Seconds that an answer waits for Propexo: a chat gives up after some seconds, and a person waits for one at most."""
HELD = (Obstacle.TAKEN, Obstacle.FULL_DAY, Obstacle.NOT_OFFERED)
"""Why the worker may hold a tour that a person confirms elsewhere."""


@dataclass(frozen=True)
class FoundTimes:
    """What was found for a question or a choice."""

    place: Property | None = None
    kind: str | None = None
    start: datetime | None = None
    """In the zone of the property."""
    is_free: bool | None = None
    slots: Sequence[Slot] = ()
    offers_times: bool = False
    was_offered: bool = False


@dataclass(frozen=True)
class Conversation:
    """One request of a chat."""

    desk: "ReplyDesk"
    source: MappedSource
    received: DecodedRequest
    items: Sequence[DecodedRequest]
    found: Sequence[FoundTimes | None]
    """By item: what was found before the request was stored."""

    def answer(self, number: int, link: str) -> ChatAnswer:
        """What to answer to one of the events, once they are stored."""
        item = self.items[number] if number < len(self.items) else self.received
        found = self.found[number] if number < len(self.found) else None
        return self.desk.answer(self.source, item, found, link)


@dataclass(frozen=True)
class ReplyDesk:
    """Of one web process; `current_app.extensions["replies"]`."""

    settings: Settings
    database: Database
    calendar: Calendar
    clock: Clock

    def begin(self, source: MappedSource, received: DecodedRequest) -> Conversation:
        """Find the times that a request asks for, and the one that it chooses."""
        payloads = source.mapping.items(received.payload)
        found: list[FoundTimes | None] = []
        for payload in payloads:
            item = received.with_payload(payload, is_part=True) if len(payloads) > 1 else received
            decision = source.mapping.decide(item)
            if decision.asks_times:
                found.append(self._offer(source, item))
            elif decision.chooses:
                chosen, times = self._choose(source, item)
                found.append(times)
                if chosen:
                    headers = {**received.headers, CHOSEN_TIME: chosen.as_text()}
                    received = replace(received, headers=headers, computed={})
            else:
                found.append(None)
        items = (
            [received.with_payload(payload, is_part=True) for payload in payloads]
            if len(payloads) > 1
            else [received]
        )
        return Conversation(self, source, received, items, found)

    def answer(
        self, source: MappedSource, received: DecodedRequest, found: FoundTimes | None, link: str
    ) -> ChatAnswer:
        """What to answer to one event that is stored."""
        language = self._language(source, received)
        try:
            facts, context = self._known(source, received, found)
        except SQLAlchemyError:
            log.warning("reply.without_facts", source=source.name, exc_info=True)
            facts, context = Facts(source.mapping.decide(received)), Context(language)
        situation = situation_of(facts)
        if situation is None or self._is_too_dear(source, situation, facts):
            return ChatAnswer(is_silent=True)
        context = replace(context, language=language, tour_link=link)
        values = {
            "{situation}": str(situation),
            "{start}": context.start.isoformat() if context.start else "",
            "{times}": times_as_data(context.times, words(language)),
        }
        return ChatAnswer(_text(source, situation, context), values=values)

    # What is known.

    def _known(
        self, source: MappedSource, received: DecodedRequest, found: FoundTimes | None
    ) -> tuple[Facts, Context]:
        decision = source.mapping.decide(received)
        if found is not None and decision.action is Action.IGNORE:
            facts = Facts(
                decision,
                has_place=found.place is not None,
                offers_times=found.offers_times,
                has_start=found.start is not None,
                is_free=found.is_free,
                has_times=bool(found.slots),
                was_offered=found.was_offered,
            )
            return facts, Context(DEFAULT, found.place, found.start, found.slots)
        translation = source.mapping.translate(received)
        facts = Facts(decision, unread=frozenset(error.field for error in translation.errors))
        booking = translation.booking
        if booking is None or booking.action not in (Action.BOOK, Action.RESCHEDULE):
            return facts, Context(DEFAULT)
        with self.database.session() as session:
            link = TourLink(source=source.name, reference=key(booking.reference))
            tour = tours.load(session, self.settings, source, link, self.clock())
        if tour is None:
            return facts, Context(DEFAULT)
        facts = replace(facts, has_place=True, has_start=True, is_confirmed=tour.is_confirmed)
        if not tour.is_confirmed and found is None:
            facts = replace(facts, is_free=self._may_be_written(tour))
        return facts, Context(DEFAULT, tour.place, tour.start)

    def _may_be_written(self, tour: tours.RenterTour) -> bool | None:
        """Whether no other tour has the time of a booking; hours bind its sender, not us."""
        try:
            verdict = self.calendar.check(
                tour.place, tour.start, tour.kind, length=tour.length, moving=tour.booking_id, within=WAIT
            )
        except (NoTourTimesError, UnknownTourKindError):
            return None
        return verdict.obstacle not in HELD

    # Free times.

    def _offer(self, source: MappedSource, received: DecodedRequest) -> FoundTimes:
        """The free times that a question asks for; they are kept, so that one can be chosen."""
        question = source.mapping.question(received)
        place = self._place(source, question)
        if place is None or place.slots is None:
            return FoundTimes(place)
        start, day = _start(question, place), _day(question.day)
        kind = question.kind
        try:
            if start is not None:
                verdict = self.calendar.check(place, start, kind, within=WAIT)
                times = FoundTimes(place, kind, start, verdict.is_free, verdict.nearest, offers_times=True)
                if verdict.is_free:
                    slot = Slot(start, start, ())
                    self._keep(source, received, replace(times, slots=(slot,)))
                    return times
            else:
                days = 1 if day else MOST_DAYS
                slots = self.calendar.list_times(place, day, days, kind, within=WAIT).slots
                times = FoundTimes(place, kind, slots=offered(slots, day), offers_times=True)
        except (UnknownTourKindError, InvalidDatesError):
            return FoundTimes(place, kind, offers_times=True)
        self._keep(source, received, times)
        return times

    def _choose(
        self, source: MappedSource, received: DecodedRequest
    ) -> tuple[OfferedTimes | None, FoundTimes]:
        """The time that a number means, if it still is free; else others near it."""
        reference, now = source.mapping.envelope(received).reference, self.clock()
        if reference is None:
            return None, FoundTimes()
        with self.database.session() as session:
            offer = offers.find(session, source.name, reference, now)
            link = TourLink(source=source.name, reference=key(reference))
            tour = tours.load(session, self.settings, source, link, now)
        chosen = offer.chosen(source.mapping.question(received).number()) if offer else None
        place = self.settings.properties.get(offer.property) if offer else None
        if chosen is None or place is None:
            return None, FoundTimes(was_offered=offer is not None)
        start = chosen.starts[0].astimezone(ZoneInfo(place.time_zone))
        times = FoundTimes(place, chosen.kind, start, offers_times=True, was_offered=True)
        if tour is not None and tour.start == start and not tour.is_cancelled:
            return chosen, times  # the same request once more
        try:
            moving = tour.booking_id if tour is not None else None
            verdict = self.calendar.check(place, start, chosen.kind, moving=moving, within=WAIT)
        except (NoTourTimesError, UnknownTourKindError):
            return None, replace(times, is_free=False)
        if verdict.is_free:
            return chosen, replace(times, is_free=True)
        times = replace(times, is_free=False, slots=verdict.nearest)
        self._keep(source, received, times)
        return None, times

    def _keep(self, source: MappedSource, received: DecodedRequest, times: FoundTimes) -> None:
        reference = source.mapping.envelope(received).reference
        if reference is None or times.place is None or not times.slots:
            return
        offer = OfferedTimes(times.place.key, times.kind, tuple(slot.start for slot in times.slots))
        with self.database.session() as session:
            offers.store(session, source.name, reference, offer, self.clock())

    def _place(self, source: MappedSource, question: TimesQuestion) -> Property | None:
        named = question.property or source.settings.property
        return property_named(self.settings, named, aliases_of(self.database)) if named else None

    # The wording.

    def _language(self, source: MappedSource, received: DecodedRequest) -> str:
        reader = source.mapping.language
        named = reader.read(received) if reader else None
        return choose(named, source.settings.reply_language) or DEFAULT

    def _is_too_dear(self, source: MappedSource, situation: Situation, facts: Facts) -> bool:
        """Whether an answer that costs something is not worth it."""
        settings, reply = source.settings, source.mapping.reply
        if reply is None or reply.text is not None or situation in OF_QUESTIONS or facts.decision.chooses:
            # A number alone, where nothing was offered, may be part of another talk.
            is_stray = situation is Situation.NO_CHOICE and not facts.was_offered
            return reply is None or (reply.text is None and is_stray)
        if situation in OF_RECEIPT and settings.reply_text:
            return False
        return settings.reply_language is None and not settings.replies


def _text(source: MappedSource, situation: Situation, context: Context) -> str:
    own = source.settings.replies
    is_replaced = situation in OF_RECEIPT and situation not in own.get(context.language, {})
    if source.settings.reply_text and is_replaced:
        return fill_in(source.settings.reply_text, context)
    return sentence(situation, context, own)


def _start(question: TimesQuestion, place: Property) -> datetime | None:
    zone = ZoneInfo(place.time_zone)
    if question.starts_at is not None:
        return question.starts_at.astimezone(zone)
    return question.starts_at_local.replace(tzinfo=zone) if question.starts_at_local else None


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text[:10]) if text else None
    except ValueError:
        return None
