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
)
from bridge.mapping.kinds import KINDS, named_kind

ASKED = "asked(form_submission.custom_fields[].{label: name, value: value})"
"""What the renter answered to the host's own questions, by what was asked."""


class OnceHub(Mapping):
    """OnceHub

    Bookings of OnceHub (formerly ScheduleOnce).
    https://developers.oncehub.com/docs/webhook-data-payload

        {"id": "EVNT-1", "type": "booking.scheduled", "creation_time": "2031-03-01T15:12:30Z",
         "data": {"id": "BKNG-7", "status": "scheduled", "starting_time": "2031-03-04T16:30:00Z",
          "duration_minutes": 30, "rescheduled_booking_id": null, "booking_page": {"label": "oakwood"},
          "form_submission": {"name": "Maya Okafor", "email": "maya@example.com", "mobile_phone": "1-5125550142",
           "custom_fields": [{"name": "Unit", "value": "2B"}]}}}

    Set-up: create a webhook (API version 2) for `booking`, or for its events; its secret goes into `secrets`. A booking
    page is for one property: write its label or its id among the `aliases`; a question "Property" of the form counts
    more. OnceHub repeats a failed delivery for 72 hours. When the host asks the renter to reschedule, the tour is
    cancelled until the renter picks another time.
    Inferred: `booking.canceled_then_rescheduled` carries the new booking, and `rescheduled_booking_id` the old one.
    """

    signature = Signature(
        header="Oncehub-Signature", parse="t={t},s={signature}", signs="{t}.{body}", tolerance=None
    )
    category = "scheduler"
    maturity = "inferred"
    event = path("type")
    delivery_id = path("id")
    root = "data"

    actions = [
        When(event="booking.scheduled", then=BOOK),
        When(event=("booking.rescheduled", "booking.canceled_then_rescheduled"), then=RESCHEDULE),
        When(event=("booking.canceled", "booking.canceled_reschedule_requested"), then=CANCEL),
        When(event="booking.no_show", then=NO_SHOW),
        When(event="booking.completed", then=IGNORE("the tour is over")),
    ]

    occurred_at = fields.Instant(path="body().creation_time")
    reference = fields.String(path=["id", "tracking_id"], required=True)
    previous_reference = fields.String(path="[@][?rescheduled_booking_id != id] | [0].rescheduled_booking_id")

    full_name = fields.PersonName(path="form_submission.name")
    email = fields.Email(path="form_submission.email")
    phone = fields.Phone(path=["form_submission.mobile_phone", "form_submission.phone", f"{ASKED}.phone"])

    starts_at = fields.Instant(path="starting_time")
    duration_minutes = fields.Duration(path="duration_minutes")
    kind = fields.Choice(
        path=[named_kind("subject"), "virtual_conferencing.join_url"],
        table={**KINDS, "http*": TourKind.VIRTUAL},
    )

    property = fields.String(
        path=[
            f"{ASKED}.property",
            "booking_page.[label, name, id][?@] | [0]",
            "text(booking_page)",
        ]
    )
    unit = fields.String(path=f"{ASKED}.unit")
    agent = fields.String(path=["owner.[email, name, id][?@] | [0]", "text(owner)"])
    title = fields.String(path="subject")
    notes = fields.Lines(path=["form_submission.note", "form_submission.custom_fields[].[name, value]"])
