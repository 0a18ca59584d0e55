"""Whether a scheme accepts what its sender signs, and refuses it once a bit has changed."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import product
from urllib.parse import urlencode

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bridge.errors import NotAuthenticError
from bridge.inbound.signatures import Request
from bridge.mapping.authentication import Authentication
from bridge.mapping_checks.preview import Posted

ADDRESS = "https://bridge.example.com/hooks/source"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
SECRETS = ("5f1d2c9b7a5e48d0b3c2a19f8e7d6c5b", "user:password")
"""Invented secrets. The first can be a text, hex or base64, and can stand in a header, a query and a path."""
MOST_PARTS = 3
"""Secrets that one scheme may need at a time."""


def signature_problems(signature: Authentication, posted: Posted) -> Iterator[str]:
    """What is wrong with a scheme, shown with one recorded request, as sentences."""
    secrets = _test_secrets(signature)
    query = f"?{urlencode(posted.query)}" if posted.query else ""
    recorded = Request(posted.headers, posted.body, url=ADDRESS + query)
    try:
        sent = signature.sign_request(recorded, secrets, NOW, "msg_sample")
    except ValueError as error:
        yield f"it cannot be signed as the sender signs. {error}"
        return
    if not _is_authentic(signature, sent, secrets):
        yield "it is not authentic although it is signed as the sender signs."
    for part, forged in _forgeries(signature, recorded, sent):
        if _is_authentic(signature, forged, secrets):
            yield f"it is authentic although a bit of {part} has changed."


def _forgeries(signature: Authentication, recorded: Request, sent: Request) -> Iterator[tuple[str, Request]]:
    """The request with one bit changed in each part that the sender added, and in the body where it is signed."""
    for name, text in sent.headers.items():
        if recorded.headers.get(name) != text:
            yield name, sent.with_headers({name: _changed(text)})
    if sent.token:
        yield "the path", replace(sent, token=_changed(sent.token))
    elif sent.url != recorded.url:
        yield "the address", replace(sent, url=_changed(sent.url))
    if signature.signs_body(sent):
        changed = bytes([*sent.body[:-1], sent.body[-1] ^ 1]) if sent.body else b"?"
        yield "the body", replace(sent, body=changed)


def _changed(text: str) -> str:
    return text[:-1] + chr(ord(text[-1]) ^ 1)


def _is_authentic(signature: Authentication, request: Request, secrets: list[str]) -> bool:
    try:
        signature.verify(request, secrets, NOW)
    except NotAuthenticError:
        return False
    return True


def _test_secrets(signature: Authentication) -> list[str]:
    return next(secrets for secrets in _candidates() if not signature.secret_problems(secrets))


def _candidates() -> Iterator[list[str]]:
    for count in range(1, MOST_PARTS + 1):
        yield from (list(secrets) for secrets in product(SECRETS, repeat=count))
    yield [_in_pem(Ed25519PrivateKey.generate())]
    yield [_in_pem(generate_private_key(65537, 2048))]


def _in_pem(key: Ed25519PrivateKey | RSAPrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
