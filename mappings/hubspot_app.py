from bridge.inbound.signatures import FirstOf, Signature
from bridge.mapping import (
    BOOK,
    CANCEL,
    IGNORE,
    NO_SHOW,
    REQUEST,
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

CHANGED = ("object.propertyChange", "contact.propertyChange")
TOUR = "^(hs_meeting_|hs_appointment_|tour_|propexo_)"
OURS = (
    "hs_meeting_title,hs_meeting_body,hs_internal_meeting_notes,hs_meeting_start_time,hs_meeting_end_time,"
    "hs_meeting_outcome,hs_activity_type,hubspot_owner_id,hs_appointment_name,hs_appointment_start,"
    "hs_appointment_end,hs_appointment_status,tour_date_time,tour_status,tour_type,propexo_property_id,"
    "propexo_unit_id,propexo_lead_id,firstname,lastname,email,phone,mobilephone"
)
INVITED = "[@][?contains(['0-47', '0-421'], objectTypeId)].record.associations.contacts.results[0].id | [0]"
START = "hs_meeting_start_time || hs_appointment_start || tour_date_time"
CHANGED_START = f"[@][?match(propertyName, '^({START.replace(' || ', '|')})$')].propertyValue | [0]"
# What the record says, else what the event says of it.
STATE = (
    "(record.properties | hs_meeting_outcome || hs_appointment_status || tour_status)"
    " || ([@][?match(propertyName, '_(outcome|status)$')].propertyValue | [0])"
)


class HubSpotApp(Mapping):
    """HubSpot (webhooks of an app)

    Meetings, appointments and the tour properties of contacts, for which an app only learns that they changed.
    https://developers.hubspot.com/docs/guides/webhooks/create-generic-webhook-subscriptions

        {"eventId": 3318820401, "subscriptionId": 3310071, "portalId": 44123456, "appId": 1180042,
         "occurredAt": 1789398000000, "subscriptionType": "object.creation", "attemptNumber": 0,
         "objectId": 78450099881, "objectTypeId": "0-47", "changeFlag": "CREATED", "changeSource": "MEETINGS",
         "sourceId": "userId:55120"}

    Set-up: subscribe the app to creation, deletion and property changes of meetings (0-47) or appointments (0-421).
    The secret is the app's client secret; `api.token` has to be able to read those objects and contacts.
    A meeting counts if its type or title has the word tour, showing or viewing, or if it has a `propexo_property_id`.
    A contact holds one tour, in `tour_date_time`, `tour_status` and `tour_type`: a second one moves the first.
    A workflow (mapping `hubspot_workflow`) needs no access to the API.
    """

    category = "CRM"
    # v3 decides where it is present; v1 (no timestamp) is what older apps send alone. The address is tried as it
    # came, then with the escapes that HubSpot decodes before it signs.
    signature = FirstOf(
        Signature(
            header="X-HubSpot-Signature-v3",
            signs=("{method}{url}{body}{t}", "{method}{url:decoded}{body}{t}"),
            encoding="base64",
            timestamp_header="X-HubSpot-Request-Timestamp",
            timestamp="ms",
            tolerance=300,
        ),
        Signature(header="X-HubSpot-Signature", signs="{secret}{body}", algorithm="sha256"),
    )
    event = path("subscriptionType")
    delivery_id = paths("portalId", "subscriptionId", "eventId", "occurredAt")
    coalesce = True
    tenant = path("portalId")
    changed_by = path("changeSource")

    api = Api(
        base_url="https://api.hubapi.com",
        credentials=("token",),
        headers={"Authorization": "Bearer {token}"},
        instead="let a workflow send the tour (mapping `hubspot_workflow`)",
    )
    details = (
        Fetch(
            path=f"/crm/v3/objects/{{type}}/{{id}}?associations=contacts&properties={OURS}",
            ids={"type": "objectTypeId || 'contacts'", "id": "objectId"},
            into="record",
        ),
        Fetch(
            path=f"/crm/v3/objects/contacts/{{id}}?properties={OURS}",
            ids={"id": INVITED},
            where=INVITED,
            into="contact",
        ),
    )

    actions = (
        When(
            where="objectTypeId && !contains(['0-47', '0-421', '0-1'], objectTypeId)",
            then=IGNORE("only meetings, appointments and contacts hold tours"),
        ),
        When(event="object.deletion", where="objectTypeId != '0-1'", then=CANCEL),
        When(event=CHANGED, where=f"!match(propertyName, '{TOUR}')", then=IGNORE("it is not about a tour")),
        When(where=f"match({STATE}, 'cancel')", then=CANCEL),
        When(where=f"match({STATE}, 'no.?show')", then=NO_SHOW),
        When(where=f"match({STATE}, 'complet')", then=IGNORE("the tour has taken place")),
        When(where=f"match({STATE}, '^request')", then=REQUEST),
        When(where=f"record && !(record.properties | {START})", then=IGNORE("it has no time yet")),
        When(
            where="record.properties | hs_meeting_start_time && !propexo_property_id"
            " && !match(join(' ', [hs_activity_type, hs_meeting_title][?@]), 'tour|showing|viewing')",
            then=IGNORE("neither the type nor the title of the meeting speaks of a tour"),
        ),
        When(event=CHANGED, then=RESCHEDULE),
        When(event=("object.creation", "object.restore"), where="objectTypeId != '0-1'", then=BOOK),
        When(where="subscriptionType", then=IGNORE("it is not about a tour")),
    )

    occurred_at = fields.Instant(path="occurredAt")
    reference = fields.String(path="objectId", required=True)

    first_name = fields.Name(path="[contact, record][].properties.firstname | [0]")
    last_name = fields.Name(path="[contact, record][].properties.lastname | [0]")
    email = fields.Email(path="[contact, record][].properties.email | [0]")
    phone = fields.Phone(path="[contact, record][].properties.[phone, mobilephone][]")

    starts_at = fields.Instant(path=[f"record.properties | {START}", CHANGED_START])
    ends_at = fields.Instant(path="record.properties | hs_meeting_end_time || hs_appointment_end")
    kind = fields.Choice(path="record.properties | tour_type || hs_activity_type", table=KINDS)

    property = fields.String(path="[record, contact][].properties.propexo_property_id | [0]")
    unit = fields.String(path="[record, contact][].properties.propexo_unit_id | [0]")
    agent = fields.String(path="record.properties.hubspot_owner_id")
    lead_id = fields.String(path="[contact, record][].properties.propexo_lead_id | [0]")
    title = fields.String(path="record.properties | hs_meeting_title || hs_appointment_name")
    notes = fields.Lines(path="record.properties.[html(hs_meeting_body), html(hs_internal_meeting_notes)]")
