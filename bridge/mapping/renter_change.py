"""What a renter asks for with the link of a tour: an event of the booking's own source in the bridge's words."""

from bridge.mapping import fields
from bridge.mapping.actions import CANCEL, RESCHEDULE, When
from bridge.mapping.base import Mapping
from bridge.mapping.paths import path

MARK = "bridge-renter-change"
"""The stored header by which such an event is known. It is on no allow-list, so no request can bring it."""
MOVED, CANCELLED = "tour.rescheduled", "tour.cancelled"


class RenterChange(Mapping):
    """The renter's link

    `{"event": "tour.rescheduled", "id": "...", "at": "...", "booking_id": "...", "starts_at": "..."}`
    """

    event = path("event")
    delivery_id = path("id")
    actions = (When(event=MOVED, then=RESCHEDULE), When(event=CANCELLED, then=CANCEL))

    occurred_at = fields.Instant(path="at")
    reference = fields.String(path="booking_id", required=True)
    starts_at = fields.Instant(path="starts_at")
    duration_minutes = fields.Duration(path="duration_minutes")
