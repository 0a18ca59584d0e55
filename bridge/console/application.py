"""init_app(): gives the web process its pages and its management API."""

from datetime import date, datetime, time
from typing import Any

from flask import Blueprint, Flask, redirect, url_for
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wrappers import Response

from bridge.console import dates, errors, flash
from bridge.console.access import guard, headers
from bridge.console.access.account_views import account_pages
from bridge.console.access.admin import admin
from bridge.console.access.openid_views import openid_pages
from bridge.console.access.views import access
from bridge.console.alerts.views import alerts_pages
from bridge.console.api import application as api
from bridge.console.appointments.views import appointments_pages
from bridge.console.availability.views import availability_pages
from bridge.console.bookings.views import bookings_pages, calendar_files
from bridge.console.events.action_views import actions
from bridge.console.events.bulk_views import bulk
from bridge.console.events.correct_views import correct
from bridge.console.events.event_views import OUT_OF_BAND, event
from bridge.console.events.needs_views import action_needed
from bridge.console.events.time_views import other_time
from bridge.console.events.views import events
from bridge.console.health.views import health_pages
from bridge.console.navigation import menu_of
from bridge.console.properties.views import properties_pages
from bridge.console.queries.action_needed import count_waiting
from bridge.console.sources.setup_views import source_setup
from bridge.console.sources.shadow import HeldLists
from bridge.console.sources.views import sources_pages
from bridge.console.today.views import today_pages
from bridge.console.tools import AppContext, tools
from bridge.console.workbench.save_views import workbench_saving
from bridge.console.workbench.views import workbench
from bridge.mapping.catalogue import Catalogue

console = Blueprint(
    "console",
    __name__,
    template_folder="templates",
    static_folder="static",
    static_url_path="/console/static",
)
"""The templates and files of all pages."""

PAGES = (
    console,
    access,
    account_pages,
    openid_pages,
    today_pages,
    action_needed,
    events,
    bulk,
    event,
    actions,
    correct,
    other_time,
    bookings_pages,
    calendar_files,
    appointments_pages,
    availability_pages,
    properties_pages,
    sources_pages,
    source_setup,
    health_pages,
    alerts_pages,
    workbench,
    workbench_saving,
    admin,
)


def init_app(app: Flask, given: AppContext) -> None:
    """Register everything below /console and /api."""
    app.extensions["console"] = given
    app.extensions["held_lists"] = HeldLists()
    headers.init_app(app)
    errors.init_app(app)
    guard.init_app(app)
    flash.init_app(app)
    app.context_processor(_for_every_page)
    for pages in PAGES:
        app.register_blueprint(pages)
    api.init_app(app, Catalogue(given.settings.mappings_dir), given.settings.server.public_url)
    app.jinja_options = {**app.jinja_options, "trim_blocks": True, "lstrip_blocks": True}


@console.get("/")
def first_page() -> Response:
    """Redirect the bridge's own address to the console."""
    return redirect("/console", 302)


@console.app_template_filter("tour_time")
def tour_time(start: datetime) -> str:
    """When a tour is, by the clock of its property."""
    return dates.tour_time(start, tools().clock(), guard.current_locale())


@console.app_template_filter("office_time")
def office_time(moment: datetime | str) -> str:
    """A moment, or its ISO text, by the clock of the office."""
    at = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    zone = dates.office_zone(tools().settings)
    return dates.office_time(at, zone, tools().clock(), guard.current_locale())


@console.app_template_global("dates_language")
def dates_language() -> str:
    """Of what the filters for dates write."""
    return dates.language_of(guard.current_locale())


@console.app_template_filter("clock_time")
def clock_time(moment: datetime | time) -> str:
    """The time of a day."""
    return dates.clock_time(moment, guard.current_locale())


@console.app_template_filter("short_day")
def short_day(day: date) -> str:
    """A day with the name of its weekday."""
    return dates.short_day(day, guard.current_locale())


@console.app_template_filter("month")
def month(day: date) -> str:
    """The short name of its month."""
    return dates.month(day, guard.current_locale())


@console.app_template_filter("weekday")
def weekday(day: date) -> str:
    """The name of its weekday."""
    return dates.weekday(day, guard.current_locale())


@console.app_template_filter("number")
def number(value: int) -> str:
    """A count, with its thousands apart."""
    return dates.number(value, guard.current_locale())


def _for_every_page() -> dict[str, Any]:
    """What templates use besides what their view gives them."""
    visitor = guard.visitor_if_any()
    return {
        "navigation": menu_of(visitor.actor) if visitor else [],
        "has_openid": tools().settings.console.openid is not None,
        "clock_of_page": dates.zone_label(dates.office_zone(tools().settings), tools().clock()),
        "actor": visitor.actor if visitor else None,
        "take_flash": flash.take,
        "waiting_count": _waiting_count,
        "out_of_band": OUT_OF_BAND,
        "static": lambda name: url_for("console.static", filename=name),
    }


def _waiting_count() -> int:
    """How many events wait for a decision; none on the page that says that the database is away."""
    try:
        with tools().database.session() as session:
            return count_waiting(session)
    except SQLAlchemyError:
        return 0
