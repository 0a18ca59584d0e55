"""A table of bridge.toml: its keys, and how an unknown one becomes a sentence."""

import difflib
from typing import Any

from marshmallow import Schema, ValidationError

from bridge.settings.document import PREFIX, UntypedText
from bridge.settings.spelling import did_you_mean


class FullMessage(str):
    """A message that is complete in itself; all others say only what is expected."""

    __slots__ = ()


class Section(Schema):
    """A table of bridge.toml. An unknown key is an error that offers the nearest known one."""

    error_messages = {"type": "a table of settings"}  # noqa: RUF012 - marshmallow declares it without ClassVar

    def known(self) -> list[str]:
        """What an unknown key is compared with."""
        return list(self.fields)

    def handle_error(self, error: ValidationError, data: Any, **_: Any) -> None:
        """Replaces marshmallow's words for unknown keys."""
        messages = error.messages_dict
        for key in messages.keys() - self.fields.keys() - {"_schema"}:
            messages[key] = [self._unknown(str(key), origin_of(data[key]))]

    def _unknown(self, key: str, override: str | None) -> FullMessage:
        close = difflib.get_close_matches(key.lower(), self.known(), n=1)
        if override and "." in "".join(close):
            close = [PREFIX + close[0].replace(".", "__").upper()]
        hint = did_you_mean(*close) or f"; the known ones are {', '.join(self.fields)}"
        return FullMessage(f"unknown key{f' (from {override})' if override else ''}{hint}")


def origin_of(value: Any) -> str | None:
    """The variable that brought an unknown key, if one did."""
    if isinstance(value, dict):
        return next((name for name in map(origin_of, value.values()) if name), None)
    return value.origin if isinstance(value, UntypedText) and not value.hidden else None
