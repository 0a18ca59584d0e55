"""Documents of senders within bounds: JSON that PostgreSQL can store and that cannot exhaust its reader."""

import json
import math
import re
from contextlib import suppress
from typing import Any, NoReturn

import orjson

from bridge.errors import DecodingError

DEEPEST = 100
MOST_VALUES = 60_000
"""Of one document: a megabyte of what senders write has some ten thousand."""
_LONGEST_INTEGER = 40  # digits; an id of 128 bits has 39
_EACH_DIGIT_AS_ZERO = bytes.maketrans(b"123456789", b"0" * 9)
_LONG_INTEGER = b"0" * 19
"""What orjson may read as a float, once every digit is a zero: a search for that takes a seventh of the time of a
pattern. All else that it reads, it reads as the standard library does, and what it refuses (line breaks in strings,
lone surrogates, NaN) goes there."""

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
"""What PostgreSQL refuses in text: NUL and lone surrogates, both of which JSON can spell as `\\u....`."""


_SUSPICIOUS = re.compile("[\x00\ud800-\udfff]|\\\\u(?:0000|[dD][89a-fA-F])")


def read_json(text: str) -> Any:
    """A JSON document; see `sanitise_json` for what else it needs.

    Of two equal keys the last wins; line breaks inside strings are accepted, because senders that fill templates
    forget to escape them.

    Raises:
        json.JSONDecodeError: it is not JSON.
        DecodingError: it is, with a number that cannot be kept, nested too deep, or of too many values; a sentence for
            the operator.
    """
    if text.count(",") + text.count("{") > MOST_VALUES:
        raise DecodingError(f"The body has more than {MOST_VALUES} values. Send fewer.")
    if _LONG_INTEGER not in text.encode("utf-8", "replace").translate(_EACH_DIGIT_AS_ZERO):
        with suppress(orjson.JSONDecodeError):
            return orjson.loads(text)
    try:
        return _DECODER.decode(text)
    except RecursionError:
        raise too_deep() from None


def is_clean_json(text: str) -> bool:
    """Whether a JSON text certainly needs no `sanitise_json`: it has no escape for NUL or a surrogate, not even half
    of a pair, and too few brackets to be nested too deep. The check takes a tenth of the time; for plain ASCII without
    escapes, a hundredth."""
    if text.count("[") + text.count("{") > DEEPEST:
        return False
    plain = text.isascii() and "\0" not in text and "\\u" not in text
    return plain or not _SUSPICIOUS.search(text)


def sanitise_json(value: Any, depth: int = 0) -> Any:
    """The value with U+FFFD for NUL and lone surrogates, in keys too.

    Raises:
        DecodingError: it is nested deeper than `DEEPEST` levels.
    """
    if isinstance(value, str):
        return _UNSTORABLE.sub("\ufffd", value)
    if depth > DEEPEST:
        raise too_deep()
    if isinstance(value, dict):
        return {sanitise_json(name): sanitise_json(inner, depth + 1) for name, inner in value.items()}
    if isinstance(value, list):
        return [sanitise_json(inner, depth + 1) for inner in value]
    return value


def too_deep() -> DecodingError:
    return DecodingError(f"The body is nested deeper than {DEEPEST} levels. Send a flatter one.")


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


_DECODER = json.JSONDecoder(
    strict=False, parse_int=_integer, parse_float=_number, parse_constant=_refuse_number
)
