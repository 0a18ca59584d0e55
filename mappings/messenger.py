from bridge.inbound.handshakes import ChallengeByGet
from bridge.inbound.signatures import Signature
from bridge.mapping import IGNORE, REMEMBER, When, constant, fields, first, path
from bridge.mapping.canonical import BOOKING_IDS, CanonicalPayload

MESSAGING = "entry[0].messaging[0]"
BUTTON = "[postback, message.quick_reply][].payload | [0]"
TEXT = f"{MESSAGING} | !(message.is_echo) && message.text || `null`"
EMAIL = r"^ *([^\s@]+@[^\s@]+[.][^\s@]+) *$"
PHONE = "^ *([+]?(?:[(]?[0-9][ ).-]*){10,14})$"


class Messenger(CanonicalPayload):
    """Facebook Messenger

    Buttons and quick replies of a bot on a Facebook page.
    https://developers.facebook.com/docs/messenger-platform/reference/webhook-events

        {"entry": [{"messaging": [{"sender": {"id": "6655443322110099"},
         "postback": {"payload": {"action": "tour.book", "booking_id": "TB-55120",
         "start": "2026-09-18T14:30:00-05:00", "property_id": "prop_maple_court"}}}]}]}

    Set-up: in the app, register https://<your host>/hooks/<source> with a verify token (`verify_tokens` of the source)
    and subscribe the page to messages and messaging_postbacks. The secret of the source is the app secret; it signs for
    all pages of the app, so list their ids under `tenants`.
    A tour is a button or quick reply whose payload is the bridge's own body as JSON: `{"event": "tour.book",
    "booking_id": "TB-1", "start": "2026-12-03T10:30:00-06:00", "property": "oakwood"}`; `TOUR_CANCEL:TB-1` cancels it.
    Messenger tells neither name nor e-mail: put `name`, `email` or `lead_id` into the payload, or let the bot ask for
    the e-mail address or phone number; a message that is nothing else is kept for the tours of its sender.
    No reply: Meta documents none in the answer to a webhook. A message to the renter is a call of the Send API with the
    token of the page, so let the bot answer; it can ask `GET /availability/<source>` for free times.
    """

    # The raw body with the app secret; the older sha1 header is not looked at.
    signature = Signature(header="X-Hub-Signature-256", parse="sha256={signature}")
    handshake = ChallengeByGet(
        token="hub.verify_token",  # noqa: S106 - the name of a parameter
        challenge="hub.challenge",
        mode=("hub.mode", "subscribe"),
    )
    category = "chat"
    tenant = path("entry[0].id")

    split = "entry[].messaging"
    event = first(
        path(f"{MESSAGING} | {BUTTON} | json(@) | flat(@) | event || action"),
        path(f"{MESSAGING} | {BUTTON} | match(@, '^(tour[^:{{]*)')"),
        constant("message"),
    )
    delivery_id = path(f"{MESSAGING} | message.mid || postback.mid")
    root = f"""{MESSAGING} | flat(merge(
        {{button: {BUTTON}, sent_at: timestamp, contact: {{id: sender.id, said: message.text}}}},
        json({BUTTON}) || `{{}}`
    ))"""

    actions = [
        When(event="tour.confirm", then=IGNORE("the renter confirms a tour that is known")),
        *CanonicalPayload.actions,
        When(where=f"{TEXT} | match(@, '{EMAIL}') || match(@, '{PHONE}')", then=REMEMBER),
        When(event="message", then=IGNORE("neither a button nor an e-mail address or a phone number")),
    ]

    occurred_at = fields.Instant(path="sent_at")
    reference = fields.String(
        path=[*BOOKING_IDS, "match(button, '^tour[^:]*:(.+)')", "contact_id"], required=True
    )
    contact_id = fields.String(path="contact_id")
    email = fields.Email(path=["email", f"match(contact_said, '{EMAIL}')"])
    phone = fields.Phone(path=["phone", f"match(contact_said, '{PHONE}')"])
