from bridge.inbound.signatures import SharedSecret
from bridge.mapping import BOOK, CANCEL, RESCHEDULE, Mapping, When, fields, path
from bridge.mapping.kinds import KINDS


class Mcp(Mapping):
    """AI agents (MCP)

    The tools of `bridge mcp`, by which an assistant books, moves and cancels tours.
    https://modelcontextprotocol.io/specification/draft/server/tools

        {"event": "tour.booked", "booking_id": "a1b2c3d4e5f60718", "at": "2026-09-15T10:00:00-05:00",
         "first_name": "Jordan", "last_name": "Avery", "email": "jordan.avery@example.com",
         "start": "2026-09-18T14:30:00-05:00", "property": "prop_maple_court"}

    Set-up: `bridge mcp --source <source>` (deploy/mcp.md). The arguments of a tool are the fields of this mapping, and
    are stored as if the assistant had posted them to /hooks/<source>. The secret of the source is the bearer token of
    the assistant.
    """

    signature = SharedSecret("bearer", "header")
    category = "chat"

    event = path("event")
    actions = [
        When(event="tour.booked", then=BOOK),
        When(event="tour.rescheduled", then=RESCHEDULE),
        When(event="tour.cancelled", then=CANCEL),
    ]

    occurred_at = fields.Instant(path="at")
    reference = fields.String(path="booking_id", required=True)
    first_name = fields.Name(path="first_name")
    last_name = fields.Name(path="last_name")
    email = fields.Email(path="email")
    phone = fields.Phone(path="phone")
    starts_at = fields.Instant(path="start")
    kind = fields.Choice(path="kind", table=KINDS)
    property = fields.String(path="property")
    unit = fields.String(path="unit")
    notes = fields.Lines(path="notes")
