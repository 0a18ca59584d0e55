"""Words of a sender: choices, notes, and an id made of them."""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

from bridge.mapping.fields.base import Field, Found
from bridge.mapping.paths import as_text, digest, is_absent


class Choice(Field):
    """One of a sender's words, translated by a table. A word that the table does not have counts as absent.

    Keys are compared without regard to case; a key ending in `*` matches what begins with it.
    """

    def __init__(
        self, *, path: str | Sequence[str], table: Mapping[str, Enum], required: bool = False
    ) -> None:
        super().__init__(path=path, required=required)
        self.table = {word.casefold(): meaning for word, meaning in table.items()}

    def choose(self, found: list[Found]) -> Enum | None:
        meanings = (self._meaning((as_text(candidate.value) or "").casefold()) for candidate in found)
        return next((meaning for meaning in meanings if meaning), None)

    def _meaning(self, word: str) -> Enum | None:
        for key, meaning in self.table.items():
            if word == key or (key.endswith("*") and word.startswith(key[:-1])):
                return meaning
        return None


class Lines(Field):
    """Text of several lines, made of all that its paths find. A pair becomes `label: value`."""

    expected = "text or a list of texts"

    def choose(self, found: list[Found]) -> str | None:
        lines = [line for candidate in found for line in self._lines(candidate.value)]
        return "\n".join(dict.fromkeys(lines)) or None

    def _lines(self, value: Any) -> list[str]:
        items = value if isinstance(value, list) else [value]
        lines = (
            self._pair(*item) if _is_pair(item) else as_text(item) for item in items if not is_absent(item)
        )
        return [line for line in lines if line]

    def _pair(self, label: Any, value: Any) -> str | None:
        if is_absent(value) or is_absent(label):
            return None if is_absent(value) else as_text(value)
        return f"{(as_text(label) or '').rstrip(': ')}: {as_text(value)}"


def _is_pair(item: Any) -> bool:
    return isinstance(item, list) and len(item) == 2  # noqa: PLR2004 - label and value


class Fingerprint(Field):
    """An id made of all values at its paths, for senders that give none: the same values, the same id."""

    expected = "at least one value"

    def choose(self, found: list[Found]) -> str:
        return digest([[item.path, item.value] for item in found])
