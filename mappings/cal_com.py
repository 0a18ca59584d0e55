from bridge.inbound.signatures import Signature
from bridge.mapping import (
    BOOK,
    CANCEL,
    IGNORE,
    NO_SHOW,
    REQUEST,
    RESCHEDULE,
    Mapping,
    TourKind,
    When,
    fields,
    path,
    paths,
)  # fmt: skip
from bridge.mapping.kinds import KINDS, named_kind

ANSWERS = "[payload.responses, payload.userFieldsResponses][].* | [] | [?label && value && !isHidden]"
STANDARD = [
    "your_name", "email_address", "phone_number", "location", "what_is_this_meeting_about", "additional_notes",
    "additional_guests", "reason_for_reschedule", "reschedule_reason", "name", "email", "title", "notes", "guests",
]  # fmt: skip
"""The labels of Cal.com's own questions."""
ASKED = f"asked({ANSWERS} | [?!contains({STANDARD}, label)].{{label: label, value: value}})"
# Of an event type with seats, and of a group, all bookings have one `uid`; the person is the one who answered.
SEAT = "(payload.[attendeeSeatId, seatReferenceUid] | [?@] | [0])"
MAIL = "body().payload.responses.email.value"
WITHOUT_SEATS = f"[payload][?!(seatsPerTimeSlot && {MAIL})].attendees[]"
RENTER = f"(payload.attendees[?lower(email) == lower({MAIL})] || {WITHOUT_SEATS}) | [0]"
UID = "(payload.uid || payload.bookingUid)"
OF_A_SEAT = f"({SEAT} || (payload.seatsPerTimeSlot && lower({MAIL} || ({RENTER}).email)))"


class CalCom(Mapping):
    """Cal.com

    Bookings of Cal.com, hosted or on your own server, payload version 2021-10-20.
    https://cal.com/docs/developing/guides/automation/webhooks

        {"triggerEvent": "BOOKING_CREATED", "payload": {"startTime": "2031-03-04T17:00:00Z",
         "responses": {"name": {"value": "Jonas Weller"}, "email": {"value": "jonas.weller@example.com"},
         "attendeePhoneNumber": {"value": "+15125550166"}}, "uid": "5vQFqxDFMjdgKGMijqtqRw",
         "metadata": {"property_id": "oakwood"}}}

    Set-up: add a webhook with a secret, and leave the custom payload template off. Cal.com sends each event
    once and never again, so what it shows as failed has to be sent by hand. A booking that the host has to
    confirm is held until its `BOOKING_CREATED` comes, unless `on_request` of the source says otherwise.
    """

    signature = Signature(header="X-Cal-Signature-256", missing=("no-secret-provided",))
    category = "scheduler"
    event = path("triggerEvent")
    delivery_id = paths("triggerEvent", UID, OF_A_SEAT, "createdAt")

    actions = [
        When(event="BOOKING_CREATED", then=BOOK),
        When(event="BOOKING_RESCHEDULED", then=RESCHEDULE),
        When(
            event="BOOKING_CANCELLED",
            where="payload.requestReschedule",
            then=IGNORE("the host asked the renter for another time; the new booking follows"),
        ),
        When(event=("BOOKING_CANCELLED", "BOOKING_REJECTED"), then=CANCEL),
        When(event="BOOKING_REQUESTED", then=REQUEST),
        When(event="BOOKING_NO_SHOW_UPDATED", where="payload.attendees[?noShow]", then=NO_SHOW),
        When(event="AFTER_GUESTS_CAL_VIDEO_NO_SHOW", then=NO_SHOW),
        When(event="BOOKING_NO_SHOW_UPDATED", then=IGNORE("a no-show that was taken back changes nothing")),
    ]

    occurred_at = fields.Instant(path="createdAt")
    reference = fields.String(path=[f"{OF_A_SEAT} && join('|', [{UID}, {OF_A_SEAT}])", UID], required=True)
    previous_reference = fields.String(
        path=[
            f"payload.rescheduleUid && {SEAT} && join('|', [payload.rescheduleUid, {SEAT}])",
            "payload.rescheduleUid",
        ]
    )

    first_name = fields.Name(path=["payload.responses.name.value.firstName", f"({RENTER}).firstName"])
    last_name = fields.Name(path=["payload.responses.name.value.lastName", f"({RENTER}).lastName"])
    full_name = fields.PersonName(path=["payload.responses.name.value", f"({RENTER}).name"])
    # Who books with a phone number only is given an address `<digits>@sms.cal.com`, which is never read.
    email = fields.Email(
        path=[
            "payload.responses.[email] | [?value && !ends_with(value, '@sms.cal.com')].value | [0]",
            f"[{RENTER}] | [?email && !ends_with(email, '@sms.cal.com')].email | [0]",
        ]
    )
    phone = fields.Phone(
        path=[
            "payload.responses.attendeePhoneNumber.value",
            f"({RENTER}).phoneNumber",
            "payload.smsReminderNumber",
            "payload.responses.phone.value",
            f"{ASKED}.phone",
            "payload.responses.[location.value][?value == 'phone'].optionValue",
        ]
    )

    starts_at = fields.Instant(path="payload.startTime", required=True)
    ends_at = fields.Instant(path="payload.endTime")
    duration_minutes = fields.Integer(path="payload.length")
    kind = fields.Choice(
        path=[
            f"{ASKED}.tour_type",
            named_kind("payload.type"),
            named_kind("payload.eventTitle"),
            "payload.responses.location.value.value",
            "payload.location",
        ],
        table={**KINDS, "integrations:*": TourKind.VIRTUAL, "link": TourKind.VIRTUAL},
    )

    property = fields.String(
        path=[
            "[payload.metadata.[property_id, property][], payload.responses.property.value][] | [?@] | [0]",
            f"{ASKED}.property",
            "[payload][?!(requiresConfirmation && status == 'ACCEPTED')].type | [0]",
        ]
    )
    unit = fields.String(
        path=[
            "payload.metadata.unit_id",
            "payload.responses.unit_id.value",
            "payload.responses.unit.value",
            f"{ASKED}.unit",
        ]
    )
    agent = fields.String(path="payload.organizer.email")
    lead_source = fields.String(path="payload.metadata.lead_source")
    lead_id = fields.String(path="payload.metadata.lead_id")
    title = fields.String(path="payload.eventTitle")
    notes = fields.Lines(
        path=[
            "payload.additionalNotes",
            "payload.responses.notes.value",
            f"{ANSWERS} | [?!contains({STANDARD}, label)].[label, value]",
        ]
    )
