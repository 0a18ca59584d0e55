from bridge.inbound.signatures import SharedSecret
from bridge.mapping import fields, first, path
from bridge.mapping.canonical import DATE, TIME, CanonicalPayload

STATUS = "calendar.appoinmentStatus || calendar.appointmentStatus || calendar.status"
MEANINGS = """[
    {"status": "confirmed", "event": "booked"},
    {"status": "new", "event": "requested"},
    {"status": "noshow", "event": "no_show"},
    {"status": "invalid", "event": "cancelled"}
]"""
START = "calendar_start_time || tour_start || start"
END = "calendar_end_time || tour_end || end"
ZONE = "calendar_selected_timezone || tour_time_zone || tour_timezone"
"""Not the contact's own `timezone`."""


class GoHighLevelWorkflow(CanonicalPayload):
    """GoHighLevel (workflow)

    The webhook step of a workflow that an appointment started, with the contact and the appointment in it.
    https://help.gohighlevel.com/support/solutions/articles/155000003299-workflow-action-webhook-outbound-

        {"full_name": "Jordan Avery", "email": "jordan.avery@example.com", "phone": "+15125550142",
         "calendar": {"selectedTimezone": "America/Chicago", "appointmentId": "qL9vTn3cXw8Rr2KpZb1M",
         "startTime": "2026-09-18T14:30:00", "appoinmentStatus": "confirmed"},
         "customData": {"property_id": "prop_maple_court"}}

    Set-up: start a workflow at every change of an appointment's status, and let its webhook step send the secret in a
    header `X-Bridge-Key`. Add custom data: `property_id` (else the field "Desired Property" or the calendar's id has
    to be an alias of the property) and, as you like, `unit_id`, `lead_id`, `tour_type`. A workflow for one case only
    can say it in `event` (tour booked, tour rescheduled, tour cancelled). A failed step is not known to be repeated.
    Inferred: the whole body, as it was seen, and that its times are those of the zone beside them.
    """

    category = "CRM"
    maturity = "inferred"
    signature = SharedSecret()
    tenant = path("location.id")
    forgets = ("customData.token",)
    # No id: a tour that is moved away and back comes twice in the same bytes.
    repeats = True
    event = first(
        path("query('event') || customData.event"),
        path(f"find(`{MEANINGS}`, 'status', lower({STATUS})).event"),
        path(STATUS),
        CanonicalPayload.event,
    )
    root = """flat(merge(
        calendar.{booking_id: appointmentId, title: title, notes: notes} || `{}`,
        {agent_email: user.email, lead_source: contact_source},
        @,
        customData || `{}`
    ))"""

    starts_at = fields.Instant(path=START, zone=ZONE)
    starts_at_local = fields.LocalTime(path=START, date=DATE, time=TIME, zone=ZONE)
    ends_at = fields.Instant(path=END, zone=ZONE)
    ends_at_local = fields.LocalTime(path=END, zone=ZONE)

    property = fields.String(path=["property", "property_id", "desired_property", "calendar_id"])
