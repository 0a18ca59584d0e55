"""Any bytes under any media type are decoded, or refused in a sentence."""

import json
import re
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from inbound.media import FORM, multipart

from bridge.errors import DecodingError
from bridge.inbound.decoding import decode

MEDIA_TYPES = st.sampled_from(["application/json", FORM, "multipart/form-data", "text/plain", "text/xml", ""])
CHARSETS = st.sampled_from(
    [
        "utf-8",
        "utf-7",
        "utf-16",
        "utf-32",
        "idna",
        "punycode",
        "hz",
        "iso2022_jp",
        "big5",
        "cp037",
        "rot13",
        "bz2",
    ]
)
CONTENT_TYPES = (
    st.none()
    | st.text()
    | st.builds("{}; charset={}".format, MEDIA_TYPES, CHARSETS | st.text())
    | st.builds("{}; boundary={}".format, MEDIA_TYPES, st.just("frontier") | st.text())
)
JSON_TEXTS = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(st.characters()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters()), inner),
).map(lambda payload: json.dumps(payload).encode())
PARTS = st.lists(st.tuples(st.just('name="a"') | st.text(max_size=9), st.binary())).map(
    lambda all_: multipart(*all_)
)
XML_TEXTS = st.lists(
    st.sampled_from(
        ["<a>", "</a>", "<a:b c='d'>", "</a:b>", "<?xml ?>", "<!--", "-->", "&amp;", "<!DOCTYPE a>"]
    )
    | st.text()
).map(lambda pieces: "".join(["<a>", *pieces, "</a>"]).encode())
BODIES = st.binary() | st.text().map(str.encode) | JSON_TEXTS | PARTS | XML_TEXTS


@settings(deadline=None)
@given(body=BODIES, content_type=CONTENT_TYPES)
def test_any_bytes_are_storable_or_refused_in_a_sentence(body: bytes, content_type: str | None) -> None:
    try:
        payload = decode(body, content_type)
    except DecodingError as error:
        payload = error.message
        written_well = re.fullmatch(r"The body .*[.]", payload, re.DOTALL)
        assert written_well
    assert all(is_storable(text) for text in texts(payload))
    json.dumps(payload, allow_nan=False)


def texts(payload: Any) -> list[str]:
    if isinstance(payload, dict):
        return [text for pair in payload.items() for each in pair for text in texts(each)]
    if isinstance(payload, list):
        return [text for each in payload for text in texts(each)]
    return [payload] if isinstance(payload, str) else []


def is_storable(text: str) -> bool:
    text.encode()
    return "\x00" not in text
