from bridge.inbound.signatures import Signature
from bridge.mapping import IGNORE, REQUEST, Mapping, When, fields, header, path
from bridge.mapping.kinds import KINDS

# Labels as people word them: `Tour date`, `Preferred date of your visit`; `Tour time`, but not the best time to call.
TOUR = r"\b(?:tour|visit|showing|viewing)\b"
DATE = rf"[^:\n]*(?:{TOUR}[^:\n]*\bdate|\bdate\b[^:\n]*{TOUR}|preferred date)\b[^:\n]*"
TIME = r"(?![^:\n]*\b(?:date|call)\b)[^:\n]*\btime\b[^:\n]*"
DATED = f"match(ticket.message || message.text, '^{DATE}: *(.+)')"


def line(label: str) -> str:
    """What stands behind `label:` in a line of the form."""
    return f"match(text, '^(?:{label}) *: *(.+)')"


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
    root = "merge(@, {text: ticket.message || message.text, person: requester || visitor})"

    actions = [
        When(event=("ticket:create", "chat:start"), where=DATED, then=REQUEST),
        When(event=("ticket:create", "chat:start"), then=IGNORE("it has no line `Tour date: ...`")),
        When(
            event=("chat:end", "chat:transcript_created"), then=IGNORE("what is said in a chat is not read")
        ),
    ]
    on_request = "book"

    occurred_at = fields.Instant(path="time")
    reference = fields.String(path=["ticket.id", "chatId"], required=True)
    full_name = fields.PersonName(path=[line("(?:your |full )*name"), "person.name"])
    email = fields.Email(path=[line("(?:your )?e-?mail(?: address)?"), "person.email"])
    phone = fields.Phone(path=line(r"[^:\n]*\b(?:phone|mobile|cell)\b[^:\n]*"))
    starts_at_local = fields.LocalTime(date=line(DATE), time=line(TIME))
    kind = fields.Choice(path=line("(?:type of tour|tour type)"), table=KINDS)
    property = fields.String(path=[line("property|community"), "property.name", "property.id"])
    unit = fields.String(path=line("unit|apartment"))
    title = fields.String(path="ticket.subject")
    notes = fields.Lines(path=r"""replace(text, `"\r"`, '')""")
