"""Every value of a payload with the path that finds it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from bridge.errors import DecodingError
from bridge.mapping.answers import answers
from bridge.mapping.documents import read_json
from bridge.mapping.flattening import snake
from bridge.mapping.questions import topic

LABELS = ("question", "prompt", "label", "title", "caption", "name", "field", "key", "ref", "@part")
"""Keys under which an item of a list holds its question; the first that tells the items apart counts."""
ANSWERS = ("answer", "reply", "response", "value", "text", "#text", "values", "input")
"""Keys under which it holds the answer."""
LONGEST_LABEL = 50
"""Characters of a question that a path compares."""
MOST_ITEMS = 20
"""Items of a list that are listed."""
MOST_PATHS = 400
DEEPEST = 12


@dataclass(frozen=True)
class PayloadPath:
    """Where a value is."""

    expression: str = field(compare=False)
    """The path in JMESPath."""
    code: str
    """The path as Python source: a text, or a call of `answers`."""
    words: tuple[str, ...]
    """The keys on the way and the question of an answer, in small letters with underscores."""
    question: str | None = field(default=None, compare=False)
    """Of an answer."""

    @property
    def name(self) -> str:
        """The key; of a value in an object of its own, such as `{"email": {"value": ...}}`, the key of that."""
        named = [word for word in self.words if word not in ("value", "text")]
        return (named or [*self.words, ""])[-1]

    @property
    def flat(self) -> str:
        """All the words as one: `data_tour_id`."""
        return "_".join(self.words)

    @property
    def parent(self) -> tuple[str, ...]:
        return self.words[:-1]

    @property
    def is_answer(self) -> bool:
        return self.question is not None

    @property
    def topic(self) -> str | None:
        """What the question of an answer asks for, by the classifier of all forms."""
        return topic(self.question) if self.question is not None else None


def payload_paths(payload: Any) -> dict[PayloadPath, Any]:
    """The paths of a payload with their values, in its order; at most `MOST_PATHS`."""
    found: dict[PayloadPath, Any] = {}
    for path, value in _walk(payload, "", ()):
        if len(found) >= MOST_PATHS:
            break
        found.setdefault(path, value)
    return found


def _walk(value: Any, at: str, words: tuple[str, ...]) -> Iterator[tuple[PayloadPath, Any]]:
    if len(words) > DEEPEST:
        return
    inner = _json_in(value) if at else None
    if inner is not None:
        value, at = inner, f"json({at})"
    if isinstance(value, dict) and value:
        for key, each in value.items():
            step = _key(str(key))
            yield from _walk(each, f"{at}.{step}" if at else step, (*words, snake(str(key))))
    elif isinstance(value, list) and value:
        yield from _answers(value, at, words) or _items(value, at, words)
    elif at:
        yield PayloadPath(at, literal(at), words), value


def _items(values: list[Any], at: str, words: tuple[str, ...]) -> Iterator[tuple[PayloadPath, Any]]:
    for index, value in enumerate(values[:MOST_ITEMS]):
        yield from _walk(value, f"{at or '@'}[{index}]", words)


def _answers(values: list[Any], at: str, words: tuple[str, ...]) -> Iterator[tuple[PayloadPath, Any]] | None:
    """The answers of a list of questions; `None` where it is no such list."""
    items = [value for value in values if isinstance(value, dict)]
    label = next((key for key in LABELS if _distinguishes(items, key)), None)
    value = next((key for key in ANSWERS if key != label and any(key in item for item in items)), None)
    if not at or len(items) < len(values) or label is None or value is None:
        return None
    return (_answer(item, at, words, label, value) for item in items)


def _answer(
    item: dict[str, Any], at: str, words: tuple[str, ...], label: str, value: str
) -> tuple[PayloadPath, Any]:
    question = str(item[label])
    pattern = "^" + re.escape(question[:LONGEST_LABEL].rstrip(" ?:*")).replace("\\ ", " ")
    options = {"label": _key(label), "value": _key(value), "matching": pattern}
    code = ", ".join([literal(at), *(f"{name}={literal(text)}" for name, text in options.items())])
    expression = answers(at, label=options["label"], value=options["value"], matching=pattern)
    return PayloadPath(expression, f"answers({code})", (*words, snake(question)), question), item.get(value)


def _distinguishes(items: list[dict[str, Any]], key: str) -> bool:
    labels = [item.get(key) for item in items]
    return (
        bool(labels)
        and all(isinstance(label, str) and label for label in labels)
        and len(set(labels)) == len(labels)
    )


def _json_in(value: Any) -> Any:
    """The object or list in a text that holds JSON."""
    if not isinstance(value, str) or not value.lstrip().startswith(("{", "[")):
        return None
    try:
        inner = read_json(value)
    except (ValueError, DecodingError):
        return None
    return inner if isinstance(inner, (dict, list)) and inner else None


def _key(key: str) -> str:
    """A key as JMESPath writes it."""
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", key):
        return key
    escaped = key.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in escaped) + '"'


def literal(text: str) -> str:
    """The text as Python writes it, with as few escapes as may be."""
    quote = "'" if text.count('"') > text.count("'") else '"'
    escaped = text.replace("\\", "\\\\").replace(quote, f"\\{quote}").replace("\n", "\\n")
    return quote + plain(escaped) + quote


def plain(text: str) -> str:
    """Letters as they are; signs that only look like others escaped."""
    return "".join(
        char if (char.isascii() and char.isprintable()) or char.isalpha() else _escape(char) for char in text
    )


def _escape(char: str) -> str:
    return f"\\u{ord(char):04x}" if ord(char) < 0x10000 else f"\\U{ord(char):08x}"  # noqa: PLR2004 - Python's two notations
