from bridge.inbound.signatures import SharedSecret
from bridge.mapping import REQUEST, Mapping, When, constant, fields
from bridge.mapping.own_body import (
    DATE_ASKED,
    DATED,
    EMAIL_ASKED,
    FIRST_NAME_ASKED,
    KIND_ASKED,
    KINDS,
    LAST_NAME_ASKED,
    NAME_ASKED,
    PHONE_ASKED,
    PROPERTY_ASKED,
    START_ASKED,
    TIME_ASKED,
    UNIT_ASKED,
    clock,
)


def field(asked: str, *words: str) -> str:
    """The form field of one of these names, its label or its id with Advanced Data, or that asks for it."""
    named = [name for word in words for name in (word, f"fields_{word}_value")]
    titled = f"(body().fields.* | [?match(title, '^({asked})\\W*$')].value | [0])"
    labelled = f"rename(rename(@, '_', ' '), '^{NOT_ASKED}(?:{asked})$', 'asked').asked"
    return " || ".join([*named, titled, labelled])


NOT_ASKED = "(?!(?:fields|meta|form) |(?:date|time|page url|user agent|remote ip|powered by)$)"
"""What Elementor adds to the labels."""
FOUND = {
    "first_name": field(FIRST_NAME_ASKED, "first_name", "your_first_name"),
    "last_name": field(LAST_NAME_ASKED, "last_name", "your_last_name"),
    "name": field(NAME_ASKED, "name", "full_name", "your_name"),
    "email": field(EMAIL_ASKED, "email", "e_mail", "email_address", "your_email"),
    "phone": field(PHONE_ASKED, "phone", "phone_number", "mobile", "tel"),
    "tour_at": f"match({field(START_ASKED, 'tour_at', 'tour_start', 'tour_date_and_time')}, {DATED})",
    "tour_date": field(DATE_ASKED, "tour_date", "preferred_date", "tour_day"),
    "tour_time": clock(f"({field(TIME_ASKED, 'tour_time', 'preferred_time')})"),
    "tour_type": field(KIND_ASKED, "tour_type", "type_of_tour"),
    "property": field(PROPERTY_ASKED, "property", "property_id", "community"),
    "unit": field(UNIT_ASKED, "unit", "unit_id", "unit_number"),
    "lead_source": field("lead source", "lead_source"),
    "lead_id": field("lead id", "lead_id"),
    "notes": field("(your )?(message|notes|comments?|questions?)", "message", "notes", "comments"),
}


class Elementor(Mapping):
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

    category = "form"
    on_request = "book"

    # headers only through a PHP filter, so the address is the usual place
    signature = SharedSecret("path", "query", "bearer", "header")
    event = constant("form.submitted")
    root = f"flat(@) | {{{', '.join(f'{name}: {path}' for name, path in FOUND.items())}}}"

    actions = [When(event="form.submitted", then=REQUEST)]

    reference = fields.Fingerprint(
        path=["email", "phone", "tour_at", "tour_date", "tour_time", "property"], required=True
    )

    first_name = fields.Name(path="first_name")
    last_name = fields.Name(path="last_name")
    full_name = fields.PersonName(path="name")
    email = fields.Email(path="email")
    phone = fields.Phone(path="phone")

    starts_at_local = fields.LocalTime(path="tour_at", date="tour_date", time="tour_time")
    kind = fields.Choice(path="tour_type", table=KINDS)

    property = fields.String(path="property")
    unit = fields.String(path="unit")
    lead_source = fields.String(path="lead_source")
    lead_id = fields.String(path="lead_id")
    notes = fields.Lines(path="notes")
