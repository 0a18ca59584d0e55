from bridge.mapping import BOOK, Mapping, When, constant, fields, first, header, path
from bridge.mapping.kinds import KINDS


class WebsiteForm(Mapping):
    """Website form

    A tour form on your own website, posted by the visitor's browser as JSON or as an ordinary HTML form.
    mappings/README.md has a form to copy.

        {"first_name": "Renée", "last_name": "Dubois", "email": "Renee.Dubois@example.com", "phone": "512-555-0134",
         "property": "oakwood", "date": "2031-03-08", "time": "10:30"}

    Set-up: list the site under `origins` of the source. There is no secret, because a page cannot keep one;
    a wrong value is answered with 422 and an error per field, for the visitor to correct.
    """

    public = True
    category = "form"
    event = constant("form.submitted")
    delivery_id = first(header("idempotency-key"), path("submission_id"))

    actions = [When(event="form.submitted", then=BOOK)]

    reference = fields.Fingerprint(
        path=["submission_id", "email", "phone", "date", "time", "starts_at", "starts_at_local", "property"],
        required=True,
    )

    first_name = fields.Name(path="first_name")
    last_name = fields.Name(path="last_name")
    full_name = fields.PersonName(path="name")
    email = fields.Email(path="email")
    phone = fields.Phone(path="phone")

    starts_at = fields.Instant(path="starts_at")
    starts_at_local = fields.LocalTime(path="starts_at_local", date="date", time="time")
    duration_minutes = fields.Duration(path="duration_minutes")
    kind = fields.Choice(path="tour_type", table=KINDS)

    property = fields.String(path="property")
    unit = fields.String(path="unit")
    lead_source = fields.String(path="lead_source")
    notes = fields.Lines(path="message")
