from bridge.inbound.signatures import SharedSecret
from bridge.mapping import REQUEST, When, constant, fields
from bridge.mapping.canonical import CanonicalPayload

EMAIL = r"[^@\s]+@[^@\s]+[.][a-z]+"


def only(words: str) -> str:
    """The value of this form, if there is just one."""
    return f"(values(@) | [?match(@, '^({words})$')] | (length(@) == `1` && @ || `[]`) | [0])"


class GravityForms(CanonicalPayload):
    """Gravity Forms (WordPress)

    Tour requests of a form, sent by the Webhooks Add-On. A form never moves or cancels a tour.
    https://docs.gravityforms.com/triggering-webhooks-form-submissions/

        {"id": "1342", "form_id": "7", "1.3": "Daniel", "1.6": "Kowalski", "2": "daniel.kowalski@example.com",
         "3": "(512) 555-0155", "4": "2026-12-03", "5": "10:30 am", "7": "prop_cedarpark"}

    Set-up: add a Webhooks feed (POST, JSON) with the source's address and the secret in a request header
    `X-Bridge-Key`. Choose Select Fields and name the keys `first_name`, `last_name` (or `name`), `email`, `phone`,
    `tour_date`, `tour_time`, `tour_type`, `unit`, `notes`, `property` (an alias of it), and `entry_id` for {entry_id}.
    With All Fields the keys are numbers: then the name is that of field 1, and the rest is known only by its form, a
    date and a time if there is one of each; so add `?numbered=yes` to the address where yours are those below, or copy
    this file and write your own. Date and time are the property's. A request with both is booked; where your team
    answers requests by hand, set `on_request = "hold"`.
    """

    category = "form"
    on_request = "book"

    # not signed; the feed can add any request header
    signature = SharedSecret()
    event = constant("form.submitted")
    root = f"""merge(asked(@), flat(
        query('numbered') && {{
            first_name: "1.3", last_name: "1.6", email: "2", phone: "3", tour_date: "4", tour_time: "5",
            tour_type: "6", property: "7", notes: "8", entry_id: id, form_id: form_id
        }} || date_created && form_id && {{
            first_name: "1.3", last_name: "1.6", name: "1", entry_id: id, form_id: form_id,
            email: {only(EMAIL)}, phone: {only("(?![0-9]{4}-[0-9]{2}-)[+(]?[0-9][0-9() -]{9,}")},
            tour_date: {only("[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{1,2}[/.-][0-9]{1,2}[/.-][0-9]{4}")},
            tour_time: {only("[0-9]{1,2}:[0-9]{2}( ?[ap][.]? ?m[.]?)?")},
            tour_type: {only("(in.person|self.guided|virtual).*")}
        }} || @
    ))"""

    actions = (When(event="form.submitted", then=REQUEST),)

    reference = fields.Fingerprint(
        path=[
            "form_id",
            "entry_id || id",
            "email || email_address",
            "phone || phone_number",
            "tour_date",
            "tour_time",
            "property",
        ],
        required=True,
    )
