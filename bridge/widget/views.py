"""The script of the widget, and the data of properties that it shows."""

import json
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, current_app, request

from bridge import problems
from bridge.aliases import aliases_of, property_named
from bridge.errors import (
    InvalidFormError,
    OriginNotAllowedError,
    TimeNotFreeError,
    UnknownPropertyNameError,
    UnknownSourceError,
)
from bridge.inbound.views import WebhookEndpoint, open_endpoint
from bridge.mapping.sources import MappedSource
from bridge.propexo.pms import profile_of
from bridge.settings import Property
from bridge.widget.desk import WidgetFormDesk
from bridge.widget.errors import in_words
from bridge.widget.script import script
from bridge.widget.words import choose, words

widget = Blueprint(
    "widget", __name__, template_folder="templates", static_folder="static", static_url_path="/widget/static"
)

SHORT = "public, max-age=300, stale-while-revalidate=86400"
FOR_EVER = "public, max-age=31536000, immutable"
MOST_PLACES = 50


@widget.get("/widget.js")
def latest_script() -> Response:
    """The script under the address that stays: asked for again after five minutes, answered 304 if it is the same."""
    return _script(SHORT)


@widget.get("/widget/<version>/widget.js")
def versioned_script(version: str) -> Response:
    """The script under the address of a version. A version that is gone gives the present one, for five minutes."""
    return _script(FOR_EVER if version == script().version else SHORT)


def _script(caching: str) -> Response:
    found = script()
    is_small = request.accept_encodings.quality("gzip") > 0
    response = Response(found.compressed if is_small else found.text, mimetype="text/javascript")
    if is_small:
        response.headers["Content-Encoding"] = "gzip"
    response.headers |= {
        "Cache-Control": caching,
        "Vary": "Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
        "Access-Control-Allow-Origin": "*",  # for <script crossorigin>, which needs it to report errors
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
    response.set_etag(f"{found.version}{'-gzip' if is_small else ''}")
    response.make_conditional(request)
    return response


@widget.get("/widget/<name>/places")
def places(name: str) -> Response:
    """What the widget shows of `property` (one key or several with commas), else of the source's own, else of all.

    200; 403: another website; 404: no such public source or property; 503: it is switched off.
    """
    endpoint, source = public_source(name)
    origin = request.headers.get("Origin")
    if origin is not None and origin not in source.settings.origins:
        raise OriginNotAllowedError
    desk: WidgetFormDesk = current_app.extensions["forms"]
    found = named_places(endpoint, source, request.args.get("property", ""))
    document = {"places": [place_json(place) for place in found], "stamp": desk.stamp(name)}
    response = Response(json.dumps(document), mimetype="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response


def public_source(name: str) -> tuple[WebhookEndpoint, MappedSource]:
    """A source that browsers may use. Raises UnknownSourceError for any other, NotAcceptingError if it is off."""
    endpoint, source = open_endpoint(name)
    if not source.mapping.public:
        raise UnknownSourceError
    return endpoint, source


def named_places(endpoint: WebhookEndpoint, source: MappedSource, names: str) -> list[Property]:
    """The properties that a line names, each once. Raises UnknownPropertyNameError for an unknown one."""
    wanted = [name for each in names.split(",")[:MOST_PLACES] if (name := each.strip())]
    own = source.settings.property
    if not wanted:
        wanted = [own] if own else list(endpoint.settings.properties)
    found = [property_named(endpoint.settings, name, aliases_of(endpoint.database)) for name in wanted]
    known = {place.key: place for place in found if place is not None}
    if not known or None in found:
        raise UnknownPropertyNameError
    return list(known.values())


def place_json(place: Property) -> dict[str, Any]:
    """What renters may know of a property."""
    return {
        "key": place.key,
        "name": place.name or place.key,
        "address": place.address,
        "phone": place.phone,
        "time_zone": place.time_zone,
        "has_live_calendar": profile_of(place.pms).offers_times,
    }


def invalid_form(error: InvalidFormError | TimeNotFreeError) -> Response:
    """A form's errors in the language that the form names (`lang`); without one as they are."""
    form: Any = request.get_json(silent=True) if request.is_json else request.form
    language = choose(form.get("lang")) if isinstance(form, Mapping) else None
    if language:
        error.errors = in_words(error.errors, form, words(language))
    return problems.refused(error)
