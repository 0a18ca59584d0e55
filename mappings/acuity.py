from bridge.inbound.signatures import Signature
from bridge.mapping import BOOK, CANCEL, RESCHEDULE, Api, Fetch, Mapping, When, fields, path
from bridge.mapping.kinds import KINDS, named_kind

ASKED = "asked(forms[].values[].{label: name, value: value})"
"""What the client answered in the intake forms, by what was asked."""


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
    phone = fields.Phone(path=["phone", f"{ASKED}.phone"])

    starts_at = fields.Instant(path="datetime")
    duration_minutes = fields.Duration(path="duration")
    kind = fields.Choice(path=[f"{ASKED}.tour_type", named_kind("type")], table=KINDS)

    property = fields.String(path=[f"{ASKED}.property", "calendarID"])
    unit = fields.String(path=f"{ASKED}.unit")
    lead_source = fields.String(path=f"{ASKED}.lead_source")
    title = fields.String(path="type")
    notes = fields.Lines(path=["notes", "forms[].values[].[name, value]"])
