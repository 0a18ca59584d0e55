from bridge.inbound.signatures import Signature
from bridge.mapping import IGNORE, REQUEST, Mapping, When, fields, path
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


def answer(words: str) -> str:
    """The answer to the first question whose reference, or whose text, reads like this."""
    said = " || ".join(f"match(replace({of}, '_', ' '), '^({words})\\W*$')" for of in ("ref", "question"))
    return f"(answers[?{said}].value | [0])"


A_DATE = "(answers[?type == 'date' && !match(question, 'mov|lease|birth|born')].value | [0])"


class Typeform(Mapping):
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

    category = "form"
    on_request = "book"

    # base64 behind `sha256=`, not hex
    signature = Signature(header="Typeform-Signature", parse="sha256={signature}", encoding="base64")
    event = path("event_type")
    delivery_id = path("event_id")
    root = """{
        form: form_response,
        hidden: flat(form_response.hidden),
        answers: form_response.answers[].{
            ref: field.ref,
            question: find(
                body().form_response.definition.[fields, fields[].properties.fields[]][], 'id', field.id
            ).title,
            type: type,
            value: text || email || phone_number || date || choice.label || choice.other
                || (choices && join(', ', ([choices.labels, choices.other][] | [?@])))
                || text(number) || text(boolean) || url
        }
    }"""

    actions = [
        When(event="form_response", then=REQUEST),
        When(event="form_response_partial", then=IGNORE("the visitor has not sent the form")),
    ]

    occurred_at = fields.Instant(path="form.submitted_at")
    reference = fields.String(path="form.token", required=True)

    first_name = fields.Name(path=[answer(FIRST_NAME_ASKED), "hidden.first_name"])
    last_name = fields.Name(path=[answer(LAST_NAME_ASKED), "hidden.last_name"])
    full_name = fields.PersonName(path=[answer(NAME_ASKED), "hidden.name"])
    email = fields.Email(path=["answers[?type == 'email'].value | [0]", answer(EMAIL_ASKED), "hidden.email"])
    phone = fields.Phone(
        path=["answers[?type == 'phone_number'].value | [0]", answer(PHONE_ASKED), "hidden.phone"]
    )

    starts_at_local = fields.LocalTime(
        path=f"match({answer(START_ASKED)}, {DATED})",
        date=f"{answer(DATE_ASKED)} || {A_DATE}",
        time=clock(answer(TIME_ASKED)),
    )
    kind = fields.Choice(path=answer(KIND_ASKED), table=KINDS)

    property = fields.String(path=["hidden.property", "hidden.property_id", answer(PROPERTY_ASKED)])
    unit = fields.String(path=["hidden.unit", "hidden.unit_id", answer(UNIT_ASKED)])
    agent = fields.String(path=["hidden.agent", "hidden.agent_email"])
    lead_source = fields.String(path=["hidden.lead_source", "hidden.utm_source"])
    lead_id = fields.String(path="hidden.lead_id")
    notes = fields.Lines(path="answers[?!contains(['email', 'phone_number'], type)].[question || ref, value]")
