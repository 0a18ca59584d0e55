from bridge.inbound.signatures import FirstOf, SharedSecret, Signature
from bridge.mapping import BOOK, IGNORE, REMEMBER, When, fields, first, flat, path
from bridge.mapping.canonical import BOOKING_IDS, CanonicalPayload

SUBMITTED = "content_attributes.submitted_values"
# An update of something else repeats the attributes.
STATUS = (
    "[@][?match(event, '^conversation_(created|updated)$')"
    " && (!changed_attributes || changed_attributes[?custom_attributes])] | [0] | flat(custom_attributes).tour_status"
)


def tour(payload):
    """The answers of the form, the attributes of the conversation and its contact, as one flat object."""
    is_contact = payload["event"].startswith("contact_")
    conversation = payload.get("conversation") or ({} if is_contact else payload)
    contact = payload if is_contact else (conversation.get("meta") or {}).get("sender") or {}
    answers = (payload.get("content_attributes") or {}).get("submitted_values") or []
    known = {
        "contact_id": contact.get("id"),
        "conversation_id": conversation.get("id"),
        "name": contact.get("name"),
        "email": contact.get("email"),
        "phone": contact.get("phone_number"),
        **(contact.get("custom_attributes") or {}),
        **(conversation.get("custom_attributes") or {}),
    }
    return flat({**known, **{answer["name"]: answer["value"] for answer in answers if answer["value"]}})


class Chatwoot(CanonicalPayload):
    """Chatwoot

    Forms in the chat that ask for a tour, and attributes of the conversation that your bot or your agents set.
    https://www.chatwoot.com/hc/user-guide/articles/1677693021-how-to-use-webhooks

        {"event": "message_updated", "id": 88, "content_type": "form", "account": {"id": 1, "name": "Oakwood"},
         "content_attributes": {"submitted_values": [{"name": "tour_start", "value": "2031-03-04 10:30"}]},
         "conversation": {"id": 207, "custom_attributes": {},
          "meta": {"sender": {"id": 4, "name": "Maya Okafor", "email": "maya@example.com",
           "phone_number": "+15125550142"}}}}

    Set-up: in Settings, Integrations, Webhooks subscribe to message_created, message_updated, conversation_created and
    conversation_updated; the secret of the webhook is the secret of the source. An older Chatwoot does not sign: put a
    secret into the address, `?token=<secret>`. Let the bot send a form whose fields are named `tour_start` (as the
    clock at the property shows it), or `tour_date` and `tour_time`; also read are `name`, `email`, `phone`,
    `tour_type`, `property`, `unit`. Or set the conversation's custom attributes `tour_status` (booked, rescheduled,
    cancelled) and `tour_start`. A conversation has one tour, unless `tour_booking_id` says otherwise: another form
    moves it. What is written in the chat is not read.
    Inferred: bodies and signature, from public handlers.
    """

    signature = FirstOf(
        Signature(
            header="X-Chatwoot-Signature",
            parse="sha256={signature}",
            signs="{t}.{body}",
            timestamp_header="X-Chatwoot-Timestamp",
            tolerance=300,
        ),
        SharedSecret("query", "path"),
    )
    category = "chat"
    maturity = "inferred"
    tenant = path("account.id")

    event = first(path(STATUS), path("event"))
    delivery_id = None  # Chatwoot gives none
    root = tour

    actions = [
        When(
            event=("message_created", "message_updated"),
            where=f"{SUBMITTED}[?match(name, '^tour_(?:start|date)$') && value] | [0]",
            then=BOOK,
        ),
        When(event=("message_created", "message_updated"), then=IGNORE("no form with a tour in it")),
        *CanonicalPayload.actions,
        When(
            event=("conversation_created", "conversation_updated"), then=IGNORE("it has no new `tour_status`")
        ),
        When(event=("contact_created", "contact_updated"), where="email || phone_number", then=REMEMBER),
        When(where="event", then=IGNORE("it changes no tour")),
    ]

    reference = fields.String(path=[*BOOKING_IDS, "conversation_id"], required=True)
    contact_id = fields.String(path="contact_id")
