from bridge.inbound.signatures import SharedSecret
from bridge.mapping import REQUEST, Mapping, When, constant, fields
from bridge.mapping.own_body import KINDS


def field(*words: str) -> list[str]:
    """The form field of one of these names: its label, or its id with Advanced Data."""
    return [path for word in words for path in (word, f"fields_{word}_value")]


START = field("tour_at", "tour_start", "tour_date_and_time")


class Elementor(Mapping):
    """Elementor Pro Forms (WordPress)

    Tour requests of a form, sent by its action Webhook. A form never moves or cancels a tour.
    https://elementor.com/help/actions-after-submit/

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
    root = "flat(@)"

    actions = [When(event="form.submitted", then=REQUEST)]

    reference = fields.Fingerprint(
        path=[*field("email", "phone", "tour_date", "tour_time", "property", "property_id"), *START],
        required=True,
    )

    first_name = fields.Name(path=field("first_name", "your_first_name"))
    last_name = fields.Name(path=field("last_name", "your_last_name"))
    full_name = fields.PersonName(path=field("name", "full_name", "your_name"))
    email = fields.Email(path=field("email", "e_mail", "email_address", "your_email"))
    phone = fields.Phone(path=field("phone", "phone_number", "mobile", "tel"))

    starts_at_local = fields.LocalTime(
        path=START,
        date=" || ".join(field("tour_date", "preferred_date", "tour_day")),
        time=" || ".join(field("tour_time", "preferred_time")),
    )
    kind = fields.Choice(path=field("tour_type", "type_of_tour"), table=KINDS)

    property = fields.String(path=field("property", "property_id", "community"))
    unit = fields.String(path=field("unit", "unit_id", "unit_number"))
    lead_source = fields.String(path=field("lead_source"))
    lead_id = fields.String(path=field("lead_id"))
    notes = fields.Lines(path=field("message", "notes", "comments"))
