"""GET /availability/<source>: the free times of a property."""

import gzip
import hmac
import json
from datetime import date

from flask import Blueprint, Response, current_app, request

from bridge.availability.calendar import Calendar
from bridge.availability.kept import KeptAnswers
from bridge.availability.listing import MOST_DAYS
from bridge.errors import (
    Doubt,
    InvalidDatesError,
    NotAuthenticError,
    UnknownPropertyNameError,
)
from bridge.inbound.views import open_endpoint
from bridge.mapping.sources import MappedSource

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

    def make() -> bytes:
        body = json.dumps(calendar.list_times(place, first, days, kind).as_json()).encode()
        return gzip.compress(body, mtime=0) if is_packed else body

    kept: KeptAnswers = current_app.extensions["kept_answers"]
    body = kept.get((place.key, kind, first, days, is_packed), make)
    response = Response(body, mimetype="application/json", headers={"Cache-Control": "no-store"})
    response.vary.add("Accept-Encoding")
    if is_packed:
        response.headers["Content-Encoding"] = "gzip"
    return response


def authorize(source: MappedSource) -> None:
    """Raises NotAuthenticError, or OriginNotAllowedError for a page of a site that is not listed."""
    if source.needs_no_secret(request.headers.get("Origin")):
        return
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise NotAuthenticError(Doubt.MISSING)
    given = token.strip().encode()
    if not any(hmac.compare_digest(given, secret.encode()) for secret in source.settings.secrets):
        raise NotAuthenticError(Doubt.MISMATCH)


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
