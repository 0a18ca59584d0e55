"""`[sources.<key>.replies.<language>]`: the operator's own sentences for what a chat answers."""

from typing import Any

from marshmallow import ValidationError

from bridge.settings.fields import NamedTable, Text

LANGUAGES = ("en", "es", "fr", "de", "pt")
SITUATIONS = (
    "times", "no_times", "no_tour_times", "confirm", "not_free", "choice_gone", "no_choice", "requested",
    "requested_not_free", "booked", "move_requested", "cancel_requested", "needs_time", "needs_contact",
    "needs_property", "unclear", "received",
)  # fmt: skip
"""What an answer can be about; `bridge.replies.rules.Situation` says what each means."""


class Replies(NamedTable):
    """Sentences by language and situation."""

    expected = "a table for each language, such as [sources.<key>.replies.en]"

    def __init__(self) -> None:
        super().__init__(_Sentences().read)

    def read(self, value: Any) -> dict[str, Any]:
        sentences = super().read(value)
        _check(sentences, LANGUAGES)
        return sentences


class _Sentences(NamedTable):
    expected = "a table with a sentence for each situation"

    def __init__(self) -> None:
        super().__init__(Text().read)

    def read(self, value: Any) -> dict[str, Any]:
        sentences = super().read(value)
        _check(sentences, SITUATIONS)
        return sentences


def _check(names: dict[str, Any], known: tuple[str, ...]) -> None:
    unknown = {name: [f"one of {', '.join(known)}"] for name in names if name not in known}
    if unknown:
        raise ValidationError(unknown)
