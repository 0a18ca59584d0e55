from bridge.inbound.signatures import SharedSecret
from bridge.mapping.canonical import CanonicalPayload


class Zapier(CanonicalPayload):
    """Zapier

    The step `Webhooks by Zapier` of a Zap, with the fields of the bridge's own body in one flat list.
    https://help.zapier.com/hc/en-us/articles/8496326446989-Send-webhooks-in-Zaps

        {"event": "tour.booked", "booking_id": "TB-55120", "first_name": "Jordan", "last_name": "Avery",
         "email": "jordan.avery@example.com", "phone": "+1 (512) 555-0142", "tour_start": "2026-09-18T14:30:00-05:00",
         "property_id": "prop_maple_court"}

    Set-up: 1. Think of a long random secret, and put it under `secrets` of the source.
    2. In the Zap add `Webhooks by Zapier`, event POST. URL: https://<your host>/hooks/<source>. Payload type: json.
    3. Data, one line each: `event` = tour.booked (tour.rescheduled, tour.cancelled, tour.requested, tour.no_show),
    `booking_id` = an id of the booking that is the same in all its Zaps, `first_name`, `last_name`, `email`, `phone`,
    `tour_start` = date and time, best as 2031-03-04T10:30:00-06:00; without an offset it is the time at the
    property, month before day. Also `property`, `unit`, `tour_type`, `tour_duration_minutes`, `notes`, and the like.
    4. Headers: `Authorization` = Bearer and the secret. (Or Basic Auth `user|password`: then the secret of the source
    is `user:password`.)
    form and xml do as well as json. A step that Zapier replays sends the same body again, and is known as such.
    """

    # Nothing is signed. A Zap can set headers and Basic; in the address the secret ends in logs.
    signature = SharedSecret()
    category = "automation"
