from bridge.inbound.handshakes import ChallengeByGet
from bridge.inbound.signatures import Signature
from bridge.mapping import IGNORE, When, constant, fields, first, path
from bridge.mapping.canonical import BOOKING_IDS, CanonicalPayload

VALUE = "entry[0].changes[0].value"
BUTTON = "messages[0].[interactive.button_reply.id, interactive.list_reply.id, button.payload][?@] | [0]"
# What Meta's builder of Flows calls `screen_0_tour_date_1` is `tour_date`; its choice `0_Maple_Court` is Maple Court.
ANSWERS = "messages[0].interactive.nfm_reply.response_json"
FLOW = f"rename(flow_choices(json({ANSWERS})), '^screen_[0-9]+_(.+)_[0-9]+$', '\\1')"
BOOKED = "(tour_start || tour_date && tour_time) && 'tour.booked'"


class WhatsApp(CanonicalPayload):
    """WhatsApp Cloud API

    Answers of a WhatsApp Flow and buttons, straight from Meta.
    https://developers.facebook.com/docs/whatsapp/cloud-api/webhooks/payload-examples

        {"entry": [{"changes": [{"value": {"messages": [{"from": "15125550142",
         "interactive": {"nfm_reply": {"response_json": {"flow_token": "TB-55120", "tour_date": "2026-09-18",
         "tour_time": "14:30", "first_name": "Jordan", "last_name": "Avery", "email": "jordan.avery@example.com",
         "property_id": "prop_maple_court"}}}}]}}]}]}

    Set-up: in the app, register https://<your host>/hooks/<source> with a verify token (`verify_tokens` of the source)
    and subscribe to messages. The secret of the source is the app secret; it signs for all numbers of the app, so list
    their phone number ids under `tenants`.
    A Flow books with the fields `tour_date` and `tour_time` (as the clock at the property shows it) or `tour_start`;
    also read are `first_name`, `last_name`, `email`, `property_id`, `unit_id`, `tour_type`, `booking_id`, and `action`
    (reschedule, cancel). Send each Flow with a `flow_token` of its own: it is the booking's id. A button with the id
    `TOUR_CANCEL:<that id>` cancels, and one whose id is the bridge's own body as JSON does what that says.
    Without any id a phone number has one tour.
    No reply: Meta documents none in the answer to a webhook. A message to the renter is a call of the messages API with
    your token, so let the bot answer; it can ask `GET /availability/<source>` for free times. A WhatsApp number at
    Twilio is answered in the same call (mapping `twilio`).
    """

    # The raw body with the app secret; the older sha1 header is not looked at.
    signature = Signature(header="X-Hub-Signature-256", parse="sha256={signature}")
    handshake = ChallengeByGet(
        token="hub.verify_token",  # noqa: S106 - the name of a parameter
        challenge="hub.challenge",
        mode=("hub.mode", "subscribe"),
    )
    category = "chat"
    tenant = path(f"{VALUE}.metadata.phone_number_id")

    split = "entry[].changes[].value.messages"
    event = first(
        path(f"{VALUE} | {FLOW} | flat(@) | event || action || {BOOKED} || `null`"),
        path(f"{VALUE} | {BUTTON} | json(@) | flat(@) | event || action"),
        path(f"{VALUE} | {BUTTON} | match(@, '^(tour[^:{{]*)')"),
        path(f"{VALUE} | statuses && 'status'"),
        constant("message"),
    )
    delivery_id = path(f"{VALUE}.messages[0].id")
    root = f"""{VALUE} | flat(merge(
        {{
            button: {BUTTON},
            sent_at: messages[0].timestamp,
            contact: {{
                phone: messages[0].from && join('', ['+', messages[0].from]),
                name: find(contacts, 'wa_id', messages[0].from).profile.name
            }}
        }},
        {FLOW} || json({BUTTON}) || `{{}}`
    ))"""

    actions = [
        When(event="tour.confirm", then=IGNORE("the renter confirms a tour that is known")),
        *CanonicalPayload.actions,
        When(event="status", then=IGNORE("it says only that a message was sent, delivered or read")),
        When(event="message", then=IGNORE("no answer of a Flow with a tour in it, and no button for one")),
    ]

    occurred_at = fields.Instant(path="sent_at")
    reference = fields.String(
        # A Flow that is sent without a token has the token `unused`.
        path=[
            *BOOKING_IDS,
            "match(flow_token, '^(?!unused$).+')",
            "match(button, '^tour[^:]*:(.+)')",
            "contact_phone",
        ],
        required=True,
    )
    property = fields.String(path=["property_id", "property"])
