"""The functions of the bridge that a path may call, beside those of JMESPath.

Each gives null for null and for what it makes no sense of: a path that finds nothing is nothing unusual. Where a
text is expected, a number or boolean counts as its text, because ids are numbers at one sender and text at the next.
"""

import json
import re
from html import unescape
from typing import Any

from jmespath import functions

from bridge.errors import DecodingError
from bridge.mapping.documents import read_json, sanitise_json

_LONGEST_MATCHED = 10_000  # characters
_MOST_RENAMED = 500  # keys

_UNSEEN = re.compile(r"<!--.*?(?:-->|\Z)|<(script|style)\b.*?(?:</\1\b[^<>]*>|\Z)", re.DOTALL | re.IGNORECASE)
_TAG = re.compile(r"</?([a-z][a-z0-9:-]*)(?=[\s/>])[^<>]*>|<[!?][^<>]*>", re.IGNORECASE)
"""An address in angle brackets is no tag: no name of a tag has an `@`."""
_LINE = re.compile(
    "address|article|blockquote|br|d[dlt]|div|footer|form|h[1-6]|header|hr|li|[ou]l|p|pre|section|table|tr"
)
_CELL = re.compile("t[dh]")


class PathFunctions(functions.Functions):
    """`json`, `html`, `find`, `match`, `part`, `lower`, `replace` and `text`, for `jmespath.Options`."""

    @functions.signature({"types": []})
    def _func_json(self, value: Any) -> Any:
        """`json(text)`: the value of a text that holds JSON; what is no text is itself, what is no JSON null."""
        return json_value(value) if isinstance(value, str) else value

    @functions.signature({"types": []})
    def _func_html(self, value: Any) -> str | None:
        """`html(text)`: HTML as plain text, with a line for each block."""
        return plain_text(value) if isinstance(value, str) else None

    @functions.signature({"types": []}, {"types": []}, {"types": []})
    def _func_find(self, items: Any, key: Any, wanted: Any) -> Any:
        """`find(list, 'key', value)`: the first object whose key has the value; one object is a list of one."""
        text = scalar_text(wanted)
        if text is None or not isinstance(key, str):
            return None
        items = [items] if isinstance(items, dict) else items if isinstance(items, list) else []
        return next(
            (item for item in items if isinstance(item, dict) and scalar_text(item.get(key)) == text), None
        )

    @functions.signature({"types": []}, {"types": []})
    def _func_match(self, value: Any, pattern: Any) -> str | None:
        """`match(text, 'pattern')`: of the first match the first group that took part, or all where it has no group.

        Upper and lower case are one, `^` and `$` stand for lines, and text beyond 10 000 characters is not seen.

        Raises:
            re.error: the pattern is no regular expression of Python: a mistake of the mapping, not of the payload.
        """
        text = scalar_text(value)
        if text is None or not isinstance(pattern, str):
            return None
        found = re.search(pattern, text[:_LONGEST_MATCHED], re.IGNORECASE | re.MULTILINE)
        if found is None or not found.re.groups:
            return found and found[0]
        return next((group for group in found.groups() if group is not None), None)

    @functions.signature({"types": []}, {"types": []}, {"types": []})
    def _func_part(self, value: Any, separator: Any, index: Any) -> str | None:
        """``part(text, '|', `0`)``: one piece of a text, from the end where the index is negative."""
        text = scalar_text(value)
        if text is None or not isinstance(separator, str) or not separator or not isinstance(index, int):
            return None
        pieces = text.split(separator)
        return pieces[index] if -len(pieces) <= index < len(pieces) else None

    @functions.signature({"types": []})
    def _func_lower(self, value: Any) -> str | None:
        """`lower(text)`: without upper case."""
        text = scalar_text(value)
        return None if text is None else text.lower()

    @functions.signature({"types": []}, {"types": []}, {"types": []})
    def _func_replace(self, value: Any, old: Any, new: Any) -> str | None:
        """`replace(text, 'old', 'new')`: with every `old` as `new`."""
        text = scalar_text(value)
        if text is None or not isinstance(old, str) or not isinstance(new, str):
            return None
        return text.replace(old, new)

    @functions.signature({"types": []}, {"types": []}, {"types": []})
    def _func_rename(self, value: Any, pattern: Any, new: Any) -> dict[str, Any] | None:
        """`rename(object, 'regex', 'new')`: the object with that part of each key replaced.

        An object of more than 500 keys is no form that people fill in, and gives null.
        """
        if not isinstance(value, dict) or not isinstance(pattern, str) or not isinstance(new, str):
            return None
        return renamed(value, pattern, new)

    @functions.signature({"types": []})
    def _func_text(self, value: Any) -> str | None:
        """`text(value)`: a number or boolean as text; null for lists and objects."""
        return scalar_text(value)


def renamed(value: dict[str, Any], pattern: str, new: str) -> dict[str, Any] | None:
    """The object with that part of each key replaced; `None` for one of too many keys."""
    if len(value) > _MOST_RENAMED:
        return None
    return {re.sub(pattern, new, key): inner for key, inner in value.items()}


def json_value(text: str) -> Any:
    """The value of a text that holds JSON; `None` for another text."""
    try:
        return sanitise_json(read_json(text))
    except (json.JSONDecodeError, DecodingError):
        return None


def scalar_text(value: Any) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, (str, int, float)) else None


def plain_text(html: str) -> str:
    """HTML as lines of text; text without any tag keeps its own lines.

    Read with expressions that pass over the text once: `html.parser` needs minutes for a body of unclosed tags.
    """
    seen = _UNSEEN.sub("", html)
    if seen != html or _TAG.search(seen):
        seen = _TAG.sub(_space, re.sub(r"\s+", " ", seen))
    lines = (" ".join(line.split()) for line in unescape(seen).splitlines())
    return "\n".join(line for line in lines if line)


def _space(tag: re.Match[str]) -> str:
    name = (tag[1] or "").lower()
    return "\n" if _LINE.fullmatch(name) else " " if _CELL.fullmatch(name) else ""
