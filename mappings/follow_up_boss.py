from bridge.inbound.signatures import Signature
from bridge.mapping import (
    BOOK,
    CANCEL,
    IGNORE,
    NO_SHOW,
    RESCHEDULE,
    Api,
    Fetch,
    Mapping,
    When,
    fields,
    path,
    paths,
)
from bridge.mapping.kinds import KINDS

# The API answers with one record, or with a list of one.
APPOINTMENT = "(appointment.appointments[0] || appointment)"
INVITED = f"{APPOINTMENT}.invitees[?personId].personId | [0]"


class FollowUpBoss(Mapping):
    """Follow Up Boss

    Appointments, of which a webhook tells the ids.
    https://docs.followupboss.com/reference/webhooks-guide

        {"eventId": "152d60c0-79da-4018-a9af-28aec8a71c94", "eventCreated": "2026-09-14T15:00:00+00:00",
         "event": "appointmentsCreated", "resourceIds": [55121],
         "uri": "https://api.followupboss.com/v1/appointments/55121"}

    Set-up: register webhooks for appointmentsCreated, appointmentsUpdated and appointmentsDeleted; the secret is the
    X-System-Key of that registration, and `api.api_key` an API key of the account. An appointment with a type counts
    if its type or title has the word tour, showing or viewing; the person's custom fields Propexo Property Id and
    Propexo Unit Id name the place. Appointments that come from Google or Office 365 calendars send nothing, nor does an
    appointment that goes with its deleted person. Inferred: what the API answers for one appointment.
    """

    category = "CRM"
    maturity = "inferred"
    signature = Signature(header="FUB-Signature", signs="{body:base64}")
    split = "resourceIds"
    root = f"merge(@, {{appointment: {APPOINTMENT}, person: person.people[0] || person}})"
    event = path("event")
    delivery_id = paths("eventId", "resourceIds[0]")
    coalesce = True

    api = Api(
        base_url="https://api.followupboss.com",
        credentials=("api_key",),
        basic="{api_key}:",
        instead="let Zapier send the whole appointment (mapping `zapier`)",
    )
    details = (
        Fetch(path="/v1/appointments/{id}", ids={"id": "resourceIds[0]"}, into="appointment"),
        Fetch(
            path="/v1/people/{id}?fields=allFields",
            ids={"id": INVITED},
            where=INVITED,
            into="person",
            optional=True,
        ),
    )

    actions = (
        When(event="appointmentsDeleted", then=CANCEL),
        When(where=f"match({APPOINTMENT}.outcome, 'cancel')", then=CANCEL),
        When(where=f"match({APPOINTMENT}.outcome, 'no.?show')", then=NO_SHOW),
        When(
            where=f"{APPOINTMENT} | type && !match(join(' ', [type, title || '']), 'tour|showing|viewing')",
            then=IGNORE("neither the type nor the title of the appointment speaks of a tour"),
        ),
        When(event="appointmentsCreated", then=BOOK),
        When(event="appointmentsUpdated", then=RESCHEDULE),
        When(where="!starts_with(event, 'appointments')", then=IGNORE("only appointments are tours")),
    )

    occurred_at = fields.Instant(path="eventCreated")
    reference = fields.String(path="resourceIds[0]", required=True)

    first_name = fields.Name(path="person.firstName")
    last_name = fields.Name(path="person.lastName")
    full_name = fields.PersonName(
        path=["person.name", "appointment.invitees[?personId].name | [0]"],
    )
    email = fields.Email(
        path=[
            "person.emails[?isPrimary == `1` || isPrimary == `true`].value | [0]",
            "person.emails[0].value",
            "appointment.invitees[?personId].email | [0]",
        ]
    )
    phone = fields.Phone(
        path=["person.phones[?isPrimary == `1` || isPrimary == `true`].value", "person.phones[].value"]
    )

    # A whole day is no start.
    starts_at = fields.Instant(path="[appointment][?!allDay].start | [0]")
    ends_at = fields.Instant(path="appointment.end")
    kind = fields.Choice(path="appointment.type", table=KINDS)

    property = fields.String(path="person.customPropexoPropertyId")
    unit = fields.String(path="person.customPropexoUnitId")
    agent = fields.String(path="appointment.invitees[?userId].email | [0]")
    lead_source = fields.String(path="person.source")
    lead_id = fields.String(path="person.customPropexoLeadId")
    title = fields.String(path="appointment.title")
    notes = fields.Lines(path="html(appointment.description)")
