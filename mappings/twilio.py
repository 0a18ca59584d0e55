from bridge.inbound.signatures import FirstOf, SharedSecret, Signature
from bridge.mapping import (
    ASK_TIMES,
    BOOK,
    CHOOSE_TIME,
    IGNORE,
    Reply,
    When,
    fields,
    first,
    header,
    path,
    paths,
)
from bridge.mapping.canonical import BOOKING_IDS, CanonicalPayload

WORDS = r"(?:my |the |a )?(?:tour|visit|showing)\b"
ASKS = f"^ *(?:(?:book|schedule|move|reschedule) +)?{WORDS}.*[0-9].*"
"""A text that asks for a tour, or for another time of one."""
ASKS_TIMES = "^ *(?:(?:tour|available|free) +)?(?:times|availability|horarios|horaires|termine)\\b"
CHOICE = "^ *([1-9])[.)]?(?: *$|[ ,]+[^@]*[^ ,@]+@[^ ,@]+ *$)"
"""A number alone, or before a name and an e-mail address."""


class Twilio(CanonicalPayload):
    """Twilio

    Text messages and WhatsApp buttons to a Twilio number, and the HTTP requests of a Studio flow.
    https://www.twilio.com/docs/messaging/guides/webhook-request

        {"Body": "TOUR 2026-09-18 14:30 Jordan Avery jordan.avery@example.com ", "From": "+15125550142"}

    Set-up: let the number call https://<your host>/hooks/<source> by POST, best with `?community=<property>`; else put
    the number among the `aliases` of its property. The secret of the source is the account's primary auth token.
    Texts that are understood: `TOUR 2026-12-03 10:30 Maya Okafor maya@example.com` (the time at the property),
    `MOVE TOUR 2026-12-04 11:00`, `CANCEL TOUR`: a phone number has one tour at each community. The button
    `TOUR_CANCEL:<booking id>` cancels. `TIMES` (or `TIMES 2026-12-03`) is answered with free times; `2`, best with
    name and e-mail, books the second of them. Other texts are answered only if the source has `reply_text` or
    `reply_language`.
    Better is a Studio flow that asks, and then posts the bridge's own body (mappings/README.md) as JSON or parameters,
    with a header `X-Bridge-Key` and a secret of its own; never put the auth token there. In Conversations, let the bot
    set `tour_start` and `property_id` in the attributes of its message, and `tour_status` to move or cancel the tour.
    Inferred: the parameters of Conversations, and whether Studio signs.
    """

    # Forms: the address and the sorted fields. JSON: the address, whose bodySHA256 is the hash of the body. The default
    # port may be part of the signed address or not.
    signature = FirstOf(
        Signature(
            header="X-Twilio-Signature",
            signs=("{url:portless}{form}", "{url:port}{form}"),
            algorithm="hmac-sha1",
            encoding="base64",
            body_digest="bodySHA256",
        ),
        SharedSecret("header", "bearer", "basic", "query"),
    )
    category = "chat"
    maturity = "inferred"
    tenant = path("AccountSid")

    event = first(
        path("match(ButtonPayload, '^(tour[^:]*)')"),
        path("json(Attributes).tour_status"),
        path(f"match(Body, '{ASKS_TIMES}') && 'ask times'"),
        path(f"match(Body, '{CHOICE}') && 'choose time'"),
        path(f"match(Body, '^ *cancel +{WORDS}') && 'cancel tour'"),
        path(f"match(Body, '^ *(?:move|reschedule) +{WORDS}.*[0-9]') && 'move tour'"),
        path(f"match(Body, '^ *(?:(?:book|schedule) +)?{WORDS}.*[0-9]') && 'tour'"),
        path("EventType || MessageStatus || SmsStatus"),
        CanonicalPayload.event,
    )
    delivery_id = first(
        header("I-Twilio-Idempotency-Token"),
        paths("MessageSid", "EventType || MessageStatus"),
        CanonicalPayload.delivery_id,
    )
    root = "flat(merge(@, json(Attributes) || `{}`))"

    actions = [
        When(event="tour.confirm", then=IGNORE("the renter confirms a tour that is known")),
        When(event="ask times", then=ASK_TIMES),
        When(event="choose time", then=CHOOSE_TIME),
        *CanonicalPayload.actions,
        When(event="tour", then=BOOK),
        When(event="onMessageAdded", where="json(Attributes).tour_start", then=BOOK),
        When(event="onMessageAdded", then=IGNORE("the message has no attribute `tour_start`")),
        When(event="received", then=IGNORE("the text neither books, moves nor cancels a tour")),
        When(where="MessageStatus", then=IGNORE("it says only what became of a message of yours")),
    ]

    day = path("match(body, '([0-9]{4}-[0-9]{2}-[0-9]{2})') || tour_date")
    choice = path(f"match(body, '{CHOICE}') || choice")

    occurred_at = fields.Instant(path=["date_created", "timestamp", "occurred_at"])
    reference = fields.String(
        path=[
            *BOOKING_IDS,
            "match(button_payload, '^tour[^:]*:(.+)')",
            "conversation_sid",
            "join('|', [from || phone, query('community') || to || property_id])",
            "from || phone",
        ],
        required=True,
    )
    full_name = fields.PersonName(
        path=[
            "name",
            "full_name",
            "match(body, '^ *[1-9][.)]?[ ,]+([^0-9@]*[^0-9@ ,])[ ,]+[^ ,]+@')",
            "match(after_moment(body), '^([^0-9@]*[^0-9@ ,])(?:[ ,]+[^ ,]+@|[ ,]*$)')",
            "profile_name",
        ]
    )
    email = fields.Email(path=["email", "match(author, '^[^ ]+@[^ ]+$')", "match(body, '[^ ,]+@[^ ,]+')"])
    phone = fields.Phone(path=["phone", "from", "match(author, '^(?:whatsapp:)?[+][0-9]+$')"])
    starts_at_local = fields.LocalTime(
        path=["tour_start", "tour_start_local", f"moment(body) || match(body, '{ASKS}')"],
        date="tour_date",
        time="tour_time",
    )
    property = fields.String(
        path=["property_id", "property", "community", "query('community')", "replace(to, 'whatsapp:', '')"]
    )

    reply = Reply(
        '<?xml version="1.0" encoding="UTF-8"?><Response><Message>{text}</Message></Response>',
        content_type="text/xml",
        silent='<?xml version="1.0" encoding="UTF-8"?><Response></Response>',
    )
