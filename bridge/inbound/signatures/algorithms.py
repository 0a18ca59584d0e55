"""How signed bytes become a signature, and how a signature is checked."""

import hashlib
import hmac
from abc import ABC, abstractmethod
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

LEAST_RSA_BITS = 2048


class Algorithm(ABC):
    """A way to sign; a key is the decoded secret, in bytes."""

    in_pem = False
    """The keys are pairs, written in PEM."""
    signs_secret = False
    """There is no key: the secret is part of the signed bytes."""

    @abstractmethod
    def signature_length(self, key: bytes) -> int:
        """How many bytes a signature with this key has: one of another length is not worth any work."""

    @abstractmethod
    def check_key(self, key: bytes) -> None:
        """Raises ValueError, which does not repeat the key, where it cannot be used."""

    @abstractmethod
    def sign(self, key: bytes, message: bytes) -> bytes:
        """The signature. Raises ValueError for a key that can only verify."""

    @abstractmethod
    def fits(self, key: bytes, message: bytes, signatures: list[bytes]) -> bool:
        """Whether one of the signatures is genuine; the time taken does not reveal which."""


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
        self._digest, self._length = digest, hashlib.new(digest).digest_size

    def signature_length(self, key: bytes) -> int:  # noqa: ARG002 - the same for each
        return self._length

    def sign(self, key: bytes, message: bytes) -> bytes:
        return hmac.digest(key, message, self._digest)


class Hash(Symmetric):
    """A plain hash over a text that holds the secret. Weaker than an HMAC; some senders have nothing else."""

    signs_secret = True

    def signature_length(self, key: bytes) -> int:  # noqa: ARG002 - the same for each
        return hashlib.sha256().digest_size

    def sign(self, key: bytes, message: bytes) -> bytes:  # noqa: ARG002 - the message holds it
        return hashlib.sha256(message).digest()


class KeyPair(Algorithm):
    """Only who has the private half can sign; the public half, or the private one, verifies."""

    in_pem = True

    def __init__(self, name: str, private: type[Any], public: type[Any]) -> None:
        self._name, self._private, self._public = name, private, public

    def check_key(self, key: bytes) -> None:
        self._public_half(key)

    def sign(self, key: bytes, message: bytes) -> bytes:
        loaded = _load(key)
        if not isinstance(loaded, self._private):
            raise ValueError(f"It cannot sign: that needs the private half of an {self._name} key pair.")  # noqa: TRY004 - the value has no type for its owner
        signed, options = self._signed_request(message)
        signature: bytes = loaded.sign(signed, *options)
        return signature

    def fits(self, key: bytes, message: bytes, signatures: list[bytes]) -> bool:
        public = self._public_half(key)
        signed, options = self._signed_request(message)
        return any([_verifies(public, signature, signed, options) for signature in signatures])  # noqa: C419 - each is tried

    def _signed_request(self, message: bytes) -> tuple[bytes, tuple[object, ...]]:
        """What the key signs, made once for all signatures, and the options that go with it."""
        return message, ()

    def _public_half(self, key: bytes) -> Any:
        loaded = _load(key)
        public = loaded.public_key() if isinstance(loaded, self._private) else loaded
        if not isinstance(public, self._public):
            raise ValueError(f"It is a key of another kind: an {self._name} key is needed.")  # noqa: TRY004 - as above
        return public


class Ed25519(KeyPair):
    """RFC 8032. It hashes the message with each signature, so only few may be given."""

    def __init__(self) -> None:
        super().__init__("Ed25519", Ed25519PrivateKey, Ed25519PublicKey)

    def signature_length(self, key: bytes) -> int:  # noqa: ARG002 - the same for each
        return 64


class RsaSha256(KeyPair):
    """RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017)."""

    def __init__(self) -> None:
        super().__init__("RSA", RSAPrivateKey, RSAPublicKey)

    def signature_length(self, key: bytes) -> int:
        bits: int = self._public_half(key).key_size
        return (bits + 7) // 8

    def _signed_request(self, message: bytes) -> tuple[bytes, tuple[object, ...]]:
        return hashlib.sha256(message).digest(), (PKCS1v15(), Prehashed(SHA256()))

    def _public_half(self, key: bytes) -> Any:
        public = super()._public_half(key)
        if public.key_size < LEAST_RSA_BITS:
            raise ValueError(f"It is an RSA key of {public.key_size} bits; {LEAST_RSA_BITS} are the least.")
        return public


ALGORITHMS: dict[str, Algorithm] = {
    "hmac-sha256": Hmac("sha256"),
    "hmac-sha1": Hmac("sha1"),
    "sha256": Hash(),
    "ed25519": Ed25519(),
    "rsa-pkcs1v15-sha256": RsaSha256(),
}


def any_equal(expected: Iterable[bytes], given: Iterable[bytes]) -> bool:
    """Whether the two have something in common, in constant time."""
    given = list(given)
    # A list, not a generator: every pair is compared, so that the time taken does not reveal which secret fits.
    return any([hmac.compare_digest(wanted, got) for wanted in expected for got in given])  # noqa: C419


def _verifies(public: Any, signature: bytes, signed: bytes, options: tuple[object, ...]) -> bool:
    try:
        public.verify(signature, signed, *options)
    except InvalidSignature:
        return False
    return True


@lru_cache(maxsize=64)
def _load(pem: bytes) -> Any:
    try:
        if b"PRIVATE KEY" in pem:
            return load_pem_private_key(pem, password=None)
        return load_pem_public_key(pem)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError("It is no key in PEM: copy it whole, from -----BEGIN to the last dash.") from None
