"""Forms as objects: names with brackets, as PHP writes them, become nested ones."""

import re
from collections.abc import Iterable
from json import JSONDecodeError
from typing import Any
from urllib.parse import parse_qsl

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder

from bridge.errors import DecodingError
from bridge.inbound.decoding.content import charset, is_json_type, text_of
from bridge.mapping.documents import read_json, sanitise_json

_MOST_FIELDS = 1000
LATIN = "cp1252"
"""What pages declared as ISO-8859-1 are written in (WHATWG Encoding)."""
_MOST_BRACKETS = 20
_INDEX = re.compile("0|[1-9][0-9]{0,8}")

_Keys = tuple[str, ...]


def form_text(body: bytes, codec: str) -> str:
    """The text of a URL-encoded form, whose letters should be escaped and sometimes are not.

    Raises:
        DecodingError: it is not text of this codec, nor of Windows-1252 in place of UTF-8; says where.
    """
    try:
        return text_of(body, _as_browsers_say(codec))
    except DecodingError as error:
        if codec not in ("utf-8", "ascii"):
            raise
        try:
            return text_of(body, LATIN)
        except DecodingError:
            raise error from None


def _as_browsers_say(codec: str) -> str:
    return LATIN if codec == "iso8859-1" else codec


def read_form(text: str, codec: str) -> dict[str, Any]:
    """A URL-encoded form. A page in another charset escapes in that, and its form does not say so: what is no text of
    `codec` is Windows-1252, and what is neither has U+FFFD.

    Raises:
        DecodingError: it has too many fields, or is not escaped.
    """
    if text.count("%") > len(text) // 3:  # more than can be escapes, each of which would be tried
        raise DecodingError("The body is a form with `%` in it that is not escaped. Write %25 for it.")
    codec = _as_browsers_say(codec)
    for encoding, errors in ((codec, "strict"), (LATIN, "strict"), (codec, "replace")):
        try:
            pairs = parse_qsl(
                text, keep_blank_values=True, encoding=encoding, errors=errors, max_num_fields=_MOST_FIELDS
            )
        except UnicodeDecodeError:
            continue
        except ValueError:
            raise _too_many_fields() from None
        return nested(pairs)
    raise AssertionError("`replace` decodes every text")


def read_multipart(body: bytes, boundary: str) -> dict[str, Any]:
    """A multipart form without its files. A part that says it is JSON is its value, or its text if it is none.

    Raises:
        DecodingError: the boundary is not in the body, or it has too many fields.
    """
    try:
        return nested(_parts(body, boundary.encode("ascii")))
    except RequestEntityTooLarge:
        raise _too_many_fields() from None
    except ValueError:
        raise DecodingError(
            "The body is not multipart/form-data with the boundary that its content type names. "
            "Let the sender's HTTP library write the Content-Type header."
        ) from None


def _parts(body: bytes, boundary: bytes) -> Iterable[tuple[str, Any]]:
    decoder = MultipartDecoder(boundary, max_parts=_MOST_FIELDS)
    decoder.receive_data(body)
    decoder.receive_data(None)
    part: Field | File | None = None
    content = b""
    while not isinstance(event := decoder.next_event(), Epilogue):
        if isinstance(event, Field | File):
            part, content = event, b""
        elif isinstance(event, Data) and part:
            content += event.data
            if not event.more_data:
                yield from _fields(part, content)


def _fields(part: Field | File, content: bytes) -> Iterable[tuple[str, Any]]:
    media_type, options = parse_options_header(part.headers.get("content-type"))
    is_json = is_json_type(media_type.lower())
    if isinstance(part, Field) or is_json:  # a browser names a Blob of JSON like a file
        text = content.decode(charset(options.get("charset") or "utf-8", content), "replace")
        yield part.name or "", _json_or_text(text) if is_json else text


def _json_or_text(text: str) -> Any:
    try:
        return sanitise_json(read_json(text))
    except (JSONDecodeError, DecodingError):
        return text


def nested(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Fields as an object: `a[b]=1` is `{"a": {"b": "1"}}`, `a[]=1` and `a[0]=1` are `{"a": ["1"]}`.

    A name that comes again has the list of its values. An object becomes a list when its keys are the numbers from 0.
    Names that PHP would not take apart stay as they are, and so do those that say of a value that it has fields
    (`a=1&a[b]=2`) and those of more brackets than anyone needs: nothing is lost.
    """
    found: dict[_Keys, tuple[str, list[Any]]] = {}
    following: dict[_Keys, int] = {}
    for name, value in pairs:
        found.setdefault(_numbered(_keys(name), following), (name, []))[1].append(value)
    placed: dict[_Keys, list[Any]] = {}
    for keys, (name, values) in found.items():
        clashes = any(keys[:length] in found for length in range(1, len(keys)))
        placed.setdefault((name,) if clashes else keys, []).extend(values)
    tree = _Branch()
    for keys, values in placed.items():
        branch = tree
        for key in keys[:-1]:
            branch = branch.setdefault(key, _Branch())
        branch[keys[-1]] = values if len(values) > 1 else values[0]
    return {key: _with_lists(value) for key, value in tree.items()}


class _Branch(dict[str, Any]):
    """An object that brackets made, unlike one that came as JSON."""


def _keys(name: str) -> _Keys:
    root, _, rest = name.partition("[")
    keys = (root, *rest[:-1].split("]["))
    is_nested = root.strip() == root != "" and rest.endswith("]")  # `Pets [optional]` is a label
    if not is_nested or len(keys) > _MOST_BRACKETS or any("[" in key or "]" in key for key in keys):
        return (name,)
    return keys


def _numbered(keys: _Keys, following: dict[_Keys, int]) -> _Keys:
    """The keys with the next free number for each `[]`."""
    whole = keys[:1]
    for key in keys[1:]:
        number = key or str(following.get(whole, 0))
        if _INDEX.fullmatch(number):
            following[whole] = max(following.get(whole, 0), int(number) + 1)
        whole += (number,)
    return whole


def _with_lists(value: Any) -> Any:
    if not isinstance(value, _Branch):
        return value
    inner = {key: _with_lists(each) for key, each in value.items()}
    numbers = [str(number) for number in range(len(inner))]
    return [inner[number] for number in numbers] if all(number in inner for number in numbers) else inner


def _too_many_fields() -> DecodingError:
    return DecodingError(f"The body is a form of more than {_MOST_FIELDS} fields. Send fewer.")
