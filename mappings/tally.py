from bridge.inbound.signatures import Signature
from bridge.mapping import REQUEST, When, fields, path
from bridge.mapping.forms import Form

LEFT_OUT = ["INPUT_EMAIL", "INPUT_PHONE_NUMBER", "HIDDEN_FIELDS", "CALCULATED_FIELDS"]


class Tally(Form):
    """Tally

    Tour requests of a Tally form. A form never moves or cancels a tour.
    https://tally.so/help/webhooks

        {"eventType": "FORM_RESPONSE", "data": {"submissionId": "jaMb6Ka", "fields": [{"label": "First name",
         "value": "Yusuf"}, {"label": "Last name", "value": "Demir"}, {"type": "INPUT_EMAIL",
         "value": "yusuf.demir@example.com"}, {"type": "INPUT_PHONE_NUMBER", "value": "+15125550163"},
         {"type": "INPUT_DATE", "value": "2026-12-03"}, {"type": "INPUT_TIME", "value": "10:30"},
         {"label": "property_id", "value": "prop_cedarpark"}]}}

    Set-up: in Integrations, Webhooks add the source's address and a signing secret. Label the questions First name,
    Last name (or Name), Tour date, Tour time, Tour type, Unit; e-mail and phone are known by their type, and all
    answers go into the notes. Add the hidden field `property` (also `unit`,
    `agent`, `lead_source`, `lead_id`) and link to the form with `?property=<alias>`. Date and time are the
    property's. A request with both is booked; where your team answers requests by hand, set `on_request = "hold"`.
    """

    # bare base64
    signature = Signature(header="Tally-Signature", encoding="base64")
    event = path("eventType")
    delivery_id = path("eventId")
    # The value of a choice is the id of one of its options, alone or in a list.
    root = """{
        form: data,
        answers: data.fields[].{
            label: label,
            type: type,
            value: chosen(options, value)
        }
    } | merge(asked(answers), {form: form, answers: answers})"""

    actions = [When(event="FORM_RESPONSE", then=REQUEST)]

    occurred_at = fields.Instant(path=["form.createdAt", "body().createdAt"])
    reference = fields.String(path=["form.submissionId", "form.responseId"], required=True)
    notes = fields.Lines(path=f"answers[?!contains({LEFT_OUT}, type) && value != `false`].[label, value]")
