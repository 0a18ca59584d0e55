"""What all fields have in common, and the plain ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import marshmallow

from bridge.mapping.paths import Path, Received, as_text

MOST_TOLD = 5
"""Paths that an error names."""


def told(paths: Sequence[str]) -> str:
    """Paths in an error: the first of them, and whether there are more."""
    return " | ".join([*paths[:MOST_TOLD], *(["..."] if len(paths) > MOST_TOLD else [])])


@dataclass(frozen=True)
class Found:
    """What stands at one of a field's paths."""

    path: str
    value: Any


class Field(marshmallow.fields.Field[Any]):
    """A value at a path. Subclasses say in `expected` what they take and turn it into ours with `convert`."""

    expected: ClassVar[str] = "a value"

    def __init__(self, *, path: str | Sequence[str], required: bool = False) -> None:
        super().__init__(required=required, load_default=marshmallow.missing if required else None)
        self.paths = tuple(Path(one) for one in ([path] if isinstance(path, str) else path))
        if not self.paths:
            raise ValueError("a field needs at least one path")

    @property
    def where(self) -> str:
        """The paths as text, for an error."""
        return told([path.expression for path in self.paths])

    def shares_a_path_with(self, other: "Field") -> bool:
        """Whether both may read one and the same value."""
        return not {path.expression for path in self.paths}.isdisjoint(
            path.expression for path in other.paths
        )

    def find(self, received: Received) -> list[Found]:
        """All that stands at the paths, in their order; absent values left out."""
        searched = ((path.expression, path.search(received)) for path in self.paths)
        return [Found(expression, value) for expression, value in searched if value is not None]

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:  # noqa: ARG002 - marshmallow's signature
        found: list[Found] = value
        return self.choose(found)

    def choose(self, found: list[Found]) -> Any:
        """The value made of what was found; the first of the candidates unless a subclass knows better."""
        return self.convert(found[0].value)

    def convert(self, value: Any) -> Any:
        return value

    def refuse(self, value: Any, hint: str = "") -> marshmallow.ValidationError:
        """The error for a value of another kind."""
        return marshmallow.ValidationError({"found": describe(value), "expected": hint or self.expected})


def describe(value: Any) -> str:
    """A value in an error message: short, and in quotes where it is text."""
    text = repr(value) if isinstance(value, str) else as_text(value) or "nothing"
    return text if len(text) <= 80 else text[:79] + "…"  # noqa: PLR2004 - one line of a terminal


class String(Field):
    """Text; a number is taken as its digits."""

    expected = "text"

    def convert(self, value: Any) -> str:
        if isinstance(value, (dict, list, bool)):
            raise self.refuse(value)
        return as_text(value) or ""


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
