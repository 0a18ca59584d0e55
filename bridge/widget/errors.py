"""The errors of a form in the language of its visitor."""

from collections.abc import Mapping
from typing import Any

from bridge.widget.words import Words

TIMES = ("starts_at", "starts_at_local", "date", "time")
REACH = ("email", "phone")
TEXT_OF = {"tour_type": "error_kind", "name": "error_first_name"}
"""The text of a field where it is not `error_` with the field's name."""


def in_words(errors: Mapping[str, list[str]], form: Mapping[str, Any], words: Words) -> dict[str, list[str]]:
    """One sentence for each field that has to be corrected, in the order of `errors`.

    A field that was left empty counts once where another one would do: an e-mail or a phone, one of the ways to write
    a time.
    """
    found: dict[str, list[str]] = {}
    is_silent = not any(_has(form, name) for name in REACH)
    for field in errors:
        name = "starts_at" if field in TIMES else "email" if field in REACH and is_silent else field
        found.setdefault(name, [words(_text(name, form, words, is_silent=is_silent))])
    return found


def _text(name: str, form: Mapping[str, Any], words: Words, *, is_silent: bool) -> str:
    if name == "starts_at":
        return "error_taken" if any(_has(form, each) for each in TIMES) else "error_starts_at"
    if name in REACH and is_silent:
        return "error_reach"
    text = TEXT_OF.get(name, f"error_{name}")
    return text if text in words.texts else "error_other"


def _has(form: Mapping[str, Any], name: str) -> bool:
    return bool(str(form.get(name) or "").strip())
