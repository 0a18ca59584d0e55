"""A form in a browser: its visitor can correct what is wrong, if told at once and by field."""

from datetime import datetime
from zoneinfo import ZoneInfo

from bridge.errors import FieldError
from bridge.mapping.base import Translation
from bridge.mapping.paths import Received
from bridge.mapping.sources import Source
from bridge.settings import Settings


def form_errors(source: Source, received: Received, settings: Settings, now: datetime) -> dict[str, list[str]]:
    """What the visitor should correct, by the names that the form's fields have; empty when all is well."""
    errors: dict[str, list[str]] = {}
    for translation in [source.mapping.translate(received)]:
        for error in [*translation.errors, *_sense_errors(source, translation, settings, now)]:
            for name in error.path.split(" | "):
                errors.setdefault(name, []).append(f"Expected {error.expected}.")
    return errors


def _sense_errors(
    source: Source, translation: Translation, settings: Settings, now: datetime
) -> list[FieldError]:
    """Values that can be read and still cannot be booked: an unknown property, a start in the past."""
    booking = translation.booking
    if booking is None:
        return []
    named = booking.property or source.settings.property
    place = settings.property_named(named) if named else None
    if place is None:
        where = source.mapping.where("property")
        return [FieldError("property", where, named or "nothing", "a property that can be toured here")]
    start = booking.starts_at
    if start is None and booking.starts_at_local is not None:
        start = booking.starts_at_local.replace(tzinfo=ZoneInfo(place.time_zone))
    if start is not None and start <= now:
        field = "starts_at" if booking.starts_at else "starts_at_local"
        return [FieldError(field, source.mapping.where(field), start.isoformat(), "a time in the future")]
    return []
