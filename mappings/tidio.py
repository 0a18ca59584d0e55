from bridge.inbound.signatures import FirstOf, SharedSecret, Signature
from bridge.mapping import IGNORE, REMEMBER, When, fields, first, path
from bridge.mapping.canonical import BOOKING_IDS, CanonicalPayload


class Tidio(CanonicalPayload):
    """Tidio

    The `API call` step of a Tidio Flow, and the webhooks that tell who a contact is.
    https://developers.tidio.com/docs/webhooks-structure

        {"event": "tour.booked", "email": "jordan.avery@example.com", "name": "Jordan Avery", "phone": "+15125550142",
         "tour_date": "2026-09-18", "tour_time": "2:30 PM", "property_id": "prop_maple_court",
         "contact_id": "3d6c7a10-5f0b-4b6e-9f0a-2c1d8e7b4a90"}

    Set-up: let the Flow post to https://<your host>/hooks/<source> with a header `Authorization` = Bearer and a secret
    of the source. Body: JSON with `event` (tour.booked, tour.rescheduled, tour.cancelled), `contact_id`, `name`,
    `email`, `phone`, `tour_date` and `tour_time` (as the clock at the property shows it), `tour_type`, `property_id`.
    A contact has one tour, unless the body gives a `booking_id`. Tidio waits about 4 seconds for the answer.
    If a Flow sends the contact's id alone, add a webhook for contact.created as well; its signature needs the OpenAPI
    client secret as a further secret of the source. Webhooks carry no tours. Inferred: what contact.created holds.
    """

    # Two `s=` during a rotation, either fits. The API call of a Flow is not signed and can send headers.
    signature = FirstOf(
        Signature(header="X-Tidio-Signature", parse="t={t},s={signature}", signs="{body}_{t}", tolerance=300),
        SharedSecret("bearer", "header"),
    )
    category = "chat"
    maturity = "inferred"

    event = first(path("topic"), CanonicalPayload.event)
    # It is not known whether `webhook_id` names the delivery or the subscription.
    delivery_id = first(
        path("join('|', [topic, webhook_id, created_at, content.message.message_id || content.contact_id])"),
        CanonicalPayload.delivery_id,
    )
    root = f"flat(topic && content || {CanonicalPayload.root})"

    actions = [
        *CanonicalPayload.actions,
        When(event="contact.created", where="content.[email, phone, first_name][?@] | [0]", then=REMEMBER),
        When(event="contact.created", then=IGNORE("nothing is known of the contact but its id")),
        When(
            where="match(topic, '^(conversation|ticket)[.]')",
            then=IGNORE("what is written in a chat is not read; let the Flow call the bridge"),
        ),
    ]

    occurred_at = fields.Instant(path=["body().created_at", "timestamp", "occurred_at"])
    reference = fields.String(path=[*BOOKING_IDS, "id", "contact_id"], required=True)
    contact_id = fields.String(path="contact_id")
