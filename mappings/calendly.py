from bridge.inbound.signatures import Signature
from bridge.mapping import (
    BOOK,
    CANCEL,
    IGNORE,
    NO_SHOW,
    RESCHEDULE,
    Mapping,
    TourKind,
    When,
    fields,
    path,
    paths,
)
from bridge.mapping.kinds import KINDS, named_kind

ASKED = "asked(payload.questions_and_answers[].{label: question, value: answer})"
"""What the invitee answered, by what was asked."""


class Calendly(Mapping):
    """Calendly

    Invitees of Calendly event types.
    https://developer.calendly.com/api-docs/calendly-api/webhooks/get-sample-webhook-data

        {"event": "invitee.created", "payload": {"email": "maya.okafor@example.com", "name": "Maya Okafor",
         "scheduled_event": {"start_time": "2031-03-04T16:00:00.000000Z"}, "text_reminder_number": "+1 512-555-0142",
         "tracking": {"utm_content": "property:oakwood"},
         "uri": "https://api.calendly.com/scheduled_events/6f0c2d1e/invitees/b1d2c3e4"}}

    Set-up: create the webhook subscription with a `signing_key` (without one Calendly signs nothing) for
    `invitee.created` and `invitee.canceled`, and, to keep no-shows, `invitee_no_show.created` (whose body is
    inferred). A reschedule arrives as a pair, in either order: the old invitee is cancelled with
    `rescheduled: true`, the new one names it in `old_invitee`.
    """

    signature = Signature(
        header="Calendly-Webhook-Signature",
        parse="t={t},v1={signature}",
        signs="{t}.{body}",
        algorithm="hmac-sha256",
        encoding="hex",
        tolerance=300,
    )
    category = "scheduler"
    event = path("event")
    delivery_id = paths("event", "payload.uri", "created_at")

    actions = [
        When(
            event="invitee.canceled",
            where="payload.rescheduled",
            then=IGNORE("superseded by its new booking"),
        ),
        When(event="invitee.canceled", then=CANCEL),
        When(event="invitee.created", where="payload.old_invitee", then=RESCHEDULE),
        When(event="invitee.created", then=BOOK),
        When(event="invitee_no_show.created", then=NO_SHOW),
        When(event="invitee_no_show.deleted", then=IGNORE("a no-show that was taken back changes nothing")),
    ]

    occurred_at = fields.Instant(path="created_at")
    reference = fields.String(path=["payload.invitee", "payload.uri"], required=True)
    previous_reference = fields.String(path="payload.old_invitee")

    first_name = fields.Name(path="payload.first_name")
    last_name = fields.Name(path="payload.last_name")
    full_name = fields.PersonName(path="payload.name")
    email = fields.Email(path="payload.email")
    phone = fields.Phone(
        path=[
            "payload.text_reminder_number",
            f"{ASKED}.phone",
            "payload.scheduled_event.[location][?type == 'outbound_call'].location | [0]",
        ]
    )

    starts_at = fields.Instant(path="payload.scheduled_event.start_time", required=True)
    ends_at = fields.Instant(path="payload.scheduled_event.end_time")
    kind = fields.Choice(
        path=[
            f"{ASKED}.tour_type",
            named_kind("payload.scheduled_event.name"),
            "payload.scheduled_event.location.type",
        ],
        table={
            **KINDS,
            "physical": TourKind.IN_PERSON,
            "zoom*": TourKind.VIRTUAL,
            "google_conference": TourKind.VIRTUAL,
            "microsoft_teams*": TourKind.VIRTUAL,
            "webex*": TourKind.VIRTUAL,
            "gotomeeting*": TourKind.VIRTUAL,
        },
    )

    # The tracking keys are the only ones that a link can carry through Calendly.
    property = fields.String(
        path=[
            f"{ASKED}.property",
            "payload.tracking.utm_content",
            "payload.scheduled_event.event_type",
        ]
    )
    unit = fields.String(path=["payload.tracking.utm_term", f"{ASKED}.unit"])
    agent = fields.String(path="payload.scheduled_event.event_memberships[0].user_email")
    lead_source = fields.String(path="payload.tracking.utm_source")
    lead_id = fields.String(path="payload.tracking.salesforce_uuid")
    title = fields.String(path="payload.scheduled_event.name")
    notes = fields.Lines(path="payload.questions_and_answers[].[question, answer]")
