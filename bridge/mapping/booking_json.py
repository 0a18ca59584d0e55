"""A booking in JSON: as `bridge translate` prints it, and as the fields of a stored booking are kept."""

from datetime import UTC, datetime
from typing import Any

from bridge.mapping.booking import Action, AppointmentStatus, BookingRequest, Contact, Priority, TourKind


def booking_to_json(booking: BookingRequest) -> dict[str, Any]:
    """The booking as `bridge translate` prints it: instants in UTC, absent is null.

    What few senders have (`contact_id`, `requested`, `status`, `priority`) is there only if it says something.
    """
    contact = {name: getattr(booking.contact, name) for name in ("first_name", "last_name", "email", "phone")}
    document = {name: getattr(booking, name) for name in BookingRequest.__dataclass_fields__}
    for name in ("contact_id", "requested", "status", "priority"):
        if not document[name]:
            del document[name]
    for name in ("occurred_at", "starts_at", "starts_at_local"):
        document[name] = _iso(document[name])
    return {**document, "contact": contact}


def booking_from_json(document: dict[str, Any]) -> BookingRequest:
    """The inverse of `booking_to_json`, for the flat form in which the fields of a booking are stored."""
    start = document.get("start") or {}
    contact = Contact(*(document.get(name) for name in ("first_name", "last_name", "email", "phone")))
    names = (
        "contact_id",
        "duration_minutes",
        "property",
        "unit",
        "agent",
        "lead_source",
        "lead_id",
        "title",
        "notes",
    )
    kind, status, priority = (document.get(name) for name in ("kind", "status", "priority"))
    texts: dict[str, Any] = {name: document.get(name) for name in names}
    return BookingRequest(
        action=Action(document["action"]),
        reference=document["reference"],
        contact=contact,
        starts_at=_moment(start.get("starts_at")),
        starts_at_local=_moment(start.get("starts_at_local")),
        kind=TourKind(kind) if kind else None,
        status=AppointmentStatus(status) if status else None,
        priority=Priority(priority) if priority else None,
        **texts,
    )


def _iso(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z") if moment.tzinfo else moment.isoformat()


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
