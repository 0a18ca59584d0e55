from bridge.inbound.signatures import SharedSecret
from bridge.mapping import Reply, fields
from bridge.mapping.canonical import BOOKING_IDS, CanonicalPayload


class Voiceflow(CanonicalPayload):
    """Voiceflow

    The API step of an agent, or the fetch of a custom function, with the bridge's own body.
    https://docs.voiceflow.com/docs/api-step

        {"event": "tour.booked", "session_id": "vf-5521", "name": "Jordan Avery", "email": "jordan.avery@example.com",
         "phone": "+15125550142", "tour_start": "2026-09-18T14:30:00-05:00", "property_id": "prop_maple_court"}

    Set-up: POST to https://<your host>/hooks/<source> with a header `Authorization` = Bearer and the secret of the
    source. Body: raw JSON with `event` (tour.booked, tour.rescheduled, tour.cancelled), `name`, `email`, `phone`,
    `tour_start`, `tour_type`, `property`, and `booking_id` or `session_id`: the same one in every step, because a
    cancel finds the booking by it. Ask the model for times as ISO 8601 with offset; one without is the property's.
    The answer can be captured: `status`, `request_id`, `message` (what was understood), `times` (for the events
    `tour.times` and `tour.choose_time` with a `choice`). Nothing is known of retries: a failed step is lost.
    """

    # Not signed; the flow's author adds a header.
    signature = SharedSecret("header", "bearer", "basic", "query")
    category = "chat"

    reference = fields.String(path=[*BOOKING_IDS, "session_id", "user_id", "id"], required=True)

    reply = Reply(
        {
            "status": "received",
            "request_id": "{id}",
            "message": "{text}",
            "reply": "{situation}",
            "times": "{times}",
        },
        text="Thank you, we have received that.",
        silent={"status": "ignored", "request_id": "{id}", "message": ""},
    )
