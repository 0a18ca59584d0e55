"""Requests, keys and verdicts for the tests of schemes."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from bridge.errors import NotAuthenticError
from bridge.inbound.signatures import Request, Scheme, Signature

NOW = datetime(2026, 12, 1, 16, 0, tzinfo=UTC)
SECRET, OTHER = "hunter2", "hunter3"
JSON = b'{"event":"booked","account":{"id":7}}'
FORM = {"content-type": "application/x-www-form-urlencoded"}
SIGNED = Signature(header="X-Signature")


def request(body: bytes = JSON, headers: dict[str, str] | None = None, query: str = "?a=1&b=%20c") -> Request:
    return Request(headers or {}, body, url=f"https://bridge.example.com/hooks/acme{query}")


def accepts(scheme: Scheme, sent: Request, secrets: Sequence[str] = (SECRET,)) -> bool:
    try:
        scheme.verify(sent, secrets, NOW)
    except NotAuthenticError:
        return False
    return True


def refused(scheme: Scheme, sent: Request, secrets: Sequence[str] = (SECRET,)) -> str:
    """Why it was refused, as the log has it."""
    with pytest.raises(NotAuthenticError) as caught:
        scheme.verify(sent, secrets, NOW)
    return str(caught.value.__cause__)


def private_pem(key: Ed25519PrivateKey | rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def public_pem(key: Ed25519PrivateKey | rsa.RSAPrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


ED25519, ANOTHER = Ed25519PrivateKey.from_private_bytes(bytes(32)), Ed25519PrivateKey.generate()
RSA = rsa.generate_private_key(65537, 2048)
