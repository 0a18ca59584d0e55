from bridge.inbound.signatures import Signature
from bridge.mapping import BOOK, CANCEL, RESCHEDULE, Mapping, TourKind, When, fields, first, header, path


class StandardWebhooks(Mapping):
    """Standard Webhooks (your own software)

    The bridge's own JSON body, signed as https://www.standardwebhooks.com says; mappings/README.md describes it.
    For software that you write, and for automation platforms that can compute a signature.

    Set-up: share a secret of 24 to 64 random bytes, written `whsec_` + base64, and sign with any of the
    Standard Webhooks libraries.
    """

    signature = Signature(
        header="webhook-signature",
        parse="v1,{signature}",
        separator=" ",
        signs="{id}.{t}.{body}",
        id_header="webhook-id",
        timestamp_header="webhook-timestamp",
        key="whsec",
        algorithm="hmac-sha256",
        encoding="base64",
        tolerance=300,
    )
    event = path("type || event")
    delivery_id = first(header("webhook-id"), path("delivery_id"))
    root = "merge({timestamp: timestamp}, data || @)"

    actions = [
        When(event=("tour.booked", "appointment.booked"), then=BOOK),
        When(event=("tour.rescheduled", "appointment.rescheduled"), then=RESCHEDULE),
        When(event=("tour.cancelled", "appointment.canceled", "appointment.cancelled"), then=CANCEL),
    ]

    occurred_at = fields.Instant(path="timestamp")
    reference = fields.String(path=["booking_id", "id"], required=True)
    previous_reference = fields.String(path=["previous_booking_id", "previous_id"])

    first_name = fields.Name(path=["prospect.first_name", "customer.first_name"])
    last_name = fields.Name(path=["prospect.last_name", "customer.last_name"])
    full_name = fields.PersonName(path=["prospect.name", "customer.name"])
    email = fields.Email(path=["prospect.email", "customer.email"])
    phone = fields.Phone(path=["prospect.phone", "customer.phone"])

    starts_at = fields.Instant(path=["tour.start", "start_at"])
    starts_at_local = fields.LocalTime(path="tour.start_local")
    ends_at = fields.Instant(path=["tour.end", "end_at"])
    duration_minutes = fields.Integer(path="tour.duration_minutes")
    kind = fields.Choice(
        path="tour.type",
        table={
            "in_person": TourKind.IN_PERSON,
            "self_guided": TourKind.SELF_GUIDED,
            "virtual": TourKind.VIRTUAL,
        },
    )

    property = fields.String(path=["property", "property_id", "metadata.property_id"])
    unit = fields.String(path=["unit", "unit_id", "metadata.unit_id"])
    agent = fields.String(path=["agent", "agent_email"])
    lead_source = fields.String(path="lead_source")
    lead_id = fields.String(path=["lead_id", "metadata.lead_id"])
    title = fields.String(path="tour.title")
    notes = fields.Lines(path=["tour.notes", "notes"])
