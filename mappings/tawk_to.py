from bridge.inbound.signatures import Signature
from bridge.mapping import IGNORE, REQUEST, Mapping, When, asked, fields, header, path
from bridge.mapping.kinds import KINDS


def answered(payload):
    """The lines `label: answer` of the form, by what was asked."""
    text = (payload.get("ticket") or payload.get("message") or {}).get(
        "message" if "ticket" in payload else "text"
    ) or ""
    lines = [line.partition(":") for line in text.splitlines()]
    return {**asked([{"label": label, "value": value.strip()} for label, _, value in lines]), "text": text}


def dated(payload):
    """The day of the tour, where the form asks for one."""
    found = answered(payload)
    return found.get("tour_start") or found.get("tour_date")


def tour(payload):
    """The request with what was answered."""
    return {
        **payload,
        "asked": answered(payload),
        "person": payload.get("requester") or payload.get("visitor"),
    }


class TawkTo(Mapping):
    """tawk.to

    Tickets and chats whose form asks for a tour; tawk.to sends the answers as lines of text.
    https://developer.tawk.to/webhooks/

        {"event": "chat:start", "chatId": "8f2d5c10-91c4-11f1-b0aa-3d5e7f901122",
         "message": {
          "text": "Name : Jordan Avery\\r\\nEmail : jordan.avery@example.com\\r\\nTour date : 2026-09-18 14:30"},
         "property": {"name": "Maple Court site"}}

    Set-up: give the ticket form and the pre-chat form the fields `Tour date` (2026-12-03 10:30, month before day) and
    `Phone`; also read are `Tour time`, `Tour type`, `Property` and `Unit`. Add a webhook for new tickets and the start
    of chats; its secret, shown once, is the secret of the source. Among the `aliases` of the property put the name of
    the tawk.to site. A form is a wish: it is booked as it comes, unless the source says `on_request = "hold"`.
    There are no moves and no cancels, and what is agreed in the chat is not read: a link to a scheduler in the chat
    does better. Inferred: how the lines of a form look.
    """

    # HMAC-SHA1, bare hex.
    signature = Signature(header="X-Tawk-Signature", algorithm="hmac-sha1")
    category = "chat"
    maturity = "inferred"

    event = path("event")
    delivery_id = header("X-Hook-Event-Id")
    root = tour

    actions = [
        When(event=("ticket:create", "chat:start"), where=dated, then=REQUEST),
        When(event=("ticket:create", "chat:start"), then=IGNORE("it has no line `Tour date: ...`")),
        When(
            event=("chat:end", "chat:transcript_created"), then=IGNORE("what is said in a chat is not read")
        ),
    ]
    on_request = "book"

    occurred_at = fields.Instant(path="time")
    reference = fields.String(path=["ticket.id", "chatId"], required=True)
    first_name = fields.Name(path="asked.first_name")
    last_name = fields.Name(path="asked.last_name")
    full_name = fields.PersonName(path=["asked.name", "person.name"])
    email = fields.Email(path=["asked.email", "person.email"])
    phone = fields.Phone(path="asked.phone")
    starts_at_local = fields.LocalTime(
        path="asked.tour_start", date="asked.tour_date", time="asked.tour_time"
    )
    kind = fields.Choice(path="asked.tour_type", table=KINDS)
    property = fields.String(path=["asked.property", "property.name", "property.id"])
    unit = fields.String(path="asked.unit")
    title = fields.String(path="ticket.subject")
    notes = fields.Lines(path=r"""replace(asked.text, `"\r"`, '')""")
