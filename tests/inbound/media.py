"""Bodies of the tests of decoding, the texts in what they become, and why one is refused."""

from typing import Any

import pytest

from bridge.errors import DecodingError
from bridge.inbound.decoding import decode

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=frontier"


def multipart(*parts: tuple[str, bytes]) -> bytes:
    written = b"".join(
        f"--frontier\r\nContent-Disposition: form-data; {disposition}\r\n\r\n".encode() + content + b"\r\n"
        for disposition, content in parts
    )
    return written + b"--frontier--\r\n"


def values_of(payload: Any) -> list[str]:
    if isinstance(payload, dict | list):
        inner = payload.values() if isinstance(payload, dict) else payload
        return [text for each in inner for text in values_of(each)]
    return [payload]


def refused(body: bytes, content_type: str | None = "application/json") -> str:
    with pytest.raises(DecodingError) as caught:
        decode(body, content_type)
    return caught.value.message
