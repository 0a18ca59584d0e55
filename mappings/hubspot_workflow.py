from bridge.inbound.signatures import FirstOf, SharedSecret, Signature
from bridge.mapping import fields, first, path
from bridge.mapping.own_body import KINDS, OwnBody


def _named(*names: str) -> list[str]:
    """A key of a body that the customer made, and the same property in the whole record."""
    return [one for name in names for one in (name, f"properties_{name}_value", f"properties_{name}")]


STARTS = _named("tour_date_time", "tour_start", "start")


class HubSpotWorkflow(OwnBody):
    """HubSpot (workflow)

    The "Send a webhook" step of a workflow, with all properties of its record or with a body of your own.
    https://knowledge.hubspot.com/workflows/how-do-i-use-webhooks-with-hubspot-workflows

    Set-up: let the step sign its request (the secret is the app's client secret), or send an API key in the header
    X-Bridge-Key. Name the properties of the record `tour_date_time` (date and time), `tour_status` (booked,
    rescheduled, cancelled, no show), `tour_type` and `propexo_property_id`; a body of your own has `event` in place of
    the status. Give each tour an id of its own in `tour_booking_id`: without it the id of the record stands in, and a
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
    event = first(OwnBody.event, path("tour_status"), path("properties.tour_status | value || @"))

    # Of a whole record the newest change of any property: it tells a late delivery from a new one.
    occurred_at = fields.Instant(
        path=[
            *_named("occurred_at", "timestamp", "lastmodifieddate", "hs_lastmodifieddate"),
            "max(body().properties.*.versions[].timestamp)",
        ]
    )
    reference = fields.String(
        path=[*_named("booking_id", "tour_booking_id", "hs_object_id"), "vid", "id"], required=True
    )

    first_name = fields.Name(path=_named("firstname", "first_name"))
    last_name = fields.Name(path=_named("lastname", "last_name"))
    email = fields.Email(path=_named("email"))
    phone = fields.Phone(path=_named("phone", "mobilephone"))

    starts_at = fields.Instant(path=STARTS)
    starts_at_local = fields.LocalTime(path=STARTS)
    ends_at = fields.Instant(path=_named("tour_end_date_time", "tour_end", "end"))
    duration_minutes = fields.Duration(path=_named("tour_duration_minutes", "duration_minutes"))
    kind = fields.Choice(path=_named("tour_type"), table=KINDS)

    property = fields.String(path=_named("propexo_property_id", "property_id", "property"))
    unit = fields.String(path=_named("propexo_unit_id", "unit_id", "unit"))
    agent = fields.String(path=_named("agent", "agent_email", "hubspot_owner_id"))
    lead_source = fields.String(path=_named("lead_source"))
    lead_id = fields.String(path=_named("propexo_lead_id", "lead_id"))
    notes = fields.Lines(path=_named("tour_notes", "notes"))
