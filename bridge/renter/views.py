"""The renter's link: /tour/<token>.

A GET changes nothing, and no page has a script: mail scanners follow links and run scripts. A change is a button in a
form, whose token is made for the state that the page shows.
"""

import hmac
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from time import perf_counter
from typing import Any

from flask import Blueprint, Response, current_app, make_response, render_template, request

from bridge.availability.calendar import Calendar
from bridge.availability.listing import Availability
from bridge.errors import InvalidDatesError, NoTourTimesError, UnknownTourKindError
from bridge.inbound.accepted import log_accepted
from bridge.inbound.views import WebhookEndpoint
from bridge.models import TourLink
from bridge.renter import links
from bridge.renter.calendar_file import calendar_file
from bridge.renter.change import Possible, delivery_of, may_cancel, may_move
from bridge.renter.tour import RenterTour, load
from bridge.signing_keys import signature, signing_key
from bridge.widget.desk import LINK_KEY, WidgetFormDesk
from bridge.widget.hosted import DAYS, VisitorChoice, page_of
from bridge.widget.words import DEFAULT, Words, choose, words

renter = Blueprint("renter", __name__, template_folder="templates")

POLICY = (
    "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
NOT_FOUND, CONFLICT, GONE = 404, 409, 410


@dataclass(frozen=True)
class Visit:
    """One request with a token that opens a tour."""

    token: str
    link: TourLink
    tour: RenterTour
    words: Words
    now: datetime
    key: bytes

    @property
    def form_token(self) -> str:
        """Of the forms on a page that shows this state."""
        return signature(self.key, "form", self.token, self.tour.version)

    @property
    def is_over(self) -> bool:
        return self.tour.end <= self.now


@renter.get("/tour/<token>")
def show(token: str) -> Response:
    """The tour as it is now. 404: no such link; 410: the tour is over."""
    visit = _visit(token)
    return _tour_page(visit) if visit else _ended(None)


@renter.get("/tour/<token>.ics")
def download(token: str) -> Response:
    """The tour for a calendar."""
    visit = _visit(token)
    if visit is None:
        return _ended(None)
    title = visit.words("tour_title", place=visit.tour.place.name or visit.tour.place.key)
    content = calendar_file(visit.tour, visit.link.digest[:32], _address(token), title, visit.now)
    response = Response(
        content, mimetype="text/calendar", headers={"Content-Disposition": "attachment; filename=tour.ics"}
    )
    return _protected(response)


@renter.get("/tour/<token>/move")
def choose_time(token: str) -> Response:
    """Other free times."""
    visit = _visit(token)
    if visit is None:
        return _ended(None)
    return _move_page(visit, VisitorChoice.of(request.args))


@renter.post("/tour/<token>/move")
def move(token: str) -> Response:
    """Show another day, or move the tour. 409: the tour or the time is not what the page showed."""
    visit = _visit(token)
    if visit is None:
        return _ended(None)
    choice = VisitorChoice.of(request.form)
    start = _instant(choice.start)
    if visit.tour.start == start:
        return _tour_page(visit)
    if "move" in request.form and not _is_from_page(visit):
        return _tour_page(visit, visit.words("stale"), CONFLICT)
    if "move" not in request.form or may_move(visit.tour, visit.now) is not Possible.YES:
        return _move_page(visit, choice)
    if start is None or not _is_free(visit, start):
        text = visit.words("error_taken" if start else "error_starts_at")
        return _move_page(visit, choice, {"starts_at": [text]}, CONFLICT)
    return _changed(visit, start)


@renter.get("/tour/<token>/cancel")
def ask(token: str) -> Response:
    """The question whether to cancel."""
    visit = _visit(token)
    return _cancel_page(visit) if visit else _ended(None)


@renter.post("/tour/<token>/cancel")
def cancel(token: str) -> Response:
    """Cancel the tour; a second time changes nothing. 409: the tour is not what the page showed."""
    visit = _visit(token)
    if visit is None:
        return _ended(None)
    if visit.tour.is_cancelled:
        return _tour_page(visit, visit.words("already_cancelled"))
    if not _is_from_page(visit):
        return _tour_page(visit, visit.words("stale"), CONFLICT)
    if may_cancel(visit.tour, visit.now) is not Possible.YES:
        return _cancel_page(visit)
    return _changed(visit, None)


def _visit(token: str) -> Visit | None:
    endpoint: WebhookEndpoint = current_app.extensions["endpoint"]
    now = endpoint.clock()
    key = signing_key(endpoint.database, LINK_KEY, now)
    with endpoint.database.session() as session:
        link = links.find(session, key, token)
        source = endpoint.sources.get(link.source) if link else None
        tour = load(session, endpoint.settings, source, link, now) if link and source else None
    if link is None or tour is None:
        return None
    language = choose(request.args.get("lang"), link.language) or DEFAULT
    return Visit(token, link, tour, words(language), now, key)


def _changed(visit: Visit, start: datetime | None) -> Response:
    """Store the change through the inbox, and show what became of it."""
    endpoint: WebhookEndpoint = current_app.extensions["endpoint"]
    began = perf_counter()
    stored = endpoint.committer.store(delivery_of(visit.link, visit.tour, start, visit.now))
    log_accepted(visit.link.source, stored, HTTPStatus.OK, began)
    after = _visit(visit.token)
    assert after is not None  # it was there a moment ago
    stated = after.words
    when = stated.when(after.tour.start)
    text = stated("cancelled_text", when=when) if start is None else stated("moved_text", when=when)
    return _tour_page(after, f"{text} {stated('changed_text')}")


def _is_free(visit: Visit, start: datetime) -> bool:
    calendar: Calendar = current_app.extensions["calendar"]
    tour = visit.tour
    try:
        return calendar.check(
            tour.place, start, tour.kind, length=tour.length, moving=tour.booking_id
        ).is_free
    except (NoTourTimesError, UnknownTourKindError):
        return False


def _is_from_page(visit: Visit) -> bool:
    given = request.form.get("form_token", "")
    return hmac.compare_digest(given.encode(), visit.form_token.encode())


def _instant(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None


# Pages


def _tour_page(visit: Visit, notice: str | None = None, status: int = 200) -> Response:
    if visit.is_over:
        return _ended(visit)
    tour = visit.tour
    heading = (
        "tour_cancelled"
        if tour.is_cancelled
        else "tour_attention"
        if tour.needs_attention
        else "tour_booked"
        if tour.is_confirmed
        else "tour_requested"
    )
    return _page(
        "tour_show.html",
        visit,
        status,
        heading=heading,
        notice=notice,
        move=may_move(tour, visit.now),
        cancel=may_cancel(tour, visit.now),
        Possible=Possible,
    )


def _move_page(
    visit: Visit, choice: VisitorChoice, errors: dict[str, list[str]] | None = None, status: int = 200
) -> Response:
    if may_move(visit.tour, visit.now) is not Possible.YES:
        return _tour_page(visit)
    tour = visit.tour
    times = _times(visit, choice)
    page = page_of(visit.words, tour.place, [tour.place], times, choice, errors)
    return _page("tour_move.html", visit, status, page=page)


def _times(visit: Visit, choice: VisitorChoice) -> Availability | None:
    calendar: Calendar = current_app.extensions["calendar"]
    place, kind = visit.tour.place, visit.tour.kind
    try:
        return calendar.list_times(place, choice.first, DAYS, kind)
    except (NoTourTimesError, UnknownTourKindError):
        return None
    except InvalidDatesError:
        return calendar.list_times(place, None, DAYS, kind)


def _cancel_page(visit: Visit) -> Response:
    if may_cancel(visit.tour, visit.now) is not Possible.YES:
        return _tour_page(visit)
    return _page("tour_cancel.html", visit, 200)


def _ended(visit: Visit | None) -> Response:
    """For a tour that is over, and for a token that opens nothing: the answer does not say which it never was."""
    language = visit.words if visit else words(choose(*request.accept_languages.values()) or DEFAULT)
    text = render_template(
        "tour_over.html",
        words=language,
        place=visit.tour.place if visit else None,
        source=visit.link.source if visit and _is_public(visit.link.source) else None,
    )
    return _protected(make_response(text, GONE if visit else NOT_FOUND))


def _is_public(source: str) -> bool:
    endpoint: WebhookEndpoint = current_app.extensions["endpoint"]
    found = endpoint.sources.get(source)
    return found is not None and found.mapping.public


def _page(template: str, visit: Visit, status: int, **values: Any) -> Response:
    text = render_template(
        template,
        visit=visit,
        words=visit.words,
        tour=visit.tour,
        place=visit.tour.place,
        source=visit.link.source if _is_public(visit.link.source) else None,
        **values,
    )
    return _protected(make_response(text, status))


def _protected(response: Response) -> Response:
    """No caching, no indexing, and no referrer."""
    response.headers |= {
        "Content-Security-Policy": POLICY,
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Robots-Tag": "noindex, nofollow",
    }
    return response


def _address(token: str) -> str:
    desk: WidgetFormDesk = current_app.extensions["forms"]
    return f"{desk.home}/tour/{token}"
