from bridge.inbound.signatures import SharedSecret
from bridge.mapping import fields
from bridge.mapping.forms import Form

ADDED = "date|time|page url|user agent|remote ip|powered by|form_.*|(?:meta|form|fields)(?:\\[.*)?"
"""What Elementor adds to the labels."""


class Elementor(Form):
    """Elementor Pro Forms (WordPress)

    Tour requests of a form, sent by its action Webhook. A form never moves or cancels a tour.
    https://elementor.com/help/actions-after-submit/

        {"fields": {"name": {"value": "Daniel Kowalski"}, "email": {"value": "daniel.kowalski@example.com"},
         "phone": {"value": "(512) 555-0155"}, "tour_date": {"value": "2026-12-03"}, "tour_time": {"value": "10:30"},
         "property_id": {"value": "prop_cedarpark"}}}

    Set-up: add the action Webhook with `/hooks/<source>/<secret>`. Label the fields First name, Last name (or Name),
    Email, Phone, Tour date, Tour time, Tour type, Unit, Message, and Property for a hidden one with an alias of it;
    with Advanced Data it is the ids that count (`tour_date`). Elementor's own Date and Time are the moment of sending.
    The tour's are the property's. A request with both is booked; where your team answers requests by hand, set
    `on_request = "hold"`. The visitor waits for the bridge's answer and sees an error if none comes; nothing is sent
    again.
    """

    # headers only through a PHP filter, so the address is the usual place
    signature = SharedSecret("path", "query", "bearer", "header")
    root = (
        "asked(not_null(fields.*.{name: id, label: title, type: type, value: value}, fields)"
        f" || omit(@, '{ADDED}'))"
    )

    reference = fields.Fingerprint(
        path=["email", "phone", "tour_start", "tour_date", "tour_time", "property"], required=True
    )
    notes = fields.Lines(path="message")
