"""Pages of a list: the newest first, and a cursor to the next that only we can read."""

import base64
import binascii
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from bridge.errors import BridgeError

Row = TypeVar("Row")
LIMIT = 50
MOST = 200
"""Rows of a page."""


class UnknownCursorError(BridgeError):
    """This cursor is not from a page of this list. Start again without one."""

    code = "unknown_cursor"


class UnknownChoiceError(BridgeError):
    """A filter has a value that is none of its list."""

    code = "unknown_choice"


def check_choice(name: str, text: str, choices: Iterable[str]) -> None:
    """Empty: it does not restrict. Raises UnknownChoiceError."""
    listed = list(choices)
    if text and text not in listed:
        raise UnknownChoiceError(f"`{name}` is one of {', '.join(listed)}.")


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Some rows of a list."""

    rows: list[Row]
    next: str | None
    """The cursor of the next page; `None`: this is the last. A page can be short, or empty, and not the last."""


def cursor_of(before: int | None) -> str | None:
    """The cursor to the rows below an id."""
    return None if before is None else base64.urlsafe_b64encode(f"<{before}".encode()).decode().rstrip("=")


def before_of(cursor: str | None) -> int | None:
    """The id below which the page begins. Raises UnknownCursorError."""
    if not cursor:
        return None
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode(
            "ascii"
        )
        number = int(text.removeprefix("<"))
    except (binascii.Error, ValueError):
        raise UnknownCursorError from None
    if cursor_of(number) != cursor or not 0 <= number < 2**63:
        raise UnknownCursorError
    return number
