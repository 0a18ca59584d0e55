from bridge.inbound.signatures import SharedSecret
from bridge.mapping import (
    BOOK,
    CANCEL,
    IGNORE,
    NO_SHOW,
    REMEMBER,
    REQUEST,
    RESCHEDULE,
    Reply,
    When,
    fields,
    first,
    path,
)
from bridge.mapping.canonical import STARTS, CanonicalPayload

SENT = "Envelope.Body.notifications"
RECORD = f"{SENT}.Notification[0].sObject"
# The fields of the record in one spelling: `Prospect_Email__c` as `prospect_email`, `WhoId` as `who_id`.
FIELDS = f"{RECORD} | flat(rename(@, '^[A-Za-z0-9]+__(?=.+__c$)|__c$', ''))"
IS_PERSON = "match(type, '^sf:(lead|contact)$')"
# The `Status` of a lead is not that of a tour.
STATE = f"{FIELDS} | tour_status || ([@][?!{IS_PERSON}].status | [0])"
START = [*STARTS, "sched_start_time"]

ACK = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>'
    '<notificationsResponse xmlns="http://soap.sforce.com/2005/09/outbound"><Ack>true</Ack></notificationsResponse>'
    "</soapenv:Body></soapenv:Envelope>"
)


class SalesforceOutbound(CanonicalPayload):
    """Salesforce (outbound message)

    Records of a custom object for tours, of Salesforce Scheduler or of the calendar, as SOAP.
    https://developer.salesforce.com/docs/platform/api/guide/sforce-api-om-outboundmessaging.html

        {"Envelope": {"Body": {"notifications": {"Notification": [{"sObject": {"Id": "a0X5f00000AbCdEEAV",
         "Status__c": "Requested", "Start__c": "2026-09-18T19:30:00.000Z", "Prospect_First_Name__c": "Jordan",
         "Prospect_Last_Name__c": "Avery", "Prospect_Email__c": "jordan.avery@example.com",
         "Prospect_Phone__c": "+15125550142", "Propexo_Property_Id__c": "prop_maple_court"}}]}}}}

    Set-up: let a flow or rule send the message at each change of a custom object `Tour__c`, with fields such as
    `Status__c`, `Start__c`, `Prospect_First_Name__c`, `Prospect_Email__c`, `Propexo_Property_Id__c` and
    `LastModifiedDate`, to /hooks/<source>/<secret>; put the first 15 characters of your organization's id under
    `tenants`. A status counts by its first word: cancelled, no show, completed, requested (or pending), rescheduled,
    and any other one is a booked tour.
    Deleting a record sends nothing: cancel it first. An Event or ServiceAppointment has no more than the id of a Lead
    or Contact; a second message on those tells who that is. Not every edition may send messages for Events.
    """

    category = "CRM"
    signature = SharedSecret("path", "query")
    tenant = path(f"match({SENT}.OrganizationId, '^.{{15}}')")
    split = f"{SENT}.Notification"
    forgets = (f"{SENT}.SessionId",)
    root = FIELDS
    event = first(path(STATE), path(f'{RECORD}."@type"'))
    delivery_id = path(f"{SENT}.Notification[0].Id")
    reply = Reply(ACK, content_type="text/xml")

    actions = (
        When(where=f"{FIELDS} | {IS_PERSON} && !(tour_status || {' || '.join(START)})", then=REMEMBER),
        When(where=f"match({STATE}, '^cancel')", then=CANCEL),
        When(where=f"match({STATE}, '^no.?show')", then=NO_SHOW),
        When(
            where=f"match({STATE}, '^(complete|attended|toured|in.progress|cannot complete)')",
            then=IGNORE("the tour is over"),
        ),
        When(where=f"match({STATE}, '^(request|pending|unconfirmed)')", then=REQUEST),
        When(where=f"match({STATE}, '^reschedule')", then=RESCHEDULE),
        When(where=RECORD, then=BOOK),
    )

    occurred_at = fields.Instant(path=["last_modified_date", "system_modstamp"])
    reference = fields.String(path="id", required=True)
    contact_id = fields.String(
        path=["who_id", "contact_id", "lead", "contact", f"[@][?{IS_PERSON}].id | [0]"]
    )

    # The name of a record that is no person is often a number.
    full_name = fields.PersonName(
        path=[
            "prospect_name",
            "prospect_full_name",
            "contact_name",
            "lead_name",
            f"[@][?{IS_PERSON}].name | [0]",
        ]
    )
    phone = fields.Phone(
        path=["prospect_phone", "prospect_mobile", "mobile_phone", "phone", "contact_phone", "lead_phone"]
    )

    starts_at = fields.Instant(path=START)
    ends_at = fields.Instant(
        path=["end", "tour_end", "end_date_time", "tour_end_date_time", "sched_end_time"]
    )
    # Without the `Duration` of a ServiceAppointment, which may be in hours.
    duration_minutes = fields.Duration(
        path=["duration_minutes", "tour_duration_minutes", "duration_in_minutes"]
    )

    property = fields.String(
        path=["propexo_property_id", "property_id", "property_name", "property", "community"]
    )
    unit = fields.String(path=["propexo_unit_id", "unit_id", "unit", "unit_number"])
    agent = fields.String(path=["agent_email", "agent", "owner_email", "owner_id"])
    lead_id = fields.String(path="propexo_lead_id")
    title = fields.String(path=["title", "subject"])
    notes = fields.Lines(
        path=["notes", "tour_notes", "description", "[['Cancellation reason', cancellation_reason]]"]
    )
