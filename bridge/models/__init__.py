"""The tables: the only place where state is kept."""

from bridge.models.base import (
    UNENCRYPTED_FIELDS,
    UNENCRYPTED_TOUR_FIELDS,
    UNFINISHED,
    Base,
    BookingState,
    Role,
    Status,
)
from bridge.models.bookings import Alias, Booking, BookingReference, EarlierCode, KnownContact, SearchToken
from bridge.models.events import Attempt, Event, Lane
from bridge.models.figures import Alert, Gauge, HourlyCount, PayloadField, RejectionCount
from bridge.models.forms import FormCount, SigningKey, TimeOffer, TourLink
from bridge.models.people import (
    ApiToken,
    AuditEntry,
    CalendarFeed,
    Erasure,
    IdempotencyKey,
    SignIn,
    SignInFailure,
    User,
)
from bridge.models.propexo import (
    Budget,
    IntegrationState,
    Lead,
    ProcessedWebhook,
    RecordCache,
    WriteLogCursor,
)
from bridge.models.slots import SlotCalendar, SlotClaim, SlotSource
from bridge.models.sources import StoredSource

__all__ = [
    "UNENCRYPTED_FIELDS",
    "UNENCRYPTED_TOUR_FIELDS",
    "UNFINISHED",
    "Alert",
    "Alias",
    "ApiToken",
    "Attempt",
    "AuditEntry",
    "Base",
    "Booking",
    "BookingReference",
    "BookingState",
    "Budget",
    "CalendarFeed",
    "EarlierCode",
    "Erasure",
    "Event",
    "FormCount",
    "Gauge",
    "HourlyCount",
    "IdempotencyKey",
    "IntegrationState",
    "KnownContact",
    "Lane",
    "Lead",
    "PayloadField",
    "ProcessedWebhook",
    "RecordCache",
    "RejectionCount",
    "Role",
    "SearchToken",
    "SignIn",
    "SignInFailure",
    "SigningKey",
    "SlotCalendar",
    "SlotClaim",
    "SlotSource",
    "Status",
    "StoredSource",
    "TimeOffer",
    "TourLink",
    "User",
    "WriteLogCursor",
]
