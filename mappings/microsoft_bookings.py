from bridge.inbound.signatures import SharedSecret
from bridge.mapping import TourKind, fields, paths
from bridge.mapping.canonical import CanonicalPayload
from bridge.mapping.kinds import KINDS, named_kind

NIL = "^[0-]+$"
SEATED = "maximum_attendees_count > `1`"
ASKED = "asked(customers[].customQuestionAnswers[].{label: question, value: answer})"


class MicrosoftBookings(CanonicalPayload):
    """Microsoft Bookings (through Power Automate)

    Appointments of Microsoft Bookings, posted by a flow of Power Automate as Microsoft Graph has them.
    https://learn.microsoft.com/en-us/graph/api/resources/bookingappointment

        {"id": "AAMk-7", "selfServiceAppointmentId": "00000000-0000-0000-0000-000000000000",
         "startDateTime": {"dateTime": "2031-03-04T16:30:00.0000000", "timeZone": "UTC"}, "duration": "PT30M",
         "serviceName": "Tour of Oakwood Flats", "customers": [{"customerId": "c-1", "name": "Maya Okafor",
          "emailAddress": "maya@example.com", "phone": "(512) 555-0142",
          "customQuestionAnswers": [{"question": "Unit", "answer": "2B"}]}]}

    Set-up: Bookings has no webhook of its own. Make three flows with the triggers "When an appointment is created",
    "updated" and "cancelled", each with an HTTP action: POST the body of the trigger with a header `X-Bridge-Key` that
    holds the secret of the source, to https://<your host>/hooks/<source>?event=tour.booked (tour.rescheduled,
    tour.cancelled). The service is the property, unless a question "Property" names it: write its name among the
    `aliases`. Of an appointment for several customers each has a booking, under the id of the customer.
    Inferred: that the trigger gives the fields of Graph; the older `customerName`, `customerEmailAddress` and
    `customerPhone` are read too.
    """

    signature = SharedSecret("header", "bearer", "basic", "query", "path")
    category = "scheduler"
    maturity = "inferred"
    split = "customers"
    delivery_id = paths("query('event') || event", "id", "lastUpdatedDateTime || to_string(@)")

    occurred_at = fields.Instant(path=["last_updated_date_time", "timestamp"])
    reference = fields.String(
        path=[
            f"[@][?{SEATED}] | [0] | join('|', [id, customers[0].customerId || customers[0].emailAddress])",
            "id",
            f"[@][?!match(self_service_appointment_id, '{NIL}')].self_service_appointment_id | [0]",
        ],
        required=True,
    )

    full_name = fields.PersonName(path=["customers[0].name", "customer_name"])
    email = fields.Email(path=["customers[0].emailAddress", "customer_email_address"])
    phone = fields.Phone(path=["customers[0].phone", "customer_phone"])

    starts_at = fields.ZonedTime(
        path=["start_date_time_date_time", "start_date_time"],
        zone="start_date_time_time_zone || start_time_zone",
    )
    starts_at_local = fields.LocalTime(path="start_local")  # a time of Graph without its zone is not guessed
    ends_at = fields.ZonedTime(
        path=["end_date_time_date_time", "end_date_time"], zone="end_date_time_time_zone || end_time_zone"
    )
    ends_at_local = fields.LocalTime(path="end_local")
    duration_minutes = fields.Duration(
        path="duration_minutes"
    )  # `duration` is ISO 8601; the end says the same
    kind = fields.Choice(
        path=[named_kind("service_name"), "is_location_online"], table={**KINDS, "true": TourKind.VIRTUAL}
    )

    property = fields.String(path=[f"{ASKED}.property", "service_name", "service_location_display_name"])
    unit = fields.String(path=f"{ASKED}.unit")
    agent = fields.String(path="staff_member_ids[0]")
    title = fields.String(path="service_name")
    notes = fields.Lines(
        path=[
            "customers[0].notes || customer_notes",
            "customers[].customQuestionAnswers[].[question, answer]",
        ]
    )
