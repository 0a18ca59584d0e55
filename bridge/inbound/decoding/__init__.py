"""The bytes of a request become the payload that a mapping reads."""

import re
from functools import lru_cache
from json import JSONDecodeError
from typing import Any

from werkzeug.http import parse_options_header

from bridge.errors import DecodingError
from bridge.inbound.decoding.content import charset, is_json_type, text_of, unreadable
from bridge.inbound.decoding.forms import form_text, read_form, read_multipart
from bridge.inbound.decoding.xml import read_xml
from bridge.mapping.documents import is_clean_json, read_json, sanitise_json

_FORM = "application/x-www-form-urlencoded"
_MULTIPART = "multipart/form-data"
_XML = ("/xml", "+xml")
_CAN_ONLY_BE_DOCUMENT = re.compile(r"""\s*(?:\{\s*"|\[\s*[{"]|<\?xml\s)""")
"""How no form begins: its quotes are escaped."""


def decode(body: bytes, content_type: str | None) -> Any:
    """Read a body: JSON, unless the content type says that it is a form, or it begins like XML.

    JSON: of two equal keys the last wins; line breaks inside strings are accepted. Forms (URL-encoded or multipart):
    an object of texts, nested where a name has brackets (`contact[email]`, see `forms.nested`); a repeated name has
    the list of its texts; a part of its own content type JSON has its value, and files are left out. XML: the root
    element under its name, without namespaces (see `xml.read_xml`); never where the content type says JSON. JSON and
    XML under the content type of a form are read as what they are (Cal.com labels a custom payload template so); so is
    XML in a form field `xml`, beside the other fields (ResMan documents this way to post MITS).
    Text is UTF-8, with or without a byte order mark, or in the `charset` of the content type or the `encoding` of the
    XML. NUL and lone surrogates become U+FFFD, so that any text can be stored.

    Raises:
        DecodingError: a sentence for the operator, with no more of the body than its first ten characters.
    """
    media_type, options = _content_type(content_type)
    if media_type == _MULTIPART:
        return sanitise_json(read_multipart(body, options.get("boundary", "")))
    codec = charset(options.get("charset"), body)
    declared = (
        f"the content type says {sanitise_json(media_type)}" if media_type else "there is no content type"
    )
    if media_type == _FORM:
        return _form(form_text(body, codec), codec, declared)
    return _document(text_of(body, codec), media_type, declared)


@lru_cache(maxsize=128)
def _content_type(text: str | None) -> tuple[str, dict[str, str]]:
    media_type, options = parse_options_header(text)
    return media_type.lower(), options


def _form(text: str, codec: str, declared: str) -> Any:
    if text.lstrip().startswith(("{", "[", "<")):
        try:
            return _document(text, _FORM, declared)
        except DecodingError:
            if _CAN_ONLY_BE_DOCUMENT.match(text):
                raise
    return sanitise_json(_with_xml(read_form(text, codec), declared))


def _with_xml(fields: dict[str, Any], declared: str) -> dict[str, Any]:
    """The fields, with the root element of the XML that one of them holds in its place."""
    name = next((name for name in fields if name.lower() == "xml"), None)
    text = fields.get(name) if name else None
    if not isinstance(text, str) or not text.lstrip("\ufeff \r\n\t").startswith("<"):
        return fields
    rest = {other: value for other, value in fields.items() if other != name}
    return rest | read_xml(text.lstrip("\ufeff"), declared)


def _document(text: str, media_type: str, declared: str) -> Any:
    start = text.lstrip()[:1]
    if start == "<" and not is_json_type(media_type):
        return sanitise_json(read_xml(text, declared))
    if media_type.endswith(_XML) and start not in {"{", "["}:
        return sanitise_json(read_xml(text, declared))
    try:
        document = read_json(text)
    except JSONDecodeError as error:
        place = f"line {error.lineno} column {error.colno}: {error.msg}"
        raise unreadable(text, "JSON", place, declared) from None
    return document if is_clean_json(text) else sanitise_json(document)


def readable(body: bytes, content_type: str | None) -> Any:
    """The decoded body; its text where it cannot be decoded; `None` where it is empty or no longer kept."""
    if not body:
        return None
    try:
        return decode(body, content_type)
    except DecodingError:
        return body.decode("utf-8", "replace")
