"""The tables. State lives here and nowhere else; a job in the queue only names its event."""

from bridge.models.base import (
    SAYINGS_OPEN,
    TOUR_OPEN,
    UNFINISHED,
    Base,
    BookingState,
    Role,
    Status,
    changes_of,
)
from bridge.models.bookings import Alias, Booking, BookingReference, KnownContact, Term
from bridge.models.events import Attempt, Event, Lane
from bridge.models.figures import Alert, Gauge, PayloadField, Refusal, Tally
from bridge.models.forms import FormCount, SigningKey, TimeOffer, TourLink
from bridge.models.people import AuditEntry, Erasure, IdempotencyKey, SignIn, SignInFailure, Token, User
from bridge.models.propexo import Budget, Choices, Integration, Lead, Notice, Sweep
from bridge.models.slots import SlotCalendar, SlotClaim, SlotSource

__all__ = [
    "SAYINGS_OPEN",
    "TOUR_OPEN",
    "UNFINISHED",
    "Alert",
    "Alias",
    "Attempt",
    "AuditEntry",
    "Base",
    "Booking",
    "BookingReference",
    "BookingState",
    "Budget",
    "Choices",
    "Erasure",
    "Event",
    "FormCount",
    "Gauge",
    "IdempotencyKey",
    "Integration",
    "KnownContact",
    "Lane",
    "Lead",
    "Notice",
    "PayloadField",
    "Refusal",
    "Role",
    "SignIn",
    "SignInFailure",
    "SigningKey",
    "SlotCalendar",
    "SlotClaim",
    "SlotSource",
    "Status",
    "Sweep",
    "Tally",
    "Term",
    "TimeOffer",
    "Token",
    "TourLink",
    "User",
    "changes_of",
]
