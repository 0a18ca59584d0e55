"""Names of people."""

import re
import unicodedata
from html import unescape
from typing import Any

from bridge.mapping.fields.base import String

LONGEST_NAME = 200
"""Characters."""

TITLES = frozenset({"mr", "mrs", "ms", "mx", "miss", "dr", "prof", "professor", "rev"})
SUFFIXES = frozenset({"jr", "sr", "ii", "iii", "iv", "phd", "md", "dds", "esq", "cpa", "rn"})
_DEGREES = frozenset({"mba", "jd", "edd", "dvm", "pharmd", "psyd", "lcsw", "bsn", "pmp", "cfa", "dmd"})
"""Behind a comma only."""
_AND = frozenset({"and", "und", "et", "y", "e"})
_PARTICLES = frozenset(
    {
        "al", "ap", "ben", "bin", "bint", "da", "das", "de", "del", "della", "der", "di", "do", "dos", "du", "el",
        "la", "las", "le", "lo", "los", "mac", "san", "santa", "st", "ste", "te", "ten", "ter", "van", "vander",
        "vom", "von", "y", "zu", "zum", "zur",
    }
)  # fmt: skip
"""Begin a last name of several words: `de la Cruz`, `van der Berg`."""
_EAST_ASIAN = re.compile("[\u3400-\u9fff\uac00-\ud7af]+ [\u3400-\u9fff\uac00-\ud7af]+")
"""The last name comes first."""
_NICKNAME = re.compile(r"\s*(?:\([^()]*\)|\"[^\"]*\"|\u201c[^\u201d]*\u201d)")


class Name(String):
    """A part of a person's name, without invisible characters and with single spaces."""

    expected = f"a name of at most {LONGEST_NAME} characters"

    def convert(self, value: Any) -> str:
        text = unescape(super().convert(value))
        if len(text) > LONGEST_NAME:
            raise self.refuse(value)
        kept = (" " if char.isspace() else char for char in text if char.isspace() or char.isprintable())
        return " ".join("".join(kept).split())


def _without_emoji(text: str) -> str:
    return "".join(char for char in text if unicodedata.category(char) != "So" and char != "\ufe0f")


class PersonName(Name):
    """A full name, split into first and last name: `{"first": ..., "last": ...}`.

    One word alone is the first name. Names in the middle go with the first one; initials, titles and suffixes are
    left out. Only the titles of the list are titles: `Bishop Reed` and `King Lee` are people. Also takes an object
    with the two parts.
    """

    expected = f"a person's name of at most {LONGEST_NAME} characters"

    def convert(self, value: Any) -> Any:
        if isinstance(value, dict):
            return self._of_parts(value)
        return split(super().convert(value).strip(" ,"))

    def _of_parts(self, value: dict[str, Any]) -> dict[str, str | None]:
        found = {re.sub(r"[^a-z]", "", name.casefold()): inner for name, inner in value.items()}
        first, last = (
            next((str(found[name]).strip() for name in names if isinstance(found.get(name), str)), "")
            for names in (("first", "firstname", "givenname"), ("last", "lastname", "familyname", "surname"))
        )
        if not (first or last):
            raise self.refuse(value)
        return {"first": first or None, "last": last or None}


def split(text: str) -> dict[str, str | None]:
    """The first and the last name of a full one; `Okafor, Maya` has the last name first."""
    spoken = _without_emoji(_NICKNAME.sub("", text)).split()
    spoken = [word for word in spoken if any(char.isalnum() for char in word)]
    text = " ".join(spoken) or text
    family, comma, given = text.partition(",")
    if (
        comma
        and given.strip()
        and not all(_plain(word) in SUFFIXES | _DEGREES for word in given.replace(",", " ").split())
    ):
        last = _without_titles(_without_suffixes(family.split()))
        first = _without_titles(given.split(",")[0].split())
        return _named(_without_initials(first), last)
    if _EAST_ASIAN.fullmatch(text):
        return _named(text.split()[1:], text.split()[:1])
    words = _without_titles(_without_suffixes(_spoken(text)))
    if not words:
        return {"first": text or None, "last": None}
    if len(words) == 1:
        is_titled = _plain(text.split()[0]) in TITLES and len(text.split()) > 1
        return {"first": None, "last": words[0]} if is_titled else {"first": words[0], "last": None}
    start = len(words) - 1
    while start > 1 and words[start - 1].casefold().rstrip(".") in _PARTICLES:
        start -= 1
    return _named(_without_initials(words[:start]), words[start:])


def _spoken(text: str) -> list[str]:
    """The words without degrees behind a comma."""
    name, *more = text.split(",")
    return name.split() + [word for part in more for word in part.split() if _plain(word) not in _DEGREES]


def _named(first: list[str], last: list[str]) -> dict[str, str | None]:
    return {"first": " ".join(first) or None, "last": " ".join(last) or None}


def _plain(word: str) -> str:
    return word.replace(".", "").casefold()


def _without_titles(words: list[str]) -> list[str]:
    """Without what precedes a name, as in `Mr. and Mrs. Smith`; a word alone is a name."""
    while len(words) > 1 and _plain(words[0]) in TITLES:
        is_couple = len(words) > 3 and words[1].casefold() in _AND and _plain(words[2]) in TITLES  # noqa: PLR2004
        words = words[2 if is_couple else 1 :]
    return words


def _without_suffixes(words: list[str]) -> list[str]:
    while len(words) > 2 and _plain(words[-1]) in SUFFIXES:  # noqa: PLR2004 - of two words the second is a name
        words = words[:-1]
    return words


def _without_initials(words: list[str]) -> list[str]:
    """The first name with the names in the middle, without their initials."""
    return words[:1] + [word for word in words[1:] if len(word.strip(".")) > 1]
