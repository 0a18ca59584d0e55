"""Alerts about tours: parked, or about to start without being in the PMS."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from bridge.alerts.finding import Finding, FindingKind
from bridge.alerts.plain import without_links
from bridge.alerts.storage import has_parked, parked_since, unsent_events
from bridge.delivery.rules.booking_state import to_request
from bridge.delivery.rules.outcomes import Reason
from bridge.delivery.rules.resolve import start_of
from bridge.delivery.rules.state import Park
from bridge.events.detail import advice_for
from bridge.models import Alert, Event
from bridge.settings import Settings

LISTED = 10
"""Tours in one message; the rest are only counted."""
OVERLAP = timedelta(minutes=2)
"""An event that was parked this long before the last check may have become visible only after it."""
NOT_STUCK = timedelta(minutes=5)
"""A younger event is still being processed."""
FARTHEST_ZONE = timedelta(hours=14)
FARTHEST = timedelta(days=3650)
MOST_ANNOUNCED = 500
SOME = 50
"""One of the first 50 rows is the soonest tour in its own time zone."""

UNKNOWN_PROPERTY = "Choose it once: all requests that wait for this name are then sent."
UNREAD = "The request could not be read as a tour. Open it and enter what the renter meant."


@dataclass(frozen=True)
class EventTour:
    """The tour of an event, as a leasing office describes it."""

    event: Event
    renter: str
    start: datetime | None
    """In UTC; `None`: unknown."""
    place: str | None
    zone: ZoneInfo
    """Of its property; where that is not known, that of most properties."""

    @classmethod
    def of(cls, event: Event, settings: Settings) -> "EventTour":
        """Build it from the booking of the event; a name is never made up."""
        wanted = to_request(event.booking.details) if event.booking else None
        place = settings.properties.get(event.property or "")
        contact = wanted.contact if wanted else None
        names = (contact.first_name, contact.last_name) if contact else ()
        renter = " ".join(filter(None, names)) or (contact and (contact.email or contact.phone))
        start = wanted.starts_at if wanted else None  # an instant needs no zone
        if wanted and place:
            found = start_of(wanted, place)
            start = None if isinstance(found, Park) else found  # its own run says what is wrong with it
        zone = ZoneInfo(place.time_zone) if place else settings.office_zone
        return cls(
            event, renter or f"Event {event.id}", start, (place.name or place.key) if place else None, zone
        )

    def __str__(self) -> str:
        when = f"{self.start.astimezone(self.zone):%a, %b %-d, %-I:%M %p %Z}" if self.start else None
        where = f"at {self.place}" if self.place else None
        return ", ".join(filter(None, (without_links(self.renter), " ".join(filter(None, (when, where))))))

    @property
    def _property_named(self) -> str | None:
        """As the sender calls it."""
        details = self.event.booking.details if self.event.booking else {}
        return details.get("property", {}).get("value") or None

    @property
    def sentence(self) -> str:
        """Who, when, where, why, and what to do."""
        if self.event.reason == Reason.UNMAPPABLE:
            return f"{self}: {UNREAD}"  # its detail names paths of the payload
        named = self._property_named
        if named and self.event.reason == Reason.UNKNOWN_PROPERTY:
            return f"{self}: No property is called “{without_links(named)}”. {UNKNOWN_PROPERTY}"
        detail, advice = without_links(self.event.detail or ""), advice_for(self.event.reason) or ""
        return f"{self}: {detail}{'' if advice in detail else f' {advice}'}".strip()


def parked(session: Session, settings: Settings, alert: Alert | None) -> list[Finding]:
    """The tours parked since the last check, as one finding; its level grows with each new one."""
    if not has_parked(session):
        return []
    since = datetime.fromtimestamp(alert.level / 1e6 if alert else 0, UTC) - OVERLAP
    recent = set((alert.state or {}).get("recent", [])) if alert else set()
    found = parked_since(session, since, MOST_ANNOUNCED)
    ended = {event.id: event.ended_at for event in found if event.ended_at}
    news = [EventTour.of(event, settings) for event in found if event.id not in recent]
    newest = max(ended.values(), default=since + OVERLAP)
    lately = sorted(number for number, at in ended.items() if at > newest - OVERLAP)
    level = int(newest.timestamp() * 1e6)
    if alert and news:
        level = max(level, alert.level + 1)  # one that became visible late is news as well
    lines = _listed(sorted(news, key=_soonest_first))
    return [Finding(FindingKind.PARKED, "", level, lines, "/console/action-needed", state={"recent": lately})]


def unsent(session: Session, settings: Settings, now: datetime) -> list[Finding]:
    """Tours that start within `alerts.unsent_before` and have an event that is not in the PMS yet."""
    within = timedelta(minutes=settings.alerts.unsent_before)
    coming = islice(_to_come(session, settings, now, now + within, now - NOT_STUCK), MOST_ANNOUNCED)
    newest = {tour.event.booking_id: tour for tour in coming if tour.start and tour.start <= now + within}
    return [_starts_soon(tour, now, within) for tour in sorted(newest.values(), key=_soonest_first)]


def soonest(session: Session, settings: Settings, now: datetime) -> EventTour | None:
    """The next tour to start that is not in the PMS as it should be."""
    return min(
        islice(_to_come(session, settings, now, now + FARTHEST), SOME), key=_soonest_first, default=None
    )


def _to_come(
    session: Session,
    settings: Settings,
    now: datetime,
    until: datetime,
    received_before: datetime | None = None,
) -> Iterator[EventTour]:
    """Future tours that are not in the PMS yet. The rows give only a rough start: some may start after `until`."""
    earliest, latest = now - FARTHEST_ZONE, until + FARTHEST_ZONE
    for event in unsent_events(session, earliest, latest, SOME, received_before):
        tour = EventTour.of(event, settings)
        if tour.start and tour.start > now:
            yield tour


def _starts_soon(tour: EventTour, now: datetime, within: timedelta) -> Finding:
    assert tour.start is not None  # it was chosen by it
    left = tour.start - now
    line = f"Starts in {left // timedelta(minutes=1)} minutes: {tour.sentence}"
    level = 1 + (left <= within / 2) + (left <= within / 4)
    return Finding(
        FindingKind.UNSENT, str(tour.event.booking_id), level, (line,), f"/console/events/{tour.event.id}"
    )


def _listed(tours: Sequence[EventTour]) -> tuple[str, ...]:
    more = len(tours) - LISTED
    lines = [tour.sentence for tour in tours[:LISTED]]
    return (*lines, *([f"And {more} more."] if more > 0 else []))


def _soonest_first(tour: EventTour) -> tuple[bool, datetime]:
    return tour.start is None, tour.start or datetime.max.replace(tzinfo=UTC)
