from bridge.inbound.signatures import Token
from bridge.mapping import BOOK, CANCEL, IGNORE, REMEMBER, Mapping, When, fields, path
from bridge.mapping.kinds import KINDS

FORM = "[event, chat.thread.events][] | [?type == 'filled_form'] | [-1].fields"
# The answer is a text, or the label of a choice.
ASKED = (
    f"asked({FORM}[].{{label: label, type: type, value: not_null(answer.label, answer, answers[].label)}})"
)
CUSTOMER = "chat.users[?type == 'customer'] | [0]"


def session(key: str) -> str:
    """A session field of the customer, which stand in a list of objects with one key."""
    return f"customer.session_fields[].{key} | [0]"


class LiveChat(Mapping):
    """LiveChat (text.com)

    Forms in the chat that ask for a tour, tags and buttons.
    https://platform.text.com/docs/management/webhooks

        {"action": "incoming_chat", "payload": {"chat": {"id": "PJ0MRSHTDH", "users": [{"type": "customer",
         "session_fields": [{"property_id": "prop_maple_court"}]}], "thread": {"events": [{"type": "filled_form",
         "fields": [{"type": "name", "answer": "Jordan Avery"}, {"type": "email",
         "answer": "jordan.avery@example.com"}, {"label": "Phone", "answer": "(512) 555-0142"}, {"label": "Tour date",
         "answer": "09/18/2026"}, {"label": "Tour time", "answer": {"label": "2:30 PM"}}]}]}}}}

    Set-up: give the pre-chat form (or a form of a bot) the questions `Tour date` (2026-12-03 10:30, month before
    day; or the time in `Tour time`) and `Phone`; also read are `Tour type`, `Property`, `Unit`, and the session fields
    `property_id`, `unit_id`, `lead_id`. Register webhooks for incoming_chat, incoming_event, thread_tagged and
    incoming_rich_message_postback with one secret: the secret of the source. A chat has one tour: another form in it
    moves the tour, the tag `tour-cancelled` cancels it, and so does a button with the id TOUR_CANCEL.
    LiveChat tries again for a minute only; what it cannot deliver by then is lost.
    """

    # The webhook's secret comes back in the body.
    signature = Token(body="secret_key")
    category = "chat"
    tenant = path("organization_id || license_id")

    event = path("action")
    # A tag or a button has no id: pressed again after another form in the same thread, it is news.
    delivery_id = path(
        "join('|', [action, payload.chat_id || payload.chat.id, payload.event.id || payload.chat.thread.id])"
    )
    root = f"payload | merge(@, {{form: {FORM}, asked: {ASKED}, customer: {CUSTOMER}}})"

    actions = [
        When(
            event=("incoming_event", "incoming_chat"),
            where=f"payload | {ASKED} | tour_start || tour_date",
            then=BOOK,
        ),
        When(event="incoming_chat", where=f"payload | {CUSTOMER} | [email, name][?@] | [0]", then=REMEMBER),
        When(event=("incoming_event", "incoming_chat"), then=IGNORE("no form with a tour date in it")),
        When(event="thread_tagged", where="match(payload.tag, '^tour.cancell?ed$')", then=CANCEL),
        When(event="thread_tagged", then=IGNORE("the tag is not `tour-cancelled`")),
        When(
            event="incoming_rich_message_postback",
            where="match(payload.postback.id, '^tour.cancel')",
            then=CANCEL,
        ),
        When(event="incoming_rich_message_postback", then=IGNORE("the button does not cancel a tour")),
        When(event="chat_deactivated", then=IGNORE("the end of a chat changes no tour")),
    ]

    occurred_at = fields.Instant(path=["event.created_at", "chat.thread.created_at"])
    reference = fields.String(path=["chat_id", "chat.id"], required=True)
    contact_id = fields.String(path=["customer.id", "event.author_id", "user_id"])
    first_name = fields.Name(path="asked.first_name")
    last_name = fields.Name(path="asked.last_name")
    full_name = fields.PersonName(path=["form[?type == 'name'].answer | [0]", "asked.name", "customer.name"])
    email = fields.Email(path=["form[?type == 'email'].answer | [0]", "asked.email", "customer.email"])
    phone = fields.Phone(path=["asked.phone", session("phone")])
    starts_at_local = fields.LocalTime(
        path="asked.tour_start", date="asked.tour_date", time="asked.tour_time"
    )
    kind = fields.Choice(path="asked.tour_type", table=KINDS)
    property = fields.String(path=[session("property_id"), "asked.property"])
    unit = fields.String(path=[session("unit_id"), "asked.unit"])
    agent = fields.String(path="chat.users[?type == 'agent'] | [0].email")
    lead_id = fields.String(path=session("lead_id"))
    notes = fields.Lines(path="form[].[label, answer.label || answer || join(', ', answers[].label)]")
