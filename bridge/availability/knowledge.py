"""What is known of the times of a property: its rules, the times that tours hold, and what Propexo says."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bridge.availability.rules.offers import offers_of
from bridge.availability.rules.slots import IN_PERSON, Busy, Times, rules_of
from bridge.availability.rules.wall_clock import bounds, local_date
from bridge.availability.sources import WAIT, Deadline, Key, Known, SlotSources
from bridge.availability.storage import claims, own_appointments
from bridge.clock import Clock
from bridge.database import Database
from bridge.delivery.rules.booking_state import CODE
from bridge.propexo import pms
from bridge.propexo.client import Appointment, Propexo
from bridge.propexo.quota import SharedQuota
from bridge.settings import Property, Settings

CONNECT_WITHIN, ANSWER_WITHIN = 1.0, 2.0
"""Seconds: a visitor waits."""
FRESH = timedelta(seconds=60)
"""So old may be what a list shows of the PMS; and so old what a check goes by:"""
FRESH_FOR_CHECK = timedelta(seconds=30)
APPOINTMENTS_KEPT = timedelta(minutes=5)
WEEK = 7
AROUND = timedelta(days=1)
"""Longer than any tour with its buffers."""


@dataclass(frozen=True)
class Found:
    """What is known of some days, by kind of tour."""

    times: Mapping[str, Times]
    origin: str
    """`pms` or `hours`."""
    as_of: datetime


def reader(settings: Settings, database: Database, clock: Clock) -> Propexo:
    """A client for calls that a visitor waits for."""
    account = settings.propexo
    quota = SharedQuota(database, account.token, account.budget_per_minute, clock)
    return Propexo(
        account.base_url,
        account.token,
        quota=quota,
        clock=clock,
        connect_timeout=min(CONNECT_WITHIN, account.connect_timeout),
        read_timeout=min(ANSWER_WITHIN, account.read_timeout),
    )


class Knowledge:
    """Reads taken times from the database each time, and the rest from Propexo's latest answers."""

    def __init__(self, settings: Settings, database: Database, clock: Clock, propexo: Propexo) -> None:
        self._database, self._clock, self._propexo = database, clock, propexo
        account = settings.propexo
        most = max(1, account.budget_per_minute * account.availability_share // 100)
        self._sources = SlotSources(database, clock, most)

    def close(self) -> None:
        """Wait for the calls that are on their way."""
        self._sources.close()

    def of(
        self,
        place: Property,
        kinds: Sequence[str],
        first: date,
        days: int,
        deadline: Deadline | None = None,
        *,
        is_check: bool = False,
    ) -> Found:
        """What is known of some days; `is_check`: a time is being taken now."""
        deadline = deadline or Deadline.within(WAIT)
        now = self._clock()
        rules = {kind: kind_rules for kind in kinds if (kind_rules := rules_of(place, kind)) is not None}
        taken = self._taken(place, first, days)
        if pms.profile_of(place.pms).offers_times:
            offered = self._offered(place, first, days, now, deadline, is_check=is_check)
            if offered is not None:
                return _by_pms(place, rules, taken, offered, now)
            return Found({kind: Times(kind_rules, taken) for kind, kind_rules in rules.items()}, "hours", now)
        as_of = now
        if place.slots is not None and place.slots.subtract_appointments:
            appointments, as_of = self._appointments(place, now, deadline)
            taken += appointments
        return Found({kind: Times(kind_rules, taken) for kind, kind_rules in rules.items()}, "hours", as_of)

    def _taken(self, place: Property, first: date, days: int) -> list[Busy]:
        """What tours hold, written or not."""
        since, until = bounds(first, days, ZoneInfo(place.time_zone))
        return [
            Busy(row.starts_at, row.ends_at, row.kind, row.booking_id, row.agent, row.written_since)
            for row in claims(self._database, place.key, since - AROUND, until + AROUND)
        ]

    # What the PMS offers.

    def _offered(
        self, place: Property, first: date, days: int, now: datetime, deadline: Deadline, *, is_check: bool
    ) -> Known | None:
        """The calendars of the weeks that these days touch; `None`: one of them is not known.

        Weeks begin today, so that the two weeks of a whole list are two calls.
        """
        zone = pms_zone(place)
        begins, ends = bounds(first, days, ZoneInfo(place.time_zone))
        today = local_date(now, zone)
        dates = [local_date(begins, zone), local_date(ends - timedelta(seconds=1), zone)]
        first_week, last_week = ((max(day, today) - today).days // WEEK for day in dates)
        known: list[Known] = []
        for week in range(first_week, last_week + 1):
            begins_on = today + timedelta(days=week * WEEK)
            of_week = self._week(place, begins_on, deadline, is_check=is_check)
            if of_week is None:
                return None
            known.append(of_week)
        content = [calendar for of_week in known for calendar in of_week.content]
        return Known(min(of_week.fetched_at for of_week in known), content)

    def _week(self, place: Property, begins_on: date, deadline: Deadline, *, is_check: bool) -> Known | None:
        minutes = place.slots.minutes if place.slots else 30

        def fetch() -> list[dict[str, Any]]:
            calendars = self._propexo.appointment_availability(
                integration_id=place.integration_id,
                property_id=place.property_id,
                first=begins_on,
                days=WEEK,
                minutes=minutes,
                calendar_types=pms.profile_of(place.pms).calendar_types,
            )
            self._propexo.flush_rate_limit(at_once=True)
            return [asdict(calendar) for calendar in calendars]

        key = Key(place.integration_id, place.property_id, f"calendars:{begins_on.isoformat()}")
        age = FRESH_FOR_CHECK if is_check else FRESH
        return self._sources.get(key, age, fetch, deadline, waits=is_check)

    # Appointments that others have made.

    def _appointments(
        self, place: Property, now: datetime, deadline: Deadline
    ) -> tuple[list[Busy], datetime]:
        def fetch() -> list[dict[str, str]]:
            found = self._propexo.newest_appointments(
                integration_id=place.integration_id, property_id=place.property_id
            )
            self._propexo.flush_rate_limit(at_once=True)
            return self._starts_of_foreign(place, found, now)

        key = Key(place.integration_id, place.property_id, "appointments")
        known = self._sources.get(key, APPOINTMENTS_KEPT, fetch, deadline)
        if known is None or place.slots is None:
            return [], now
        length = timedelta(minutes=place.slots.minutes)
        reading = place.slots.appointment_times
        chosen = ("instant", "wall_clock") if reading == "either" else (reading,)
        texts = [text for entry in known.content for text in {entry[name] for name in chosen}]
        starts = [datetime.fromisoformat(entry) for entry in texts]
        return [Busy(start, start + length, IN_PERSON) for start in starts], known.fetched_at

    def _starts_of_foreign(
        self, place: Property, found: Sequence[Appointment], now: datetime
    ) -> list[dict[str, str]]:
        """When those appointments begin that the bridge did not make; ours hold their times themselves.

        Propexo does not document the zone: each is kept as the instant that is written, and as the wall clock of
        the PMS, whatever offset it carries.
        """
        own = own_appointments(self._database, [appointment.id for appointment in found])
        zone = pms_zone(place)
        starts: list[dict[str, str]] = []
        for appointment in found:
            start = appointment.appointment_datetime or appointment.event_datetime
            if start is None or appointment.id in own or CODE.search(appointment.notes or ""):
                continue
            wall_clock = start.replace(tzinfo=zone).astimezone(UTC)
            instant = start.astimezone(UTC) if start.tzinfo else wall_clock
            if instant > now - AROUND:
                starts.append({"instant": instant.isoformat(), "wall_clock": wall_clock.isoformat()})
        return starts


def _by_pms(
    place: Property, rules: Mapping[str, Any], taken: Sequence[Busy], offered: Known, now: datetime
) -> Found:
    times, origin = {}, "hours"
    for kind, rule in rules.items():
        offers = offers_of(offered.content, kind, pms_zone(place), rule.length, now)
        times[kind] = Times(rule, taken, offers, None if offers is None else offered.fetched_at)
        if offers is not None:
            origin = "pms"
    return Found(times, origin, offered.fetched_at)


def pms_zone(place: Property) -> ZoneInfo:
    """The zone in which the PMS of a property writes times."""
    return pms.time_zone(pms.profile_of(place.pms), place.time_zone, place.pms_time)
