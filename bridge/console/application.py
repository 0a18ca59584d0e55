"""init_app(): gives the web process its pages and its management API."""

from typing import Any

from flask import Blueprint, Flask, redirect, url_for
from werkzeug.wrappers import Response

from bridge.console import errors
from bridge.console.access import guard, headers
from bridge.console.access.admin import admin
from bridge.console.access.openid_views import openid_pages
from bridge.console.access.views import access
from bridge.console.api import application as api
from bridge.console.appointments.views import appointments_pages
from bridge.console.availability.views import availability_pages
from bridge.console.bookings.views import bookings_pages
from bridge.console.events.action_views import actions
from bridge.console.events.bulk_views import bulk
from bridge.console.events.event_views import event
from bridge.console.events.time_views import other_time
from bridge.console.events.views import events
from bridge.console.health.views import health_pages
from bridge.console.sources.views import sources_pages
from bridge.console.today.views import today_pages
from bridge.console.tools import AppContext, tools
from bridge.console.workbench.views import workbench
from bridge.mapping.catalogue import Catalogue
from bridge.models import Role

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
    openid_pages,
    today_pages,
    events,
    bulk,
    event,
    actions,
    other_time,
    bookings_pages,
    appointments_pages,
    availability_pages,
    sources_pages,
    health_pages,
    workbench,
    admin,
)

NAVIGATION = (
    (Role.VIEWER, "/console", "Today"),
    (Role.VIEWER, "/console/events", "Events"),
    (Role.VIEWER, "/console/bookings", "Bookings"),
    (Role.VIEWER, "/console/appointments", "Appointments"),
    (Role.VIEWER, "/console/availability", "Free times"),
    (Role.VIEWER, "/console/sources", "Sources"),
    (Role.VIEWER, "/console/health", "Health"),
    (Role.OPERATOR, "/console/workbench", "Workbench"),
    (Role.ADMIN, "/console/users", "Users"),
    (Role.ADMIN, "/console/tokens", "Tokens"),
    (Role.ADMIN, "/console/audit", "Audit"),
)
"""Whose it is, the path, and the words, in the order of the page head."""


def init_app(app: Flask, given: AppContext) -> None:
    """Register everything below /console and /api."""
    app.extensions["console"] = given
    headers.init_app(app)
    errors.init_app(app)
    guard.init_app(app)
    app.context_processor(_for_every_page)
    for pages in PAGES:
        app.register_blueprint(pages)
    api.init_app(app, Catalogue(given.settings.mappings_dir))
    app.jinja_options = {**app.jinja_options, "trim_blocks": True, "lstrip_blocks": True}


@console.get("/")
def first_page() -> Response:
    """Whoever opens the address of the bridge looks for the console."""
    return redirect("/console", 302)


def _for_every_page() -> dict[str, Any]:
    """What templates use besides what their view gives them."""
    visitor = guard.visitor_if_any()
    return {
        "navigation": [
            (path, words) for role, path, words in NAVIGATION if visitor and visitor.actor.may(role)
        ],
        "has_openid": tools().settings.console.openid is not None,
        "actor": visitor.actor if visitor else None,
        "static": lambda name: url_for("console.static", filename=name),
    }
