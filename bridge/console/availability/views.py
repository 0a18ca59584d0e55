"""`/console/availability`: why a time is offered, or not."""

from datetime import date, datetime

from flask import Blueprint, current_app, render_template, request

from bridge.availability.calendar import Calendar, rules_zone
from bridge.availability.rules.slots import Obstacle, kinds_of
from bridge.console.access.guard import needs
from bridge.console.queries.paging import UnknownChoiceError, check_choice
from bridge.console.tools import tools
from bridge.errors import BridgeError
from bridge.models import Role
from bridge.settings import Property

availability_pages = Blueprint("availability_pages", __name__, url_prefix="/console/availability")

DAYS = 7
REASONS = {
    Obstacle.PAST: "It has passed.",
    Obstacle.NOTICE: "It is sooner than `notice` allows.",
    Obstacle.HORIZON: "It is further ahead than `horizon`.",
    Obstacle.CLOSED: "It is outside of the hours, or in a blackout.",
    Obstacle.NOT_A_START: "It lies between two starts.",
    Obstacle.NOT_OFFERED: "The PMS does not offer it.",
    Obstacle.FULL_DAY: "The day has as many tours as `most_a_day`.",
    Obstacle.TAKEN: "Another tour has it, with its buffers.",
    Obstacle.UNAVAILABLE: "Propexo does not answer, and the property has no hours of its own.",
}
"""For operators; a renter reads the class of the reason only."""
Starts = list[tuple[date, list[tuple[datetime, Obstacle | None]]]]


@availability_pages.get("")
@needs(Role.VIEWER)
def reasons() -> tuple[str, int]:
    """Each start of a week, with what keeps it from being free."""
    settings = tools().settings
    named, problem, status = request.args.get("property", "").strip(), None, 200
    place = settings.property_named(named) if named else None
    kinds = kinds_of(place) if place else ()
    kind = request.args.get("kind", "").strip() or next(iter(kinds), "")
    first, days = request.args.get("from", "").strip(), []
    if named and place is None:
        problem, status = "No property has this name. Choose one of the list.", 422
    elif place is not None:
        try:
            check_choice("kind", kind, kinds)
            days = starts_of_week(place, kind, date.fromisoformat(first) if first else None)
            first = days[0][0].isoformat()
        except ValueError:
            problem, status = "A day is written as 2026-12-03.", 422
        except UnknownChoiceError as error:
            problem, status = error.message, 422
        except BridgeError as error:
            problem = error.message
    page = render_template(
        "availability/reasons.html",
        place=place,
        properties=settings.properties.values(),
        kinds=kinds,
        kind=kind,
        first=first,
        days=days,
        problem=problem,
        reasons=REASONS,
    )
    return page, status


def starts_of_week(place: Property, kind: str, first: date | None) -> Starts:
    """Each start of a week, by day, with what keeps it from being free."""
    calendar: Calendar = current_app.extensions["calendar"]
    listed = calendar.list_times(place, first, DAYS, kind)
    found: Starts = [(day.day, []) for day in listed.days]
    by_day = dict(found)
    for start, obstacle in calendar.explain(place, kind, listed.days[0].day, DAYS):
        local = start.astimezone(rules_zone(place))
        by_day[local.date()].append((local, obstacle))
    return found
