"""How signed bytes become a signature, and how a signature is checked."""

import hashlib
import hmac
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

LEAST_RSA_BITS = 2048


class Algorithm(ABC):
    """A way to sign; a key is what the secret stands for, in bytes."""

    in_pem = False
    """The keys are pairs, written in PEM."""
    signs_secret = False
    """There is no key: the secret is part of the signed bytes."""

    @abstractmethod
    def check_key(self, key: bytes) -> None:
        """Raises ValueError, which does not repeat the key, where it cannot be used."""

    @abstractmethod
    def sign(self, key: bytes, message: bytes) -> bytes:
        """The signature. Raises ValueError for a key that can only verify."""

    @abstractmethod
    def fits(self, key: bytes, message: bytes, signatures: list[bytes]) -> bool:
        """Whether one of the signatures is genuine; the time that it takes does not tell which."""


class Symmetric(Algorithm):
    """Who verifies can sign as well."""

    def check_key(self, key: bytes) -> None:
        """Any bytes will do."""

    def fits(self, key: bytes, message: bytes, signatures: list[bytes]) -> bool:
        expected = self.sign(key, message)
        return any_equal([expected], signatures)


class Hmac(Symmetric):
    """RFC 2104."""

    def __init__(self, digest: str) -> None:
        self._digest = digest

    def sign(self, key: bytes, message: bytes) -> bytes:
        return hmac.digest(key, message, self._digest)


class Hash(Symmetric):
    """A plain hash over a text that holds the secret. Weaker than an HMAC; some senders have nothing else."""

    signs_secret = True

    def sign(self, key: bytes, message: bytes) -> bytes:  # noqa: ARG002 - the message holds it
        return hashlib.sha256(message).digest()


class KeyPair(Algorithm):
    """Only who has the private half can sign; the public half, or the private one, verifies."""

    in_pem = True

    def __init__(self, name: str, private: type[Any], public: type[Any], *options: object) -> None:
        self._name, self._private, self._public, self._options = name, private, public, options

    def check_key(self, key: bytes) -> None:
        self._public_half(key)

    def sign(self, key: bytes, message: bytes) -> bytes:
        loaded = _load(key)
        if not isinstance(loaded, self._private):
            raise ValueError(f"It cannot sign: that takes the private half of an {self._name} key pair.")  # noqa: TRY004 - the value has no type for its owner
        signature: bytes = loaded.sign(message, *self._options)
        return signature

    def fits(self, key: bytes, message: bytes, signatures: list[bytes]) -> bool:
        public = self._public_half(key)
        return any([self._verifies(public, signature, message) for signature in signatures])  # noqa: C419 - each is tried

    def _verifies(self, public: Any, signature: bytes, message: bytes) -> bool:
        try:
            public.verify(signature, message, *self._options)
        except InvalidSignature:
            return False
        return True

    def _public_half(self, key: bytes) -> Any:
        loaded = _load(key)
        public = loaded.public_key() if isinstance(loaded, self._private) else loaded
        if not isinstance(public, self._public):
            raise ValueError(f"It is a key of another kind: an {self._name} key is needed.")  # noqa: TRY004 - as above
        if isinstance(public, RSAPublicKey) and public.key_size < LEAST_RSA_BITS:
            raise ValueError(f"It is an RSA key of {public.key_size} bits; {LEAST_RSA_BITS} are the least.")
        return public


ALGORITHMS: dict[str, Algorithm] = {
    "hmac-sha256": Hmac("sha256"),
    "hmac-sha1": Hmac("sha1"),
    "sha256": Hash(),
    "ed25519": KeyPair("Ed25519", Ed25519PrivateKey, Ed25519PublicKey),
    "rsa-pkcs1v15-sha256": KeyPair("RSA", RSAPrivateKey, RSAPublicKey, PKCS1v15(), SHA256()),
}


def any_equal(expected: Iterable[bytes], given: Iterable[bytes]) -> bool:
    """Whether the two have something in common, in constant time."""
    given = list(given)
    # A list, not a generator: every pair is compared, so that time does not tell which secret fits.
    return any([hmac.compare_digest(one, other) for one in expected for other in given])  # noqa: C419


def _load(pem: bytes) -> Any:
    try:
        if b"PRIVATE KEY" in pem:
            return load_pem_private_key(pem, password=None)
        return load_pem_public_key(pem)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError("It is no key in PEM: copy it whole, from -----BEGIN to the last dash.") from None
