"""GET /availability/<source>: the free times of a property."""

import gzip
import hmac
import json
from datetime import date, datetime, timedelta

from flask import Blueprint, Response, current_app, request

from bridge.availability.answer_cache import KEPT, KEPT_MAKESHIFT, AnswerCache
from bridge.availability.calendar import Calendar
from bridge.availability.knowledge import FRESH
from bridge.availability.listing import MOST_DAYS, Availability
from bridge.errors import (
    AuthFailure,
    InvalidDatesError,
    NotAuthenticError,
    UnknownPropertyNameError,
)
from bridge.inbound.views import open_endpoint
from bridge.mapping.sources import MappedSource
from bridge.propexo.pms import profile_of
from bridge.settings import Property

availability = Blueprint("availability", __name__)


@availability.get("/availability/<name>", strict_slashes=False)
def free_times(name: str) -> Response:
    """The free times of `property`, else of the source's own.

    200; 401 or 403: not this source's secret or website; 404: no such source or property, or one that offers no
    times; 422: dates or kind; 503: the source is switched off, or the database is away.
    """
    _, source = open_endpoint(name)
    authorize(source)
    calendar: Calendar = current_app.extensions["calendar"]
    named = request.args.get("property", "").strip() or source.settings.property
    if not named:
        raise UnknownPropertyNameError
    place = calendar.property_named(named)
    first, days, kind = _first() or calendar.today(place), _days(), request.args.get("kind") or None
    is_packed = request.accept_encodings.quality("gzip") > 0
    kept: AnswerCache = current_app.extensions["kept_answers"]
    body = document_of(kept, calendar, place, first, days, kind, is_packed=is_packed)
    response = Response(body, mimetype="application/json", headers={"Cache-Control": "no-store"})
    response.vary.add("Accept-Encoding")
    if is_packed:
        response.headers["Content-Encoding"] = "gzip"
    return response


def document_of(
    kept: AnswerCache,
    calendar: Calendar,
    place: Property,
    first: date,
    days: int,
    kind: str | None = None,
    *,
    is_packed: bool = False,
) -> bytes:
    """The free times of some days as JSON, from this process where it has them. Raises as `Calendar.list_times`."""

    def make() -> tuple[bytes, timedelta]:
        found = calendar.list_times(place, first, days, kind)
        body = json.dumps(found.as_json()).encode()
        is_makeshift = _is_makeshift(found, place, calendar.now())
        return gzip.compress(body, mtime=0) if is_packed else body, KEPT_MAKESHIFT if is_makeshift else KEPT

    return kept.get((place.key, kind, first, days, is_packed), make)


def _is_makeshift(found: Availability, place: Property, now: datetime) -> bool:
    """Whether the PMS has not answered yet, or is being asked again."""
    if not profile_of(place.pms).offers_times:
        return False
    return found.origin == "hours" or now - found.as_of >= FRESH


def authorize(source: MappedSource) -> None:
    """Raises NotAuthenticError, or OriginNotAllowedError for a page of a site that is not listed."""
    if source.needs_no_secret(request.headers.get("Origin")):
        return
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise NotAuthenticError(AuthFailure.MISSING)
    given = token.strip().encode()
    if not any(hmac.compare_digest(given, secret.encode()) for secret in source.settings.secrets):
        raise NotAuthenticError(AuthFailure.MISMATCH)


def _first() -> date | None:
    text = request.args.get("from", "").strip()
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise InvalidDatesError from None


def _days() -> int:
    text = request.args.get("days", "7").strip()
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:4]) <= MOST_DAYS:
        raise InvalidDatesError
    return int(text)
