from bridge.inbound.signatures import SharedSecret
from bridge.mapping import BOOK, IGNORE, Mapping, TourKind, When, fields, path


class Rently(Mapping):
    """Rently

    Self-guided tours that renters schedule at Rently.
    https://apidocs.rently.com/reference/stage-3-rently-activities-notification-via-webhook

        {"type": "Open House Scheduled", "property_id": 16890, "checkin_at_iso": "2026-12-03T10:30:00-06:00",
         "prospect_name": "Felix Brandt", "prospect_phone": "(512) 555-0119", "email": "felix.brandt@example.com",
         "property_tag": "CEDAR-204B"}

    Set-up: Rently's staff enter the address of the hook: give your client success manager `/hooks/<source>/<secret>`,
    as nothing else proves that a request is Rently's. A home has your own tag, else Rently's id: write it among the
    `aliases` of its property and under its `units`. Rently tells of no cancellation and no move and gives no id: do
    those in the PMS. That `checkin_at_iso` of a scheduled tour is its start is inferred: look at one of yours first.
    """

    category = "rental"
    maturity = "inferred"
    signature = SharedSecret("path", "query")
    event = path("type")

    actions = [
        When(event=("Self Scheduling", "Open House Scheduling", "Open House Scheduled"), then=BOOK),
        When(
            event=("Self Registered Viewing", "Open House Viewing"),
            then=IGNORE("the renter is at the door; such a viewing is not scheduled"),
        ),
    ]

    reference = fields.Fingerprint(
        path=["type", "property_id", "email || prospect_phone", "checkin_at_iso"], required=True
    )

    full_name = fields.PersonName(path="prospect_name")
    email = fields.Email(path="email")
    phone = fields.Phone(path="prospect_phone")

    starts_at = fields.Instant(path="checkin_at_iso")
    starts_at_local = fields.LocalTime(path="[@][?!checkin_at_iso] | [0].checkin_at")
    kind = fields.Choice(path="type", table={"Self Scheduling": TourKind.SELF_GUIDED})

    property = fields.String(path=["property_tag", "property_id"])
    unit = fields.String(path=["property_tag", "property_id"])
    notes = fields.Lines(path="[['Home', address], ['Details', summary]]")
