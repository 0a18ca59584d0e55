"""The schemes with the signature in headers, and requests that are signed by them."""

from dataclasses import replace
from datetime import datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from inbound.proofs import NOW, private_pem

from bridge.errors import NotAuthenticError
from bridge.inbound.signatures import Basic, Request, Scheme, Signature, Token

SCHEMES: dict[str, Scheme] = {
    "calendly": Signature(
        header="Calendly-Webhook-Signature", parse="t={t},v1={signature}", signs="{t}.{body}", tolerance=300
    ),
    "cal-com": Signature(header="X-Cal-Signature-256", missing=("no-secret-provided",)),
    "standard-webhooks": Signature(
        header="webhook-signature",
        parse="v1,{signature}",
        separator=" ",
        signs="{id}.{t}.{body}",
        id_header="webhook-id",
        timestamp_header="webhook-timestamp",
        key="whsec",
        encoding="base64",
    ),
    "body-hex-prefix": Signature(header="X-Signature", parse="sha256={signature}"),
    "body-base64-prefix": Signature(header="X-Signature", parse="sha256={signature}", encoding="base64"),
    "body-base64": Signature(header="X-Signature", encoding="base64"),
    "timestamp-header": Signature(header="X-Signature", signs="{t}.{body}", timestamp_header="X-Timestamp"),
    "milliseconds": Signature(
        header="X-Signature",
        signs="[{t};{body}]",
        timestamp_header="X-Timestamp",
        timestamp="ms",
    ),
    "body-before-timestamp": Signature(header="X-Signature", parse="t={t},s={signature}", signs="{body}_{t}"),
    "hex-key": Signature(header="X-Signature", signs="{t}{body}", timestamp_header="X-Timestamp", key="hex"),
    "base64-key": Signature(header="X-Signature", key="base64"),
    "base64-of-body": Signature(header="X-Signature", signs="{body:base64}"),
    "sha1": Signature(header="X-Signature", parse="sha1={signature}", algorithm="hmac-sha1"),
    "plain-hash": Signature(header="X-Signature", signs="{secret}{method}{url}{body}", algorithm="sha256"),
    "address": Signature(
        header="X-Signature", signs=("{url:decoded}{body}", "{url}{body}"), encoding="base64"
    ),
    "fields": Signature(
        header="X-Signature",
        signs=("{url:portless}{form}", "{url:port}{form}"),
        encoding="base64",
        body_digest="bodySHA256",
    ),
    "key-pair": Signature(header="X-Signature", algorithm="ed25519", encoding="base64", key="pem"),
    "iso": Signature(
        header="X-Signature", signs="{t}{body}", timestamp_header="X-Timestamp", timestamp="iso"
    ),
    "bearer": Token(scheme="Bearer"),
    "header-token": Token(header="X-Api-Key"),
    "basic": Basic(),
}


def key_pair(seed: bytes) -> str:
    """A private key in PEM."""
    return private_pem(Ed25519PrivateKey.from_private_bytes(seed))


SECRETS = dict.fromkeys(SCHEMES, "brg_a-secret:with-colon") | {
    "standard-webhooks": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "hex-key": "8471B3e0527f32064a5d1f3b4f58309a",
    "base64-key": "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "key-pair": key_pair(bytes(range(32))),
}
OTHER_SECRETS = dict.fromkeys(SCHEMES, "brg_another:secret") | {
    "standard-webhooks": "whsec_CZ4aZVp/ch4Hq3VO7euPzku6StVjOAB8",
    "hex-key": "00ff",
    "base64-key": "CZ4aZVp/ch4Hq3VO7euPzku6StVjOAB8",
    "key-pair": key_pair(bytes(32)),
}
SIGNING = [name for name, scheme in SCHEMES.items() if isinstance(scheme, Signature)]
TIMED = [
    "calendly",
    "standard-webhooks",
    "timestamp-header",
    "milliseconds",
    "body-before-timestamp",
    "hex-key",
    "iso",
]
BODY = b'{"event": "tour.booked", "name": "Zo\xc3\xab", "at": 1}'

every_scheme = pytest.mark.parametrize("name", SCHEMES)
every_signature = pytest.mark.parametrize("name", SIGNING)
every_timed = pytest.mark.parametrize("name", TIMED)


def request(body: bytes = BODY, headers: dict[str, str] | None = None) -> Request:
    return Request(headers or {}, body, url="https://bridge.example.com/hooks/any%20name?a=%2F%20b&a=")


def signed(name: str, body: bytes = BODY, now: datetime = NOW, secret: str | None = None) -> Request:
    return SCHEMES[name].sign_request(request(body), [secret or SECRETS[name]], now)


def refused(
    name: str,
    sent: Request,
    now: datetime = NOW,
    secrets: list[str] | None = None,
    tolerance: int | None = None,
) -> str:
    """Why the request was refused, as the log has it."""
    with pytest.raises(NotAuthenticError) as caught:
        SCHEMES[name].verify(sent, [SECRETS[name]] if secrets is None else secrets, now, tolerance)
    assert str(caught.value) == NotAuthenticError.__doc__
    return str(caught.value.__cause__)


def with_headers(sent: Request, **changes: str | None) -> Request:
    headers = {**sent.headers, **{name.replace("_", "-"): text for name, text in changes.items()}}
    return replace(sent, headers={name: text for name, text in headers.items() if text is not None})
