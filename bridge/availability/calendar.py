"""The calendar of each property: what is free, and whether one start is.

Everything that offers or accepts a time asks here: the list, the widget, the renter's link, chats and agents' tools.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from bridge.aliases import property_named, told_to
from bridge.availability.listing import MOST_DAYS, Availability, Slot, days_of, slots_between
from bridge.availability.rules.slots import Obstacle, Times, kinds_of, obstacle, rules_of
from bridge.availability.rules.wall_clock import local_date
from bridge.clock import Clock
from bridge.database import Database
from bridge.errors import InvalidDatesError, NoTourTimesError, UnknownPropertyNameError, UnknownTourKindError
from bridge.settings import Property, Settings

MOST_NEAREST = 5
LOOK_AHEAD = 14
"""Days that are searched for the next one with times."""


@dataclass(frozen=True)
class Verdict:
    """Whether a start is free."""

    obstacle: Obstacle | None
    """Why it is not; `None`: it is free."""
    nearest: tuple[Slot, ...] = ()
    """Other times, the nearest first, where it is not free."""

    @property
    def is_free(self) -> bool:
        return self.obstacle is None


class Calendar:
    """Free times of all properties; may be shared between threads."""

    def __init__(self, settings: Settings, database: Database, clock: Clock) -> None:
        self._settings, self._database, self._clock = settings, database, clock

    def property_named(self, name: str) -> Property:
        """The property that a request means, by its key, its name or an alias.

        Raises:
            UnknownPropertyNameError: there is none.
        """
        found = property_named(self._settings, name, told_to(self._database))
        if found is None:
            raise UnknownPropertyNameError
        return found

    def list_times(
        self, place: Property, first: date | None = None, days: int = 7, kind: str | None = None
    ) -> Availability:
        """The free times of some days.

        Args:
            first: by the wall clock of the property; `None`: today.
            days: 1 to 14.
            kind: of tour; `None`: all that the property offers.

        Raises:
            NoTourTimesError: it offers no times at all.
            UnknownTourKindError: it does not offer this kind.
            InvalidDatesError: fewer or more days than one answer lists.
        """
        kinds = self._kinds(place, kind)
        now = self._clock()
        if not 1 <= days <= MOST_DAYS:
            raise InvalidDatesError
        first = first or local_date(now, rules_zone(place))
        if first > date.max - timedelta(days=MOST_DAYS + LOOK_AHEAD + 1) or first.year < now.year - 1:
            raise InvalidDatesError
        times = self._times(place, kinds, first, days)
        slots = slots_between(times, first, days, now)

        def beyond(after: date) -> date | None:
            more = self._times(place, kinds, after, LOOK_AHEAD)
            found = slots_between(more, after, LOOK_AHEAD, now)
            return found[0].start.date() if found else None

        listed = days_of(times, slots, first, days, now, beyond)
        return Availability(
            place.key, place.time_zone, now, "hours", tuple(slots), tuple(listed), kinds_of(place)
        )

    def check(
        self,
        place: Property,
        start: datetime,
        kind: str | None = None,
        *,
        length: timedelta | None = None,
        moving: int | None = None,
    ) -> Verdict:
        """Whether a start is free at this moment, asked of the database and never of a cache.

        Args:
            start: aware.
            moving: the id of the booking that moves there, whose present time is not in its way.

        Raises:
            NoTourTimesError, UnknownTourKindError: as `list_times`.
        """
        chosen = self._kinds(place, kind)[0]
        now = self._clock()
        day = local_date(start, rules_zone(place))
        times = self._times(place, (chosen,), day, 1)[chosen]
        found = obstacle(times, start, now, length=length, owner=moving)
        return Verdict(found, () if found is None else self._nearest(place, chosen, start, now))

    def _nearest(self, place: Property, kind: str, start: datetime, now: datetime) -> tuple[Slot, ...]:
        first = max(local_date(start, rules_zone(place)), local_date(now, rules_zone(place)))
        slots = slots_between(self._times(place, (kind,), first, 7), first, 7, now)
        nearest = sorted(slots, key=lambda slot: abs(slot.start - start))[:MOST_NEAREST]
        return tuple(sorted(nearest, key=lambda slot: slot.start))

    def _kinds(self, place: Property, kind: str | None) -> tuple[str, ...]:
        if place.slots is None:
            raise NoTourTimesError
        offered = kinds_of(place)
        if kind is not None and kind not in offered:
            raise UnknownTourKindError(offered)
        return offered if kind is None else (kind,)

    def _times(self, place: Property, kinds: tuple[str, ...], first: date, days: int) -> Mapping[str, Times]:
        """What is known of these days, by kind."""
        del first, days
        rules = {kind: rules_of(place, kind) for kind in kinds}
        return {kind: Times(one) for kind, one in rules.items() if one is not None}


def rules_zone(place: Property) -> ZoneInfo:
    """The zone of a property."""
    return ZoneInfo(place.time_zone)
