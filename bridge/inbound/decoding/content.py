"""What a content type and the bytes themselves say about a body."""

import codecs
import re

from bridge.errors import DecodingError

_NOT_A_CHARSET = {"idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape"}
"""Codecs of Python that no sender means; some of them are slow on long input."""
_UTF_16 = {
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
    b"<\0": "utf-16-le",
    b"\0<": "utf-16-be",
}
_PROLOG = re.compile(rb"""<\?xml\s[^>]*?encoding\s*=\s*["']([\w.:-]+)""", re.IGNORECASE)


def charset(named: str | None, body: bytes) -> str:
    """The codec of a body: what its content type names, else what the XML says of itself, else UTF-8."""
    return _known(named) if named else _of_xml(body)


def text_of(body: bytes, codec: str) -> str:
    """The body without a byte order mark.

    Raises:
        DecodingError: it is not text of this codec; says where.
    """
    try:
        return body.decode(codec).removeprefix("\ufeff")
    except UnicodeError as error:
        where = f" at byte {error.start + 1}" if isinstance(error, UnicodeDecodeError) else ""
        raise DecodingError(
            f"The body is not {codec} text{where}. Send UTF-8, or name the charset in Content-Type."
        ) from None


def is_json_type(media_type: str) -> bool:
    return media_type == "application/json" or media_type.endswith("+json")


def unreadable(text: str, kind: str, place: str, declared: str) -> DecodingError:
    """The body is not what it should be: with no more of it than its first ten characters."""
    start = text.lstrip()[:10]
    found = f"begins with {start!r} and is not {kind}" if start else f"is empty, which is not {kind}"
    return DecodingError(f"The body {found} ({place}); {declared}.")


def _known(name: str) -> str:
    try:
        known = codecs.lookup(name).name
        "{}".encode(known)  # Python also has codecs that are not for text, such as `zlib`
    except (LookupError, ValueError):
        return "utf-8"
    return "utf-8" if known in _NOT_A_CHARSET else known


def _of_xml(body: bytes) -> str:
    if body[:2] in _UTF_16:
        return _UTF_16[body[:2]]
    start = body[:1000].removeprefix(codecs.BOM_UTF8).lstrip()
    prolog = _PROLOG.search(start) if start.startswith(b"<") else None
    known = _known(prolog[1].decode("ascii", "replace")) if prolog else "utf-8"
    # .NET writes UTF-8 that says it is UTF-16; a prolog that can be read as ASCII is nothing so different.
    return known if "<?xml".encode(known) == b"<?xml" else "utf-8"
