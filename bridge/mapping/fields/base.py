"""What all fields have in common, and the plain ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import unescape
from typing import Any, ClassVar

import marshmallow

from bridge.mapping.absent import is_no_id, is_no_value, is_trial
from bridge.mapping.paths import DecodedRequest, Path, Paths, as_text, listed

MOST_PATHS = 5
"""Paths that an error names."""


def described_paths(paths: Sequence[str]) -> str:
    """Paths in an error: the first of them, and whether there are more."""
    return " | ".join([*paths[:MOST_PATHS], *(["..."] if len(paths) > MOST_PATHS else [])])


def unwrapped(value: Any) -> Any:
    """The item of a list of one: a multi-select with one choice, a parameter that may have several values."""
    while isinstance(value, list) and len(value) == 1:
        value = value[0]
    return value


@dataclass(frozen=True)
class Match:
    """The value at one of a field's paths."""

    path: str
    value: Any
    zone: Any = None
    """Of a time: the zone beside it."""
    hint: Any = None
    """Of a time: the same moment since 1970."""


class Field(marshmallow.fields.Field[Any]):
    """A value at a path. Subclasses say in `expected` what they take and turn it into ours with `convert`."""

    expected: ClassVar[str] = "a value"

    def __init__(self, *, path: Paths, required: bool = False) -> None:
        super().__init__(required=required, load_default=marshmallow.missing if required else None)
        self.paths = tuple(Path(expression) for expression in listed(path))
        if not self.paths:
            raise ValueError("a field needs at least one path")

    @property
    def where(self) -> str:
        """The paths as text, for an error."""
        return described_paths([path.expression for path in self.paths])

    def shares_a_path_with(self, other: "Field") -> bool:
        """Whether both may read one and the same value."""
        return not {path.expression for path in self.paths}.isdisjoint(
            path.expression for path in other.paths
        )

    def find(self, received: DecodedRequest) -> list[Match]:
        """The values at the paths, in their order; absent ones left out."""
        searched = ((path.expression, path.search(received)) for path in self.paths)
        return [
            Match(expression, value)
            for expression, value in searched
            if value is not None and not is_no_value(value)  # most paths find nothing
        ]

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:  # noqa: ARG002 - marshmallow's signature
        found: list[Match] = value
        return self.choose(found)

    def choose(self, found: list[Match]) -> Any:
        """The value made of what was found; the first of the candidates unless a subclass knows better."""
        return self.convert(unwrapped(found[0].value))

    def convert(self, value: Any) -> Any:
        return value

    def shown(self, value: Any) -> str:
        """A value as an error and the notes show it."""
        return describe(value)

    def refuse(self, value: Any, hint: str = "") -> marshmallow.ValidationError:
        """The error for a value of another kind."""
        return marshmallow.ValidationError({"found": self.shown(value), "expected": hint or self.expected})


def describe(value: Any) -> str:
    """A value in an error message: short, and in quotes where it is text."""
    text = repr(value) if isinstance(value, str) else as_text(value) or "nothing"
    return text if len(text) <= 80 else text[:79] + "…"  # noqa: PLR2004 - one line of a terminal


class String(Field):
    """Text; a number is taken as its digits. Entities of HTML and ActiveCampaign's `||choice||` are read."""

    expected = "text"
    is_id = False
    """Set by the mapping for what names a booking, a person or a record: half an id (`tour-undefined`) is none."""
    is_reference = False
    """Set by the mapping for the ids of bookings and people: `test` is none."""

    def find(self, received: DecodedRequest) -> list[Match]:
        found = [match for match in super().find(received) if match.value is not False]
        return [match for match in found if not (self.is_id and self._is_no_id(unwrapped(match.value)))]

    def _is_no_id(self, value: Any) -> bool:
        text = "" if isinstance(value, (dict, list)) else as_text(value) or ""
        return bool(text) and (is_no_id(text) or (self.is_reference and is_trial(text)))

    def convert(self, value: Any) -> str:
        if isinstance(value, (dict, list, bool)):
            raise self.refuse(value)
        text = unescape(as_text(value) or "")
        choices = [choice.strip() for choice in text.split("||") if choice.strip()] if "||" in text else []
        if len(choices) > 1 or (self.is_id and "\n" in text):
            raise self.refuse(value, "one choice")
        return choices[0] if choices else text


class Integer(Field):
    """A whole number above zero."""

    expected = "a whole number above 0"

    def convert(self, value: Any) -> int:
        if isinstance(value, (dict, list, bool)):
            raise self.refuse(value)
        try:
            number = float(as_text(value) or "")
        except ValueError as error:
            raise self.refuse(value) from error
        if not number.is_integer() or not 0 < number < 1_000_000:  # noqa: PLR2004 - far above any tour, below any overflow
            raise self.refuse(value)
        return int(number)
