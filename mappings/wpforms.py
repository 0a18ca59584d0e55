from bridge.inbound.signatures import Signature
from bridge.mapping import REQUEST, When, constant, fields
from bridge.mapping.canonical import CanonicalPayload

AT = ["tour_at_value", "tour_start_value", "tour_at", "tour_start"]


class WPForms(CanonicalPayload):
    """WPForms (WordPress)

    Tour requests of a form, sent by the Webhooks Addon. A form never moves or cancels a tour.
    https://wpforms.com/docs/how-to-install-and-use-the-webhooks-addon-with-wpforms/

        {"name": "Daniel Kowalski", "email": "daniel.kowalski@example.com", "phone": "+15125550155",
         "tour_at": {"value": "12/03/2026 10:30 AM"}, "property_id": "prop_cedarpark", "entry_id": "1342"}

    Set-up: add a webhook (POST) with the source's address, a secret and the request format JSON; with FORM another
    text is signed than is sent. Name the keys `first_name`, `last_name` (or `name`), `email`, `phone`, `tour_at` for a
    date-and-time field (or `tour_date`, `tour_time`), `tour_type`, `unit`, `notes`, `property` (an alias of it), and
    `entry_id` for {entry_id}. Date and time are the property's. A request with both is booked; where your
    team answers requests by hand, set `on_request = "hold"`. WPForms sends an entry once and never again.
    """

    category = "form"
    on_request = "book"

    # the item is `v`, not `v1`. Only the JSON request format signs the bytes that are sent
    signature = Signature(
        header="X-WPForms-Webhook-Signature", parse="t={t},v={signature}", signs="{t}.{body}", tolerance=300
    )
    root = "merge(asked(omit(flat(@), '.*_unix')), flat(@))"
    event = constant("form.submitted")

    actions = (When(event="form.submitted", then=REQUEST),)

    reference = fields.Fingerprint(
        path=[
            "entry_id",
            "email || email_address",
            "phone || phone_number",
            *AT,
            "tour_date_value || tour_date",
            "tour_time_value || tour_time",
            "property",
        ],
        required=True,
    )

    # The `unix` beside a `value` was made of the wall time as if it were UTC: it tells day and month apart.
    starts_at_local = fields.LocalTime(
        path=AT,
        date="tour_date_value || tour_date || date_value || date",
        time="tour_time_value || tour_time || time_value || time",
        hint="tour_at_unix || tour_start_unix || tour_date_unix || date_unix",
    )
    notes = fields.Lines(
        path=[f"replace({words}, '||', `\"\\n\"`)" for words in ("notes", "message", "comments")]
    )
