"""Readers: find values in a request.

A path is a JMESPath expression (https://jmespath.org) over the decoded payload, with the functions of
`bridge.mapping.functions` and three for what is outside the payload: `header('X-Topic')`, `query('community')` and
`body()`, the whole payload where `root` or `split` made it smaller. `bridge.mapping.absent` says what counts as absent.

Where an expression would become a program, a path is a Python function of the payload instead.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Protocol

import jmespath
from jmespath import functions
from jmespath.exceptions import JMESPathError
from jmespath.parser import ParsedResult

from bridge.mapping.absent import is_absent, is_no_value, without_unset
from bridge.mapping.flattening import flat
from bridge.mapping.functions import json_value, renamed
from bridge.mapping.text_functions import TextFunctions

Expression = str | Callable[[Any], Any]
"""A JMESPath expression, or a Python function that takes the payload below `root` and returns the value."""
Paths = Expression | Sequence[Expression]
"""One of them, or several in their order."""


def listed(paths: Paths) -> list[Expression]:
    """The paths as a list, also where there is only one."""
    return [paths] if isinstance(paths, str) or callable(paths) else list(paths)


@dataclass(frozen=True)
class DecodedRequest:
    """A request as a mapping reads it: the decoded payload, the headers by lower-case names, the query parameters."""

    payload: Any
    headers: Mapping[str, str]
    query: Mapping[str, str] = field(default_factory=dict)
    document: Any = None
    """The value of `body()`; `None`: the payload."""
    computed: dict[tuple[str, Any], tuple[Any, Any]] = field(default_factory=dict, repr=False, compare=False)
    """Results of functions, cached: each rule of a mapping asks for the same ones again."""
    cleaned: bool = field(default=False, repr=False, compare=False)
    """Whether the payload is a part of one that has gone through `without_unset`, which looks at every value."""

    def __post_init__(self) -> None:
        if not self.cleaned:
            object.__setattr__(self, "payload", without_unset(self.payload))
            object.__setattr__(self, "cleaned", True)

    def below(self, root: Any, *, is_part: bool = False) -> "DecodedRequest":
        """The same request with paths that begin at `root`; `is_part`: that is a value of the payload as it is."""
        document = self.payload if self.document is None else self.document
        cleaned = is_part or root is self.payload
        return DecodedRequest(root, self.headers, self.query, document, self.computed, cleaned)

    def with_payload(self, payload: Any, *, is_part: bool = False) -> "DecodedRequest":
        """The same request with another payload; `is_part`: it holds nothing that this one does not."""
        return replace(self, payload=payload, cleaned=is_part)

    def once(self, call: ParsedResult) -> Any:
        """The result of a function call, computed once per request."""
        key = ("call", (call.expression, id(self.payload)))
        if key not in self.computed:
            found = call.search(self.payload, options=self.options)
            self.computed[key] = (self.payload, found)  # kept, so that its `id` stays its own
        return self.computed[key][1]

    @cached_property
    def options(self) -> jmespath.Options:
        """Options that give the functions of a path access to this request."""
        return jmespath.Options(custom_functions=_Outside(self))


class _Outside(TextFunctions):
    """The functions for what is outside the payload."""

    def __init__(self, received: DecodedRequest) -> None:
        super().__init__()
        self._received = received

    @functions.signature({"types": ["string"]})
    def _func_header(self, name: str) -> str | None:
        return self._received.headers.get(name.lower())

    @functions.signature({"types": ["string"]})
    def _func_query(self, name: str) -> str | None:
        return self._received.query.get(name)

    @functions.signature({"types": []})
    def _func_flat(self, value: Any) -> Any:
        return self._once("flat", id(value), value, flat) if isinstance(value, dict) else value

    @functions.signature({"types": []})
    def _func_json(self, value: Any) -> Any:
        return self._once("json", value, value, json_value) if isinstance(value, str) else value

    @functions.signature({"types": []}, {"types": []}, {"types": []})
    def _func_rename(self, value: Any, pattern: Any, new: Any) -> Any:
        if not isinstance(value, dict) or not isinstance(pattern, str) or not isinstance(new, str):
            return None
        return self._once(
            "rename", (id(value), pattern, new), value, lambda each: renamed(each, pattern, new)
        )

    def _once(self, name: str, key: Any, value: Any, compute: Callable[[Any], Any]) -> Any:
        """The result for a value, computed once per request; the value is kept, so that its `id` stays its own."""
        computed = self._received.computed
        if (name, key) not in computed:
            computed[name, key] = (value, compute(value))
        return computed[name, key][1]

    @functions.signature()
    def _func_body(self) -> Any:
        document = self._received.document
        return self._received.payload if document is None else document


class Reader(Protocol):
    """Finds one text in a request."""

    def read(self, received: DecodedRequest) -> str | None: ...

    @property
    def headers(self) -> frozenset[str]:
        """The headers that it reads, by lower-case names: they have to be stored with the event."""


class Path:
    """A compiled JMESPath expression, or a Python function that computes the value.

    Raises:
        ValueError: the expression is not valid JMESPath.
    """

    def __init__(self, expression: Expression) -> None:
        if callable(expression):
            self.expression = f"{expression.__name__}()"
            self._function: Callable[[Any], Any] | None = expression
            return
        self.expression = expression
        self._function = None
        try:
            self._compiled = jmespath.compile(expression)
        except JMESPathError as error:
            raise ValueError(f"`{expression}` is not a JMESPath expression: {error}") from error
        self._keys = _plain_keys(self._compiled.parsed)
        self._call, self._steps = _call_and_steps(self._compiled)
        for function in ("match", "rename", "omit"):
            for call in _calls(self._compiled.parsed, function):
                _check_pattern(expression, call)

    @cached_property
    def headers(self) -> frozenset[str]:
        """The headers that it reads, by lower-case names. A function sees the payload only."""
        if self._function:
            return frozenset()
        calls = _calls(self._compiled.parsed, "header")
        literals = (child for call in calls for child in call["children"] if child["type"] == "literal")
        return frozenset(str(literal["value"]).lower() for literal in literals)

    @property
    def only_steps(self) -> bool:
        """Whether it steps from object to object, so that what it finds is a part of the payload."""
        return self._function is None and self._keys is not None

    def search(self, received: DecodedRequest) -> Any:
        """The value found, or `None` where it is absent or the payload has another shape there."""
        try:
            value = self._find(received)
        except Exception:  # noqa: BLE001 - jmespath checks the types for some functions; others raise what Python does
            # A function met another type (`contains` on null): this payload has no such value.
            return None
        return None if is_absent(value) else value

    def _find(self, received: DecodedRequest) -> Any:
        if self._function:
            return self._function(received.payload)
        if self._keys is not None:
            return _at(received.payload, self._keys)
        if self._call is not None:
            return _at(received.once(self._call), self._steps)
        return self._compiled.search(received.payload, options=received.options)

    def read(self, received: DecodedRequest) -> str | None:
        value = self.search(received)
        return None if is_no_value(value) else as_text(value)


def _plain_keys(node: Any) -> tuple[str, ...] | None:
    """The keys of an expression that only steps from object to object; most do, and jmespath takes long for them."""
    if node["type"] == "field":
        return (node["value"],)
    if node["type"] != "subexpression":
        return None
    steps = [_plain_keys(child) for child in node["children"]]
    return tuple(key for step in steps for key in step or ()) if None not in steps else None


def _call_and_steps(compiled: ParsedResult) -> tuple[ParsedResult | None, tuple[str, ...]]:
    """The call of a function with which an expression begins, and the keys by which it steps on from there."""
    node = compiled.parsed
    call, *steps = node["children"] if node["type"] == "subexpression" else [node]
    if call["type"] != "function_expression" or any(step["type"] != "field" for step in steps):
        return None, ()
    return ParsedResult(json.dumps(call, default=repr), call), tuple(step["value"] for step in steps)


def _at(value: Any, keys: tuple[str, ...]) -> Any:
    for key in keys:
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value


def _calls(node: Any, function: str) -> Iterator[Any]:
    """All calls of a function in a parsed expression."""
    if node["type"] == "function_expression" and node["value"] == function:
        yield node
    for child in node["children"]:
        if isinstance(child, dict):
            yield from _calls(child, function)


def _check_pattern(expression: str, call: Any) -> None:
    """A slip in a regular expression shows when the mapping is loaded, not as a value that is never found."""
    pattern = call["children"][1] if len(call["children"]) > 1 else {"type": "missing"}
    try:
        if pattern["type"] == "literal":
            re.compile(str(pattern["value"]))
    except re.error as error:
        raise ValueError(f"`{expression}` has a regular expression that is none: {error}") from error


def as_text(value: Any) -> str | None:
    """A scalar as text: ids are numbers at one sender and text at the next."""
    if isinstance(value, bool) or value is None:
        return None if value is None else str(value).lower()
    if isinstance(value, (str, int, float)):
        return str(value).strip()
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


@dataclass(frozen=True)
class _Joined:
    parts: tuple[Reader, ...]

    @property
    def headers(self) -> frozenset[str]:
        return frozenset().union(*(part.headers for part in self.parts))

    def read(self, received: DecodedRequest) -> str | None:
        values = [part.read(received) for part in self.parts]
        return "|".join(value or "" for value in values) if any(values) else None


@dataclass(frozen=True)
class _First:
    candidates: tuple[Reader, ...]

    @property
    def headers(self) -> frozenset[str]:
        return frozenset().union(*(candidate.headers for candidate in self.candidates))

    def read(self, received: DecodedRequest) -> str | None:
        return next((value for candidate in self.candidates if (value := candidate.read(received))), None)


@dataclass(frozen=True)
class _Header:
    name: str

    @property
    def headers(self) -> frozenset[str]:
        return frozenset({self.name})

    def read(self, received: DecodedRequest) -> str | None:
        value = received.headers.get(self.name)
        return None if is_no_value(value) else value


@dataclass(frozen=True)
class _Constant:
    value: str
    headers: frozenset[str] = frozenset()

    def read(self, received: DecodedRequest) -> str | None:  # noqa: ARG002 - the same for every request
        return self.value


def path(expression: Expression) -> Reader:
    """The value at a path, as text."""
    return Path(expression)


def paths(*expressions: Expression) -> Reader:
    """Several values joined by `|`: an id for a sender that gives none."""
    return _Joined(tuple(Path(expression) for expression in expressions))


def header(name: str) -> Reader:
    """A request header, by its name in any case."""
    return _Header(name.lower())


def first(*readers: Reader) -> Reader:
    """The first reader that finds something."""
    return _First(readers)


def constant(value: str) -> Reader:
    """The same text for every request."""
    return _Constant(value)


def digest(values: Iterable[Any]) -> str:
    """A short stable id made from values, for senders that know no ids."""
    joined = json.dumps([as_text(value) for value in values], ensure_ascii=True)
    return hashlib.sha256(joined.encode()).hexdigest()[:24]
