"""`/console`: the page Today."""

from datetime import timedelta

from flask import Blueprint, render_template, request

from bridge.console.access.guard import current_actor, current_locale, needs
from bridge.console.today import charts
from bridge.console.today.figures import today
from bridge.console.tools import tools
from bridge.models import Role

today_pages = Blueprint("today", __name__, url_prefix="/console")


@today_pages.get("")
@needs(Role.VIEWER)
def show() -> str:
    """The page; asked by htmx, only the figures, which stay live."""
    now, settings = tools().clock(), tools().settings
    with tools().database.session() as session:
        figures = today(session, settings, current_actor(), now)
        drawn = [
            draw(session, now, figures.zone, current_locale())
            for draw in (charts.last_hours, charts.last_days)
        ]
    template = "today/figures.html" if "HX-Request" in request.headers else "today/today.html"
    return render_template(template, today=figures, charts=drawn, now=now)


@today_pages.app_template_filter("span")
def span(length: timedelta | None) -> str:
    """How long, as people say it: 5 min, 3 h 20 min, 4 days."""
    if length is None:
        return "never"
    minutes = int(abs(length.total_seconds()) // 60)
    if minutes < 60:  # noqa: PLR2004 - of an hour
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:  # noqa: PLR2004 - two days are still counted in hours
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{hours // 24} days"
