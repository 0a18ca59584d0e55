"""A batch becomes events: each a request of the sender's own shape, with one item in each list on the way.

    "events"                                {"app": 7, "events": [a, b]}  ->  {"app": 7, "events": [a]}, ... [b]
    "entry[].changes[].value.messages"      the same through lists of lists

What surrounds an item stays with it, so that its mapping can read it. A single item in place of a list
could be (XML) becomes a list of one.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from bridge.errors import DecodingError
from bridge.mapping.documents import read_json

MOST_REPEATED = 1_000_000
"""Keys of the objects around the items, counted for each item."""


class BatchSplitter:
    """Where the items stand: keys joined by dots; `[]` after the key of each list but the last."""

    def __init__(self, path: str) -> None:
        self._steps = [(step.removesuffix("[]"), step.endswith("[]")) for step in path.split(".")]
        key, _ = self._steps[-1]
        self._steps[-1] = (key, True)
        if not all(key for key, _ in self._steps):
            raise ValueError(f"`split` is {path!r}: write keys joined by dots, such as `entry[].messages`.")

    def items(self, payload: Any) -> list[Any]:
        """One payload for each item; none where there is no such list.

        Raises:
            DecodingError: what surrounds the items would be repeated so often that memory could run out.
        """
        return list(_expand(payload, self._steps, _KeyLimit()))


class _KeyLimit:
    """Counts the keys that are repeated."""

    def __init__(self) -> None:
        self._left = MOST_REPEATED

    def take(self, keys: int) -> None:
        self._left -= keys
        if self._left < 0:
            raise DecodingError("The body is a batch whose events repeat too much of it. Send smaller ones.")


def _expand(value: Any, steps: Sequence[tuple[str, bool]], room: _KeyLimit) -> Iterator[Any]:
    if not steps:
        yield value
        return
    (key, is_list), *rest = steps
    inner = value.get(key) if isinstance(value, dict) else None
    if is_list and isinstance(inner, list):
        candidates = inner
    elif isinstance(inner, dict):
        candidates = [inner]
    else:
        return
    for candidate in candidates:
        for item in _expand(candidate, rest, room):
            room.take(len(value))
            yield {**value, key: [item] if is_list else item}


def redact(payload: Any, path: str) -> Any:
    """The payload without the value at this dotted path: in each item of a list, and inside JSON in a text."""
    key, _, rest = path.partition(".")
    if isinstance(payload, list):
        items = [redact(item, path) for item in payload]
        return payload if all(new is item for new, item in zip(items, payload, strict=True)) else items
    if isinstance(payload, str):
        try:
            inner = read_json(payload)
        except (ValueError, DecodingError):
            return payload
        redacted = redact(inner, path)
        return payload if redacted is inner else json.dumps(redacted, ensure_ascii=False)
    if not isinstance(payload, dict) or key not in payload:
        return payload
    if not rest:
        return {name: value for name, value in payload.items() if name != key}
    redacted = redact(payload[key], rest)
    return payload if redacted is payload[key] else {**payload, key: redacted}
