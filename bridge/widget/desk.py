"""Processes a form of a public source between reading and storing it, and prepares the visitor's answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import request

from bridge.aliases import aliases_of, property_named
from bridge.availability.calendar import Calendar
from bridge.clock import Clock
from bridge.database import Database
from bridge.errors import (
    DecodingError,
    NoTourTimesError,
    ProofOfWorkNeededError,
    SubmissionReusedError,
    TimeNotFreeError,
    TooManyFormsError,
    UnknownTourKindError,
)
from bridge.inbound.decoding import decode
from bridge.mapping.booking import BookingRequest
from bridge.mapping.paths import DecodedRequest
from bridge.mapping.sources import MappedSource
from bridge.renter import links
from bridge.settings import Property, Settings
from bridge.signing_keys import signing_key
from bridge.widget import counting, proofs
from bridge.widget.admission import Admission, FormCounts, Signs, admission
from bridge.widget.storage import submission
from bridge.widget.words import DEFAULT, choose

KEY = "forms"
LINK_KEY = "tour links"
TRAP = "homepage"
"""A field that only programs fill in."""
OF_ONE_TRY = ("stamp", "altcha", TRAP, "lang")
"""What may differ between two tries of one submission."""


@dataclass(frozen=True)
class WidgetFormDesk:
    """Of one web process; `current_app.extensions["forms"]`."""

    settings: Settings
    database: Database
    calendar: Calendar
    clock: Clock

    def admit(self, source: MappedSource, received: DecodedRequest, delivery_id: str) -> None:
        """Let a readable form pass.

        Raises:
            SubmissionReusedError: another form was stored under its id.
            ProofOfWorkNeededError, TooManyFormsError: there are too many.
            TimeNotFreeError: the property offers times, and this is none of them (any more).
        """
        form = received.payload if isinstance(received.payload, Mapping) else {}
        earlier = self._earlier(source.name, delivery_id)
        if earlier is not None:
            # A second try after a lost answer: its own tour must not be in its way.
            if _is_other(earlier, form):
                raise SubmissionReusedError(self.receipt(source, received, earlier.reference))
            return
        booking = source.mapping.translate(received).booking
        place = self._place(source, booking)
        self._count(source, form, booking, place)
        if booking and place:
            self._check_time(source, booking, place)

    def receipt(
        self, source: MappedSource, received: DecodedRequest, reference: str | None
    ) -> dict[str, Any]:
        """The addresses that the visitor gets: the link of the tour, and its calendar file."""
        if not reference:
            return {}
        form = received.payload if isinstance(received.payload, Mapping) else {}
        language = choose(form.get("lang"), *request.accept_languages.values()) or DEFAULT
        return {"tour": self.tour_addresses(source.name, reference, language)}

    def tour_addresses(self, source: str, reference: str, language: str = DEFAULT) -> dict[str, str]:
        """The link of a tour, which works from now on, and its calendar file."""
        now = self.clock()
        key = signing_key(self.database, LINK_KEY, now)
        with self.database.session() as session:
            token = links.issue(session, key, source, reference, language, now)
        link = f"{self.home}/tour/{token}"
        return {"link": link, "calendar": f"{link}.ics"}

    @property
    def home(self) -> str:
        """Scheme and host under which browsers reach the bridge."""
        return self.settings.server.public_url or request.host_url.rstrip("/")

    def stamp(self, source: str) -> str:
        """When a page with a form was opened, for `seconds_on_page`."""
        now = self.clock()
        return proofs.stamp(signing_key(self.database, KEY, now), source, now)

    def _earlier(self, source: str, delivery_id: str) -> Any:
        with self.database.autocommit_session() as session:
            return submission(session, source, delivery_id)

    def _place(self, source: MappedSource, booking: BookingRequest | None) -> Property | None:
        named = (booking.property if booking else None) or source.settings.property
        return property_named(self.settings, named, aliases_of(self.database)) if named else None

    def _count(
        self,
        source: MappedSource,
        form: Mapping[str, Any],
        booking: BookingRequest | None,
        place: Property | None,
    ) -> None:
        now = self.clock()
        key = signing_key(self.database, KEY, now)
        contact = booking.contact.email or booking.contact.phone if booking else None
        names = [
            f"address:{counting.network_of(request.remote_addr)}",
            f"contact:{contact or ''}",
            f"property:{place.key if place else ''}",
        ]
        with self.database.session() as session:
            counts = FormCounts(*counting.count(session, key, names, now))
            solution = proofs.solved(key, source.name, _text(form, "altcha"), now)
            has_worked = solution is not None and counting.use_up(session, key, *solution)
        signs = Signs(
            has_filled_trap="stamp" in form and bool(_text(form, TRAP).strip()),
            seconds_on_page=proofs.seconds_since(key, source.name, _text(form, "stamp"), now)
            if "stamp" in form
            else None,
            has_worked=has_worked,
        )
        result = admission(counts, signs, self.settings.forms)
        if result is Admission.REFUSED:
            raise TooManyFormsError
        if result is Admission.AFTER_WORK:
            raise ProofOfWorkNeededError(proofs.challenge(key, source.name, now))

    def _check_time(self, source: MappedSource, booking: BookingRequest, place: Property) -> None:
        start = booking.starts_at or _local(booking, place)
        if start is None:
            return
        field = source.mapping.where("starts_at" if booking.starts_at else "starts_at_local")
        length = timedelta(minutes=booking.duration_minutes) if booking.duration_minutes else None
        try:
            verdict = self.calendar.check(place, start, booking.kind, length=length)
        except NoTourTimesError:
            return  # it offers none, and any time may be asked for
        except UnknownTourKindError as error:
            errors = {name: [error.message] for name in source.mapping.where("kind").split(" | ")}
            raise TimeNotFreeError(errors, []) from error
        if not verdict.is_free:
            errors = {name: [TimeNotFreeError.__doc__ or ""] for name in field.split(" | ")}
            raise TimeNotFreeError(errors, [slot.as_json() for slot in verdict.nearest])


def _local(booking: BookingRequest, place: Property) -> datetime | None:
    local = booking.starts_at_local
    return local.replace(tzinfo=ZoneInfo(place.time_zone)) if local else None


def _is_other(earlier: Any, form: Mapping[str, Any]) -> bool:
    """Whether a stored event asks for something else; what is no longer kept is not compared."""
    if not earlier.body:
        return False
    try:
        before = decode(earlier.body, earlier.content_type)
    except DecodingError:
        return True
    return isinstance(before, Mapping) and _facts(before) != _facts(form)


def _facts(form: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in form.items() if name not in OF_ONE_TRY}


def _text(form: Mapping[str, Any], name: str) -> str:
    value = form.get(name)
    return value if isinstance(value, str) else ""
