"""What a PMS says about free times: `POST /v1/appointment-availability/`, read leniently."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

SELF_GUIDED_CALENDAR = "ENTRATA_SELF_GUIDED_TOUR_CALENDAR"
UNLIMITED = 10_000


@dataclass(frozen=True)
class CalendarDay:
    """The free times of one date of a calendar. Times are wall clock, `HH:MM:SS`."""

    date: str
    at_once: int
    """Appointments at the same time."""
    slots: tuple[tuple[str, str | None], ...]
    """Start and end."""


@dataclass(frozen=True)
class PmsCalendar:
    """The calendar of an agent or a property."""

    type: str
    agent: str | None
    """The PMS's id of the agent, not Propexo's."""
    length: int | None
    """Minutes of an appointment, usually."""
    lead_time: int | None
    """The minimum notice of a booking, in minutes."""
    days: tuple[CalendarDay, ...]

    @classmethod
    def read(cls, record: Mapping[str, Any]) -> Self:
        agent = record.get("x_agent_id")
        return cls(
            type=str(record.get("calendar_type") or ""),
            agent=str(agent) if agent else None,
            length=_minutes(record.get("default_appointment_length")),
            lead_time=_minutes(record.get("minimum_appointment_lead_time")),
            days=tuple(_day(day) for day in record.get("calendar_days") or ()),
        )


def _day(record: Mapping[str, Any]) -> CalendarDay:
    most = record.get("max_simultaneous_appointments")
    mode = record.get("simultaneous_appointment_mode")
    at_once = {"UNLIMITED": UNLIMITED, "MULTIPLE": _minutes(most) or 1}.get(str(mode), 1)
    slots = record.get("available_slots") or ()
    return CalendarDay(
        str(record["date"])[:10], at_once, tuple((str(slot["start"]), slot.get("end")) for slot in slots)
    )


def _minutes(value: Any) -> int | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return int(value) if is_number and value > 0 else None
