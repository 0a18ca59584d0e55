from bridge.inbound.signatures import Signature
from bridge.mapping import BOOK, CANCEL, IGNORE, REQUEST, RESCHEDULE, Mapping, TourKind, When, fields, path
from bridge.mapping.own_body import KINDS

STATE = "(payload.event || payload).state"
RENTER = "attendees[?!is_organizer] | [0]"


def answer(words: str) -> str:
    """The answer to the first question of the link that reads like this."""
    return f"({RENTER}.fields[?match(label, '^({words})\\W*$')]) | [0].value"


class SavvyCal(Mapping):
    """SavvyCal

    Meetings booked at savvycal.com. The other product, SavvyCal Appointments (savvycal.app), signs in the same way,
    but what it sends of an appointment is not published: let an automation platform post those.
    https://developers.savvycal.com/api/schemas/event

    Set-up: add a webhook in Settings, Integrations; it gets all events, and its secret goes into `secrets`. A link
    is for one property: make the link's id an alias of it, or publish the link with `?metadata[property]=<alias>`
    (`unit`, `lead_source` and `lead_id` work in the same way). What waits for the host's approval or for payment is
    a request until then. Of a group session only the first guest is taken, and there is no event for a no-show.
    """

    category = "scheduler"

    # upper-case hex; hex is read in any case
    signature = Signature(header="X-SavvyCal-Signature", parse="sha256={signature}")
    event = path("type || data.type")
    delivery_id = path("id")
    root = "payload.event || payload"

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
        When(
            event="appointment.created",
            then=IGNORE(
                "what SavvyCal Appointments sends is not published; post it by an automation platform"
            ),
        ),
    ]

    occurred_at = fields.Instant(path="body().occurred_at")
    reference = fields.String(path="id", required=True)

    first_name = fields.Name(path=[f"({RENTER}).first_name", "scheduler.first_name"])
    last_name = fields.Name(path=[f"({RENTER}).last_name", "scheduler.last_name"])
    full_name = fields.PersonName(path=[f"({RENTER}).display_name", "scheduler.display_name"])
    email = fields.Email(path=[f"({RENTER}).email", "scheduler.email"])
    phone = fields.Phone(
        path=[f"({RENTER}).phone_number", "scheduler.phone_number", answer(".*phone.*|mobile.*")]
    )

    starts_at = fields.Instant(path="start_at")
    ends_at = fields.Instant(path="end_at")
    duration_minutes = fields.Duration(path="duration")
    kind = fields.Choice(
        path=["metadata.tour_type", answer("tour type|type of tour"), "conferencing.type"],
        table={
            **KINDS,
            "zoom*": TourKind.VIRTUAL,
            "google*": TourKind.VIRTUAL,
            "microsoft*": TourKind.VIRTUAL,
        },
    )

    property = fields.String(path=["metadata.property_id", "metadata.property", "link.id"])
    unit = fields.String(path=["metadata.unit_id", "metadata.unit"])
    agent = fields.String(path=["attendees[?is_organizer] | [0].email", "organizer.email"])
    lead_source = fields.String(path=["metadata.lead_source", "metadata.utm_source"])
    lead_id = fields.String(path="metadata.lead_id")
    title = fields.String(path="summary")
    notes = fields.Lines(
        path=[
            f"({RENTER}).fields[].[label, value]",
            "additional_info",
            "[['Why it moved', reschedule_reason]]",
        ]
    )
