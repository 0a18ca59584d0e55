from bridge.inbound.signatures import Signature
from bridge.mapping import IGNORE, REQUEST, Mapping, When, fields, path
from bridge.mapping.own_body import KINDS


def answer(words: str) -> str:
    """The answer to the first question whose reference, or whose text, reads like this."""
    return f"answers[?match(ref, '^({words})$') || match(question, '^({words})\\W*$')].value | [0]"


class Typeform(Mapping):
    """Typeform

    Tour requests of a Typeform. A form never moves or cancels a tour.
    https://www.typeform.com/developers/webhooks/example-payload/

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
            question: find(body().form_response.definition.fields, 'id', field.id).title,
            type: type,
            value: text || email || phone_number || date || choice.label || choice.other
                || (choices.labels && join(', ', choices.labels)) || text(number) || text(boolean) || url
        }
    }"""

    actions = [
        When(event="form_response", then=REQUEST),
        When(event="form_response_partial", then=IGNORE("the visitor has not sent the form")),
    ]

    occurred_at = fields.Instant(path="form.submitted_at")
    reference = fields.String(path="form.token", required=True)

    first_name = fields.Name(path=answer("(what.is.)?(your.)?first.?name"))
    last_name = fields.Name(path=answer("(what.is.|and.)?(your.)?last.?name"))
    full_name = fields.PersonName(path=answer("(what.is.)?(your.)?(full.?)?name"))
    email = fields.Email(path=["answers[?type == 'email'].value | [0]", answer("e.?mail(.address)?")])
    phone = fields.Phone(
        path=["answers[?type == 'phone_number'].value | [0]", answer("phone(.number)?|mobile")]
    )

    starts_at_local = fields.LocalTime(
        path=answer("tour.?(start|at|date.and.time)"),
        date=answer("(preferred.)?(tour.?)?(date|day)|which.day"),
        time=answer("(preferred.)?(tour.?)?time|(which|what).time"),
    )
    kind = fields.Choice(path=answer("(tour|visit).?(type|kind)|(type|kind).of.(tour|visit)"), table=KINDS)

    property = fields.String(
        path=["hidden.property", "hidden.property_id", answer("property(.?id)?|community")]
    )
    unit = fields.String(path=["hidden.unit", "hidden.unit_id", answer("unit(.?(id|number))?")])
    agent = fields.String(path=["hidden.agent", "hidden.agent_email"])
    lead_source = fields.String(path=["hidden.lead_source", "hidden.utm_source"])
    lead_id = fields.String(path="hidden.lead_id")
    notes = fields.Lines(path="answers[?!contains(['email', 'phone_number'], type)].[question || ref, value]")
