from bridge.inbound.signatures import FirstOf, SharedSecret, Signature
from bridge.mapping import IGNORE, REMEMBER, When, fields, first, path
from bridge.mapping.canonical import BOOKING_IDS, CanonicalPayload

STATUS = "flat(data.data).tour_status"


class Crisp(CanonicalPayload):
    """Crisp

    The custom data of a Crisp session, written by your site or your bot.
    https://docs.crisp.chat/references/web-hooks/v1/

        {"data": {"session_id": "session_0b1e9a55-71f2-4c38-8a0d-1b9d3f6e2c77", "data": {"tourStatus": "Confirmed",
         "tour_date": "11/12/2026", "tour_time": "2:30 PM", "property": "Maple Court", "email": "Noor@example.com",
         "name": "Noor"}}}

    Set-up: Crisp has no tours of its own. Set the session data in one call: `tour_status` (booked, rescheduled,
    cancelled), `tour_start` with offset, `tour_booking_id`, `tour_type`, `property_id`, and `name`, `email`, `phone` if
    you have them. A hook of a plugin of yours is signed with the plugin's secret; a web hook of the dashboard is not,
    so put the secret into its address: https://<your host>/hooks/<source>?token=<secret>. Subscribe to
    session:set_data, session:set_email, session:set_phone and session:set_nickname: they tell whose session it is.
    Without `tour_booking_id` a session has one booking; take ids that no one can guess, because a visitor's browser can
    set session data too. What is written in the chat is not read.
    """

    # Plugin hooks are signed; whether a retry is signed again is not known, so its age does not count.
    signature = FirstOf(
        Signature(
            header="X-Crisp-Signature",
            signs="[{t};{body}]",
            timestamp_header="X-Crisp-Request-Timestamp",
            timestamp="ms",
            tolerance=None,
        ),
        SharedSecret("query", "path"),
    )
    category = "chat"
    tenant = path("website_id")

    event = first(path(STATUS), path("event"))
    delivery_id = None  # Crisp gives none, and a session may be written twice in a millisecond
    root = """flat(merge(
        data.{contact_id: session_id, name: nickname, email: email, phone: phone},
        data.data || `{}`
    ))"""

    actions = [
        *CanonicalPayload.actions,
        When(event=("session:set_email", "session:set_phone", "session:set_nickname"), then=REMEMBER),
        When(event="session:set_data", then=IGNORE("the data that was set has no `tour_status`")),
        When(
            event=("message:send", "message:received"), then=IGNORE("what is written in a chat is not read")
        ),
    ]

    reference = fields.String(path=[*BOOKING_IDS, "contact_id"], required=True)
    contact_id = fields.String(path="contact_id")
