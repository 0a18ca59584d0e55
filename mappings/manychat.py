from bridge.inbound.signatures import SharedSecret
from bridge.mapping import Reply, fields, first, path
from bridge.mapping.canonical import BOOKING_IDS, DATE, STARTS, TIME, TOUR_ZONE, CanonicalPayload


class ManyChat(CanonicalPayload):
    """ManyChat

    A step of a flow that calls the bridge: `External Request` or `Dynamic Block`. ManyChat has no events of its own.
    https://manychat.github.io/dynamic_block_docs/

        {"name": "Jordan Avery", "custom_fields": {"email": "jordan.avery@example.com", "phone": "+15125550142",
         "tour_start": "2026-09-18T14:30:00-05:00", "tour_booking_id": "TB-55120", "property_id": "prop_maple_court"}}

    Set-up: POST to https://<your host>/hooks/<source> with a header `X-Bridge-Key` that holds the secret of the source.
    Body: JSON with `event` (tour.booked, tour.rescheduled, tour.cancelled), `booking_id` or `contact_id`, `first_name`,
    `last_name`, `email`, `phone`, `tour_start`, `property`; or Full Contact Data, whose custom fields are read by
    these names. Full Contact Data has no `event`: say it in the address, `?event=tour.cancelled`; without one it is a
    booking if it has a `tour_start`. A time without offset is the property's, never in the zone of the contact.
    A contact without a booking id has one booking at a time. ManyChat does not repeat a failed call.
    The answer says what was understood; `tour.times` asks for free times, `tour.choose_time` takes one by its `choice`.
    Inferred: that both steps can send headers.
    """

    # Not signed; the flow's author adds a header.
    signature = SharedSecret("header", "bearer", "basic", "query")
    category = "chat"
    maturity = "inferred"

    event = first(
        CanonicalPayload.event,
        path("flat(custom_fields) | event || (tour_start || tour_date) && 'tour.booked'"),
    )
    root = "flat(merge(@, custom_fields || `{}`))"

    reference = fields.String(path=[*BOOKING_IDS, "contact_id", "id"], required=True)
    # The `timezone` of a contact is not that of the tour.
    starts_at = fields.Instant(path=STARTS, zone=TOUR_ZONE)
    starts_at_local = fields.LocalTime(path=STARTS, date=DATE, time=TIME, zone=TOUR_ZONE)
    # A custom field of the same name may be empty.
    email = fields.Email(path=["email", "body().email"])
    phone = fields.Phone(path=["phone", "body().phone", "whatsapp_phone"])

    reply = Reply(
        {
            "version": "v2",
            "content": {"messages": [{"type": "text", "text": "{text}"}], "actions": [], "quick_replies": []},
            "tour": {"reply": "{situation}", "times": "{times}"},
        },
        text="Thank you, we have received that.",
        silent={"version": "v2", "content": {"messages": [], "actions": [], "quick_replies": []}},
    )
