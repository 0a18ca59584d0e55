from bridge.inbound.signatures import SharedSecret
from bridge.mapping import (
    ASK_TIMES,
    BOOK,
    CANCEL,
    CHOOSE_TIME,
    IGNORE,
    REQUEST,
    RESCHEDULE,
    Reply,
    When,
    fields,
    path,
)
from bridge.mapping.canonical import BOOKING_IDS, STARTS, CanonicalPayload

ACTIONS = ("tour.book", "tour.request", "tour.reschedule", "tour.cancel")
# The time of @sys.time has the day on which it was said, the day of @sys.date an hour that means nothing: of both, the
# fields take the day and the time of day.
DATE, TIME = "tour_date || date", "tour_time || time"
# @sys.date-time is text, or an object with one time or with the two ends of a span: here as `flat` joins them. What is
# marked as a list stays one.
TIMES = [
    (
        "[date_time || tour_time] | [?type(@) == 'array' && length(@) == `1`] | [0][0]"
        ".[date_time, startDateTime, @][?@] | [0]"
    ),
    *STARTS[:-2],
    f"[@][?!({DATE})] | [0] | dated({TIME})",
    f"[@][?!({TIME})] | [0] | dated({DATE})",
    "date_time_date_time",
    "tour_time_date_time",
    "date_time_start_date_time",
    "date_time_start_time",
    "tour_time_start_date_time",
]


class DialogflowEs(CanonicalPayload):
    """Dialogflow ES

    The fulfillment webhook of an agent, which waits for the answer. Its body is read from the parameters.
    https://cloud.google.com/dialogflow/es/docs/fulfillment-webhook

        {"queryResult": {"parameters": {"person": {"name": "Jordan Avery"}, "email": "jordan.avery@example.com",
         "phone-number": "+15125550142", "date-time": {"date_time": "2026-09-18T14:30:00-05:00"},
         "property-id": "prop_maple_court"}, "allRequiredParamsPresent": true,
         "intent": {"displayName": "tour.book"}}, "session": "projects/acme-demo/agent/sessions/5521"}

    Set-up: under Fulfillment give https://<your host>/hooks/<source> with Basic authentication (the secret of the
    source is `user:password`) or with a header `X-Bridge-Key`; the ID token that Google can send is not looked at.
    Switch the webhook on for intents whose action, or name, is `tour.book`, `tour.reschedule` or `tour.cancel`
    (`tour.request` for a request that has to be confirmed), `tour.times` for free times, or `tour.choose_time`
    with the number that was chosen in `choice`; it counts once all required parameters are there.
    Parameters: `person`, `email`, `phone-number`, `date-time`, `tour-type`, `property-id`, `booking-id`; without the
    last a session has one booking. Other intents get an empty answer. Nothing is sent twice: after about 5 s the bot
    continues even though the tour may have been received. The answer says what was understood.
    The agent puts the offset of its own zone behind a time. If that zone is not the property's, give it as
    `agent_time_zone` of the source: then the clock counts, as the person said it.
    Inferred: the shapes of `date-time`. Of a span ("Friday from two to three") the start counts.
    """

    # User and password of the webhook, or a fixed request header.
    signature = SharedSecret("basic", "bearer", "header")
    category = "chat"
    has_other_events = True
    has_agent_time_zone = True
    maturity = "inferred"

    event = path("queryResult.action || queryResult.intent.displayName")
    delivery_id = path("responseId")
    root = "flat(queryResult.parameters)"
    language = path("queryResult.languageCode")

    actions = [
        When(
            event=ACTIONS,
            where="!(queryResult.allRequiredParamsPresent)",
            then=IGNORE("the bot is still asking for what it needs"),
        ),
        When(event="tour.book", then=BOOK),
        When(event="tour.request", then=REQUEST),
        When(event="tour.reschedule", then=RESCHEDULE),
        When(event="tour.cancel", then=CANCEL),
        When(event="tour.times", then=ASK_TIMES),
        When(event="tour.choose_time", then=CHOOSE_TIME),
    ]

    reference = fields.String(path=[*BOOKING_IDS, "part(body().session, '/', `-1`)"], required=True)
    full_name = fields.PersonName(
        path=["person_name", "person[0].name", "name_name", "person", "name", "name_original"]
    )
    starts_at = fields.Instant(path=TIMES, date=DATE, time=TIME)
    starts_at_local = fields.LocalTime(path=TIMES, date=DATE, time=TIME)

    reply = Reply(
        {
            "fulfillmentText": "{text}",
            "fulfillmentMessages": [{"text": {"text": ["{text}"]}}],
            "payload": {"tour_reply": "{situation}", "tour_times": "{times}"},
        },
        text="Thank you, we have received that.",
        silent={},
    )
