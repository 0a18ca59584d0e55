"""Every value of a payload with the path that finds it and the words that name it."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bridge.errors import DecodingError
from bridge.mapping.documents import read_json
from bridge.mapping.flattening import snake
from bridge.mapping.paths import is_absent

LABELS = (
    "label", "question", "title", "name", "key", "ref", "@part", "@name",
    "field.label", "field.title", "field.name", "field.ref", "type", "@type",
)  # fmt: skip
"""Keys under which an item of a list says what it is about; the first that tells the items apart counts."""
VALUES = ("value", "answer", "#text", "text", "response", "values")
"""Keys under which it says what that is."""
HOSTS = ("is_organizer", "organizer", "is_host", "host", "is_owner", "self")
"""Flags of who gives the tour, in a list of all who take part."""
NO_LABELS = {"home", "work", "mobile", "other", "main", "primary", "billing", "cell", "personal"}
LONGEST_LABEL = 50
"""Characters of a label that a path compares; of a longer question its beginning."""
DEEPEST = 12

_NUMBERED = re.compile(r"^(q\d+|question|field|sf)_(?=\w)|(?<=\w)_c$")


@dataclass(frozen=True)
class Place:
    """Where a value stands."""

    expression: str
    value: Any
    names: tuple[str, ...]
    """The keys and labels on the way, in small letters with underscores."""
    parents: tuple[str, ...] = ()
    """The expressions of what surrounds it, from the outside; `root` may be one of them."""
    filtered: bool = False
    """Whether a filter stands in the expression, so that it gives a list."""

    @property
    def path(self) -> str:
        return f"{self.expression} | [0]" if self.filtered else self.expression

    @property
    def own(self) -> str:
        """Its name."""
        return self.names[-1] if self.names else ""

    @property
    def pair(self) -> str:
        """Its name behind that of what surrounds it: `booking_id` for the `id` of a `booking`."""
        return "_".join(self.names[-2:])

    @property
    def around(self) -> str:
        """The names of all that surrounds it."""
        return "_".join(self.names[:-1])

    @property
    def parent(self) -> str:
        """The expression of the object that it stands in."""
        return self.parents[-1] if self.parents else ""

    @property
    def depth(self) -> int:
        return len(self.parents)


@dataclass(frozen=True)
class Pairs:
    """A list of labels and values, such as the questions of a form."""

    path: str
    """Finds a list of `[label, value]`."""
    parents: tuple[str, ...]


def places_in(payload: Any) -> list[Place]:
    """All values of a payload; of a list without labels the first item's."""
    return list(_walk(Place("", payload, ())))


def pairs_in(payload: Any) -> list[Pairs]:
    """The lists of labels and values in a payload."""
    return list(_lists(Place("", payload, ())))


def _walk(at: Place) -> Iterator[Place]:
    for inner in _inside(at):
        if _is_leaf(inner.value):
            yield inner
        yield from _walk(inner)


def _is_leaf(value: Any) -> bool:
    return not isinstance(value, (dict, list)) or (
        isinstance(value, dict) and {"year", "month"} <= value.keys()
    )


def _inside(at: Place) -> Iterator[Place]:
    value, expression, filtered = at.value, at.expression, at.filtered
    if at.depth > DEEPEST:
        return
    if isinstance(value, str) and (document := _document(value)) is not None:
        value, expression, filtered = document, f"json({at.path})", False
    parents = (*at.parents, expression) if expression and not filtered else at.parents
    if isinstance(value, dict):
        for key, inner in value.items():
            yield Place(_step(expression, key), inner, _named(at.names, key), parents, filtered)
    elif isinstance(value, list) and value:
        yield from _items(Place(expression, value, at.names, parents, filtered))


def _items(at: Place) -> Iterator[Place]:
    label = _label_of(at.value)
    if label is None or at.filtered:
        yield _one_of(at)
        return
    for item in at.value:
        told, key = _get(item, label), _value_key(item)
        if isinstance(told, str) and told.strip() and key:
            expression = f"{at.expression}[?{_condition(label, told)}].{_quoted(key)}"
            yield Place(expression, item[key], (*at.names, _plain(told)), at.parents, filtered=True)


def _one_of(at: Place) -> Place:
    """The first item; of people the first who is not the host."""
    flag = next(
        (key for key in HOSTS if isinstance(at.value[0], dict) and isinstance(at.value[0].get(key), bool)),
        None,
    )
    guests = [item for item in at.value if flag and isinstance(item, dict) and not item.get(flag)]
    if flag and guests and not at.filtered:
        return replace(at, expression=f"{at.expression}[?!{flag}]", value=guests[0], filtered=True)
    return replace(at, expression=f"{at.expression}[0]", value=at.value[0])


def _lists(at: Place) -> Iterator[Pairs]:
    for inner in _inside(at):
        if isinstance(inner.value, list) and not inner.filtered and (label := _label_of(inner.value)):
            keys = Counter(_value_key(item) for item in inner.value)
            key = keys.most_common(1)[0][0]
            if key in VALUES:
                path = f"{inner.expression}[].[{_dotted(label)}, {_quoted(key)}]"
                yield Pairs(path, (*inner.parents, inner.expression))
        elif not inner.filtered:
            yield from _lists(inner)


def _label_of(items: Sequence[Any]) -> str | None:
    """The key that says what each item of a list is about, or `None`: they are not labels with values."""
    if not all(isinstance(item, dict) and _value_key(item) for item in items):
        return None
    for key in LABELS:
        told = [_get(item, key) for item in items]
        labels = {text for text in told if isinstance(text, str) and text.strip()}
        is_label = len(labels) * 2 > len(items) and not {text.lower() for text in labels} <= NO_LABELS
        if is_label and (len(items) > 1 or key not in {"type", "@type", "key", "field"}):
            return key
    return None


def _value_key(item: Any) -> str | None:
    """The key of the value of an item; Typeform names it by the item's type."""
    keys = [*VALUES, *([item["type"]] if isinstance(item.get("type"), str) else [])]
    return next((key for key in keys if key in item), None)


def _get(item: Any, dotted: str) -> Any:
    for key in dotted.split("."):
        item = item.get(key) if isinstance(item, dict) else None
    return item


def _condition(label: str, told: str) -> str:
    if len(told) <= LONGEST_LABEL and told.isprintable():
        text = told.replace("\\", "\\\\").replace("'", "\\'")
        return f"{_dotted(label)} == '{text}'"
    start = re.sub(r"[^\w ]", ".", told[:LONGEST_LABEL])
    return f"match({_dotted(label)}, '^{start}')"


def _dotted(label: str) -> str:
    return ".".join(_quoted(key) for key in label.split("."))


def _step(expression: str, key: str) -> str:
    return f"{expression}.{_quoted(key)}" if expression else _quoted(key)


def _quoted(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", key) else json.dumps(key, ensure_ascii=False)


def _named(names: tuple[str, ...], key: str) -> tuple[str, ...]:
    """The names with this key; one that only says "value" leaves its parent's."""
    name = _plain(key)
    return names if name in {"value", "raw_value", "text", "full", "answer"} and names else (*names, name)


def _plain(key: str) -> str:
    return _NUMBERED.sub("", snake(key)) or snake(key)


def _document(text: str) -> Any:
    """The object or list that a text holds as JSON."""
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        document = read_json(text)
    except (ValueError, DecodingError):
        return None
    return document if isinstance(document, (dict, list)) and not is_absent(document) else None
