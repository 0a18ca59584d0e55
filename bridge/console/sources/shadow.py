"""What a source would have written in shadow mode, and what its properties hold instead."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from bridge.console.actor import Actor
from bridge.console.dates import DEFAULT_LOCALE, tour_time
from bridge.console.status_words import action_words, pms_name
from bridge.delivery.rules.outcomes import Reason
from bridge.errors import BridgeError
from bridge.events.shadow_comparison import (
    CancelledAtPms,
    ComparedTour,
    ShadowMatch,
    ShadowTour,
    compare,
    newest_of_each,
    tour_of,
)
from bridge.models import Event
from bridge.propexo.preflight import client_of
from bridge.propexo.records import Appointment
from bridge.settings import Property, Settings

WEEK = timedelta(days=7)
MOST = 100
"""Events that the page lists, the newest."""
KEEP_LIST = timedelta(minutes=5)
"""How long the appointments of a property count: a list costs calls of everybody's budget."""
LONGEST_CALL = 10.0
UNCLEAR = "held"
"""The tone of a cancelled tour of which the list does not show whether it is cancelled."""


@dataclass(frozen=True)
class HeldList:
    """The appointments of one property."""

    read_at: datetime
    rows: Sequence[Appointment]


class HeldLists:
    """The appointments of properties as they were read last; of one web process."""

    def __init__(self) -> None:
        self._lists: dict[str, HeldList] = {}
        self._lock = threading.Lock()

    def of(self, settings: Settings, place: Property, now: datetime) -> HeldList:
        """Read again if the last reading is too old. Raises PropexoError."""
        with self._lock:
            known = self._lists.get(place.key)
            if known is None or now - known.read_at >= KEEP_LIST:
                quick = replace(
                    settings.propexo, read_timeout=min(settings.propexo.read_timeout, LONGEST_CALL)
                )
                rows = client_of(quick).list_property_appointments(
                    integration_id=place.integration_id, property_id=place.property_id
                )
                known = self._lists[place.key] = HeldList(now, list(rows))
            return known


@dataclass(frozen=True)
class ShadowRow:
    """One line of the table."""

    event_id: int
    action: str
    name: str | None
    starts_at: datetime | None
    """In the property's time."""
    property_name: str | None
    words: str
    tone: str
    """written, waiting, held or parked: it chooses the colour."""


@dataclass(frozen=True)
class ShadowPage:
    """What shadow mode has seen in the last seven days."""

    total: int
    same: int
    different: int
    unclear: int
    """Cancelled tours that the PMS still reports: Propexo does not say whether they are cancelled there."""
    needs_operator: int
    rows: tuple[ShadowRow, ...]
    problem: str | None = None
    """Why the PMS could not be asked."""
    compared_at: datetime | None = None


def count(session: Session, source: str, now: datetime) -> int:
    """Events that a source has sent in shadow mode lately."""
    query = select(func.count()).where(*_watched(source, now))
    return int(session.scalar(query) or 0)


def page(
    session: Session,
    settings: Settings,
    lists: HeldLists | None,
    source: str,
    actor: Actor,
    now: datetime,
    locale: str = DEFAULT_LOCALE,
) -> ShadowPage:
    """The events of the last week. `lists`: where the PMS's appointments come from; `None`: they are not asked for.
    `locale`: how the sentences write dates."""
    found = session.scalars(select(Event).where(*_watched(source, now)).order_by(Event.id.desc()).limit(MOST))
    tours = [
        tour_of(event.id, event.action, event.property, event.reference, event.would_write, event.received_at)
        for event in found
        if event.would_write
    ]
    current = newest_of_each(tours)
    held, problem = _held(settings, lists, tours, now)
    rows, counts = [], dict.fromkeys(("written", "waiting", UNCLEAR, "parked"), 0)
    for tour in tours:
        place = settings.properties.get(tour.property_key or "")
        listed = held.get(tour.property_key or "")
        compared = compare(tour, listed.rows, ZoneInfo(place.time_zone)) if place and listed else None
        tone, words = sentence(
            tour,
            compared,
            pms_name(settings, tour.property_key),
            is_current=tour.event_id in current,
            write=partial(tour_time, now=now, locale=locale),
        )
        if tone in counts:
            counts[tone] += 1
        rows.append(
            ShadowRow(
                tour.event_id,
                action_words(tour.action),
                tour.name if actor.sees_people else None,
                tour.starts_at.astimezone(ZoneInfo(place.time_zone)) if tour.starts_at and place else None,
                (place.name or place.key) if place else None,
                words,
                tone,
            )
        )
    compared_at = min((listed.read_at for listed in held.values()), default=None)
    total = count(session, source, now)
    return ShadowPage(
        total,
        counts["written"],
        counts["waiting"],
        counts[UNCLEAR],
        counts["parked"],
        tuple(rows),
        problem,
        compared_at,
    )


def sentence(
    tour: ShadowTour,
    compared: ComparedTour | None,
    pms: str,
    *,
    is_current: bool,
    write: Callable[[datetime], str],
) -> tuple[str, str]:
    """The state of a tour in the PMS: a tone, and the words. `write` formats a start as the page does."""
    if tour.end == "park":
        return "parked", f"Would need you. {tour.detail or ''}".strip()
    if not is_current:
        return "ignored", "A later event of this tour has decided."
    if compared is None:
        return "ignored", tour.detail or "Not compared yet"
    if compared.cancelled is not None:
        return _cancelled(compared.cancelled, compared, pms, write)
    words = {
        ShadowMatch.SAME: f"The same tour is listed in {pms}",
        ShadowMatch.THIS_TIME: f"{pms} has a tour at this time; its notes do not name the renter",
        ShadowMatch.OTHER_TIME: f"{pms} has {_start_of(compared, write)}",
        ShadowMatch.ABSENT: f"Not listed in {pms}",
    }[compared.match]
    return ("written" if compared.agrees else "waiting"), words


def _cancelled(
    cancelled: CancelledAtPms, compared: ComparedTour, pms: str, write: Callable[[datetime], str]
) -> tuple[str, str]:
    if cancelled is CancelledAtPms.REPORTED:
        words = f"{pms} still reports a tour at this time; Propexo does not say whether it is cancelled: look there"
        return UNCLEAR, words
    if cancelled is CancelledAtPms.NOT_SYNCED:
        return "ignored", f"Propexo has not heard from {pms} since the cancellation"
    if compared.match is ShadowMatch.ABSENT:
        return "written", f"Not listed in {pms}"
    if compared.match is ShadowMatch.OTHER_TIME:
        return "written", f"Not listed in {pms} at this time; it has {_start_of(compared, write)}"
    return "written", f"{pms} has not reported this tour since the cancellation"


def _start_of(compared: ComparedTour, write: Callable[[datetime], str]) -> str:
    return write(compared.starts_at) if compared.starts_at else "one without a time"


def _held(
    settings: Settings, lists: HeldLists | None, tours: Sequence[ShadowTour], now: datetime
) -> tuple[dict[str, HeldList], str | None]:
    held: dict[str, HeldList] = {}
    places = sorted(
        {tour.property_key for tour in tours if tour.property_key in settings.properties} - {None}
    )
    for key in places if lists else ():
        assert lists is not None
        assert key is not None
        try:
            held[key] = lists.of(settings, settings.properties[key], now)
        except BridgeError as error:
            return held, error.message
    return held, None


def _watched(source: str, now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        Event.source == source,
        Event.reason == Reason.SHADOW.value,
        Event.received_at > now - WEEK,
    )
