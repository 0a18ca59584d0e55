"""The list of events, which stays live while it is open."""

import re
from typing import Any

from flask import Blueprint, Response, current_app, render_template, request, url_for
from markupsafe import Markup, escape
from sqlalchemy.orm import Session

from bridge.console.access.guard import current_actor, needs
from bridge.console.dates import office_zone
from bridge.console.events.filters import OPEN, STATUSES, EventFilter
from bridge.console.events.presenter import as_json
from bridge.console.events.rows import placed, sentence_of, shown_in, version_of
from bridge.console.queries import events as queries
from bridge.console.queries.events import EventSummary
from bridge.console.queries.paging import Page
from bridge.console.status_words import action_words
from bridge.console.tools import tools
from bridge.delivery.rules.outcomes import Reason
from bridge.errors import BridgeError
from bridge.models import Role, Status

events = Blueprint("events", __name__, url_prefix="/console/events")
POLL_SECONDS = 3

events.add_app_template_filter(as_json, "pretty")
events.add_app_template_filter(version_of, "version")
events.add_app_template_filter(sentence_of, "sentence")
events.add_app_template_filter(action_words, "action_words")


@events.app_template_filter("ticks")
def ticks(text: str) -> Markup:
    """A sentence of ours, whose `code` is shown as code."""
    marked = re.sub(r"`([^`]*)`", r"<code>\1</code>", str(escape(text)))
    return Markup(marked)  # noqa: S704 - escaped above


@events.app_context_processor
def poll() -> dict[str, Any]:
    return {"poll_seconds": current_app.config.get("CONSOLE_POLL_SECONDS", POLL_SECONDS)}


@events.get("")
@needs(Role.VIEWER)
def listing() -> tuple[str, int]:
    """422: a filter cannot be so; the page keeps it, and says what is wrong."""
    asked, cursor = EventFilter.of(request.args), request.args.get("cursor")
    found, problem = Page[EventSummary]([], None), None
    with tools().database.session() as session:
        try:
            found = _found(session, asked, cursor)
        except BridgeError as error:
            problem = error.message
    given = asked.given()
    page = render_template(
        "events/list.html",
        asked=asked,
        rows=found.rows,
        problem=problem,
        views=_views(asked),
        choices=_choices(),
        cursor=cursor,
        lowest=found.rows[-1].id if found.rows and found.next else 0,
        newest=url_for("events.listing", **given) if cursor else None,
        older=url_for("events.listing", **given, cursor=found.next) if found.next else None,
        asked_fields=lambda: _hidden(asked),
        may_change=current_actor().may(Role.OPERATOR),
    )
    return page, 422 if problem else 200


@events.get("/live")
@needs(Role.VIEWER)
def live() -> Response:
    """What has changed in the lines that a page shows, and which are new on the first page; 204: nothing."""
    shown = shown_in(request.args.getlist("row"))
    with tools().database.session() as session:
        known = queries.rows(session, tools().settings, current_actor(), list(shown))
        arrived = [] if request.args.get("cursor") else _arrived(session, shown)
    changed = [row for row in known if version_of(row) != shown[row.id]]
    if not changed and not arrived:
        return Response(status=204)
    page = render_template(
        "events/live.html",
        changed=changed,
        arrived=list(placed(arrived, shown)),
        may_change=current_actor().may(Role.OPERATOR),
    )
    return Response(page)


def _arrived(session: Session, shown: dict[int, str]) -> list[EventSummary]:
    """What the first page would show now and does not. What other pages show does not come here."""
    lowest = request.args.get("lowest", 0, type=int)
    try:
        found = _found(session, EventFilter.of(request.args), None)
    except BridgeError:
        return []  # the page says so already
    return [row for row in found.rows if row.id not in shown and row.id >= lowest]


def _found(session: Session, asked: EventFilter, cursor: str | None) -> Page[EventSummary]:
    return queries.page(
        session,
        tools().settings,
        current_actor(),
        asked.selection(office_zone(tools().settings)),
        search=asked.q,
        cursor=cursor,
    )


def _views(asked: EventFilter) -> list[dict[str, Any]]:
    """The questions of every morning, as links."""
    views: dict[str, dict[str, Any]] = {
        "All": {},
        "Parked": {"status": Status.PARKED},
        "On its way": {"status": OPEN},
        "Done": {"status": Status.WRITTEN},
    }
    return [
        {"words": words, "url": url_for("events.listing", **given), "here": asked.given() == given}
        for words, given in views.items()
    ]


def _choices() -> list[dict[str, Any]]:
    settings = tools().settings
    properties = [
        (property_.key, property_.name or property_.key) for property_ in settings.properties.values()
    ]
    reasons = [(reason.value, reason.replace("_", " ").capitalize()) for reason in Reason]
    return [
        {"name": "status", "words": "Status", "options": STATUSES},
        {"name": "property", "words": "Property", "options": properties},
        {"name": "source", "words": "Source", "options": [(name, name) for name in settings.sources]},
        {"name": "reason", "words": "Reason", "options": sorted(reasons, key=lambda reason: reason[1])},
    ]


def _hidden(asked: EventFilter) -> Markup:
    """The filters as fields of another form."""
    field = Markup('<input type="hidden" name="{}" value="{}">')
    return Markup("").join(field.format(name, value) for name, value in asked.given().items())
