from bridge.inbound.signatures import FirstOf, SharedSecret, Signature, Token
from bridge.mapping import IGNORE, Reply, When, fields, first, path, tool_rules
from bridge.mapping.canonical import BOOKING_IDS, CanonicalPayload

CALL = "message.toolCallList[0]"
TOOL = f"{CALL}.[function.name, name][?@] | [0]"
ARGUMENTS = f"json({CALL}.[function.arguments, arguments][?@] | [0])"
RESULTS = "message.toolCallList && {{results: message.toolCallList[].{{toolCallId: id, result: '{}'}}}}"


class Vapi(CanonicalPayload):
    """Vapi

    Tools that a voice agent of Vapi calls; the answer of the same call goes back to the agent.
    https://docs.vapi.ai/tools/custom-tools

        {"message": {"type": "tool-calls", "timestamp": 1922896800000,
          "toolCallList": [{"id": "call_1", "function": {"name": "book_tour", "arguments": {"name": "Maya Okafor",
            "email": "maya@example.com", "tour_start": "2031-03-04T10:30:00-06:00", "property": "Oakwood Flats"}}}],
          "call": {"id": "0190-77", "customer": {"number": "+15125550142"}}}}

    Set-up: give the agent tools `book_tour`, `reschedule_tour` and `cancel_tour` (or other names, verb and thing)
    with the server URL https://<your host>/hooks/<source>. Parameters: `name`, `email`, `phone`, `tour_start` (ISO
    8601; one without offset is the property's), `tour_type`, `property`, `booking_id`. Authorize with a bearer token,
    with the server secret (X-Vapi-Secret), or with HMAC: SHA-256 in hex over the body, in the header X-Vapi-Signature.
    Without `booking_id` a call has one tour, and another call cannot move or cancel it. Without `phone` the number
    of the caller counts. The agent reads what was understood. A tool `get_available_times` gets free times,
    `choose_time` takes one by its number (`choice`).
    Inferred: the header of the signature, which you choose at Vapi, and where the number of the caller is.
    """

    signature = FirstOf(
        Signature(header="X-Vapi-Signature"), Token(header="X-Vapi-Secret"), SharedSecret("bearer", "header")
    )
    category = "chat"
    maturity = "inferred"

    split = "message.toolCallList"
    event = first(path(TOOL), path("message.type"), CanonicalPayload.event)
    delivery_id = first(path(f"{CALL}.id"), CanonicalPayload.delivery_id)
    # Of the words for a phone number `tel` comes last: what the renter says counts more.
    root = f"""flat(message && merge(
        {{tel: message.[customer, call.customer][?number] | [0].number, call_id: message.call.id}},
        {{timestamp: message.timestamp}}, {ARGUMENTS} || `{{}}`
    )) || {CanonicalPayload.root}"""

    actions = [
        *tool_rules(TOOL),
        When(where="message.type && message.type != 'tool-calls'", then=IGNORE("no tool was called")),
        *CanonicalPayload.actions,
    ]

    reference = fields.String(path=[*BOOKING_IDS, "call_id", "id"], required=True)

    reply = Reply(
        path(RESULTS.format("{text}")),
        text="Thank you, we have received that.",
        silent=path(RESULTS.format("This tool does nothing here.")),
    )
