from bridge.inbound.signatures import FirstOf, Signature
from bridge.mapping import first, header
from bridge.mapping.canonical import CanonicalPayload


def signed(prefix: str) -> Signature:
    """The scheme of Standard Webhooks, under headers that begin with this word."""
    return Signature(
        header=f"{prefix}-signature",
        parse="v1,{signature}",
        separator=" ",
        signs="{id}.{t}.{body}",
        id_header=f"{prefix}-id",
        timestamp_header=f"{prefix}-timestamp",
        key="whsec",
        algorithm="hmac-sha256",
        encoding="base64",
        tolerance=300,
    )


class StandardWebhooks(CanonicalPayload):
    """Standard Webhooks (your own software)

    The bridge's own JSON body, signed as https://www.standardwebhooks.com says; mappings/README.md describes it.
    For software that you write, and for automation platforms that can compute a signature.

        {"type": "appointment.booked", "data": {"id": "apt_1f81eb52", "start_at": "2031-03-04T10:30:00-06:00",
         "customer": {"first_name": "Noor", "last_name": "Haddad", "email": "noor.haddad@example.com",
         "phone": "+15125550162"}, "metadata": {"property_id": "oakwood"}}}

    Set-up: share a secret of 24 to 64 random bytes, written `whsec_` + base64, and sign with any of the
    Standard Webhooks libraries. The older header names `svix-id`, `svix-timestamp` and `svix-signature` do as well.
    """

    signature = FirstOf(signed("webhook"), signed("svix"))
    delivery_id = first(header("webhook-id"), header("svix-id"), CanonicalPayload.delivery_id)
    actions = CanonicalPayload.actions  # every word of them has its sample here
