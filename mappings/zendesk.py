from bridge.inbound.signatures import Signature
from bridge.mapping import IGNORE, When, fields, first, header
from bridge.mapping.canonical import BODY, BOOKING_IDS, CanonicalPayload


class Zendesk(CanonicalPayload):
    """Zendesk (triggers)

    The webhook that a trigger or an automation of Zendesk Support calls, with a body that you write.
    https://developer.zendesk.com/documentation/webhooks/creating-and-monitoring-webhooks/

        {"event": "tour.booked", "ticket_id": "48211", "requester": {"first_name": "Jordan", "last_name": "Avery",
         "email": "jordan.avery@example.com", "phone": "+15125550142"}, "tour": {"date": "2026-09-18",
         "time": "14:30"}, "property_id": "prop_maple_court"}

    Set-up: make a webhook of the kind `Trigger or automation` to https://<your host>/hooks/<source>, POST, JSON; its
    signing secret is the secret of the source. Make a trigger for each of tour.booked, tour.rescheduled and
    tour.cancelled that notifies it with a JSON body: `event`, `ticket_id` {{ticket.id}}, `requester` with `name`
    {{ticket.requester.name}}, `email`, `phone`, `tour` with `date` and `time` from ticket fields (a date field has no
    time of day), `type`, `property_id`, `unit_id`, `notes`. A ticket is one tour, unless the body gives a `booking_id`.
    Event subscriptions carry ids only and are ignored. The test before a webhook is saved fails: Zendesk signs it with
    a secret that everybody knows.
    """

    # The timestamp is ISO 8601 text and signed as it is written.
    signature = Signature(
        header="X-Zendesk-Webhook-Signature",
        signs="{t}{body}",
        encoding="base64",
        timestamp_header="X-Zendesk-Webhook-Signature-Timestamp",
        timestamp="iso",
        tolerance=300,
    )
    category = "CRM"

    # Also for who keeps all in `ticket`, as the placeholders are called.
    root = f"rename(flat({BODY}), '^ticket_(?!id$)', '')"
    delivery_id = first(header("X-Zendesk-Webhook-Invocation-Id"), CanonicalPayload.delivery_id)

    actions = [
        *CanonicalPayload.actions,
        When(
            where="zendesk_event_version",
            then=IGNORE(
                "an event subscription carries ids only: let a trigger call the webhook, with a body of yours"
            ),
        ),
    ]

    reference = fields.String(path=[*BOOKING_IDS, "ticket_id", "id"], required=True)
