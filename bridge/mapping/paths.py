"""Readers: where in a request something stands.

A path is a JMESPath expression (https://jmespath.org) over the decoded payload. `null`, missing, empty and
blank text, empty lists and empty objects all count as absent, because senders use them all for "not given".
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import jmespath
from jmespath.exceptions import JMESPathError


@dataclass(frozen=True)
class Received:
    """What a mapping reads: the decoded payload, and the headers with lower-case names."""

    payload: Any
    headers: Mapping[str, str]


class Reader(Protocol):
    """Finds one text in a request."""

    def read(self, received: Received) -> str | None: ...


class Path:
    """A compiled JMESPath expression.

    Raises:
        ValueError: the expression is not valid JMESPath.
    """

    def __init__(self, expression: str) -> None:
        self.expression = expression
        try:
            self._compiled = jmespath.compile(expression)
        except JMESPathError as error:
            raise ValueError(f"`{expression}` is not a JMESPath expression: {error}") from error

    def search(self, payload: Any) -> Any:
        """The value found, or `None` where it is absent or the payload has another shape there."""
        try:
            value = self._compiled.search(payload)
        except Exception:  # noqa: BLE001 - jmespath checks the types for some functions; others raise what Python does
            # A function met another type (`contains` on null): this payload has no such value.
            return None
        return None if is_absent(value) else value

    def read(self, received: Received) -> str | None:
        return as_text(self.search(received.payload))


def is_absent(value: Any) -> bool:
    """Whether a sender means "not given" by it."""
    if isinstance(value, str):
        return not value.strip()
    return value in (None, [], {})


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

    def read(self, received: Received) -> str | None:
        values = [part.read(received) for part in self.parts]
        return "|".join(value or "" for value in values) if any(values) else None


@dataclass(frozen=True)
class _First:
    candidates: tuple[Reader, ...]

    def read(self, received: Received) -> str | None:
        return next((value for candidate in self.candidates if (value := candidate.read(received))), None)


@dataclass(frozen=True)
class _Header:
    name: str

    def read(self, received: Received) -> str | None:
        return received.headers.get(self.name) or None


@dataclass(frozen=True)
class _Constant:
    value: str

    def read(self, received: Received) -> str | None:  # noqa: ARG002 - the same for every request
        return self.value


def path(expression: str) -> Reader:
    """The value at a path, as text."""
    return Path(expression)


def paths(*expressions: str) -> Reader:
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
