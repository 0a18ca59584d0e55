"""A mapping of the tests, and its payloads."""

from datetime import UTC, datetime
from typing import Any

from bridge.mapping import (
    BOOK,
    CANCEL,
    IGNORE,
    RESCHEDULE,
    BookingRequest,
    Mapping,
    When,
    fields,
    first,
    header,
    path,
    paths,
)
from bridge.mapping.paths import DecodedRequest

START = datetime(2026, 12, 3, 16, 30, tzinfo=UTC)
TOUR: dict[str, Any] = {
    "event": "booked",
    "id": "B-1",
    "name": "Maya Okafor",
    "email": "maya@example.com",
    "phone": "512-555-0142",
    "start": "2026-12-03T10:30:00-06:00",
}


class Widget(Mapping):
    """The widget of the tests

    With two lines.
    """

    event = path("event")
    delivery_id = first(header("X-Id"), paths("event", "id"))
    actions = [  # noqa: RUF012 - as in a mapping file
        When(event="moved", where="silent", then=IGNORE("nobody was told")),
        When(event=("moved", "changed"), then=RESCHEDULE),
        When(event="cancelled", then=CANCEL),
        When(event="booked", where="contains(tags, 'cancel')", then=CANCEL),
        When(event="booked", then=BOOK),
        When(where="cancelled", then=CANCEL),
    ]

    occurred_at = fields.Instant(path="at")
    reference = fields.String(path=["id", "old_id"], required=True)
    previous_reference = fields.String(path="previous")
    first_name = fields.Name(path="first")
    last_name = fields.Name(path="last")
    full_name = fields.PersonName(path="name")
    email = fields.Email(path="email")
    phone = fields.Phone(path=["phone", "mobile"])
    starts_at = fields.Instant(path="start")
    starts_at_local = fields.LocalTime(date="date", time="time")
    ends_at = fields.Instant(path="end")
    duration_minutes = fields.Integer(path="minutes")
    property = fields.String(path="property")
    lead_id = fields.String(path="lead")
    notes = fields.Lines(path="notes")


class Form(Widget):
    public = True


def received(payload: Any, **headers: str) -> DecodedRequest:
    return DecodedRequest(payload, headers)


def translate(mapping: type[Mapping] = Widget, **changes: Any) -> Any:
    return mapping().translate(received({**TOUR, **changes}))


def booked(**changes: Any) -> BookingRequest:
    booking: BookingRequest = translate(**changes).booking
    return booking


def reported(mapping: type[Mapping] = Widget, **changes: Any) -> list[str]:
    return [str(error) for error in translate(mapping, **changes).errors]
