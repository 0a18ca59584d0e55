"""What a renter may do with a tour now, and the event by which it happens."""

import json
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Any

from bridge.inbound.inbox import Delivery
from bridge.inbound.incoming import IncomingEvent, RequestMetadata
from bridge.mapping.paths import DecodedRequest
from bridge.mapping.renter_change import CANCELLED, MARK, MOVED
from bridge.mapping.sources import RENTER_CHANGE
from bridge.models import TourLink
from bridge.renter.tour import RenterTour


class Possible(Enum):
    """Whether a renter may change a tour by the link."""

    YES = auto()
    TOO_LATE = auto()
    """The tour is nearer than the notice; only the office changes it."""
    IS_CANCELLED = auto()
    IS_OVER = auto()


def may_move(tour: RenterTour, now: datetime) -> Possible:
    """Whether the renter may move the tour now."""
    return _possible(tour, tour.place.move_notice, now)


def may_cancel(tour: RenterTour, now: datetime) -> Possible:
    """Whether the renter may cancel the tour now."""
    return _possible(tour, tour.place.cancel_notice, now)


def _possible(tour: RenterTour, notice: int, now: datetime) -> Possible:
    if tour.end <= now:
        return Possible.IS_OVER
    if tour.is_cancelled:
        return Possible.IS_CANCELLED
    return Possible.TOO_LATE if tour.start - now < timedelta(minutes=notice) else Possible.YES


def delivery_of(link: TourLink, tour: RenterTour, start: datetime | None, now: datetime) -> Delivery:
    """The event that moves a tour to `start`, or cancels it.

    Its id is made of the state that the renter saw: sent twice, it is one event.
    """
    what = "cancel" if start is None else "move"
    body: dict[str, Any] = {
        "event": CANCELLED if start is None else MOVED,
        "id": f"renter:{link.digest[:24]}:{what}:{tour.version}",
        "at": now.isoformat(),
        "booking_id": link.reference,
    }
    if start is not None:
        minutes = int(tour.length.total_seconds() // 60)
        body |= {"starts_at": start.isoformat(), "duration_minutes": minutes}
    envelope = RENTER_CHANGE.envelope(DecodedRequest(body, {}, {}))
    arrival = IncomingEvent(json.dumps(body).encode(), "application/json", envelope)
    return Delivery(link.source, RequestMetadata({MARK: what}, {}), [arrival], now)
