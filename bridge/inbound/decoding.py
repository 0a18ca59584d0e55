"""The bytes of a request become the payload that a mapping reads."""

import codecs
import json
import math
import re
from io import BytesIO
from typing import Any, NoReturn
from urllib.parse import parse_qsl

from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import MultiPartParser
from werkzeug.http import parse_options_header

from bridge.errors import DecodingError

_DEEPEST = 100
_LONGEST_INTEGER = 40  # digits; an id of 128 bits has 39
_MOST_FIELDS = 1000

_FORM = "application/x-www-form-urlencoded"
_NOT_A_CHARSET = {"idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape"}
"""Codecs of Python that no sender means; some of them are slow on long input."""

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
"""What PostgreSQL refuses in text: NUL and lone surrogates, both of which JSON can spell as `\\u....`."""


def decode(body: bytes, content_type: str | None) -> Any:
    """Read a body: JSON, unless the content type says that it is a form.

    JSON: of two equal keys the last wins; line breaks inside strings are accepted, because senders that fill
    templates forget to escape them. Forms (URL-encoded or multipart): a dictionary of texts, a repeated name
    has the list of its texts, and files are left out. JSON under the content type of a form is read as JSON
    (Cal.com labels a custom payload template so). Text is UTF-8, with or without a byte order mark, or in the
    `charset` of the content type. NUL and lone surrogates become U+FFFD, so that any text can be stored.

    Raises:
        DecodingError: a sentence for the operator, with no more of the body than its first ten characters.
    """
    media_type, options = parse_options_header(content_type)
    media_type = media_type.lower()
    if media_type == "multipart/form-data":
        return _storable(_multipart(body, options.get("boundary", "")))
    charset = _charset(options.get("charset", "utf-8"))
    text = _text(body, charset)
    said = f"the content type says {_storable(media_type)}" if media_type else "there is no content type"
    return _storable(_form(text, charset, said) if media_type == _FORM else _json(text, said))


def _charset(name: str) -> str:
    try:
        known = codecs.lookup(name).name
        "{}".encode(known)  # Python also has codecs that are not for text, such as `zlib`
    except (LookupError, ValueError):
        return "utf-8"
    return "utf-8" if known in _NOT_A_CHARSET else known


def _text(body: bytes, charset: str) -> str:
    try:
        return body.decode(charset).removeprefix("\ufeff")
    except UnicodeError as error:
        where = f" at byte {error.start + 1}" if isinstance(error, UnicodeDecodeError) else ""
        raise DecodingError(
            f"The body is not {charset} text{where}. Send UTF-8, or name the charset in Content-Type."
        ) from None


def _json(text: str, said: str) -> Any:
    try:
        return json.loads(
            text, strict=False, parse_int=_integer, parse_float=_number, parse_constant=_refuse_number
        )
    except json.JSONDecodeError as error:
        start = text.lstrip()[:10]
        found = f"begins with {start!r} and is not JSON" if start else "is empty, which is not JSON"
        raise DecodingError(
            f"The body {found} (line {error.lineno} column {error.colno}: {error.msg}); {said}."
        ) from None
    except RecursionError:
        raise _too_deep() from None


def _integer(digits: str) -> int:
    if len(digits) > _LONGEST_INTEGER:
        raise DecodingError(
            f"The body has an integer of {len(digits)} digits, over {_LONGEST_INTEGER}. Send it as text."
        )
    return int(digits)


def _number(digits: str) -> float:
    number = float(digits)
    return number if math.isfinite(number) else _refuse_number(digits[:10])


def _refuse_number(word: str) -> NoReturn:
    raise DecodingError(f"The body has the number {word}, which JSON cannot hold. Send null instead.")


def _form(text: str, charset: str, said: str) -> Any:
    if text.lstrip().startswith(("{", "[")):
        try:
            return _json(text, said)
        except DecodingError:
            pass
    try:
        pairs = parse_qsl(text, keep_blank_values=True, encoding=charset, max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise _too_many_fields() from None
    return _texts(MultiDict(pairs))


def _multipart(body: bytes, boundary: str) -> Any:
    parser = MultiPartParser(
        stream_factory=_in_memory, max_form_memory_size=None, max_form_parts=_MOST_FIELDS
    )
    try:
        fields, _files = parser.parse(BytesIO(body), boundary.encode("ascii"), len(body))
    except RequestEntityTooLarge:
        raise _too_many_fields() from None
    except ValueError:
        raise DecodingError(
            "The body is not multipart/form-data with the boundary that its content type names. "
            "Let the sender's HTTP library write the Content-Type header."
        ) from None
    return _texts(fields)


def _in_memory(*_: object, **__: object) -> BytesIO:
    return BytesIO()


def _texts(fields: MultiDict[str, str]) -> dict[str, str | list[str]]:
    return {name: texts if len(texts) > 1 else texts[0] for name, texts in fields.lists()}


def _storable(value: Any, depth: int = 0) -> Any:
    if isinstance(value, str):
        return _UNSTORABLE.sub("\ufffd", value)
    if depth > _DEEPEST:
        raise _too_deep()
    if isinstance(value, dict):
        return {_storable(name): _storable(inner, depth + 1) for name, inner in value.items()}
    if isinstance(value, list):
        return [_storable(inner, depth + 1) for inner in value]
    return value


def _too_deep() -> DecodingError:
    return DecodingError(f"The body is nested deeper than {_DEEPEST} levels. Send a flatter one.")


def _too_many_fields() -> DecodingError:
    return DecodingError(f"The body is a form of more than {_MOST_FIELDS} fields. Send fewer.")
