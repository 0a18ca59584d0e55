"""`/console/bookings`: tours over their lives, and those of some days as a list, a table and a calendar."""

from datetime import date, timedelta
from typing import Any

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as Redirect

from bridge.console.access import feeds
from bridge.console.access.guard import current_actor, current_locale, needs
from bridge.console.actions import feeds as feed_actions
from bridge.console.actor import Actor, Via
from bridge.console.bookings.exports import tours_as_calendar, tours_as_csv
from bridge.console.dates import day_label, office_zone
from bridge.console.flash import Flash, on_next_page
from bridge.console.queries import bookings as queries
from bridge.console.queries.bookings import BookingSummary
from bridge.console.queries.paging import Page, check_choice
from bridge.console.queries.tour_days import TourDays, tours_on
from bridge.console.tools import tools
from bridge.errors import BridgeError
from bridge.models import BookingState, Role

bookings_pages = Blueprint("bookings", __name__, url_prefix="/console/bookings")
calendar_files = Blueprint("calendar_files", __name__)
FILTERS = ("q", "property", "state", "written", "day", "from", "to")
QUICK = (("today", "Today"), ("tomorrow", "Tomorrow"), ("week", "7 days"))
FEED_DAYS = (-7, 60)
"""From and up to which day from today a calendar shows tours."""


@bookings_pages.get("")
@needs(Role.VIEWER)
def listing(made: str | None = None) -> tuple[str, int]:
    """422: a filter cannot be so; the page keeps it, and says what is wrong."""
    asked = {name: request.args.get(name, "").strip() for name in FILTERS}
    cursor, problem, days = request.args.get("cursor"), None, None
    found: Page[BookingSummary] = Page([], None)
    with tools().database.session() as session:
        try:
            days = _days(asked)
            found = _found(session, asked, days, cursor)
        except BridgeError as error:
            problem = error.message
        known_feeds = feeds.valid_feeds(session) if current_actor().may(Role.OPERATOR) else []
    given: dict[str, Any] = {name: value for name, value in asked.items() if value}
    page = render_template(
        "bookings/list.html",
        rows=found.rows,
        asked=asked,
        given=given,
        problem=problem,
        properties=tools().settings.properties.values(),
        states=BookingState,
        days=days,
        heading=_heading(days),
        quick=[
            (url_for("bookings.listing", **_without_days(given), day=name), words, asked["day"] == name)
            for name, words in QUICK
        ],
        csv_url=url_for("bookings.table", **given) if days else None,
        feeds=known_feeds,
        made=made,
        newest=url_for("bookings.listing", **given) if cursor else None,
        older=url_for("bookings.listing", **given, cursor=found.next) if found.next else None,
    )
    return page, 422 if problem else 200


@bookings_pages.get("/tours.csv")
@needs(Role.VIEWER)
def table() -> Response:
    """The tours of the days that are asked for, one line each."""
    asked = {name: request.args.get(name, "").strip() for name in FILTERS}
    try:
        days = _days(asked)
        if days is None:
            abort(422, "Say which days: `day=tomorrow`, or `from` and `to`.")
        with tools().database.session() as session:
            rows = _found(session, asked, days, None).rows
    except BridgeError as error:
        abort(422, error.message)
    name = f"tours-{days.first}.csv" if days.first == days.last else f"tours-{days.first}-{days.last}.csv"
    answer = make_response(tours_as_csv(rows))
    answer.headers["Content-Type"] = "text/csv; charset=utf-8"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


@bookings_pages.post("/feeds")
@needs(Role.OPERATOR)
def make_feed() -> Response:
    """The page that answers shows the address, this once."""
    key = request.form.get("property", "")
    if key and key not in tools().settings.properties:
        abort(422, "Choose a property of the list.")
    with tools().database.session() as session:
        _, text = feed_actions.create_feed(session, current_actor(), key or None, tools().clock())
    page, _ = listing(url_for("calendar_files.feed", text=text, _external=True))
    return make_response(page, 201)


@bookings_pages.post("/feeds/<int:feed_id>/revoke")
@needs(Role.OPERATOR)
def revoke_feed(feed_id: int) -> Redirect:
    try:
        with tools().database.session() as session:
            feed_actions.revoke_feed(session, current_actor(), feed_id, tools().clock())
    except feeds.UnknownFeedError as error:
        abort(404, error.message)
    return on_next_page(redirect(url_for("bookings.listing"), 303), Flash.FEED_REVOKED)


@calendar_files.get("/calendar/<text>.ics")
def feed(text: str) -> Response:
    """The tours of a feed; its secret is all that is asked for."""
    now, settings = tools().clock(), tools().settings
    with tools().database.session() as session:
        found = feeds.feed_of(session, text, now)
        if found is None or (found.property is not None and found.property not in settings.properties):
            abort(404)
        days = TourDays(*(_today() + timedelta(days=number) for number in FEED_DAYS))
        reader = Actor("a calendar", Role.OPERATOR, Via.API)
        rows = tours_on(session, settings, reader, days, found.property)
        place = settings.properties.get(found.property or "")
    answer = make_response(
        tours_as_calendar(rows, f"Tours at {place.name or place.key}" if place else "Tours", now)
    )
    answer.headers["Content-Type"] = "text/calendar; charset=utf-8"
    answer.headers["Cache-Control"] = "private, max-age=300"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer


def _found(
    session: Session, asked: dict[str, str], days: TourDays | None, cursor: str | None
) -> Page[BookingSummary]:
    """The tours of some days, the soonest first; else a page of all, the newest bookings first. Raises BridgeError."""
    settings, actor = tools().settings, current_actor()
    for name in ("state", "written"):
        check_choice(name, asked[name], BookingState)
    if days is None:
        return queries.page(
            session,
            settings,
            actor,
            property_name=asked["property"] or None,
            state=asked["state"] or None,
            written_state=asked["written"] or None,
            search=asked["q"],
            cursor=cursor,
        )
    rows = tours_on(session, settings, actor, days, asked["property"] or None)
    wanted = {"state": asked["state"], "written_state": asked["written"], "search": asked["q"]}
    return Page(queries.matching(session, settings, actor, rows, **wanted), None)


def _days(asked: dict[str, str]) -> TourDays | None:
    """The days that are asked for. Raises InvalidTourDaysError, UnknownChoiceError."""
    if asked["from"] or asked["to"]:
        return TourDays.between(asked["from"], asked["to"])
    return TourDays.named(asked["day"], _today())


def _today() -> date:
    return tools().clock().astimezone(office_zone(tools().settings)).date()


def _heading(days: TourDays | None) -> str:
    if days is None:
        return "Tours"
    first, last = (day_label(day, _today(), current_locale()) for day in (days.first, days.last))
    return f"Tours on {first}" if days.first == days.last else f"Tours from {first} to {last}"


def _without_days(given: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if name not in ("day", "from", "to")}
