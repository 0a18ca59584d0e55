from bridge.inbound.signatures import Token
from bridge.mapping import BOOK, CANCEL, IGNORE, Mapping, When, answers, fields, path
from bridge.mapping.kinds import KINDS

# The answer is under the key that is equal to the type of the field.
answer = answers("fields", label="name", value="text || email || select[0].name")
# What somebody chose has a name, which may be an id, and a label.
TIME = (
    "find(fields, 'name', 'tour_time') | text || match(select[0].name, '^[0-9]+:[0-9]+.*') || select[0].label"
)
# A name in the form is not mixed with that of the user.
TYPED = answer("^(full_)?name$")


class Sunshine(Mapping):
    """Sunshine Conversations (Zendesk messaging)

    Forms and buttons of a bot in Zendesk messaging.
    https://developer.zendesk.com/api-reference/conversations/

        {"events": [{"type": "conversation:message", "payload": {"conversation": {"id": "2f3a4b5c6d7e8f9011223344"},
         "message": {"author": {"displayName": "Jordan Avery"}, "content": {"fields": [{"name": "email",
         "email": "jordan.avery@example.com"}, {"name": "phone", "text": "(512) 555-0142"}, {"name": "tour_date",
         "text": "09/18/2026"}, {"name": "tour_time", "select": [{"label": "2:30 PM"}]}, {"name": "property_id",
         "select": [{"name": "prop_maple_court"}]}]}}}}]}

    Set-up: create a webhook for conversation:message and conversation:postback with "include full user"; its secret is
    the secret of the source. Give the bot a form with fields named `tour_start` (2026-12-03 10:30; with an offset if it
    is not the time at the property) or `tour_date` and `tour_time`; also read are `full_name`, `email`, `phone`,
    `tour_type`, `property_id`, `unit_id`, `notes`, and `property_id` and `lead_id` in the metadata of the user.
    A conversation has one tour, unless its metadata has a `tour_booking_id`: another form moves it, and a button with
    the payload `TOUR_CANCEL` or `TOUR_CANCEL:<booking id>` cancels it. Other messages are not read.
    """

    # The webhook's secret, as it is.
    signature = Token(header="X-API-Key")
    category = "chat"
    tenant = path("app.id")

    split = "events"
    event = path("events[0].type")
    delivery_id = path("events[0].id")
    root = """events[0].{
        at: createdAt,
        fields: payload.message.content.fields,
        user: payload.user || payload.message.author.user,
        author: payload.message.author,
        button: payload.postback.payload,
        conversation: payload.conversation
    }"""

    actions = [
        When(
            event="conversation:message",
            where="events[0].payload.message.content.fields[?match(name, '^tour_(start|date)$')] | "
            "[?text || select] | [0]",
            then=BOOK,
        ),
        When(event="conversation:message", then=IGNORE("no form with a tour in it")),
        When(
            event="conversation:postback",
            where="match(events[0].payload.postback.payload, '^tour.cancel')",
            then=CANCEL,
        ),
        When(event="conversation:postback", then=IGNORE("the button does not cancel a tour")),
    ]

    occurred_at = fields.Instant(path="at")
    reference = fields.String(
        path=["match(button, '^tour[^:]*:(.+)')", "conversation.metadata.tour_booking_id", "conversation.id"],
        required=True,
    )
    contact_id = fields.String(path=["user.id", "author.userId"])
    first_name = fields.Name(path=[answer("^first_name$"), f"[@][?!({TYPED})].user.profile.givenName | [0]"])
    last_name = fields.Name(path=[answer("^last_name$"), f"[@][?!({TYPED})].user.profile.surname | [0]"])
    full_name = fields.PersonName(path=[TYPED, "author.displayName"])
    email = fields.Email(path=[answer("^email$"), "user.profile.email"])
    phone = fields.Phone(path=answer("^phone$"))
    starts_at = fields.Instant(path=answer("^tour_start$"))
    starts_at_local = fields.LocalTime(
        path=answer("^tour_start$"),
        date=answer("^tour_date$"),
        time=TIME,
    )
    kind = fields.Choice(path=answer("^tour_type$"), table=KINDS)
    property = fields.String(path=[answer("^property(_id)?$"), "user.metadata.property_id"])
    unit = fields.String(path=[answer("^unit(_id)?$"), "user.metadata.unit_id"])
    lead_id = fields.String(path="user.metadata.lead_id")
    notes = fields.Lines(path=answer("^notes$"))
