from bridge.inbound.signatures import Token
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
)

MESSAGES = (
    "^(email|text)_|_link$|autoreply|_follow_?up$|_notice$|_warning$|^(confirm|acceptance)\\w*_request$"
)


class ShowMojo(Mapping):
    """ShowMojo

    Showings that renters book, move and cancel at ShowMojo, with an agent or by themselves.
    https://docs.showmojo.com/docs/legacy/leads-and-showings

        {"event": {"action": "create", "showing": {"uid": "c41f0d2e9a", "showtime": "2031-03-04T10:30:00-06:00",
         "name": "Lena Fischer", "phone": "(512) 555-0191", "email": "lena.fischer@example.com",
         "listing_uid": "9d1b7a6c02"}}}

    Set-up: at ShowMojo generate the token of the Listing Import API, put it into `secrets`, and enter the address of
    the hook as Leads Webhook. Write a listing's uid among the `aliases` of its property and, where it is one apartment,
    under `units`; team members by name under `agents`. A showing counts from its creation; where the renter has to
    confirm and does not, ShowMojo cancels it. Each event carries the showing as it then is, so a new time moves the
    tour whatever the event is called. The event has no length: set `duration_minutes` of the property. After five
    failures the hook is off until you switch it on.
    """

    category = "rental"
    signature = Token(scheme="Bearer")
    event = path("event.action")
    delivery_id = path("event.id")

    actions = [
        When(event=("confirm_lockbox_outcome_no_show", "prospect_arrived_too_late"), then=NO_SHOW),
        When(where="event.showing.canceled_at", then=CANCEL),
        When(event=("cancel", "auto_cancel_no_reply", "cancel_phone_or_email_blacklisted"), then=CANCEL),
        When(event=("create", "auto_create_by_sms"), then=BOOK),
        When(where=f"event.showing && match(event.action, '{MESSAGES}')", then=IGNORE("a message was sent")),
        When(where="event.showing.showtime", then=RESCHEDULE),
        When(where="!(event.showing)", then=IGNORE("about a lead without a showing")),
    ]

    occurred_at = fields.Instant(path="event.created_at")
    reference = fields.String(path="event.showing.uid", required=True)

    full_name = fields.PersonName(path="event.showing.name")
    email = fields.Email(path="event.showing.email")
    phone = fields.Phone(path="event.showing.phone")

    starts_at = fields.Instant(path="event.showing.showtime")
    starts_at_local = fields.LocalTime(path="event.showing.showtime")
    kind = fields.Choice(
        path="event.showing.is_self_show",
        table={"true": TourKind.SELF_GUIDED, "false": TourKind.IN_PERSON},
    )

    property = fields.String(path=["event.showing.listing_uid", "event.showing.listing_full_address"])
    unit = fields.String(path="event.showing.listing_uid")
    agent = fields.String(path=["event.team_member_name", "event.team_member_uid"])
    notes = fields.Lines(
        path=["event.showing.notes", "[['Listing', event.showing.listing_full_address]]"],
    )
