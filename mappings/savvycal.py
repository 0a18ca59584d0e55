from bridge.inbound.signatures import Signature
from bridge.mapping import BOOK, CANCEL, IGNORE, REQUEST, RESCHEDULE, Mapping, TourKind, When, fields, path
from bridge.mapping.kinds import KINDS, named_kind

STATE = "(payload.event || payload).state"
# A host of a team beside the organizer is an attendee as well; `client` is the person of SavvyCal Appointments.
RENTER = (
    "[find(attendees, 'id', scheduler.id), attendees[], scheduler][] | [?@ && !is_organizer] | [0]"
    " || client_data || client || fields"
)
ASKED = f"asked(({RENTER}).fields[].{{label: label, value: value}})"
"""What the renter answered to the questions of the link, by what was asked."""


class SavvyCal(Mapping):
    """SavvyCal

    Meetings booked at savvycal.com, and appointments of the other product, SavvyCal Appointments (savvycal.app).
    https://developers.savvycal.com/api/schemas/event

        {"data": {"type": "appointment.created", "object": {"id": "appt_4b81d0c7e2aa",
         "client": {"email": "lena.fischer@example.com", "first_name": "Lena", "last_name": "Fischer",
         "phone": "+15125550123"}, "start_at": {"utc": "2031-03-04T16:30:00Z"},
         "location": {"id": "loc_77d1b2c3a4e5"}}}}

    Set-up: add a webhook in Settings, Integrations; it gets all events, and its secret goes into `secrets`. A link
    is for one property: make the link's id an alias of it, or publish the link with `?metadata[property]=<alias>`
    (`unit`, `lead_source` and `lead_id` work in the same way). What waits for the host's approval or for payment is
    a request until then. Each guest of a group session is a tour; there is no event for a no-show. Of
    Appointments the location's or the service's id is the alias; where those stand is inferred.
    """

    category = "scheduler"

    # upper-case hex; hex is read in any case
    signature = Signature(header="X-SavvyCal-Signature", parse="sha256={signature}")
    event = path("type || data.type")
    delivery_id = path("id")
    root = "payload.event || payload || data.object"

    actions = [
        When(event="event.canceled", then=CANCEL),
        When(event="event.declined", then=CANCEL),
        When(
            event=("event.created", "event.changed"),
            where=f"contains(['canceled', 'declined', 'checkout_expired'], {STATE})",
            then=CANCEL,
        ),
        When(event="event.requested", then=REQUEST),
        When(
            event=("event.created", "event.changed"),
            where=f"contains(['awaiting_approval', 'awaiting_checkout'], {STATE})",
            then=REQUEST,
        ),
        When(event=("event.created", "event.approved"), then=BOOK),
        When(event=("event.rescheduled", "event.changed"), then=RESCHEDULE),
        When(event="appointment.created", then=BOOK),
        When(event="appointment.rescheduled", then=RESCHEDULE),
        When(event=("appointment.canceled", "appointment.deleted"), then=CANCEL),
        When(event="appointment.confirmed", then=IGNORE("the renter said again that they will come")),
    ]

    occurred_at = fields.Instant(path=["body().occurred_at", "body().created_at"])
    # All guests of a group session have one event.
    reference = fields.String(
        path=[f"is_group_session && join('|', [id, ({RENTER}).id || ({RENTER}).email])", "id"], required=True
    )

    first_name = fields.Name(path=[f"({RENTER}).first_name", "client.first_name"])
    last_name = fields.Name(path=[f"({RENTER}).last_name", "client.last_name"])
    full_name = fields.PersonName(path=f"({RENTER}).display_name")
    email = fields.Email(path=[f"({RENTER}).email", "client.email"])
    phone = fields.Phone(
        path=[
            f"({RENTER}).phone_number",
            f"({RENTER}).phone",
            "client.phone",
            f"{ASKED}.phone",
        ]
    )

    starts_at = fields.Instant(path=["start_at.utc", "start_at.local", "start_at"])
    ends_at = fields.Instant(path=["end_at.utc", "end_at.local", "end_at"])
    duration_minutes = fields.Duration(path="duration")
    kind = fields.Choice(
        path=[
            "metadata.tour_type",
            f"{ASKED}.tour_type",
            named_kind("link.name || service.name"),
            "conferencing.type",
            "appointment_type",
        ],
        table={
            **KINDS,
            "zoom*": TourKind.VIRTUAL,
            "google*": TourKind.VIRTUAL,
            "microsoft*": TourKind.VIRTUAL,
        },
    )

    property = fields.String(
        path=[
            "metadata.property_id",
            "metadata.property",
            f"{ASKED}.property",
            "link.id",
            "location.id",
            "service.id",
        ]
    )
    unit = fields.String(path=["metadata.unit_id", "metadata.unit", f"{ASKED}.unit"])
    agent = fields.String(path=["attendees[?is_organizer] | [0].email", "organizer.email", "provider.email"])
    lead_source = fields.String(path=["metadata.lead_source", "metadata.utm_source"])
    lead_id = fields.String(path="metadata.lead_id")
    title = fields.String(path=["summary", "service.name"])
    notes = fields.Lines(
        path=[
            f"({RENTER}).fields[].[label, value]",
            "additional_info",
            "[['Why it moved', reschedule_reason]]",
        ]
    )
