from bridge.inbound.signatures import SharedSecret
from bridge.mapping.canonical import CanonicalPayload


class Make(CanonicalPayload):
    """Make

    The HTTP module of a scenario, with the bridge's own body.
    https://apps.make.com/http

        {"event": "tour.booked", "booking_id": "TB-55120", "prospect": {"first_name": "Jordan", "last_name": "Avery",
         "email": "jordan.avery@example.com", "phone": "+15125550142"},
         "tour": {"start": "2026-09-18T14:30:00-05:00"}, "property_id": "prop_maple_court"}

    Set-up: 1. Think of a long random secret, and put it under `secrets` of the source.
    2. Add the module `HTTP: Make a request`. URL: https://<your host>/hooks/<source>. Method: POST.
    3. Headers: `Authorization` = Bearer and the secret. (Or the module with an API key, in the header X-Api-Key.)
    4. Body type: Raw, content type JSON, and the body of mappings/README.md with your values in it; or
    `application/x-www-form-urlencoded` with `event`, `booking_id`, `first_name`, `last_name`, `email`, `phone`,
    `tour_start` (date and time with offset, as formatDate(...; "YYYY-MM-DDTHH:mm:ssZ") makes it), `property`.
    5. Evaluate all states as errors: yes, or a refused request passes for a sent one; and store incomplete
    executions, because Make stops at an error and does not retry it automatically.
    A run that is repeated by hand sends the same body again, and is known as such.
    """

    # Nothing is signed. All modules can set headers, Basic or the query.
    signature = SharedSecret()
    category = "automation"
