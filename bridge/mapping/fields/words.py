"""Words of a sender: choices, notes, and an id made of them."""

import itertools
import re
from collections.abc import Mapping
from enum import Enum
from typing import Any

from bridge.mapping.absent import is_absent, is_unset
from bridge.mapping.fields.base import Field, Match
from bridge.mapping.paths import Paths, as_text, digest


class Choice(Field):
    """One of a sender's words, translated by a table. A word that the table does not have counts as absent.

    Keys are compared without regard to case, hyphens and underscores; a key ending in `*` matches what begins with it.
    Of a list of choices the first that the table has counts.
    """

    def __init__(self, *, path: Paths, table: Mapping[str, Enum], required: bool = False) -> None:
        super().__init__(path=path, required=required)
        self.table = {_plain(word): meaning for word, meaning in table.items()}

    def choose(self, found: list[Match]) -> Enum | None:
        values = (match.value if isinstance(match.value, list) else [match.value] for match in found)
        words = (_plain(as_text(value) or "") for value in itertools.chain.from_iterable(values))
        return next((meaning for word in words if (meaning := self._meaning(word))), None)

    def _meaning(self, word: str) -> Enum | None:
        for key, meaning in self.table.items():
            if word == key or (key.endswith("*") and word.startswith(key[:-1])):
                return meaning
        return None


def _plain(word: str) -> str:
    return " ".join(re.sub(r"[-_|]", " ", word.casefold()).split())


class Lines(Field):
    """Text of several lines, made of all that its paths find. A pair becomes `label: value`."""

    expected = "text or a list of texts"

    def choose(self, found: list[Match]) -> str | None:
        lines = [line for candidate in found for line in self._lines(candidate.value)]
        return "\n".join(dict.fromkeys(lines)) or None

    def _lines(self, value: Any) -> list[str]:
        items = value if isinstance(value, list) else [value]
        lines = (
            self._pair(*item) if _is_pair(item) else as_text(item) for item in items if not is_absent(item)
        )
        return [line for line in lines if line]

    def _pair(self, label: Any, value: Any) -> str | None:
        if is_not_given(value) or is_absent(label):
            return None if is_not_given(value) else _text(value)
        return f"{(as_text(label) or '').rstrip(': ')}: {_text(value)}"


def is_not_given(value: Any) -> bool:
    """Whether a question has no answer; `None` and `N/A` are one ("Pets?")."""
    return (
        is_unset(value) and value.strip().casefold() != "none" if isinstance(value, str) else is_absent(value)
    )


def _text(value: Any) -> str | None:
    """A choice of several as `Pool, Gym`."""
    is_list = isinstance(value, list) and not any(isinstance(each, (list, dict)) for each in value)
    return ", ".join(as_text(each) or "" for each in value) if is_list else as_text(value)


def _is_pair(item: Any) -> bool:
    return isinstance(item, list) and len(item) == 2  # noqa: PLR2004 - label and value


class Fingerprint(Field):
    """An id made of all values at its paths, for senders that give none: the same values, the same id."""

    expected = "at least one value"

    def choose(self, found: list[Match]) -> str:
        return digest([[item.path, item.value] for item in found])
