"""`/console/bookings`: tours over their lives."""

from typing import Any

from flask import Blueprint, render_template, request, url_for

from bridge.console.access.guard import current_actor, needs
from bridge.console.queries import bookings as queries
from bridge.console.queries.paging import Page
from bridge.console.tools import tools
from bridge.errors import BridgeError
from bridge.models import BookingState, Role

bookings_pages = Blueprint("bookings", __name__, url_prefix="/console/bookings")
FILTERS = ("q", "property", "state", "written")


@bookings_pages.get("")
@needs(Role.VIEWER)
def listing() -> str:
    asked = {name: request.args.get(name, "").strip() for name in FILTERS}
    cursor, problem = request.args.get("cursor"), None
    try:
        with tools().database.session() as session:
            found = queries.page(
                session,
                tools().settings,
                current_actor(),
                property_name=asked["property"] or None,
                state=asked["state"] or None,
                written_state=asked["written"] or None,
                search=asked["q"],
                cursor=cursor,
            )
    except BridgeError as error:
        found, problem = Page([], None), error.message
    given: dict[str, Any] = {name: value for name, value in asked.items() if value}
    return render_template(
        "bookings/list.html",
        rows=found.rows,
        asked=asked,
        given=given,
        problem=problem,
        properties=tools().settings.properties.values(),
        states=BookingState,
        newest=url_for("bookings.listing", **given) if cursor else None,
        older=url_for("bookings.listing", **given, cursor=found.next) if found.next else None,
    )
