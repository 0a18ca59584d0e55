"""`/console/appointments`: the appointments in the PMS, matched to our bookings."""

from datetime import date

from flask import Blueprint, render_template, request

from bridge.console.access.guard import current_actor, needs
from bridge.console.queries import appointments
from bridge.console.tools import tools
from bridge.errors import BridgeError
from bridge.events.pms_appointments import MatchedAppointment, own_bookings
from bridge.models import Role

appointments_pages = Blueprint("appointments", __name__, url_prefix="/console/appointments")
FILTERS = ("property", "from", "to")


@appointments_pages.get("")
@needs(Role.VIEWER)
def listing() -> tuple[str, int]:
    wanted = {name: request.args.get(name, "").strip() for name in FILTERS}
    settings = tools().settings
    place = settings.property_named(wanted["property"]) if wanted["property"] else None
    rows: list[MatchedAppointment] = []
    problem, status = None, 200
    if wanted["property"] and place is None:
        problem, status = "No property has this name. Choose one of the list.", 422
    elif place is not None:
        try:
            first, last = (
                date.fromisoformat(wanted[name]) if wanted[name] else None for name in ("from", "to")
            )
            with tools().database.session() as session:
                own = own_bookings(session, place)
            rows = appointments.page(settings, current_actor(), place, own, first=first, last=last)
        except ValueError:
            problem, status = "A day is written as 2026-12-03.", 422
        except BridgeError as error:
            problem = error.message
    page = render_template(
        "appointments/list.html",
        rows=rows,
        wanted=wanted,
        place=place,
        problem=problem,
        properties=settings.properties.values(),
        sees_people=current_actor().sees_people,
    )
    return page, status
