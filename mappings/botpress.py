from bridge.inbound.signatures import SharedSecret
from bridge.mapping import Reply, fields
from bridge.mapping.canonical import BOOKING_IDS, CanonicalPayload


class Botpress(CanonicalPayload):
    """Botpress

    The bridge's own body, from the code or an HTTP action of a bot, or as JSON text in `data`, as the Zapier
    integration sends what a bot emits.
    https://github.com/botpress/botpress/tree/master/integrations/zapier

        {"event": "tour.booked", "conversationId": "conv_01K5BRIDGEDEMO", "name": "Jordan Avery",
         "email": "jordan.avery@example.com", "phone": "+15125550142", "tourStart": "2026-09-18T14:30:00-05:00",
         "propertyId": "prop_maple_court"}

    Set-up: POST to https://<your host>/hooks/<source> with a header `X-Bridge-Key` that holds the secret of the
    source.
    Body: `event` (tour.booked, tour.rescheduled, tour.cancelled), `name`, `email`, `phone`, `tourStart` with
    offset, `property`, and `bookingId`. Without one the booking has the `correlationId` or the `conversationId`, so
    that a conversation has one booking at a time. The answer has a `message` that says what was understood; the
    event `tour.times` gets free times (`times`), `tour.choose_time` takes one by its `choice`. Repeating a failed
    call is up to the code of the bot.
    """

    # Not signed; the flow's author adds a header.
    signature = SharedSecret("header", "bearer", "basic", "query")
    category = "chat"

    reference = fields.String(
        path=[*BOOKING_IDS, "correlation_id", "body().correlationId", "conversation_id", "user_id", "id"],
        required=True,
    )

    reply = Reply(
        {"id": "{id}", "status": "received", "message": "{text}", "reply": "{situation}", "times": "{times}"},
        text="Thank you, we have received that.",
        silent={"id": "{id}", "status": "ignored", "message": ""},
    )
