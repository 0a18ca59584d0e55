"""Shadow mode: an event is decided as always, and what would have been written is recorded instead of sent.

No booking, lead or held time is stored, so that nothing of it reaches the PMS once the source is live. What a tour has
become in shadow is in the record of its last event, and the next event continues from there.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from bridge.delivery.rules.entities import BookingRow, EventRow, changed
from bridge.delivery.rules.in_flight import by_attribute
from bridge.delivery.rules.outcomes import Reason
from bridge.delivery.rules.plan import (
    APPOINTMENT_ID,
    Plan,
    follow,
    likeliest,
    planned_body,
    without_in_flight,
)
from bridge.delivery.rules.state import Enrich, Ignore, Park, Snapshot, StepDecision, Wait, Write
from bridge.settings import Settings

SHADOW_ID = -1
"""The id of a booking that exists only in the records of shadow events."""
ORDER = (Reason.EARLIER_EVENT, Reason.UNKNOWN_BOOKING, Reason.UNKNOWN_CONTACT)
"""Waits that end as other events come: they are kept, because a live event would be decided after them too."""
DONE = {
    "create_lead": "created the lead",
    "update_lead": "changed the lead",
    "create": "booked the tour",
    "update": "moved or changed the tour",
    "cancel": "cancelled the tour",
}

DecideStep = Callable[[Snapshot], StepDecision]


def is_shadow(settings: Settings, event: EventRow) -> bool:
    """Whether an event is decided and never sent: a replay counts as an event of its own moment."""
    source = settings.sources.get(event.source)
    return source is not None and source.is_shadow_at(event.replayed_at or event.received_at)


def decide_shadow(snapshot: Snapshot, decide: DecideStep) -> StepDecision:
    """The end of an event of a source in shadow mode, with the record of what would have been written.

    An event that would not reach its booking, or waits for another one, is decided as if it were live.
    """
    remarks: list[str] = []
    known = without_in_flight(with_shadow_booking(snapshot))
    plan = follow(decide, known, lambda so_far, call: likeliest(so_far, call, remarks))
    step, reached = plan.end, plan.concluded.booking is not None
    if isinstance(step, Enrich) or (isinstance(step, Ignore) and not reached):
        return StepDecision(step, plan.concluded)
    if isinstance(step, Wait) and not plan.writes and (step.reason in ORDER or not reached):
        return StepDecision(step, snapshot)
    return StepDecision(Ignore(Reason.SHADOW, sentence(plan)), _recorded(snapshot, plan, remarks))


def with_shadow_booking(snapshot: Snapshot) -> Snapshot:
    """The snapshot with the booking as the last shadow event left it, unless the stored one has changed since."""
    record = (snapshot.shadow or {}).get("booking")
    if not record:
        return snapshot
    row = booking_from(record)
    stored = next((booking for booking in snapshot.bookings if booking.id == row.id), None)
    is_stale = stored is None or stored.version != row.version
    if snapshot.bookings if row.id == SHADOW_ID else is_stale:
        return snapshot
    remaining = tuple(booking for booking in snapshot.bookings if booking.id != row.id)
    names = dict.fromkeys(snapshot.event.known_by, row.id or SHADOW_ID)
    return snapshot.having(bookings=(row, *remaining), links={**names, **snapshot.links})


def sentence(plan: Plan) -> str:
    """What would have been written, and how the event would have ended otherwise."""
    done = [DONE[write.kind] for write in plan.writes]
    parts = [f"Live, it would have {' and '.join(done)}."] if done else []
    match plan.end:
        case Park(detail=detail):
            parts.append(f"It would need an operator: {detail}")
        case Wait(detail=detail):
            parts.append(f"It would wait: {detail}")
        case Ignore(detail=detail) if not done:
            parts.append(f"Live, it would write nothing. {detail}")
    return " ".join(("Its source is in shadow mode.", *parts))


def _recorded(snapshot: Snapshot, plan: Plan, remarks: list[str]) -> Snapshot:
    concluded = plan.concluded
    end, start = plan.end, concluded.start
    record = {
        "writes": [{"kind": write.kind, "body": planned_body(write)} for write in plan.writes],
        "end": {
            "step": type(end).__name__.lower(),
            "reason": None if isinstance(end, Write) else getattr(end, "reason", None),
            "detail": getattr(end, "detail", None),
        },
        "remarks": remarks,
        "starts_at": start.isoformat() if start else None,
        "booking": booking_record(_booking_after(plan)),
    }
    event = concluded.event
    learned = snapshot.having(learned_contact=concluded.learned_contact, uses_contact=concluded.uses_contact)
    return learned.with_event(
        action=event.action, property_key=event.property_key, integration_id=None, would_write=record
    )


def _booking_after(plan: Plan) -> BookingRow | None:
    """The booking as it would be once the last write is confirmed."""
    booking, end = plan.concluded.booking, plan.end
    if booking is None or not isinstance(end, Write):
        return booking
    changes = {name: value for name, value in end.on_confirm.items() if name != "id_column"}
    row = changed(end.owner, **by_attribute(changes)) if isinstance(end.owner, BookingRow) else booking
    if end.kind == "create":
        # Its appointment needs no look-up: there is none.
        row = changed(row, appointment_id=APPOINTMENT_ID, appointment_verified=True)
    return row


def booking_record(row: BookingRow | None) -> dict[str, Any] | None:
    """A booking as the record of a shadow event has it."""
    if row is None:
        return None
    values = asdict(row) | {"id": SHADOW_ID if row.id is None else row.id}
    return {
        name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()
    }


def booking_from(record: Mapping[str, Any]) -> BookingRow:
    """The booking of such a record."""
    moments = {
        name: datetime.fromisoformat(record[name])
        for name in ("created_at", "decided_at")
        if record.get(name)
    }
    return BookingRow(**{**record, **moments})
