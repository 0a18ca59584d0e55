from bridge.inbound.signatures import SharedSecret
from bridge.mapping import fields, first, path
from bridge.mapping.canonical import BODY, BOOKING_IDS, CanonicalPayload


class SalesforceFlow(CanonicalPayload):
    """Salesforce (flow)

    The bridge's own body, sent by an HTTP Callout action of a flow or by Apex.
    https://help.salesforce.com/s/articleView?id=platform.flow_http_callout_configuring.htm

        {"event": "tour_booked", "recordId": "a0X5f00000AbCdEEAV", "firstName": "Jordan", "lastName": "Avery",
         "email": "jordan.avery@example.com", "phone": "+15125550142", "start": "2026-09-18T19:30:00Z",
         "propertyId": "prop_maple_court"}

    Set-up: make an external and a named credential that send the secret as `X-Bridge-Key` or as a Bearer token, and
    in a record-triggered flow a callout with `event` (tour booked, rescheduled, cancelled), `recordId`, `start`, the
    renter's `firstName`, `lastName`, `email`, `phone`, and `propertyId`. Add `timestamp` (LastModifiedDate), so that
    the newer of two changes decides. The flow does not try again: give it a fault path, or take an outbound message
    (mapping `salesforce_outbound`), which does.
    """

    category = "CRM"
    signature = SharedSecret()
    delivery_id = first(CanonicalPayload.delivery_id, path("eventUuid"))
    # `Prospect_Email__c`, as a field of the record is called, is `prospect_email`.
    root = f"flat(rename({BODY}, '__c$', ''))"

    reference = fields.String(path=[*BOOKING_IDS, "record_id", "id"], required=True)
