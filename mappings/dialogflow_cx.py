from bridge.inbound.signatures import SharedSecret
from bridge.mapping import (
    ASK_TIMES,
    BOOK,
    CANCEL,
    CHOOSE_TIME,
    REQUEST,
    RESCHEDULE,
    Reply,
    When,
    fields,
    path,
)
from bridge.mapping.canonical import BOOKING_IDS, STARTS, CanonicalPayload

TIMES = [
    f"{word}{part}"
    for word in ("tour_time", "tour_start", "tour_date_time", "date_time", "start", "time")
    for part in ("", "_date_time", "_start_date_time")
]
DATES = [*TIMES, "tour_date", "date"]
UNITS = {"year": DATES, "month": DATES, "day": DATES, "hours": TIMES, "minutes": TIMES}


def spoken(parameters):
    """The numbers of @sys.date-time, or of a @sys.date and a @sys.time, which `flat` puts side by side."""
    keys = {unit: [f"{name}_{unit}" for name in names] for unit, names in UNITS.items()}
    return {unit: next(parameters[key] for key in keys[unit] if key in parameters) for unit in UNITS}


class DialogflowCx(CanonicalPayload):
    """Dialogflow CX (Conversational Agents)

    The standard webhook of a flow, which waits for the answer. Its body is read from the session's parameters.
    https://cloud.google.com/dialogflow/cx/docs/concept/webhook

        {"sessionInfo": {"parameters": {"name": {"name": "Jordan Avery"}, "email": "jordan.avery@example.com",
         "phone": "+15125550142", "tour_time": {"year": 2026.0, "month": 9.0, "day": 18.0, "hours": 14.0,
         "minutes": 30.0}, "property_id": "prop_maple_court", "booking_id": "TB-55120"}},
         "fulfillmentInfo": {"tag": "tour.book"}}

    Set-up: add a standard webhook to https://<your host>/hooks/<source> with a request header (X-Bridge-Key) that
    holds the secret, or with user and password; the ID token that Google can send is not looked at. Call it with the
    tag `tour.book`, `tour.reschedule` or `tour.cancel` (`tour.request` for a request that has to be confirmed) once
    all is collected; with `tour.times` to offer free times (`tour_times`), and with `tour.choose_time` and the number
    that was chosen in `choice`. Parameters: `name`, `email`, `phone`, `tour_time` (@sys.date-time; or `tour_date` and
    `tour_time`), `tour_type`, `property_id`, `booking_id`; without the last a session has one booking. A time without
    offset is the property's. Other tags get an empty answer. Nothing is sent twice: after a timeout (5 s, unless you
    set more) the bot continues even though the tour may have been received. The answer says what was understood.
    """

    # User and password of the webhook, or a fixed request header.
    signature = SharedSecret("basic", "bearer", "header")
    category = "chat"
    has_other_events = True

    event = path("fulfillmentInfo.tag || intentInfo.displayName")
    # One turn can call the webhook several times.
    delivery_id = path(
        "detectIntentResponseId && join('|', [detectIntentResponseId, fulfillmentInfo.tag || ''])"
    )
    root = "flat(sessionInfo.parameters)"
    language = path("languageCode")

    actions = [
        When(event="tour.book", then=BOOK),
        When(event="tour.request", then=REQUEST),
        When(event="tour.reschedule", then=RESCHEDULE),
        When(event="tour.cancel", then=CANCEL),
        When(event="tour.times", then=ASK_TIMES),
        When(event="tour.choose_time", then=CHOOSE_TIME),
    ]

    reference = fields.String(
        path=[*BOOKING_IDS, "part(body().sessionInfo.session, '/', `-1`)"], required=True
    )
    full_name = fields.PersonName(path=["name", "name_name", "person_name", "person", "name_original"])
    starts_at_local = fields.LocalTime(
        path=[*STARTS, spoken], date="tour_date || date", time="tour_time || time"
    )

    reply = Reply(
        {
            "fulfillmentResponse": {
                "messages": [{"text": {"text": ["{text}"]}}],
                "mergeBehavior": "APPEND",
            },
            "sessionInfo": {
                "parameters": {
                    "tour_request_id": "{id}",
                    "tour_request_state": "received",
                    "tour_reply": "{situation}",
                    "tour_times": "{times}",
                }
            },
        },
        text="Thank you, we have received that.",
        silent={},
    )
