"""Makes messages of a PMS readable, and our own texts short enough for a PMS."""

import html
import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

_DEEPEST = 8
"""Levels of nesting that are still worth reading."""
_SAYS = frozenset({"message", "msg", "error", "errors", "error_message", "errormessage", "description",
                   "detail", "details", "reason", "title"})  # fmt: skip
"""Keys whose value is a sentence and needs no label."""

_INVISIBLE = re.compile(r"<(script|style)\b.*?</\1\s*>|<!--.*?-->", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<[!/?a-zA-Z][^<>]*>")
_SPACE = re.compile(r"\s+")
_LAST_WORD = re.compile(r"\s\S*\Z")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""With the characters that change the direction of text."""


def humanise(value: Any) -> str:
    """Put a message of a PMS or a gateway on one readable line.

    JSON inside a string is unpacked (Propexo hands on PMS errors that way), HTML loses its tags, and each control
    character becomes U+FFFD: a terminal that shows the line must not act on it.
    """
    return without_control_characters(_in_words(value, _DEEPEST))


def without_control_characters(text: str) -> str:
    """The text with U+FFFD for each of them."""
    return _CONTROL.sub("\ufffd", text)


def _in_words(value: Any, depth: int) -> str:
    if isinstance(value, str):
        decoded = _json_inside(value) if depth else None
        return _in_words(decoded, depth - 1) if decoded is not None else _plain(value)
    if not depth:
        return "..."
    if isinstance(value, Mapping):
        parts = {str(key): _in_words(part, depth - 1) for key, part in value.items()}
        spoken = [part for key, part in parts.items() if part and key.lower() in _SAYS]
        rest = [f"{key}: {part}" for key, part in parts.items() if part and key.lower() not in _SAYS]
        sentences, labelled = "; ".join(spoken), ", ".join(rest)
        return f"{sentences} ({labelled})" if sentences and labelled else sentences or labelled
    if isinstance(value, list | tuple):
        return "; ".join(filter(None, (_in_words(part, depth - 1) for part in value)))
    return "" if value is None else json.dumps(value, default=str)


def _json_inside(text: str) -> Any:
    if text.lstrip()[:1] not in ("{", "[", '"'):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _plain(text: str) -> str:
    return _SPACE.sub(" ", html.unescape(_TAG.sub(" ", _INVISIBLE.sub(" ", text)))).strip()


def length(text: str) -> int:
    """Count as Propexo's validator does: it is a JavaScript library, so in UTF-16 units.

    Never less than the number of code points, so a text that fits here fits a reader of either kind.
    """
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def truncate(text: str, limit: int, *, ellipsis: str = "…") -> str:
    """Shorten to at most `limit` (see `length`), at a word if one ends near, and mark it with an ellipsis.

    What the eye sees as one character (an emoji with its skin tone, a letter with its accent) stays whole.
    """
    if length(text) <= limit:
        return text
    kept, room = "", limit - len(ellipsis)
    for cluster in _clusters(text):
        room -= length(cluster)
        if room < 0:
            break
        kept += cluster
    whole_words = _LAST_WORD.sub("", kept)
    if not text[len(kept)].isspace() and len(whole_words) > len(kept) // 2:
        kept = whole_words
    return kept.rstrip(" \r\n\t,;:.-") + ellipsis


_JOINER = "\u200d"


def _clusters(text: str) -> Iterator[str]:
    start = 0
    for position in range(1, len(text)):
        if not _belongs_together(text, start, position):
            yield text[start:position]
            start = position
    yield text[start:]


def _belongs_together(text: str, start: int, position: int) -> bool:
    before, character = text[position - 1], text[position]
    if _JOINER in (character, before) or unicodedata.category(character).startswith("M"):
        return True
    if "\U0001f3fb" <= character <= "\U0001f3ff" or "\U000e0020" <= character <= "\U000e007f":
        return True  # skin tones, and the tags that make the flags of Scotland and Wales
    return _is_flag_half(character) and _is_flag_half(before) and position - start == 1


def _is_flag_half(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"
