"""Bodies that come compressed. The signature covers the bytes as they were sent; all else reads what is in them."""

import zlib

from bridge.errors import BodyTooLargeError, DecodingError

_WINDOW = {"gzip": 31, "x-gzip": 31, "deflate": 15}
_GZIP = b"\x1f\x8b"
MOST_MEMBERS = 20
"""A gzip file may have several; each costs a copy of the rest."""


def decompressed(body: bytes, encoding: str | None, limit: int) -> bytes:
    """The body behind its `Content-Encoding`: gzip, deflate (with or without a zlib header), or none.

    A body that says gzip and is none stays as it is: some proxies decompress a body and keep the header.

    Raises:
        BodyTooLargeError: it has more than `limit` bytes; no more than that is decompressed.
        DecodingError: it is broken, or compressed in another way; a sentence for the operator.
    """
    names = [
        name.strip().lower() for name in (encoding or "").split(",") if name.strip().lower() != "identity"
    ]
    names = [name for name in names if name]
    if not names or not body:
        return body
    if len(names) > 1 or names[0] not in _WINDOW:
        raise DecodingError(
            f"The body is compressed as {', '.join(names)[:40]!r}. Send it as gzip, or not compressed."
        )
    if _WINDOW[names[0]] == _WINDOW["gzip"] and not body.startswith(_GZIP):
        return body
    for window in (_WINDOW[names[0]], -zlib.MAX_WBITS):
        try:
            return _inflated(body, window, limit)
        except (zlib.error, EOFError):
            continue
    raise DecodingError(f"The body is not the {names[0]} that its Content-Encoding says, or it is cut off.")


def _inflated(body: bytes, window: int, limit: int) -> bytes:
    """What is in all members of the body. Raises EOFError: it is cut off, or has too many members."""
    content, rest = b"", body
    for _ in range(MOST_MEMBERS):
        decoder = zlib.decompressobj(window)
        content += decoder.decompress(rest, limit + 1 - len(content))
        if len(content) > limit:
            raise BodyTooLargeError
        if not decoder.eof:
            raise EOFError
        rest = decoder.unused_data
        if not rest.startswith(_GZIP):
            return content
    raise EOFError
