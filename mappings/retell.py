from bridge.inbound.signatures import FirstOf, SharedSecret, Signature
from bridge.mapping import IGNORE, Reply, When, fields, first, path, tool_rules
from bridge.mapping.canonical import BOOKING_IDS, CanonicalPayload

TOOL = "args && name"
CALLER = "call.direction == 'outbound' && call.to_number || call.from_number"


class Retell(CanonicalPayload):
    """Retell AI

    Custom functions that a voice agent of Retell calls; the answer of the same call is read to the agent.
    https://docs.retellai.com/build/conversation-flow/custom-function

        {"name": "book_tour",
         "args": {"name": "Maya Okafor", "email": "maya@example.com", "tour_start": "2031-03-04T10:30:00-06:00",
          "property": "Oakwood Flats"},
         "call": {"call_id": "call_77", "agent_id": "agent_1", "direction": "inbound",
          "from_number": "+15125550142", "to_number": "+15125550100"}}

    Set-up: give the agent custom functions `book_tour`, `reschedule_tour` and `cancel_tour` (or other names, verb and
    thing), method POST, to https://<your host>/hooks/<source>. Parameters: `name`, `email`, `phone`, `tour_start` (ISO
    8601; one without offset is the property's), `tour_type`, `property`, `booking_id`. The secret of the source is the
    API key that has the webhook badge. With "Payload: args only" add the event to the address, `?event=tour.booked`.
    Without `booking_id` a call has one tour, and another call cannot move or cancel it. Without `phone` the number
    of the caller counts. The agent gets what was understood as `message`. A function `get_available_times` gets
    free times, `choose_time` takes one by its number (`choice`).
    Inferred: the fields of `call`. Webhooks of the agent (call_started, call_ended, call_analyzed) carry no tours.
    """

    # Its own library takes signatures of the last five minutes.
    signature = FirstOf(
        Signature(
            header="X-Retell-Signature",
            parse="v={t},d={signature}",
            signs="{body}{t}",
            timestamp="ms",
            tolerance=300,
        ),
        SharedSecret("bearer", "header"),
    )
    category = "chat"
    maturity = "inferred"

    event = first(path(TOOL), path("call && event"), CanonicalPayload.event)
    # Of the words for a phone number `tel` comes last: what the renter says counts more.
    root = f"args && flat(merge({{tel: {CALLER}, call_id: call.call_id}}, args)) || {CanonicalPayload.root}"

    actions = [
        *tool_rules(TOOL),
        When(
            where="call && event",
            then=IGNORE("a call is not read; let the agent call a function"),
        ),
        *CanonicalPayload.actions,
    ]

    reference = fields.String(path=[*BOOKING_IDS, "call_id", "id"], required=True)

    reply = Reply(
        {
            "status": "received",
            "request_id": "{id}",
            "message": "{text}",
            "reply": "{situation}",
            "times": "{times}",
        },
        text="Thank you, we have received that.",
        silent={"status": "ignored", "request_id": "{id}", "message": "This function does nothing here."},
    )
