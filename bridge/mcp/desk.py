"""Implements the tools with the same calendar, inbox and rules as for any other sender."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from time import perf_counter
from typing import Any

from bridge.aliases import aliases_of, property_named
from bridge.availability.calendar import Calendar
from bridge.availability.rules.slots import kinds_of
from bridge.clock import Clock
from bridge.database import Database
from bridge.errors import (
    InvalidDatesError,
    InvalidFormError,
    NoTourTimesError,
    TimeNotFreeError,
    UnknownPropertyNameError,
)
from bridge.inbound.accepted import log_accepted
from bridge.inbound.committer import Committer
from bridge.inbound.forms import form_errors
from bridge.inbound.inbox import Delivery
from bridge.inbound.incoming import DuplicatePolicy, RequestMetadata, split_events
from bridge.inbound.views import count
from bridge.mapping.booking import BookingRequest
from bridge.mapping.paths import DecodedRequest
from bridge.mapping.sources import MappedSource
from bridge.mcp.errors import TourUnchangeableError, UnknownTourError
from bridge.mcp.schemas import Tool, tools_for
from bridge.models import TourLink
from bridge.renter.change import Possible, may_cancel, may_move
from bridge.renter.tour import RenterTour, load
from bridge.settings import Property, Settings
from bridge.signing_keys import signature, signing_key

KEY = "mcp bookings"
OK = 200
"""In the log: the status that an accepted request has at the other senders."""
Arguments = Mapping[str, Any]


@dataclass(frozen=True)
class ToolDesk:
    """The tools of one source; may be shared between threads."""

    settings: Settings
    source: MappedSource
    database: Database
    calendar: Calendar
    clock: Clock
    committer: Committer = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "committer", Committer(self.database))

    def tools(self) -> list[Tool]:
        """The tools, with the communities and kinds of tours that there are."""
        places = self.settings.properties.values()
        names = {place.key: place.name or place.key for place in places}
        kinds = tuple(dict.fromkeys(kind for place in places for kind in kinds_of(place)))
        return tools_for(self.source.mapping, names, kinds, self.source.settings.property)

    def call(self, name: str, arguments: Arguments) -> dict[str, Any]:
        """What a tool answers.

        Raises:
            BridgeError: the arguments are wrong, the time is not free, or there is no such tour.
            KeyError: there is no such tool.
        """
        calls = {
            "find_tour_times": self.find_times,
            "book_tour": self.book,
            "move_tour": self.move,
            "cancel_tour": self.cancel,
            "tour_status": self.status,
        }
        return calls[name](arguments)

    def find_times(self, arguments: Arguments) -> dict[str, Any]:
        """The free times of some days."""
        place = self._place(arguments.get("property"))
        first, days = _day(arguments.get("from")), arguments.get("days", 7)
        if not isinstance(days, int):
            raise InvalidDatesError
        return self.calendar.list_times(place, first, days, arguments.get("kind") or None).as_json()

    def book(self, arguments: Arguments) -> dict[str, Any]:
        """Store a booking. The same person at the same time and place is the same tour, however often it is asked."""
        began = perf_counter()
        reference = self._reference(arguments)
        body = {**arguments, "event": "tour.booked", "booking_id": reference, "at": self.clock().isoformat()}
        booking = self._read(body)
        place = self._place(booking.property)
        known = self._tour(reference)
        if known is not None and not known.is_cancelled:
            return _as_json(reference, known, self.clock())
        self._check(place, booking, None)
        return self._store(body, reference, began)

    def move(self, arguments: Arguments) -> dict[str, Any]:
        """Store a move."""
        began = perf_counter()
        reference, tour = self._known(arguments)
        start = _moment(arguments.get("start"))
        if start is not None and tour.start == start and not tour.is_cancelled:
            return _as_json(reference, tour, self.clock())
        _ensure(may_move(tour, self.clock()), tour)
        body = {
            "event": "tour.rescheduled",
            "booking_id": reference,
            "at": self.clock().isoformat(),
            "start": arguments.get("start"),
        }
        translation = self.source.mapping.translate(DecodedRequest(body, {}, {}))
        if translation.booking is None or translation.booking.starts_at is None:
            raise InvalidFormError({"start": [f"Expected {translation.errors[0].expected}."]})
        self._check(tour.place, translation.booking, tour)
        return self._store(body, reference, began)

    def cancel(self, arguments: Arguments) -> dict[str, Any]:
        """Store a cancellation; a second one changes nothing."""
        began = perf_counter()
        reference, tour = self._known(arguments)
        if tour.is_cancelled:
            return _as_json(reference, tour, self.clock())
        _ensure(may_cancel(tour, self.clock()), tour)
        body = {"event": "tour.cancelled", "booking_id": reference, "at": self.clock().isoformat()}
        return self._store(body, reference, began)

    def status(self, arguments: Arguments) -> dict[str, Any]:
        """The tour as it is now."""
        reference, tour = self._known(arguments)
        return _as_json(reference, tour, self.clock())

    def _read(self, body: Arguments) -> BookingRequest:
        received = DecodedRequest(body, {}, {})
        errors = form_errors(self.source, received, self.settings, aliases_of(self.database), self.clock())
        errors.pop("event", None)
        booking = self.source.mapping.translate(received).booking
        if errors or booking is None:
            raise InvalidFormError(errors)
        return booking

    def _place(self, name: object) -> Property:
        named = name if isinstance(name, str) and name.strip() else self.source.settings.property
        place = property_named(self.settings, named, aliases_of(self.database)) if named else None
        if place is None:
            raise UnknownPropertyNameError
        return place

    def _reference(self, arguments: Arguments) -> str:
        """An id that no one can guess, and that is the same for the same request."""
        key = signing_key(self.database, KEY, self.clock())
        contact = str(arguments.get("email") or arguments.get("phone") or "").strip().lower()
        start = _moment(arguments.get("start"))
        place = str(arguments.get("property") or self.source.settings.property or "")
        parts = (self.source.name, contact, str(start.timestamp()) if start else "", place.strip().lower())
        return signature(key, *parts)[:24]

    def _check(self, place: Property, booking: BookingRequest, tour: RenterTour | None) -> None:
        """Raises TimeNotFreeError, with other times, unless the property offers none at all."""
        assert booking.starts_at is not None  # it was read
        length = tour.length if tour else None
        kind = tour.kind if tour else booking.kind
        minutes = booking.duration_minutes
        try:
            verdict = self.calendar.check(
                place,
                booking.starts_at,
                kind,
                length=timedelta(minutes=minutes) if minutes else length,
                moving=tour.booking_id if tour else None,
            )
        except NoTourTimesError:
            return
        if not verdict.is_free:
            errors = {"start": [f"This time is not free ({verdict.obstacle}). Choose another one."]}
            raise TimeNotFreeError(errors, [slot.as_json() for slot in verdict.nearest])

    def _store(self, body: Arguments, reference: str, began: float) -> dict[str, Any]:
        mapping, received = self.source.mapping, DecodedRequest(body, {}, {})
        content = json.dumps(body, ensure_ascii=False).encode()
        arrivals = split_events(mapping, received, content)
        metadata = RequestMetadata.of(mapping, {"content-type": "application/json"}, {})
        delivery = Delivery(
            self.source.name, metadata, arrivals, self.clock(), DuplicatePolicy.SAME_BODY_UNLESS_INTERLEAVED
        )
        stored = self.committer.store(delivery)
        count(self.source.name, stored)
        log_accepted(self.source.name, stored, OK, began)
        tour = self._tour(reference)
        if tour is None:
            raise UnknownTourError
        return _as_json(reference, tour, self.clock())

    def _known(self, arguments: Arguments) -> tuple[str, RenterTour]:
        reference = arguments.get("booking_id")
        tour = self._tour(reference) if isinstance(reference, str) and reference else None
        if tour is None:
            raise UnknownTourError
        return str(reference), tour

    def _tour(self, reference: str) -> RenterTour | None:
        link = TourLink(source=self.source.name, reference=reference)
        with self.database.session() as session:
            return load(session, self.settings, self.source, link, self.clock())


def _ensure(possible: Possible, tour: RenterTour) -> None:
    if possible is Possible.YES:
        return
    phone = f" Call the office: {tour.place.phone}." if tour.place.phone else " Only the office can."
    raise TourUnchangeableError(
        {
            Possible.TOO_LATE: f"It is too late to change this tour here.{phone}",
            Possible.IS_CANCELLED: "This tour is cancelled. Book a new one.",
            Possible.IS_OVER: "This tour is over. Book a new one.",
        }[possible]
    )


def _as_json(reference: str, tour: RenterTour, now: datetime) -> dict[str, Any]:
    state = (
        "cancelled"
        if tour.is_cancelled
        else "over"
        if tour.end <= now
        else "booked"
        if tour.is_confirmed
        else "requested"
    )
    return {
        "booking_id": reference,
        "state": state,
        "start": tour.start.isoformat(),
        "end": tour.end.isoformat(),
        "kind": tour.kind,
        "property": tour.place.key,
        "property_name": tour.place.name or tour.place.key,
        "address": tour.place.address,
        "phone": tour.place.phone,
        "office_checks": tour.needs_attention,
    }


def _day(value: object) -> date | None:
    if value in (None, ""):
        return None
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise InvalidDatesError from None


def _moment(value: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return found if found.tzinfo else None
