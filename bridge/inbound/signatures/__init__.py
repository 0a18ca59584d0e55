"""How a sender authenticates, declared in its mapping file.

A signature over the body; with a timestamp; with an id; over the address; with a key pair of the sender:

    Signature(header="X-Signature", parse="sha256={signature}", encoding="base64")
    Signature(header="Calendly-Webhook-Signature", parse="t={t},v1={signature}", signs="{t}.{body}")
    Signature(header="webhook-signature", parse="v1,{signature}", separator=" ", signs="{id}.{t}.{body}",
              id_header="webhook-id", timestamp_header="webhook-timestamp", key="whsec", encoding="base64")
    Signature(header="X-Square-HmacSha256-Signature", signs="{url}{body}", encoding="base64")
    Signature(header="X-GHL-Signature", algorithm="ed25519", encoding="base64", key="pem", public_keys=(PEM,))

The secret itself, in one place or wherever the customer puts it:

    Token(scheme="Bearer"), Token(header="X-Api-Key"), Token(query="code"), Token(path=True), Token(body="secret_key")
    Basic()
    SharedSecret(), SharedSecret("path", "query")

Several of them:

    AllOf(Basic(), Signature(header="X-Signature"))        every one has to hold
    AnyOf(Basic(), Token(query="code"))                    one suffices
    FirstOf(Signature(header="X-New"), Signature(header="X-Old"))  the first that the request carries decides

Everything here works on the bytes as they came, before anything parses them, and fails closed. A mistake in
a declaration is a `ValueError` when the mapping file is imported; a mistake of a sender is a `NotAuthenticError`.
"""

from bridge.inbound.signatures.combined import AllOf, AnyOf, FirstOf
from bridge.inbound.signatures.request import Request
from bridge.inbound.signatures.scheme import Scheme
from bridge.inbound.signatures.shared_secret import SharedSecret
from bridge.inbound.signatures.signature import Signature
from bridge.inbound.signatures.tokens import Basic, Token

__all__ = ["AllOf", "AnyOf", "Basic", "FirstOf", "Request", "Scheme", "SharedSecret", "Signature", "Token"]
