from bridge.inbound.signatures import Token
from bridge.mapping import BOOK, CANCEL, IGNORE, Mapping, When, asked, fields, is_clock, is_dated, path, topic
from bridge.mapping.kinds import KINDS


def answer(field):
    """The text of an answer. A chosen option has a name, which may be an id, and a label."""
    chosen = (field.get("select") or [{}])[0]
    is_time = {topic(field.get("name") or ""), topic(field.get("label") or "")} & {"tour_time", "tour_start"}
    by_label = is_time and not (is_clock(chosen.get("name")) or is_dated(chosen.get("name")))
    return field.get("text") or field.get("email") or chosen.get("label" if by_label else "name")


def answered(payload):
    """The answers of the form, by what was asked."""
    message = payload["events"][0]["payload"].get("message") or {}
    listed = message.get("content", {}).get("fields") or []
    return asked([{**field, "value": answer(field)} for field in listed])


def dated(payload):
    """The day of the tour, where the form asks for one."""
    found = answered(payload)
    return found.get("tour_start") or found.get("tour_date")


def tour(payload):
    """The parts of the event, with what was answered."""
    event = payload["events"][0]
    inner = event["payload"]
    author = (inner.get("message") or {}).get("author") or {}
    return {
        "at": event.get("createdAt"),
        "asked": answered(payload),
        "user": inner.get("user") or author.get("user"),
        "author": author,
        "button": (inner.get("postback") or {}).get("payload"),
        "conversation": inner.get("conversation"),
    }


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
    root = tour

    actions = [
        When(
            event="conversation:message",
            where=dated,
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
    # A name in the form is not mixed with that of the user.
    first_name = fields.Name(path=["asked.first_name", "[@][?!(asked.name)].user.profile.givenName | [0]"])
    last_name = fields.Name(path=["asked.last_name", "[@][?!(asked.name)].user.profile.surname | [0]"])
    full_name = fields.PersonName(path=["asked.name", "author.displayName"])
    email = fields.Email(path=["asked.email", "user.profile.email"])
    phone = fields.Phone(path="asked.phone")
    starts_at = fields.Instant(path="asked.tour_start")
    starts_at_local = fields.LocalTime(
        path="asked.tour_start", date="asked.tour_date", time="asked.tour_time"
    )
    kind = fields.Choice(path="asked.tour_type", table=KINDS)
    property = fields.String(path=["asked.property", "user.metadata.property_id"])
    unit = fields.String(path=["asked.unit", "user.metadata.unit_id"])
    lead_id = fields.String(path="user.metadata.lead_id")
    notes = fields.Lines(path=["asked.message", "asked.others"])
