from bridge.inbound.signatures import Signature
from bridge.mapping import BOOK, CANCEL, RESCHEDULE, Api, Fetch, Mapping, When, answers, fields, path
from bridge.mapping.own_body import KINDS, PROPERTY_ASKED, named_kind

asked = answers("forms[].values[]", label="name", whole=True)


class Acuity(Mapping):
    """Acuity Scheduling

    Appointments of Acuity (Squarespace). The webhook has ids only, so the bridge asks Acuity's API for the rest.
    https://developers.acuityscheduling.com/docs/webhooks

        {"action": "appointment.scheduled", "id": "54321", "calendarID": "27238", "appointmentTypeID": "1001"}

    Set-up: let webhooks of the account, or of its API, post to the source; `secrets` is the API key of the account's
    main admin, or of the user who made them. `user_id` and `api_key` go into `[sources.<name>.api]`. A question
    "Property" of the intake form names the property, else the calendar does: make its id an alias of the property.
    `changed` comes in addition to every other event, or may be subscribed alone: what Acuity says of the appointment
    decides, and what is written already is not written again. An appointment marked as a no-show is cancelled in
    Acuity, and so it is here.
    """

    category = "scheduler"

    # base64 HMAC of the raw form body with the admin's API key; no timestamp
    signature = Signature(header="X-Acuity-Signature", encoding="base64")
    event = path("action")
    repeats = True
    root = "appointment || @"

    api = Api(
        base_url="https://acuityscheduling.com",
        credentials=("user_id", "api_key"),
        basic="{user_id}:{api_key}",
        instead="let Zapier's Acuity trigger post the whole appointment (mapping `zapier`)",
    )
    details = [
        Fetch(path="/api/v1/appointments/{id}", ids={"id": "id"}, id_form=r"\d{1,20}", into="appointment")
    ]

    actions = [
        When(event=("canceled", "appointment.canceled"), then=CANCEL),
        When(where="appointment.canceled", then=CANCEL),
        When(event=("scheduled", "appointment.scheduled"), then=BOOK),
        When(event=("rescheduled", "appointment.rescheduled"), then=RESCHEDULE),
        When(event=("changed", "appointment.changed"), then=RESCHEDULE),
    ]

    reference = fields.String(path="id", required=True)

    first_name = fields.Name(path="firstName")
    last_name = fields.Name(path="lastName")
    email = fields.Email(path="email")
    phone = fields.Phone(path=["phone", asked(".*(phone|mobile|cell|whats.?app).*")])

    starts_at = fields.Instant(path="datetime")
    duration_minutes = fields.Duration(path="duration")
    kind = fields.Choice(
        path=[asked("(tour|visit) (type|kind)|(type|kind) of (tour|visit)"), named_kind("type")], table=KINDS
    )

    property = fields.String(path=[asked(PROPERTY_ASKED), "calendarID"])
    unit = fields.String(path=asked("unit( id| number)?"))
    lead_source = fields.String(path=asked("lead source"))
    title = fields.String(path="type")
    notes = fields.Lines(path=["notes", "forms[].values[].[name, value]"])
