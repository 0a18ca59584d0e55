"""GET and POST /widget/<source>: the widget as an ordinary page."""

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from time import perf_counter
from typing import Any

from flask import Blueprint, Response, current_app, make_response, render_template, request

from bridge.aliases import aliases_of
from bridge.availability.calendar import Calendar
from bridge.availability.listing import Availability
from bridge.errors import (
    InvalidDatesError,
    InvalidFormError,
    NoTourTimesError,
    OriginNotAllowedError,
    ProofOfWorkNeededError,
    RefusedRequestError,
    SubmissionReusedError,
    TimeNotFreeError,
    TooManyFormsError,
)
from bridge.inbound import signatures
from bridge.inbound.accepted import log_accepted
from bridge.inbound.forms import form_errors
from bridge.inbound.views import WebhookEndpoint, take
from bridge.mapping.paths import DecodedRequest
from bridge.mapping.sources import MappedSource
from bridge.settings import Property
from bridge.widget.desk import WidgetFormDesk
from bridge.widget.errors import in_words
from bridge.widget.hosted import DAYS, VisitorChoice, booking_of, missing, page_of
from bridge.widget.views import named_places, public_source
from bridge.widget.words import DEFAULT, Words, choose, words

hosted = Blueprint("hosted", __name__)

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; "
    "frame-ancestors {}"
)


@hosted.get("/widget/<name>", strict_slashes=False)
def show(name: str) -> Response:
    """The free times and the form. `property`, `lang`, `kind` and `day` may stand in the address."""
    endpoint, source = public_source(name)
    offered = named_places(endpoint, source, request.args.get("property", ""))
    choice = VisitorChoice.of(request.args)
    return _page(source, offered[0], offered, choice, _words(request.args))


@hosted.post("/widget/<name>", strict_slashes=False)
def book(name: str) -> Response:
    """Show another day with all that was typed, or book.

    200: the page; 403: sent from another website; 409, 422, 429: not booked, and the page says why.
    """
    endpoint, source = public_source(name)
    desk: WidgetFormDesk = current_app.extensions["forms"]
    if request.headers.get("Origin") not in (None, desk.home, request.host_url.rstrip("/")):
        raise OriginNotAllowedError
    offered = named_places(endpoint, source, request.args.get("property", ""))
    choice, language = VisitorChoice.of(request.form), _words(request.form)
    place = named_places(endpoint, source, choice.property)[0] if choice.property else offered[0]
    if "book" not in request.form:
        return _page(source, place, offered, choice, language)
    return _booked(endpoint, source, place, offered, choice, language)


def _booked(
    endpoint: WebhookEndpoint,
    source: MappedSource,
    place: Property,
    offered: Sequence[Property],
    choice: VisitorChoice,
    language: Words,
) -> Response:
    """Send the form as the script would, and show the result."""
    times = _times(place, choice)
    form = booking_of(choice, place, times.kinds if times else (), language.language)
    form |= {name: request.form[name] for name in ("stamp", "altcha", "homepage") if request.form.get(name)}

    def again(error: RefusedRequestError, errors: Mapping[str, Sequence[str]], **more: Any) -> Response:
        response = _page(source, place, offered, choice, language, errors, **more)
        response.status_code = error.status
        return response

    errors = missing(choice, language)
    received = DecodedRequest(form, {}, {})
    found = form_errors(source, received, endpoint.settings, aliases_of(endpoint.database), endpoint.clock())
    if errors or found:
        return again(
            InvalidFormError(found), {**errors, **in_words(_general_errors(found, errors), form, language)}
        )
    try:
        receipt = _taken(endpoint, source, form)
    except SubmissionReusedError as error:
        receipt = error.receipt
    except TimeNotFreeError as error:
        return again(error, in_words(error.errors, form, language), notice=language("gone"))
    except ProofOfWorkNeededError as error:
        return again(error, {}, notice=language("work_text"), challenge=error.challenge)
    except TooManyFormsError as error:
        return again(error, {}, notice=language("refused_text"))
    slot = next(
        (slot for slot in (times.slots if times else ()) if slot.start.isoformat() == choice.start), None
    )
    return _answer(
        source, "renter_done.html", words=language, place=place, slot=slot, choice=choice, **receipt
    )


def _general_errors(errors: dict[str, list[str]], known: Mapping[str, Any]) -> dict[str, list[str]]:
    return {name: texts for name, texts in errors.items() if name not in known}


def _taken(endpoint: WebhookEndpoint, source: MappedSource, form: dict[str, Any]) -> dict[str, Any]:
    """Store the form through the inbox, as the source's own address does."""
    body = json.dumps(form, ensure_ascii=False).encode()
    sent = signatures.Request({"content-type": "application/json"}, body)
    began = perf_counter()
    stored, receipt = take(endpoint, source, sent, DecodedRequest(form, sent.headers, {}))
    log_accepted(source.name, stored, HTTPStatus.OK, began)
    return receipt


def _times(place: Property, choice: VisitorChoice) -> Availability | None:
    calendar: Calendar = current_app.extensions["calendar"]
    try:
        return calendar.list_times(place, choice.first, DAYS)
    except NoTourTimesError:
        return None
    except InvalidDatesError:
        return calendar.list_times(place, None, DAYS)


def _page(
    source: MappedSource,
    place: Property,
    offered: Sequence[Property],
    choice: VisitorChoice,
    language: Words,
    errors: Mapping[str, Sequence[str]] | None = None,
    *,
    notice: str | None = None,
    challenge: dict[str, Any] | None = None,
) -> Response:
    desk: WidgetFormDesk = current_app.extensions["forms"]
    page = page_of(language, place, offered, _times(place, choice), choice, errors, notice)
    stamp = request.form.get("stamp") or desk.stamp(source.name)
    query = {"property": ",".join(place.key for place in offered), "lang": language.language}
    return _answer(
        source,
        "renter_book.html",
        page=page,
        words=language,
        place=place,
        stamp=stamp,
        query=query,
        challenge=json.dumps(challenge) if challenge else None,
    )


def _answer(source: MappedSource, template: str, **values: Any) -> Response:
    response = make_response(render_template(template, source=source.name, **values))
    ancestors = " ".join(("'self'", *source.settings.origins))
    response.headers |= {
        "Content-Security-Policy": POLICY.format(ancestors),
        "Cache-Control": "no-store",
        "Referrer-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
        "X-Robots-Tag": "noindex",
    }
    return response


def _words(values: Mapping[str, str]) -> Words:
    """In the language that the address or the form names, else in the browser's."""
    return words(choose(values.get("lang"), *request.accept_languages.values()) or DEFAULT)
