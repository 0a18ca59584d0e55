from bridge.inbound.signatures import SharedSecret
from bridge.mapping import (
    BOOK,
    CANCEL,
    IGNORE,
    NO_SHOW,
    REMEMBER,
    REQUEST,
    RESCHEDULE,
    Mapping,
    Reply,
    When,
    fields,
    first,
    path,
)
from bridge.mapping.own_body import KINDS

SENT = "Envelope.Body.notifications"
RECORD = f"{SENT}.Notification[0].sObject"
# The `Status` of a lead is not that of a tour.
STATE = f"{RECORD} | Status__c || Tour_Status__c || ([@][?\"@type\" == 'sf:ServiceAppointment'].Status | [0])"
STARTS = ["Start__c", "Tour_Start__c", "StartDateTime", "SchedStartTime"]
IS_PERSON = "contains(['sf:Lead', 'sf:Contact'], \"@type\")"

ACK = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>'
    '<notificationsResponse xmlns="http://soap.sforce.com/2005/09/outbound"><Ack>true</Ack></notificationsResponse>'
    "</soapenv:Body></soapenv:Envelope>"
)


class SalesforceOutbound(Mapping):
    """Salesforce (outbound message)

    Records of a custom object for tours, of Salesforce Scheduler or of the calendar, as SOAP.
    https://developer.salesforce.com/docs/platform/api/guide/sforce-api-om-outboundmessaging.html

    Set-up: let a flow or rule send the message at each change of a custom object `Tour__c`, with the fields read below
    (`Status__c`, `Start__c`, `Prospect_Email__c`, `Propexo_Property_Id__c`, `LastModifiedDate` ...), to
    /hooks/<source>/<secret>; put your organization's id in its form of 18 characters under `tenants`. A status counts
    by its first word: cancelled, no show, completed, requested, rescheduled, and any other one is a booked tour.
    Deleting a record sends nothing: cancel it first. An Event or ServiceAppointment has no more than the id of a Lead
    or Contact; a second message on those tells who that is. Not every edition may send messages for Events.
    """

    category = "CRM"
    signature = SharedSecret("path", "query")
    tenant = path(f"{SENT}.OrganizationId")
    split = f"{SENT}.Notification"
    forgets = (f"{SENT}.SessionId",)
    root = RECORD
    event = first(path(STATE), path(f'{RECORD}."@type"'))
    delivery_id = path(f"{SENT}.Notification[0].Id")
    reply = Reply(ACK, content_type="text/xml")

    actions = (
        When(where=f"{RECORD} | {IS_PERSON} && !({' || '.join(STARTS)})", then=REMEMBER),
        When(where=f"match({STATE}, '^cancel')", then=CANCEL),
        When(where=f"match({STATE}, '^no.?show')", then=NO_SHOW),
        When(where=f"match({STATE}, '^complete')", then=IGNORE("the tour has taken place")),
        When(where=f"match({STATE}, '^request')", then=REQUEST),
        When(where=f"match({STATE}, '^reschedule')", then=RESCHEDULE),
        When(where=RECORD, then=BOOK),
    )

    occurred_at = fields.Instant(path=["LastModifiedDate", "SystemModstamp"])
    reference = fields.String(path="Id", required=True)
    contact_id = fields.String(
        path=["WhoId", "ContactId", "Lead__c", "Contact__c", f"[@][?{IS_PERSON}].Id | [0]"]
    )

    first_name = fields.Name(path=["Prospect_First_Name__c", "First_Name__c", "FirstName"])
    last_name = fields.Name(path=["Prospect_Last_Name__c", "Last_Name__c", "LastName"])
    full_name = fields.PersonName(path=["Prospect_Name__c", "Prospect_Full_Name__c"])
    email = fields.Email(path=["Prospect_Email__c", "Email__c", "Email"])
    phone = fields.Phone(path=["Prospect_Phone__c", "Phone__c", "MobilePhone", "Phone"])

    starts_at = fields.Instant(path=STARTS)
    ends_at = fields.Instant(path=["End__c", "Tour_End__c", "EndDateTime", "SchedEndTime"])
    duration_minutes = fields.Integer(path=["Duration_Minutes__c", "DurationInMinutes"])
    kind = fields.Choice(path="Tour_Type__c", table=KINDS)

    property = fields.String(path=["Propexo_Property_Id__c", "Property_Id__c", "Property__c"])
    unit = fields.String(path=["Propexo_Unit_Id__c", "Unit_Id__c", "Unit__c"])
    agent = fields.String(path=["Agent_Email__c", "OwnerId"])
    lead_source = fields.String(path=["Lead_Source__c", "LeadSource"])
    lead_id = fields.String(path=["Propexo_Lead_Id__c", "Lead_Id__c"])
    title = fields.String(path=["Title__c", "Subject"])
    notes = fields.Lines(
        path=["Notes__c", "Description", "[['Cancellation reason', Cancellation_Reason__c]]"]
    )
