"""The calendar of each property: what is free, and whether one start is.

Everything that offers or accepts a time asks here: the list, the widget, the renter's link, chats and agents' tools.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from bridge.aliases import aliases_of, property_named
from bridge.availability.knowledge import Knowledge
from bridge.availability.listing import MOST_DAYS, Availability, Slot, days_of, slots_between
from bridge.availability.rules.slots import Obstacle, candidates, kinds_of, obstacle
from bridge.availability.rules.wall_clock import local_date
from bridge.availability.sources import WAIT, Deadline
from bridge.clock import Clock
from bridge.database import Database
from bridge.errors import InvalidDatesError, NoTourTimesError, UnknownPropertyNameError, UnknownTourKindError
from bridge.propexo.client import Propexo
from bridge.propexo.pms import profile_of
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

    def __init__(self, settings: Settings, database: Database, clock: Clock, propexo: Propexo) -> None:
        self._settings, self._database, self._clock = settings, database, clock
        self._knowledge = Knowledge(settings, database, clock, propexo)

    def close(self) -> None:
        """Wait for the calls that are on their way."""
        self._knowledge.close()

    def property_named(self, name: str) -> Property:
        """The property that a request means, by its key, its name or an alias.

        Raises:
            UnknownPropertyNameError: there is none.
        """
        found = property_named(self._settings, name, aliases_of(self._database))
        if found is None:
            raise UnknownPropertyNameError
        return found

    def now(self) -> datetime:
        """This moment."""
        return self._clock()

    def today(self, place: Property) -> date:
        """The date at a property."""
        return local_date(self._clock(), rules_zone(place))

    def list_times(
        self,
        place: Property,
        first: date | None = None,
        days: int = 7,
        kind: str | None = None,
        *,
        within: float = WAIT,
    ) -> Availability:
        """The free times of some days.

        Args:
            first: by the wall clock of the property; `None`: today.
            days: 1 to 14.
            kind: of tour; `None`: all that the property offers.
            within: seconds that the caller waits for Propexo; then the property's own hours count.

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
        deadline = Deadline.within(within)
        found = self._knowledge.of(place, kinds, first, days, deadline)
        slots = slots_between(found.times, first, days, now)

        def beyond(after: date) -> date | None:
            if profile_of(place.pms).offers_times:
                return None  # it would cost more calls
            more = self._knowledge.of(place, kinds, after, LOOK_AHEAD, deadline)
            later = slots_between(more.times, after, LOOK_AHEAD, now)
            return later[0].start.date() if later else None

        listed = days_of(found.times, slots, first, days, now, beyond)
        return Availability(
            place.key,
            place.time_zone,
            found.as_of,
            found.origin,
            tuple(slots),
            tuple(listed),
            kinds_of(place),
        )

    def check(
        self,
        place: Property,
        start: datetime,
        kind: str | None = None,
        *,
        length: timedelta | None = None,
        moving: int | None = None,
        within: float = WAIT,
    ) -> Verdict:
        """Whether a start is free at this moment, asked of the database and never of a cache.

        Args:
            start: aware.
            moving: the id of the booking that moves there, whose present time is not in its way.
            within: seconds that the caller waits for Propexo.

        Raises:
            NoTourTimesError, UnknownTourKindError: as `list_times`.
        """
        chosen = self._kinds(place, kind)[0]
        now = self._clock()
        day = local_date(start, rules_zone(place))
        deadline = Deadline.within(within)
        known = self._knowledge.of(place, (chosen,), day, 1, deadline, is_check=True)
        found = obstacle(known.times[chosen], start, now, length=length, owner=moving)
        return Verdict(found, () if found is None else self._nearest(place, chosen, start, now, deadline))

    def explain(
        self, place: Property, kind: str, first: date, days: int
    ) -> list[tuple[datetime, Obstacle | None]]:
        """Each start that could be offered, with why it is not; what `bridge availability --why` prints."""
        known = self._knowledge.of(place, self._kinds(place, kind), first, days).times[kind]
        now = self._clock()
        dates = [first + timedelta(days=number) for number in range(days)]
        return [(start, obstacle(known, start, now)) for day in dates for start in candidates(known, day)]

    def _nearest(
        self, place: Property, kind: str, start: datetime, now: datetime, deadline: Deadline
    ) -> tuple[Slot, ...]:
        first = max(local_date(start, rules_zone(place)), local_date(now, rules_zone(place)))
        known = self._knowledge.of(place, (kind,), first, 7, deadline)
        slots = slots_between(known.times, first, 7, now)
        nearest = sorted(slots, key=lambda slot: abs(slot.start - start))[:MOST_NEAREST]
        return tuple(sorted(nearest, key=lambda slot: slot.start))

    def _kinds(self, place: Property, kind: str | None) -> tuple[str, ...]:
        if place.slots is None:
            raise NoTourTimesError
        offered = kinds_of(place)
        if kind is not None and kind not in offered:
            raise UnknownTourKindError(offered)
        return offered if kind is None else (kind,)


def rules_zone(place: Property) -> ZoneInfo:
    """The zone of a property."""
    return ZoneInfo(place.time_zone)
