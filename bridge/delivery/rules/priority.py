"""Which event of a lane runs next, and which lane: the order of arrival within a lane, the soonest tour among lanes."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from bridge.delivery.rules.entities import EventRow
from bridge.delivery.rules.outcomes import Reason
from bridge.mapping.booking import Action

SHORT_WAIT = timedelta(minutes=1)
"""Who waits longer makes way for the other tours of its lane."""
MAKES_WAY = (Reason.EARLIER_EVENT, Reason.UNKNOWN_BOOKING, Reason.UNKNOWN_CONTACT)
"""Waits for another event, which may be a later one of the same lane."""

FAR = timedelta(days=2)
_BEHIND_BOOKINGS = 10**10
"""More seconds than any two tours are apart."""
SOON = timedelta(hours=48)
"""A tour that is further away counts as little further: in a lasting overload it must not wait until it is given up."""
AGING = 100


def rank_of(event: EventRow, action: str | None, start: datetime | None, now: datetime) -> int:
    """Its place among all that can run, lower first: the soonest tour, and bookings before changes of far tours.

    In seconds since 1970. Of what is more than two days after the event's arrival a hundredth counts.
    """
    near = event.received_at + SOON
    place = near if start is None else start if start <= near else near + (start - near) / AGING
    can_wait = action in (Action.RESCHEDULE, Action.CANCEL) and start is not None and start - now > FAR
    return max(int(place.timestamp()), 1) + (_BEHIND_BOOKINGS if can_wait else 0)


def next_of(events: Sequence[EventRow], now: datetime) -> EventRow | None:
    """The event of a lane to run now: the first that is due, unless an earlier one waits for a short while.

    `events` are the open ones of the lane, in their order. Those of one booking wait for each other in any case, by
    `decide`.
    """
    for event in events:
        if event.due_at is None or event.due_at <= now:
            return event
        if _blocks(event, now):
            return None
    return None


def next_due(events: Sequence[EventRow], now: datetime) -> datetime | None:
    """When a lane has to be looked at again; `None`: never, because none of its events is open."""
    soonest: datetime | None = None
    for event in events:
        due_at = event.due_at or now
        soonest = due_at if soonest is None else min(soonest, due_at)
        if due_at <= now or _blocks(event, now):
            break
    return soonest


def _blocks(event: EventRow, now: datetime) -> bool:
    assert event.due_at is not None  # it would be due
    return event.due_at - now <= SHORT_WAIT and event.reason not in MAKES_WAY


def lane_rank(events: Sequence[EventRow]) -> int:
    """The rank of a lane: of its soonest event, so that the events before it move up as well."""
    return min((event.rank or 0 for event in events), default=0)
