"""What a field may hold. A format finds the issues of one value and words them as the Zod library does."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, ClassVar

from bridge.sandbox.refusals import Issue, issue

Path = tuple[str | int, ...]

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_DATE_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[-+]\d{2}:\d{2})")
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d:[0-5]\d")
_JS_TYPES = {bool: "boolean", int: "number", float: "number", str: "string", list: "array", dict: "object"}


def missing(path: Path, expected: str) -> Issue:
    """The issue of a required field that is not there."""
    return issue(path, "Required", "invalid_type", expected=expected, received="undefined")


def unrecognized(keys: Sequence[str], path: Path = ()) -> Issue:
    """The issue of keys that the schema does not know."""
    listed = ", ".join(f"'{key}'" for key in keys)
    return issue(path, f"Unrecognized key(s) in object: {listed}", "unrecognized_keys", keys=list(keys))


class ValueFormat:
    """A JavaScript type and what is asked beyond it."""

    expected: ClassVar[str]

    def issues(self, value: Any, path: Path) -> Iterator[Issue]:
        """Yields what is wrong with the value, at once for every item of a list or an object."""
        received = _JS_TYPES.get(type(value), "null")
        if received == self.expected:
            yield from self._limits(value, path)
        else:
            message = f"Expected {self.expected}, received {received}"
            yield issue(path, message, "invalid_type", expected=self.expected, received=received)

    def _limits(self, value: Any, path: Path) -> Iterator[Issue]:  # noqa: ARG002 - for the formats that have limits
        """What is wrong with a value of the right type."""
        return iter(())


@dataclass(frozen=True)
class TextFormat(ValueFormat):
    """A string of `least` to `most` characters."""

    least: int = 0
    most: int | None = None
    expected: ClassVar[str] = "string"

    def _limits(self, value: Any, path: Path) -> Iterator[Issue]:
        if len(value) < self.least:
            yield _too_small(path, "string", self.least, "String must contain at least {} character(s)")
        if self.most is not None and len(value) > self.most:
            yield _too_big(path, "string", self.most, "String must contain at most {} character(s)")


@dataclass(frozen=True)
class OneOfFormat(ValueFormat):
    """One of these words."""

    options: tuple[str, ...]
    expected: ClassVar[str] = "string"

    def _limits(self, value: Any, path: Path) -> Iterator[Issue]:
        if value not in self.options:
            listed = " | ".join(f"'{option}'" for option in self.options)
            message = f"Invalid enum value. Expected {listed}, received '{value}'"
            yield issue(path, message, "invalid_enum_value", options=list(self.options), received=value)


class Date(ValueFormat):
    """`YYYY-MM-DD` or an RFC 3339 date-time, of a day that exists."""

    expected = "string"

    def _limits(self, value: Any, path: Path) -> Iterator[Issue]:
        if not (_is_date(value) or _is_date_time(value)):
            yield issue(path, "Invalid date", "invalid_string", validation="date")


class DateTime(ValueFormat):
    """An RFC 3339 date-time."""

    expected = "string"

    def _limits(self, value: Any, path: Path) -> Iterator[Issue]:
        if not _is_date_time(value):
            yield issue(path, "Invalid datetime", "invalid_string", validation="datetime")


class Time(ValueFormat):
    """`HH:MM:SS` and nothing around it: Propexo's pattern has no anchors, a PMS may refuse more."""

    expected = "string"

    def _limits(self, value: Any, path: Path) -> Iterator[Issue]:
        if not _TIME.fullmatch(value):
            yield issue(path, "Invalid", "invalid_string", validation="regex")


@dataclass(frozen=True)
class Number(ValueFormat):
    """A number from `least` to `most`."""

    least: float | None = None
    most: float | None = None
    whole: bool = False
    nullable: bool = False
    expected: ClassVar[str] = "number"

    def issues(self, value: Any, path: Path) -> Iterator[Issue]:
        if not (value is None and self.nullable):
            yield from super().issues(value, path)

    def _limits(self, value: Any, path: Path) -> Iterator[Issue]:
        if self.whole and not float(value).is_integer():
            message = "Expected integer, received float"
            yield issue(path, message, "invalid_type", expected="integer", received="float")
        if self.least is not None and value < self.least:
            yield _too_small(path, "number", self.least, "Number must be greater than or equal to {}")
        if self.most is not None and value > self.most:
            yield _too_big(path, "number", self.most, "Number must be less than or equal to {}")


class Flag(ValueFormat):
    """true or false."""

    expected = "boolean"


@dataclass(frozen=True)
class ListOf(ValueFormat):
    """`least` to `most` items of one format."""

    item: ValueFormat
    most: int | None = None
    least: int = 0
    expected: ClassVar[str] = "array"

    def _limits(self, value: Any, path: Path) -> Iterator[Issue]:
        if len(value) < self.least:
            yield _too_small(path, "array", self.least, "Array must contain at least {} element(s)")
        if self.most is not None and len(value) > self.most:
            yield _too_big(path, "array", self.most, "Array must contain at most {} element(s)")
        for index, item in enumerate(value):
            yield from self.item.issues(item, (*path, index))


@dataclass(frozen=True)
class Record(ValueFormat):
    """An object with these fields and no others."""

    fields: Mapping[str, ValueFormat]
    required: frozenset[str] = field(default=frozenset())
    expected: ClassVar[str] = "object"

    def _limits(self, value: Any, path: Path) -> Iterator[Issue]:
        unknown = [key for key in value if key not in self.fields]
        if unknown:
            yield unrecognized(unknown, path)
        for name, form in self.fields.items():
            if name in value:
                yield from form.issues(value[name], (*path, name))
            elif name in self.required:
                yield missing((*path, name), form.expected)


def _too_small(path: Path, kind: str, minimum: float, message: str) -> Issue:
    return issue(
        path, message.format(minimum), "too_small", type=kind, minimum=minimum, inclusive=True, exact=False
    )


def _too_big(path: Path, kind: str, maximum: float, message: str) -> Issue:
    return issue(
        path, message.format(maximum), "too_big", type=kind, maximum=maximum, inclusive=True, exact=False
    )


def _is_date(value: str) -> bool:
    return bool(_DATE.fullmatch(value)) and _exists(date.fromisoformat, value)


def _is_date_time(value: str) -> bool:
    return bool(_DATE_TIME.fullmatch(value)) and _exists(datetime.fromisoformat, value.upper())


def _exists(parse: Callable[[str], date], value: str) -> bool:
    try:
        parse(value)
    except ValueError:
        return False
    return True
