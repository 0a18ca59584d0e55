"""Which situation an answer is for, and which free times it names. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from bridge.availability.listing import Slot
from bridge.mapping.actions import Decision
from bridge.mapping.booking import Action

MOST_TIMES = 6
PER_DAY = 3
MOST_OF_A_DAY = 9


class Situation(StrEnum):
    """What an answer is about; each has a text in every language, which a source can replace."""

    TIMES = "times"
    """Free times, numbered."""
    NO_TIMES = "no_times"
    NO_TOUR_TIMES = "no_tour_times"
    """The property offers no times through the bridge."""
    CONFIRM = "confirm"
    """The time that was asked about is free: is it right?"""
    NOT_FREE = "not_free"
    """It is not; others are near it."""
    CHOICE_GONE = "choice_gone"
    """The chosen time was taken since it was offered; nothing is booked."""
    NO_CHOICE = "no_choice"
    """The number is that of no time."""
    REQUESTED = "requested"
    """The booking is stored; the PMS has not confirmed it."""
    REQUESTED_NOT_FREE = "requested_not_free"
    """It is stored, and another tour has its time: an operator decides."""
    BOOKED = "booked"
    """The PMS has the tour as it was asked for."""
    MOVE_REQUESTED = "move_requested"
    CANCEL_REQUESTED = "cancel_requested"
    NEEDS_TIME = "needs_time"
    NEEDS_CONTACT = "needs_contact"
    NEEDS_PROPERTY = "needs_property"
    UNCLEAR = "unclear"
    """Something cannot be read; an operator sees it."""
    RECEIVED = "received"
    """Stored, and no more is known."""


OF_QUESTIONS = frozenset(
    {
        Situation.TIMES,
        Situation.NO_TIMES,
        Situation.NO_TOUR_TIMES,
        Situation.CONFIRM,
        Situation.NOT_FREE,
        Situation.CHOICE_GONE,
        Situation.NEEDS_PROPERTY,
    }
)
"""Answered also where an answer costs something."""
OF_RECEIPT = frozenset(
    {
        Situation.REQUESTED,
        Situation.BOOKED,
        Situation.MOVE_REQUESTED,
        Situation.CANCEL_REQUESTED,
        Situation.RECEIVED,
    }
)
"""The situations for which a source sets `reply_text`."""


@dataclass(frozen=True)
class Facts:
    """What is known when a request is answered."""

    decision: Decision
    has_place: bool = False
    """Whether the property is known."""
    offers_times: bool = False
    """Whether the property offers times through the bridge."""
    has_start: bool = False
    """Whether a time is named."""
    is_free: bool | None = None
    """Whether that time is; `None`: not asked."""
    has_times: bool = False
    """Whether there are other free times to name."""
    was_offered: bool = False
    """Whether times were offered of which this one is to be chosen."""
    unread: frozenset[str] = frozenset()
    """The fields of the booking that are missing or cannot be read."""
    is_confirmed: bool = False
    """Whether the PMS has the tour as it is asked for."""


def situation_of(facts: Facts) -> Situation | None:
    """What to answer; `None`: nothing."""
    decision = facts.decision
    if decision.asks_times:
        return _of_question(facts)
    if decision.action is Action.IGNORE:
        return _of_no_choice(facts) if decision.chooses else None
    return _of_unread(facts) if facts.unread else _of_booking(facts)


def _of_booking(facts: Facts) -> Situation:
    action = facts.decision.action
    if action is Action.CANCEL:
        return Situation.CANCEL_REQUESTED
    if action not in (Action.BOOK, Action.RESCHEDULE) or not facts.has_place or not facts.has_start:
        return Situation.RECEIVED
    if facts.is_confirmed:
        return Situation.BOOKED
    if facts.is_free is False:
        return Situation.REQUESTED_NOT_FREE
    return Situation.REQUESTED if action is Action.BOOK else Situation.MOVE_REQUESTED


def _of_question(facts: Facts) -> Situation:
    if not facts.has_place:
        return Situation.NEEDS_PROPERTY
    if not facts.offers_times:
        return Situation.NO_TOUR_TIMES
    if facts.has_start and facts.is_free:
        return Situation.CONFIRM
    if not facts.has_times:
        return Situation.NO_TIMES
    return Situation.NOT_FREE if facts.has_start else Situation.TIMES


def _of_no_choice(facts: Facts) -> Situation:
    if facts.is_free is False:
        return Situation.CHOICE_GONE if facts.has_times else Situation.NO_TIMES
    return Situation.NO_CHOICE


def _of_unread(facts: Facts) -> Situation:
    if facts.unread & {"starts_at", "starts_at_local"}:
        return Situation.NEEDS_TIME
    return Situation.NEEDS_CONTACT if "contact" in facts.unread else Situation.UNCLEAR


def offered(slots: Iterable[Slot], day: date | None = None) -> list[Slot]:
    """The free times that an answer names: the next ones of some days, or those of the day that was asked for."""
    starts: dict[object, Slot] = {}
    for slot in slots:
        starts.setdefault(slot.start, slot)
    if day is not None:
        return spread([slot for slot in starts.values() if slot.start.date() == day], MOST_OF_A_DAY)
    by_day: dict[date, list[Slot]] = {}
    for slot in starts.values():
        by_day.setdefault(slot.start.date(), []).append(slot)
    found = [slot for of_day in by_day.values() for slot in spread(of_day, PER_DAY)]
    return found[:MOST_TIMES]


def spread(slots: Sequence[Slot], most: int) -> list[Slot]:
    """At most so many of them, the first and the last among them, evenly."""
    if len(slots) <= most:
        return list(slots)
    return [slots[round(place * (len(slots) - 1) / (most - 1))] for place in range(most)]
