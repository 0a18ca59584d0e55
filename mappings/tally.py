from bridge.inbound.signatures import Signature
from bridge.mapping import REQUEST, Mapping, When, fields, path
from bridge.mapping.own_body import KINDS

LEFT_OUT = ["INPUT_EMAIL", "INPUT_PHONE_NUMBER", "HIDDEN_FIELDS", "CALCULATED_FIELDS"]


def answer(words: str) -> str:
    """The answer to the first question, or the hidden field, whose label reads like this."""
    return f"answers[?match(label, '^({words})\\W*$')].value | [0]"


class Tally(Mapping):
    """Tally

    Tour requests of a Tally form. A form never moves or cancels a tour.
    https://tally.so/help/webhooks

    Set-up: in Integrations, Webhooks add the source's address and a signing secret. Label the questions First name,
    Last name (or Name), Tour date, Tour time, Tour type, Unit; e-mail and phone are known by their type, and all
    answers go into the notes, of a multi-select the first choice only. Add the hidden field `property` (also `unit`,
    `agent`, `lead_source`, `lead_id`) and link to the form with `?property=<alias>`. Date and time are the
    property's. A request with both is booked; where your team answers requests by hand, set `on_request = "hold"`.
    """

    category = "form"
    on_request = "book"

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
            value: find(options, 'id', value[0] || value).text || value
        }
    }"""

    actions = [When(event="FORM_RESPONSE", then=REQUEST)]

    occurred_at = fields.Instant(path=["form.createdAt", "body().createdAt"])
    reference = fields.String(path=["form.submissionId", "form.responseId"], required=True)

    first_name = fields.Name(path=answer("(what.is.)?(your.)?first.?name"))
    last_name = fields.Name(path=answer("(what.is.|and.)?(your.)?last.?name"))
    full_name = fields.PersonName(path=answer("(what.is.)?(your.)?(full.?)?name"))
    email = fields.Email(path=["answers[?type == 'INPUT_EMAIL'].value | [0]", answer("e.?mail(.address)?")])
    phone = fields.Phone(
        path=["answers[?type == 'INPUT_PHONE_NUMBER'].value | [0]", answer("phone(.number)?|mobile")]
    )

    starts_at_local = fields.LocalTime(
        path=answer("tour.?(start|at|date.and.time)"),
        date=answer("(preferred.)?(tour.?)?(date|day)|which.day"),
        time=answer("(preferred.)?(tour.?)?time|(which|what).time"),
    )
    kind = fields.Choice(path=answer("(tour|visit).?(type|kind)|(type|kind).of.(tour|visit)"), table=KINDS)

    property = fields.String(path=answer("property(.?id)?|community"))
    unit = fields.String(path=answer("unit(.?(id|number))?"))
    agent = fields.String(path=answer("agent(.?email)?"))
    lead_source = fields.String(path=[answer("lead.?source"), answer("utm_source")])
    lead_id = fields.String(path=answer("lead.?id"))
    notes = fields.Lines(path=f"answers[?!contains({LEFT_OUT}, type) && value != `false`].[label, value]")
