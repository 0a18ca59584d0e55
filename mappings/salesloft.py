from bridge.inbound.signatures import Signature
from bridge.mapping import BOOK, CANCEL, NO_SHOW, RESCHEDULE, Mapping, TourKind, When, fields, header, paths

GUEST = "attendees[?email && !organizer] | [0]"


class Salesloft(Mapping):
    """Salesloft (Drift)

    Meetings that are booked through Salesloft's calendar, also from a conversation in Drift.
    https://developers.salesloft.com/docs/platform/webhooks/event-types/

        {"id": 90212, "start_time": "2031-03-04T16:30:00.000000Z", "attendees": [{"name": "Maya Okafor",
         "email": "maya.okafor@example.com"}]}

    Set-up: create webhook subscriptions for `meeting_booked` and `meeting_updated` with one callback token, and put it
    into `secrets`. Every such meeting counts as a tour. Its meeting type is the property: write it among the `aliases`,
    or leave it empty at Salesloft and set `property` of the source. The phone number is only in the person and is
    left out. Salesloft tries for 45 seconds and no longer. The body is inferred from the meeting of its API. Drift
    itself has no webhook for bookings: use this one, or an automation platform.
    """

    category = "CRM"
    maturity = "inferred"
    signature = Signature(header="X-Salesloft-Signature", algorithm="hmac-sha1")
    event = header("x-salesloft-event")
    delivery_id = paths("header('x-salesloft-event')", "id", "updated_at")
    forgets = ("callback_token",)

    actions = [
        When(
            event=("meeting_booked", "meeting_updated"),
            where="canceled_at || match(status, 'cancel')",
            then=CANCEL,
        ),
        When(event="meeting_updated", where="no_show", then=NO_SHOW),
        When(event="meeting_booked", then=BOOK),
        When(event="meeting_updated", then=RESCHEDULE),
    ]

    occurred_at = fields.Instant(path="updated_at")
    reference = fields.String(path="id", required=True)

    full_name = fields.PersonName(path=["recipient_name", f"{GUEST}.name"])
    email = fields.Email(path=["recipient_email", f"{GUEST}.email"])

    # A whole day is no start.
    starts_at = fields.Instant(path="[@][?!all_day].start_time | [0]")
    ends_at = fields.Instant(path="end_time")
    kind = fields.Choice(path="location", table={"http*": TourKind.VIRTUAL})

    property = fields.String(path="meeting_type")
    agent = fields.String(path="owned_by_user.id")
    title = fields.String(path="title")
    notes = fields.Lines(path=["html(description)", "[['Location', location]]"])
