from bridge.inbound.signatures import Signature
from bridge.mapping.own_body import OwnBody


class StandardWebhooks(OwnBody):
    """Standard Webhooks (your own software)

    The bridge's own JSON body, signed as https://www.standardwebhooks.com says; mappings/README.md describes it.
    For software that you write, and for automation platforms that can compute a signature.

        {"type": "appointment.booked", "data": {"id": "apt_1f81eb52", "start_at": "2031-03-04T10:30:00-06:00",
         "customer": {"first_name": "Noor", "last_name": "Haddad", "email": "noor.haddad@example.com",
         "phone": "+15125550162"}, "metadata": {"property_id": "oakwood"}}}

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
    actions = OwnBody.actions  # every word of them has its sample here
