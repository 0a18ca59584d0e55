from bridge.inbound.signatures import Signature
from bridge.mapping import REQUEST, Mapping, When, answers, fields, path
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

LEFT_OUT = ["INPUT_EMAIL", "INPUT_PHONE_NUMBER", "HIDDEN_FIELDS", "CALCULATED_FIELDS"]

answer = answers("answers", label="replace(label, '_', ' ')", whole=True)
A_DATE = "(answers[?type == 'INPUT_DATE' && !match(label, 'mov|lease|birth|born')].value | [0])"


class Tally(Mapping):
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

    first_name = fields.Name(path=answer(FIRST_NAME_ASKED))
    last_name = fields.Name(path=answer(LAST_NAME_ASKED))
    full_name = fields.PersonName(path=answer(NAME_ASKED))
    email = fields.Email(path=["answers[?type == 'INPUT_EMAIL'].value | [0]", answer(EMAIL_ASKED)])
    phone = fields.Phone(path=["answers[?type == 'INPUT_PHONE_NUMBER'].value | [0]", answer(PHONE_ASKED)])

    starts_at_local = fields.LocalTime(
        path=f"match({answer(START_ASKED)}, {DATED})",
        date=f"{answer(DATE_ASKED)} || {A_DATE}",
        time=f"{clock(answer(TIME_ASKED))} || (answers[?type == 'INPUT_TIME'].value | [0])",
    )
    kind = fields.Choice(path=answer(KIND_ASKED), table=KINDS)

    property = fields.String(path=answer(PROPERTY_ASKED))
    unit = fields.String(path=answer(UNIT_ASKED))
    agent = fields.String(path=answer("agent(.?email)?"))
    lead_source = fields.String(path=[answer("lead.?source"), answer("utm source")])
    lead_id = fields.String(path=answer("lead.?id"))
    notes = fields.Lines(path=f"answers[?!contains({LEFT_OUT}, type) && value != `false`].[label, value]")
