from bridge.inbound.signatures import SharedSecret
from bridge.mapping import BOOK, CANCEL, IGNORE, NO_SHOW, REMEMBER, Mapping, TourKind, When, fields, path


class Funnel(Mapping):
    """Funnel Leasing

    Tours of Funnel's calendar; who the renter is comes in an event of its own.
    https://developer.funnelleasing.com/guides/events-and-callbacks/webhooks/prospect-update

        {"event": "appointment.updated", "data": {"funnel_renter_id": 456, "funnel_tour_id": 879,
         "funnel_community_id": 123, "start": "2026-12-03 10:30:00"}}

    Set-up: have Funnel's support send `renter.created` and `appointment.updated` (webhooks version 2) to
    `/hooks/<source>/<secret>`; nothing is signed. Write the community ids among the `aliases`. Tours of renters who
    were there before are held for a person. Inferred: a start is the time at the community, and the status `unknown`
    means booked. Events of version 2 tell no time of their own: of two the later arrival decides. Never connect a
    Funnel that Propexo writes to: the bridge's own tours would come back.
    """

    category = "rental"
    maturity = "inferred"
    signature = SharedSecret("path", "query")
    event = path("event")
    repeats = True

    actions = [
        When(event="renter.created", then=REMEMBER),
        When(event="appointment.updated", where="match(data.status, '^cancel')", then=CANCEL),
        When(event="appointment.updated", where="match(data.status, '^no.?show')", then=NO_SHOW),
        When(
            event="appointment.updated",
            where="match(data.status, '^complete')",
            then=IGNORE("the tour took place"),
        ),
        When(event="appointment.updated", then=BOOK),
    ]

    occurred_at = fields.Instant(path="timestamp")
    reference = fields.String(path="data.funnel_tour_id", required=True)
    contact_id = fields.String(path="data.funnel_renter_id", required=True)

    first_name = fields.Name(path="data.people[0].first_name")
    last_name = fields.Name(path="data.people[0].last_name")
    email = fields.Email(path="data.people[0].email")
    phone = fields.Phone(path=["data.people[0].phone_1", "data.people[0].phone_2"])

    starts_at_local = fields.LocalTime(path="data.start")
    ends_at_local = fields.LocalTime(path="data.end")
    kind = fields.Choice(
        path="data.tour_type",
        table={
            "guided*": TourKind.IN_PERSON,
            "agent*": TourKind.IN_PERSON,
            "self*": TourKind.SELF_GUIDED,
            "virtual*": TourKind.VIRTUAL,
        },
    )

    property = fields.String(path="data.funnel_community_id")
    unit = fields.String(path="data.pms_unit_ids[0]")
    notes = fields.Lines(path="data.pms_unit_ids[1:].['Also wants to see', @]")
