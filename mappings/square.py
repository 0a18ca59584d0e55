from bridge.inbound.signatures import Signature
from bridge.mapping import BOOK, CANCEL, NO_SHOW, REQUEST, RESCHEDULE, Api, Fetch, Mapping, When, fields, path

STATUS = "data.object.booking.status"
CUSTOMER = "body().found.customer"


class Square(Mapping):
    """Square Appointments

    Bookings of Square. The webhook names the customer by an id, so the bridge asks Square's API who that is.
    https://developer.squareup.com/docs/bookings-api/use-webhooks

        {"type": "booking.created", "data": {"object": {"booking": {"customer_id": "SSKBT02ECWZXK6W3VWYC78E52R",
         "id": "i2id2g3enyspi7", "location_id": "L9R0X9X5SGDBJ", "start_at": "2026-12-03T16:00:00Z"}}}}

    Set-up: in the Developer Console subscribe an application with seller-level permissions to `booking.created` and
    `booking.updated`. `secrets` is the subscription's signature key; its address is signed too, so register exactly
    `server.public_url` + `/hooks/<source>`. An `access_token` that may read customers goes into `[sources.<name>.api]`.
    The location's id is an alias of its property; the team member's id may stand in `agents`, and a customer's
    reference id may be that of the lead in Propexo. Square calls every change an update and gives no reason for a
    cancel: the status and the start decide. It does not say what kind of a tour it is.
    """

    category = "scheduler"

    # the address registered with Square is signed in front of the body
    signature = Signature(header="X-Square-HmacSha256-Signature", signs="{url}{body}", encoding="base64")
    event = path("type")
    delivery_id = path("event_id")
    root = "data.object.booking"

    api = Api(
        base_url="https://connect.squareup.com",
        credentials=("access_token",),
        headers={"Authorization": "Bearer {access_token}"},
        instead="let an automation platform look up the customer and post both (mappings `zapier`, `make`, `n8n`)",
    )
    details = [
        Fetch(
            path="/v2/customers/{id}",
            ids={"id": "data.object.booking.customer_id"},
            into="found",
            where="data.object.booking.customer_id",
            optional=True,
        )
    ]

    actions = [
        When(event="booking.updated", where=f"{STATUS} == 'NO_SHOW'", then=NO_SHOW),
        When(
            event=("booking.created", "booking.updated"),
            where=f"starts_with({STATUS}, 'CANCELLED') || {STATUS} == 'DECLINED'",
            then=CANCEL,
        ),
        When(event=("booking.created", "booking.updated"), where=f"{STATUS} == 'PENDING'", then=REQUEST),
        When(event="booking.created", then=BOOK),
        When(event="booking.updated", then=RESCHEDULE),
    ]

    # The version of a booking rises with `updated_at`; `created_at` of the event is when Square sent word of it.
    occurred_at = fields.Instant(path=["updated_at", "body().created_at"])
    reference = fields.String(path="id", required=True)

    first_name = fields.Name(path=f"{CUSTOMER}.given_name")
    last_name = fields.Name(path=f"{CUSTOMER}.family_name")
    email = fields.Email(path=f"{CUSTOMER}.email_address")
    phone = fields.Phone(path=f"{CUSTOMER}.phone_number")

    starts_at = fields.Instant(path="start_at")
    duration_minutes = fields.Duration(
        path="sum([appointment_segments[].duration_minutes, appointment_segments[:-1].intermission_minutes][])"
    )

    property = fields.String(path=["location_id", "body().location_id"])
    agent = fields.String(path="appointment_segments[0].team_member_id")
    lead_id = fields.String(path=f"{CUSTOMER}.reference_id")
    notes = fields.Lines(path=["customer_note", "seller_note"])
