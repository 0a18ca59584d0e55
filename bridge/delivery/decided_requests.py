"""Closes a parked unconfirmed request once another event has decided it."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, func, or_, update

from bridge.delivery.rules.outcomes import Reason
from bridge.delivery.rules.state import Snapshot
from bridge.delivery.storage.record_rows import Draft
from bridge.models import Event, Status

DECIDED_BY_OTHERS = (Reason.REQUESTED.value, Reason.NEEDS_TIME.value)
"""What a request is parked for that another event of its booking can decide."""


_END = (
    update(Event)
    .where(
        Event.booking_id == bindparam("this_booking"),
        Event.id != bindparam("this_event"),
        Event.status == Status.PARKED,
        or_(
            *(Event.reason == reason for reason in DECIDED_BY_OTHERS)
        ),  # `in_` takes one set of parameters only
        func.coalesce(Event.occurred_at, Event.received_at) <= bindparam("moment"),
    )
    .values(
        status=Status.IGNORED,
        reason=Reason.SUPERSEDED,
        detail=bindparam("new_detail"),
        ended_at=bindparam("now"),
    )
)


def has_decided(before: Snapshot, after: Snapshot) -> bool:
    """Whether the event has decided that the tour of a booking takes place, or does not."""
    if after.booking is None or after.booking.decided_at is None:
        return False
    loaded = {row.id: row for row in (*before.bookings, before.booking) if row}
    known = loaded.get(after.booking.id)
    decided = (after.booking.decided_at, after.booking.decided_rank)
    return known is not None and (known.decided_at, known.decided_rank) != decided


def end_decided_requests(connection: Connection, drafts: Sequence[Draft], now: datetime) -> None:
    """End the parked requests of bookings that recorded events have decided, unless they are newer than that."""
    decided = [
        {
            "this_booking": booking.id,
            "this_event": draft.after.event.id,
            "moment": booking.decided_at,
            "new_detail": f"Event {draft.after.event.id} has decided it.",
            "now": now,
        }
        for draft in drafts
        if (booking := draft.after.booking) is not None and has_decided(draft.result.before, draft.after)
    ]
    if decided:
        connection.execute(_END, decided)
