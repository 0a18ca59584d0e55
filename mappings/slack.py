from bridge.inbound.handshakes import ChallengeByPost
from bridge.inbound.signatures import Signature
from bridge.mapping import (
    ASK_TIMES,
    BOOK,
    CANCEL,
    IGNORE,
    NO_SHOW,
    RESCHEDULE,
    Mapping,
    Reply,
    When,
    fields,
    first,
    path,
)
from bridge.mapping.kinds import KINDS

INTERACTION = (
    "json(payload) | type == 'view_submission' && view.callback_id"
    " || type == 'block_actions' && actions[0].action_id || type"
)
SUBMITTED = "json(payload).type == 'view_submission'"
TYPED = "not_null(value, selected_option.value)"
CHOSEN = "not_null(value, selected_option.value, selected_user)"


def answer(*words: str, of: str = CHOSEN) -> list[str]:
    """The value of a form under one of these ids, of a block or of its element, or in its metadata."""
    asked = [f"view.state.values | not_null({word}.* | [0], *.{word} | [0]) | {of}" for word in words]
    return [*asked, *(f"json(view.private_metadata).{word}" for word in words)]


COMMANDED = r"match(text, '^(?:move|reschedule) +\S+ +(.+)$')"
WRITTEN = "moment(event.text)"
TIMES = [*answer("start", of=TYPED), COMMANDED, WRITTEN]


class Slack(Mapping):
    """Slack

    What your Slack app receives: a form (modal), a button, a slash command, a bot's message.
    https://docs.slack.dev/reference/interaction-payloads

        {"payload": {"type": "view_submission", "view": {"id": "V0BRIDGE01", "callback_id": "tour_book",
         "private_metadata": {"property_id": "prop_maple_court"},
         "state": {"values": {"name": {"value": {"value": "Jordan Avery"}},
         "email": {"value": {"value": "jordan.avery@example.com"}}, "phone": {"value": {"value": "+15125550142"}},
         "start": {"value": {"selected_date_time": 1789759800}}}}}}}

    Set-up: the Request URL of Interactivity, of the command and of Event Subscriptions is
    https://<your host>/hooks/<source>; the secret is the app's Signing Secret, `tenants` the workspace's id (T...).
    Form: `callback_id` tour_book, tour_reschedule or tour_cancel; ids of its blocks: name, email, phone, start
    (or date and time), tour_type, property, unit, agent, notes, booking_id. What it does not ask can stand as JSON in
    `private_metadata`. A form without a booking id books under its `view.id`.
    Button: `action_id` tour_cancel or tour_no_show, `value` the booking id. Command, under any name: `/tour move
    <booking id> 2031-03-04 10:30`, `/tour cancel <booking id>` or `/tour times <property>`. Message of a bot: `New
    tour: <name>, <e-mail>, 2031-03-04 10:30`. Times are the property's; a time in other words is not guessed. A
    form gets an empty answer, a command is answered. Slack repeats a message that did not arrive, and nothing else.
    """

    signature = Signature(
        header="X-Slack-Signature",
        parse="v0={signature}",
        signs="v0:{t}:{body}",
        timestamp_header="X-Slack-Request-Timestamp",
        tolerance=300,
    )
    handshake = ChallengeByPost(where="type == 'url_verification'", challenge="challenge")
    category = "chat"
    tenant = path("team_id || json(payload).team.id || json(payload).user.team_id")
    forgets = ("token", "response_url")
    reply = Reply(path("command && {response_type: 'ephemeral', text: '{text}'} || ''"), silent="")

    event = first(path(INTERACTION), path("command || event.type || type"))
    delivery_id = path("event_id || json(payload).trigger_id || trigger_id")
    root = "json(payload) || @"

    actions = [
        When(event="tour_book", where=SUBMITTED, then=BOOK),
        When(event="tour_reschedule", where=SUBMITTED, then=RESCHEDULE),
        When(event=("tour_book", "tour_reschedule"), then=IGNORE("a button that opens a form")),
        When(event="tour_cancel", then=CANCEL),
        When(event="tour_no_show", then=NO_SHOW),
        When(where="command && match(text, '^(move|reschedule) ')", then=RESCHEDULE),
        When(where="command && match(text, '^cancel ')", then=CANCEL),
        When(where="command && match(text, '^times\\b')", then=ASK_TIMES),
        When(where="command", then=IGNORE("a command without `move` or `cancel`")),
        When(event="message", where="event.bot_id && match(event.text, '^New tour:')", then=BOOK),
        When(event="message", then=IGNORE("no bot's message of a new tour")),
        When(event="url_verification", then=IGNORE("answered at once")),
    ]

    occurred_at = fields.Instant(path=["event_time", "part(actions[0].action_ts, '.', `0`)"])
    reference = fields.String(
        path=[
            *answer("booking_id"),
            "json(actions[0].value).booking_id",
            "actions[0].value",
            r"match(text, '^(?:move|reschedule|cancel) +(\S+)')",
            "event.ts",
            "match(view.callback_id, 'book$') && view.id",
        ],
        required=True,
    )

    first_name = fields.Name(path=answer("first_name"))
    last_name = fields.Name(path=answer("last_name"))
    full_name = fields.PersonName(path=[*answer("name"), "match(event.text, '^New tour: *([^,]+),')"])
    email = fields.Email(path=[*answer("email"), r"match(event.text, '[^\s,<>|:]+@[^\s,<>|]+')"])
    phone = fields.Phone(path=[*answer("phone"), "match(event.text, '[+][0-9][0-9 ().-]{8,}[0-9]')"])

    starts_at = fields.Instant(path=[*answer("start", of="selected_date_time"), *TIMES])
    starts_at_local = fields.LocalTime(
        path=TIMES,
        date=answer("date", of="not_null(selected_date, value)")[0],
        time=answer("time", of="not_null(selected_time, value)")[0],
    )
    duration_minutes = fields.Duration(path=answer("duration_minutes"))
    kind = fields.Choice(path=answer("tour_type"), table=KINDS)

    day = path("match(text, '([0-9]{4}-[0-9]{2}-[0-9]{2})')")
    property = fields.String(
        path=[*answer("property", "property_id"), "command && match(text, '^times +([^0-9]*[^0-9 ])')"]
    )
    unit = fields.String(path=answer("unit", "unit_id"))
    agent = fields.String(path=answer("agent"))
    lead_source = fields.String(path=answer("lead_source"))
    lead_id = fields.String(path=answer("lead_id"))
    notes = fields.Lines(path=answer("notes"))
