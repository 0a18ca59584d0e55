"""Decode configured secrets, and encode signatures. No message repeats a secret."""

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass


def text_key(secret: str) -> bytes:
    """The secret as it is written."""
    if not secret:
        raise ValueError("It is empty.")
    if secret[0].isspace() or secret[-1].isspace():
        raise ValueError("It begins or ends with white space, which was probably copied along.")
    try:
        return secret.encode()
    except UnicodeEncodeError:
        raise ValueError("It holds bytes that are not UTF-8 text.") from None


def hex_key(secret: str) -> bytes:
    """The bytes that the secret spells in hex (Close)."""
    try:
        return binascii.unhexlify(text_key(secret))
    except binascii.Error:
        raise ValueError("It is not hex: copy the whole key from the sender.") from None


def base64_key(secret: str) -> bytes:
    """The bytes that the secret spells in base64; padding may lack."""
    return _from_base64(text_key(secret), "It is not base64: copy the whole key from the sender.")


def whsec_key(secret: str) -> bytes:
    """Standard Webhooks 1.0: base64 after `whsec_`. As in its libraries, prefix and padding may lack."""
    encoded = text_key(secret).removeprefix(b"whsec_")
    return _from_base64(encoded, "It is not base64: copy the whole `whsec_...` from the sender.")


def pem_key(secret: str) -> bytes:
    """A public or private key in PEM. The algorithm loads it, and says which kinds it knows."""
    return text_key(secret.strip())


def _from_base64(encoded: bytes, otherwise: str) -> bytes:
    try:
        key = base64.b64decode(encoded + b"=" * (-len(encoded) % 4), validate=True)
    except ValueError:
        key = b""
    if not key:
        raise ValueError(otherwise)
    return key


KEYS: dict[str, Callable[[str], bytes]] = {
    "text": text_key,
    "whsec": whsec_key,
    "hex": hex_key,
    "base64": base64_key,
    "pem": pem_key,
}


@dataclass(frozen=True)
class Encoding:
    """How a sender writes the bytes of a signature."""

    write: Callable[[bytes], bytes]
    decode: Callable[[str], bytes]

    def read(self, text: str) -> bytes:
        """The bytes, or none where the text is not in this encoding."""
        try:
            return self.decode(text)
        except ValueError:
            return b""


ENCODINGS = {
    "hex": Encoding(binascii.hexlify, binascii.unhexlify),
    "base64": Encoding(base64.b64encode, lambda text: base64.b64decode(text, validate=True)),
}
