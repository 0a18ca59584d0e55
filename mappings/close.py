from bridge.inbound.signatures import Signature
from bridge.mapping import BOOK, CANCEL, IGNORE, RESCHEDULE, Mapping, TourKind, When, fields, path, paths

ATTENDEES = "event.data.attendees"
RENTER = f"({ATTENDEES}[?contact_id && !is_organizer] || {ATTENDEES}[?!user_id && !is_organizer]) | [0]"


class Close(Mapping):
    """Close

    Meetings of Close CRM, synchronised from the calendars of its users.
    https://developer.close.com/api/resources/webhooks

        {"event": {"object_type": "activity.meeting", "object_id": "acti_5Hf0yQ2rXvT8mLwPz1KdUe", "action": "created",
         "data": {"starts_at": "2031-03-04T16:30:00+00:00", "attendees": [{"name": "Maya Okafor",
         "email": "maya.okafor@example.com"}]}}}

    Set-up: create a webhook subscription for `activity.meeting` (created, updated, deleted) and put its `signature_key`
    into `secrets`. Every meeting counts as a tour: filter the subscription, say by title, if there are
    others. A meeting names no property: make a source with its `property` and a filtered subscription for each. The
    phone number is only in the contact and is left out. Custom activities have fields with ids of your own: for
    those copy this file into your mappings folder, or use an automation platform.
    """

    category = "CRM"
    signature = Signature(
        header="close-sig-hash",
        signs="{t}{body}",
        key="hex",
        timestamp_header="close-sig-timestamp",
        tolerance=300,
    )
    event = paths("event.object_type", "event.action")
    delivery_id = path("event.id")

    actions = [
        When(event=("activity.meeting deleted", "activity.meeting canceled"), then=CANCEL),
        When(
            event=("activity.meeting created", "activity.meeting scheduled", "activity.meeting updated"),
            where="match(event.data.status, '^(canceled|declined)')",
            then=CANCEL,
        ),
        When(
            event=("activity.meeting created", "activity.meeting scheduled", "activity.meeting updated"),
            where="match(event.data.status, '^(in-progress|completed)$')",
            then=IGNORE("the meeting has begun or is over"),
        ),
        When(event=("activity.meeting created", "activity.meeting scheduled"), then=BOOK),
        When(event="activity.meeting updated", then=RESCHEDULE),
    ]

    # What has no offset is UTC.
    occurred_at = fields.ZonedTime(path="event.date_created", zone="'UTC'")
    reference = fields.String(path="event.object_id", required=True)

    full_name = fields.PersonName(path=f"{RENTER}.name")
    email = fields.Email(path=f"{RENTER}.email")

    starts_at = fields.ZonedTime(path="event.data.starts_at", zone="'UTC'")
    ends_at = fields.ZonedTime(path="event.data.ends_at", zone="'UTC'")
    duration_minutes = fields.Duration(path="event.data.duration", unit="seconds")
    kind = fields.Choice(path="event.data.location", table={"http*": TourKind.VIRTUAL})

    agent = fields.String(path=["event.data.user_name", "event.data.user_id"])
    title = fields.String(path="event.data.title")
    notes = fields.Lines(
        path=["event.data.note", "html(event.data.user_note_html)", "[['Location', event.data.location]]"]
    )
