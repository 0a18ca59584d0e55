from bridge.inbound.signatures import FirstOf, SharedSecret, Signature
from bridge.mapping import fields, first, path
from bridge.mapping.canonical import BODY, BOOKING_IDS, DATE, STARTS, TIME, ZONE, CanonicalPayload

# A property of the whole record is in `properties`, alone or as the `value` of an object.
RECORD = f"rename(flat({BODY}), '^properties_(.+?)(_value)?$', '\\1')"
STATUS = f"{RECORD}.tour_status"


class HubSpotWorkflow(CanonicalPayload):
    """HubSpot (workflow)

    The "Send a webhook" step of a workflow, with all properties of its record or with a body of your own.
    https://knowledge.hubspot.com/workflows/how-do-i-use-webhooks-with-hubspot-workflows

        {"properties": {"firstname": {"value": "Jordan"}, "lastname": {"value": "Avery"},
         "email": {"value": "jordan.avery@example.com"}, "phone": {"value": "+15125550142"},
         "tour_date_time": {"value": "1789759800000"}, "tour_status": {"value": "booked"},
         "tour_booking_id": {"value": "bk_20260918_0001"}, "propexo_property_id": {"value": "prop_maple_court"}}}

    Set-up: let the step sign its request (the secret is the app's client secret), or send an API key in the header
    X-Bridge-Key. Name the properties of the record `tour_date_time` (date and time), `tour_status` (booked,
    rescheduled, cancelled, no show), `tour_type` and `propexo_property_id`; a body of your own has `event` in place of
    the status. Give each tour an id of its own in `tour_booking_id`: without it the id of the record is used, and a
    second tour of a contact moves the first. Send `lastmodifieddate` in a body of your own, so that the newer wins.
    """

    category = "CRM"
    # v2 is what workflows sign with.
    signature = FirstOf(
        Signature(
            header="X-HubSpot-Signature-v3",
            signs=("{method}{url}{body}{t}", "{method}{url:decoded}{body}{t}"),
            encoding="base64",
            timestamp_header="X-HubSpot-Request-Timestamp",
            timestamp="ms",
            tolerance=300,
        ),
        Signature(header="X-HubSpot-Signature", signs="{secret}{method}{url}{body}", algorithm="sha256"),
        SharedSecret("header", "bearer", "query", "path"),
    )
    root = RECORD
    event = first(CanonicalPayload.event, path(STATUS))
    # Of a whole record the newest change of any property: it tells a late delivery from a new one.
    occurred_at = fields.Instant(
        path=[
            *["occurred_at", "timestamp", "lastmodifieddate", "hs_lastmodifieddate"],
            "max(body().properties.*.versions[].timestamp)",
        ]
    )
    reference = fields.String(path=[*BOOKING_IDS, "hs_object_id", "vid", "id"], required=True)
    phone = fields.Phone(
        path=["phone", "mobilephone", "contact_phone", "phone_number", "mobile", "mobile_phone_number"]
    )
    # A property of the type date, where one with a time is needed, is midnight in UTC.
    starts_at = fields.Instant(path=STARTS, zone=ZONE, midnight_is_date=True)
    starts_at_local = fields.LocalTime(path=STARTS, date=DATE, time=TIME, zone=ZONE, midnight_is_date=True)
    property = fields.String(
        path=["propexo_property_id", "property_id", "property", "property_name", "community"]
    )
    unit = fields.String(path=["propexo_unit_id", "unit_id", "unit", "unit_number"])
    agent = fields.String(path=["agent", "agent_email", "hubspot_owner_id"])
    lead_id = fields.String(path=["propexo_lead_id", "lead_id"])
