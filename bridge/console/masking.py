"""Masks renters for viewers."""

import re
from typing import Any

from bridge.console.actor import Actor

HIDDEN = "•••"
PEOPLE = frozenset(
    {
        "body", "contact_id", "content", "delivery_id", "detail", "email", "first_name", "found", "full_name",
        "headers", "last_name", "lead_id", "message", "name", "notes", "original", "payload", "phone",
        "previous_reference", "query", "raw", "reading", "reference", "references", "request", "sentence", "title",
        "value", "written",
    }
)  # fmt: skip
"""Fields of a document that may say who a renter is: by name and address, or because a sender filled them."""

_WORD = re.compile(r"\w+")


def mask(text: str | None) -> str | None:
    """The first letter of each word, of an address its first letter, of a number nothing: `M••• O•••`."""
    if not text:
        return text
    if "@" in text:
        return f"{text[:1]}{HIDDEN}"
    words = [word for word in _WORD.findall(text) if not word[0].isdigit()]
    return " ".join(f"{word[0]}{HIDDEN}" for word in words) or HIDDEN


def masked(actor: Actor, document: dict[str, Any], *also: str, keep: tuple[str, ...] = ()) -> dict[str, Any]:
    """A document as the actor may see it: without PEOPLE, and without `also`, unless they are to `keep`.

    A text is masked; anything else is left out (`None`), since a sender could have put a name into any part of it.
    """
    if actor.sees_people:
        return document
    hidden = (PEOPLE | set(also)) - set(keep)
    return {name: _hidden(value) if name in hidden else value for name, value in document.items()}


def _hidden(value: Any) -> Any:
    return mask(value) if isinstance(value, str) else None
