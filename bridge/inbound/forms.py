"""Forms in a browser: errors are returned immediately and by field, so that the visitor can correct them."""

from datetime import UTC, datetime
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from bridge.aliases import Aliases, property_named
from bridge.errors import FieldError
from bridge.mapping.booking import BookingRequest
from bridge.mapping.paths import DecodedRequest
from bridge.mapping.plausible_hours import implausible_hour
from bridge.mapping.sources import MappedSource
from bridge.settings import Settings


class FormDesk(Protocol):
    """What a form passes on its way; `current_app.extensions["forms"]`."""

    def admit(self, source: MappedSource, received: DecodedRequest, delivery_id: str) -> None:
        """Raises what keeps a form that can be read from being stored."""

    def receipt(
        self, source: MappedSource, received: DecodedRequest, reference: str | None
    ) -> dict[str, Any]:
        """What its visitor gets in the answer."""


def form_errors(
    source: MappedSource, received: DecodedRequest, settings: Settings, aliases: Aliases, now: datetime
) -> dict[str, list[str]]:
    """What the visitor should correct, by the names that the form's fields have; empty when all is well."""
    translation = source.mapping.translate(received)
    found = translation.errors
    if translation.booking:
        found += tuple(_sense_errors(source, translation.booking, settings, aliases, now))
    # The id made of the values lacks something only where a field does.
    shown = [error for error in found if error.field != "reference"] or found
    errors: dict[str, list[str]] = {}
    for error in shown:
        for name in error.path.split(" | "):
            errors.setdefault(name, []).append(f"Expected {error.expected}.")
    return errors


def _sense_errors(
    source: MappedSource, booking: BookingRequest, settings: Settings, aliases: Aliases, now: datetime
) -> list[FieldError]:
    """Values that can be read and still cannot be booked: an unknown property, a start that has passed or is none."""
    named = booking.property or source.settings.property
    place = property_named(settings, named, aliases) if named else None
    if place is None:
        where = source.mapping.where("property")
        return [FieldError("property", where, named or "nothing", "a property that can be toured here")]
    field = "starts_at" if booking.starts_at else "starts_at_local"
    starts = _possible_starts(booking, ZoneInfo(place.time_zone))
    hours = place.tour_hours
    expected = (
        "a time in the future"
        if starts[0] <= now
        else "a time that exists once"
        if len(starts) > 1
        else f"a time between {hours.first:%H:%M} and {hours.last:%H:%M}"
        if implausible_hour(starts[0], place)
        else None
    )
    return (
        [FieldError(field, source.mapping.where(field), starts[0].isoformat(), expected)] if expected else []
    )


def _possible_starts(booking: BookingRequest, zone: ZoneInfo) -> list[datetime]:
    """One instant; two for wall time that a change of daylight saving skips or repeats."""
    if booking.starts_at is not None:
        return [booking.starts_at]
    assert booking.starts_at_local is not None  # a booking has one of the two
    both = (booking.starts_at_local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    return sorted(set(both))
