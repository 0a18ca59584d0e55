from bridge.inbound.signatures import SharedSecret
from bridge.mapping.canonical import BODY, CanonicalPayload


class ZohoWorkflow(CanonicalPayload):
    """Zoho CRM (workflow webhook)

    The webhook of a workflow rule, as a form or as JSON, with the parameters that you choose.
    https://www.zoho.com/crm/help/automation/webhooks.html

        {"event": "tour_booked", "meeting_id": "6610045000001420031", "from": "2026-09-18T14:30:00-05:00",
         "first_name": "Jordan", "last_name": "Avery", "email": "jordan.avery@example.com", "phone": "+15125550142",
         "property_id": "prop_maple_court"}

    Set-up: make one rule each for meetings that are created, changed and cancelled, all with a webhook that sends
    the secret in a header `X-Bridge-Key` (or `?token=` in its URL), the custom parameter `event` (tour_booked,
    tour_rescheduled, tour_cancelled) and the module parameters `meeting_id`, `from`, `to`, `title`, `first_name`,
    `last_name`, `email`, `phone`, `property_id`. Send the Modified Time as `timestamp`: without it, a tour that is
    moved back to an earlier time looks like a repetition. Do not count on Zoho to try again.
    """

    category = "CRM"
    signature = SharedSecret()
    forgets = ("token",)
    root = (
        f"flat({BODY}) | merge("
        "{booking_id: meeting_id, start: from, end: to, comments: description, agent_email: owner_email}, @)"
    )
