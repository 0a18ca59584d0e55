"""Free slots, asked of the PMS at once: working hours of 09:00 to 17:00, less the appointments that stand."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from flask import Blueprint

from bridge.sandbox.records import DEFAULT_MINUTES, SandboxAppointment, SandboxProperty, new_id, timestamp
from bridge.sandbox.rules import AVAILABILITY
from bridge.sandbox.state import Sandbox
from bridge.sandbox.writes import vendor_rule

OPENS, CLOSES = 9 * 60, 17 * 60
DEFAULT_DAYS = 7


def create_availability(sandbox: Sandbox) -> Blueprint:
    """The route of the availability query (Entrata and RealPage Partner Exchange)."""
    availability = Blueprint("availability", __name__)

    @availability.post("/v1/appointment-availability/")
    def query() -> dict[str, Any]:
        body, rule, _ = vendor_rule(sandbox, AVAILABILITY)
        asked = AVAILABILITY.accept(body, rule)
        places = [place for place in sandbox.properties if place.integration_id == asked["integration_id"]]
        if "property_id" in asked:
            places = [place for place in places if place.id == asked["property_id"]]
        calendars = [calendar for place in places for calendar in _calendars(sandbox, place, asked)]
        return {"meta": {"job_id": new_id()}, "result": calendars}

    return availability


def _calendars(sandbox: Sandbox, place: SandboxProperty, asked: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The calendar of a property; or one for each of its agents, where the sandbox has those."""
    whole = calendar(sandbox, place, asked)
    agents = [lookup for lookup in sandbox.lookups("employees") if lookup["property_id"] == place.id]
    if not (sandbox.agent_calendars and agents):
        yield whole
        return
    for agent in agents:
        booked = [
            appointment
            for appointment in sandbox.active_appointments(place.id)
            if appointment.employee_id == agent["id"]
        ]
        yield calendar(sandbox, place, asked, booked) | {
            "calendar_type": "AGENT_CALENDAR",
            "x_agent_id": agent["x_id"],
            "agent_first_name": agent["name"],
        }


def calendar(
    sandbox: Sandbox,
    place: SandboxProperty,
    asked: dict[str, Any],
    booked: list[SandboxAppointment] | None = None,
) -> dict[str, Any]:
    """The calendar of one property. Times are wall clock in the zone that its PMS expects, as in a write."""
    now = sandbox.clock()
    first = date.fromisoformat(asked.get("availability_start_date", now.date().isoformat())[:10])
    minutes = asked.get("appointment_duration_minutes", DEFAULT_MINUTES)
    booked = sandbox.active_appointments(place.id) if booked is None else booked
    days = [first + timedelta(days=n) for n in range(asked.get("availability_duration_days", DEFAULT_DAYS))]
    return {
        "last_seen": timestamp(now),
        "calendar_type": "PROPERTY_CALENDAR",
        "x_agent_id": None,
        "agent_first_name": None,
        "agent_last_name": None,
        "default_appointment_length": DEFAULT_MINUTES,
        "minimum_appointment_lead_time": None,
        "timezone": None,
        "x_property_id": place.x_id,
        "calendar_days": [
            {
                "date": day.isoformat(),
                "day_of_week": day.strftime("%A").upper(),
                "opening_time": _clock(OPENS),
                "closing_time": _clock(CLOSES),
                "simultaneous_appointment_mode": "SINGLE",
                "max_simultaneous_appointments": 1,
                "available_slots": list(_slots(day, minutes, booked)),
            }
            for day in days
        ],
    }


def _slots(day: date, minutes: int, booked: list[SandboxAppointment]) -> Iterator[dict[str, str]]:
    taken = [each.span for each in booked if each.appointment_date[:10] == day.isoformat()]
    for start in range(OPENS, CLOSES - minutes + 1, minutes):
        if all(start + minutes <= begin or end <= start for begin, end in taken):
            yield {"start": _clock(start), "end": _clock(start + minutes)}


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}:00"
