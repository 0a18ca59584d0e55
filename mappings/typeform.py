from bridge.inbound.signatures import Signature
from bridge.mapping import IGNORE, REQUEST, When, fields, path
from bridge.mapping.forms import Form

TITLES = "body().form_response.definition.[fields, fields[].properties.fields[]][]"
HIDDEN = "pairs(form_response.hidden, '')[].merge(@, {type: 'hidden'})"
VALUE = (
    "text || email || phone_number || date || choice.label || choice.other || ([choices.labels, choices.other][] |"
    " [?@]) || text(number) || text(boolean) || url"
)
SHOWN = "answers[?!contains(['email', 'phone_number', 'hidden'], type)].[label || name, value]"


class Typeform(Form):
    """Typeform

    Tour requests of a Typeform. A form never moves or cancels a tour.
    https://www.typeform.com/developers/webhooks/example-payload/

        {"event_type": "form_response", "form_response": {"token": "a3a12ec67a1365927098a606107fac15",
         "hidden": {"property_id": "prop_cedarpark"}, "answers": [{"text": "Sofia", "field": {"ref": "first_name"}},
         {"text": "Marchetti", "field": {"ref": "last_name"}}, {"email": "sofia.marchetti@example.com",
         "field": {"ref": "email"}}, {"phone_number": "+15125550123", "field": {"ref": "phone"}},
         {"date": "2026-12-03", "field": {"ref": "tour_date"}}, {"choice": {"label": "10:30 AM"},
         "field": {"ref": "tour_time"}}]}}

    Set-up: in Connect, Webhooks add the source's address and a secret, and switch the webhook on (a new one is off).
    Give the questions these references, or these words as text: `first_name`, `last_name` or `name`, `tour_date`,
    `tour_time`, `tour_type`, `unit`; e-mail and phone are known by their type, and all answers go into the notes.
    Declare the hidden field `property` (also `unit`, `agent`, `lead_source`, `lead_id`) and link to the form with
    `#property=<alias>`. Date and time are the property's. A request with both is booked; where your team answers
    requests by hand, set `on_request = "hold"`.
    """

    # base64 behind `sha256=`, not hex
    signature = Signature(header="Typeform-Signature", parse="sha256={signature}", encoding="base64")
    event = path("event_type")
    delivery_id = path("event_id")
    root = f"""{{
        answers: [
            form_response.answers[].{{
                name: field.ref, label: find({TITLES}, 'id', field.id).title, type: type, value: {VALUE}
            }},
            {HIDDEN}
        ][],
        form: form_response
    }} | merge(asked(answers), {{form: form, answers: answers}})"""

    actions = [
        When(event="form_response", then=REQUEST),
        When(event="form_response_partial", then=IGNORE("the visitor has not sent the form")),
    ]

    occurred_at = fields.Instant(path="form.submitted_at")
    reference = fields.String(path="form.token", required=True)
    notes = fields.Lines(path=SHOWN)
