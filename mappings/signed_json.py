from bridge.inbound.signatures import AnyOf, Signature
from bridge.mapping.canonical import CanonicalPayload


class SignedJson(CanonicalPayload):
    """Signed JSON (any step that computes an HMAC)

    The bridge's own JSON body with an HMAC-SHA256 in hex (https://www.rfc-editor.org/rfc/rfc2104), as a code step of
    Zapier or Make or the Crypto node of n8n makes it; mappings/README.md describes the body.

        {"event": "tour.booked", "booking_id": "TB-55120", "prospect": {"first_name": "Jordan", "last_name": "Avery",
         "email": "jordan.avery@example.com", "phone": "+15125550142"},
         "tour": {"start": "2026-09-18T14:30:00-05:00"}, "property_id": "prop_maple_court"}

    Set-up: agree on a long random secret, and sign the bytes that are sent, not a body that is put together again.
    Either `X-Signature: sha256=` + HMAC(body), or, better, because it cannot be replayed later: `X-Timestamp` with
    Unix seconds and `X-Signature` with HMAC(timestamp + "." + body). Give each event a `delivery_id`, the same when
    it is sent again. Where a library for it exists, `standard_webhooks` is the better choice.
    """

    # Two recipes: with a timestamp in X-Timestamp, or `sha256=` and the hash of the body.
    signature = AnyOf(
        Signature(header="X-Signature", signs="{t}.{body}", timestamp_header="X-Timestamp", tolerance=300),
        Signature(header="X-Signature", parse="sha256={signature}"),
    )
