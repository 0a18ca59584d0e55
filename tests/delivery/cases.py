"""Snapshots for tests of the pure functions: one tour of one person, in any state."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bridge.delivery.rules.booking_state import apply_request, contact_fields
from bridge.delivery.rules.entities import AttemptRow, BookingRow, EventRow, LeadRow
from bridge.delivery.rules.state import Call, Interpretation, Snapshot
from bridge.keys import contact_key
from bridge.mapping.booking import Action, BookingRequest, Contact
from bridge.mapping.catalogue import Catalogue
from bridge.mapping.sources import Sources
from bridge.models import BookingState
from bridge.propexo.client import Appointment
from bridge.settings import parse

NOW = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
START = datetime(2026, 12, 3, 16, 30, tzinfo=UTC)
HERE, THERE = "cintegration", "celmintegration"
EMAIL = "maya@example.com"
MAYA = Contact("Maya", "Okafor", EMAIL, "+15125550142")
CODES = ("AAAAAAAA", "BBBBBBBB", "CCCCCCCC", "DDDDDDDD")
DEFAULTS = {
    "employee_id": "cemployee",
    "lead_source_id": "cleadsource",
    "lead_relationship_id": "crelationship",
    "unit_id": "cunit",
    "duration_minutes": 30,
}


def settings_of(vendor: str = "RENTMANAGER") -> Any:
    """Two properties of one vendor, and a source that signs."""
    at_vendor = {"pms": vendor, "time_zone": "America/Chicago", "defaults": DEFAULTS}
    return parse(
        {
            "propexo": {"token": "secret-token"},
            "properties": {
                "oakwood": {
                    "integration_id": HERE,
                    "property_id": "cproperty",
                    "name": "Oakwood",
                    **at_vendor,
                },
                "elm": {"integration_id": THERE, "property_id": "celm", "name": "Elm Court", **at_vendor},
            },
            "sources": {
                "widget": {
                    "mapping": "standard_webhooks",
                    "secrets": ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
                    "property": "oakwood",
                }
            },
        },
        {},
    )


SETTINGS = settings_of()
SOURCE = Sources(SETTINGS, Catalogue(None))["widget"]


def request(action: Action = Action.BOOK, **changes: Any) -> BookingRequest:
    """What an event asks for; a cancel names its booking only."""
    if action is Action.CANCEL:
        return BookingRequest(action, "B-1", **changes)
    return replace(BookingRequest(action, "B-1", contact=MAYA, starts_at=START), **changes)


def event(number: int = 1, *, minutes: float = 0, **changes: Any) -> EventRow:
    """An event that happened some minutes after the first one."""
    moment = NOW + timedelta(minutes=minutes)
    row = EventRow(
        number, "widget", f"msg_{number}", moment, "lane", number, occurred_at=moment, reference="B-1"
    )
    return replace(row, **changes)


def snapshot(asked: BookingRequest | None = None, *, of: EventRow | None = None, **changes: Any) -> Snapshot:
    """The snapshot of an event that asks for this."""
    asked = asked or request()
    read = Interpretation(SOURCE, asked.action, translated_action=asked.action, request=asked)
    return replace(Snapshot(of or event(), read, CODES), **changes)


def booking(asked: BookingRequest | None = None, **changes: Any) -> BookingRow:
    """A stored booking that has merged a request."""
    row = apply_request(BookingRow(7, "widget", "TB-STORED22", NOW), asked or request(), (NOW, 0))
    return replace(row, **changes)


def in_pms(*, person: Contact | None = None, **changes: Any) -> BookingRow:
    """A booking whose tour the PMS holds as its events say; `person`: who its lead is, where that is known."""
    people = {"lead": contact_fields(person), "person": contact_fields(person)} if person else {}
    tour: dict[str, Any] = {
        "starts_at": START.isoformat(), "duration_minutes": None, "appointment_type": None, "unit_id": None,
        "employee_id": None, "lead_source_id": None, "title": None, "notes": None, "reference": "TB-STORED22",
        "property_name": "Oakwood", **people,
    }  # fmt: skip
    known = {
        "confirmed_state": BookingState.BOOKED, "confirmed_tour": tour, "property_key": "oakwood", "lead_id": "clead",
        "appointment_id": "cappointment", "appointment_verified": True,
    }  # fmt: skip
    return booking(**{**known, **changes})


def stored(row: BookingRow, **changes: Any) -> dict[str, Any]:
    """What a snapshot holds of a stored booking."""
    return {"bookings": (row,), "links": {"B-1": row.id}, **changes}


def lead(**changes: Any) -> dict[str, Any]:
    """What a snapshot holds of the lead of the person."""
    row = LeadRow(HERE, "cproperty", contact_key(EMAIL, None) or "", "LD-STORED22", NOW)
    row = replace(row, **changes)
    return {"leads": {row.key: row}}


def attempt(kind: str = "create", /, **changes: Any) -> AttemptRow:
    """A write on record."""
    tour = dict(in_pms().confirmed_tour or {})
    effect = {"written": tour, "property": "oakwood", "written_state": "booked", "lead_id": "clead",
              "appointment_verified": False, "id_column": "appointment_id"}  # fmt: skip
    if kind == "cancel":
        effect = {
            "written": None,
            "written_state": "cancelled",
            "appointment_id": None,
            "code": "TB-NEWCODE2",
        }
    row = AttemptRow(
        5, 1, kind, NOW, "submitted", booking_id=7, request={"event_id": "cappointment"}, job_id="cjob",
        on_confirm=effect, integration_id=HERE, finished_at=NOW,
    )  # fmt: skip
    return replace(row, **changes)


def in_flight(row: AttemptRow, owner: BookingRow | None = None, **changes: Any) -> dict[str, Any]:
    """What a snapshot holds of a booking with a write in flight."""
    kept = replace(owner or booking(), in_flight_attempt_id=row.id)
    return stored(kept, attempts={row.id: row}, **changes)


def find_leads(**by: str) -> Call:
    return Call.of("find_leads", HERE, integration_id=HERE, property_id="cproperty", **by)


NOBODY = {find_leads(email=EMAIL): [], find_leads(phone="5125550142"): []}
"""Propexo knows no lead of the person."""


def appointment(**changes: Any) -> Appointment:
    found = Appointment("cappointment", "Ref TB-STORED22.", START, START, ("clead",), "cproperty", None, None)
    return replace(found, **changes)
