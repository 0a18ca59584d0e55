from bridge.inbound.signatures import SharedSecret
from bridge.mapping.canonical import CanonicalPayload


class N8n(CanonicalPayload):
    """n8n

    The node `HTTP Request` of a workflow, with the bridge's own body: one request for each item, or all in a list.
    https://docs.n8n.io/integrations/builtin/core-nodes/n8n-nodes-base.httprequest/

        {"event": "tour.booked", "booking_id": "TB-55120", "prospect": {"first_name": "Jordan", "last_name": "Avery",
         "email": "jordan.avery@example.com", "phone": "+15125550142"},
         "tour": {"start": "2026-09-18T14:30:00-05:00"}, "property_id": "prop_maple_court"}

    Set-up: 1. Think of a long random secret, and put it under `secrets` of the source.
    2. Add the node `HTTP Request`. Method: POST. URL: https://<your host>/hooks/<source>.
    3. Authentication: Generic, Bearer Auth (or Header Auth with the name X-Bridge-Key), with the secret.
    4. Send Body: JSON. With fields below: `event` = tour.booked (tour.rescheduled, tour.cancelled, tour.requested,
    tour.no_show), `booking_id`, `first_name`, `last_name`, `email`, `phone`, `tour_start` = date and time with
    offset, `property`. Or with JSON: the body of mappings/README.md; a list of them, or of whole items, is a batch.
    5. In the settings of the node: Retry On Fail. What is sent twice is known by its `delivery_id`, and without one
    by its content.
    """

    # Nothing is signed. The node can set headers, Basic or the query.
    signature = SharedSecret()
    category = "automation"
