"""The functions of a path that understand what people write: questions, events, dates and times in a sentence."""

import re
from typing import Any

from jmespath import functions

from bridge.mapping.event_words import meaning
from bridge.mapping.functions import PathFunctions, scalar_text
from bridge.mapping.moments import find, is_dated
from bridge.mapping.questions import asked, pairs

_LONGEST = 10_000
"""Characters of a text that are searched for a date and time."""


class TextFunctions(PathFunctions):
    """The functions that understand text, beside those of `PathFunctions`."""

    @functions.signature({"types": []})
    def _func_asked(self, answers: Any) -> dict[str, Any]:
        """`asked(answers)`: the answers of a form by what was asked, see `bridge.mapping.questions`."""
        return asked(answers)

    @functions.signature({"types": []}, {"types": []})
    def _func_pairs(self, values: Any, summary: Any) -> list[dict[str, Any]]:
        """`pairs(object, text)`: the answers of an object with the labels of a summary `Label:value, Label:value`."""
        return pairs(values, summary)

    @functions.signature({"types": []}, {"types": []})
    def _func_omit(self, value: Any, pattern: Any) -> dict[str, Any] | None:
        """`omit(object, 'regex')`: the object without the keys that match as a whole, in any case."""
        if not isinstance(value, dict) or not isinstance(pattern, str):
            return None
        return {key: inner for key, inner in value.items() if not re.fullmatch(pattern, key, re.IGNORECASE)}

    @functions.signature({"types": []}, {"types": []})
    def _func_chosen(self, options: Any, value: Any) -> Any:
        """`chosen(options, value)`: the texts of the options (`id`, `text`) that an answer names; else the answer."""
        ids = value if isinstance(value, list) else [value]
        texts = {str(each.get("id")): each.get("text") for each in options or [] if isinstance(each, dict)}
        found = [
            texts[str(each)] for each in ids if not isinstance(each, (dict, list)) and str(each) in texts
        ]
        return found or value

    @functions.signature({"types": []})
    def _func_flow_choices(self, value: Any) -> dict[str, Any] | None:
        """`flow_choices(object)`: the answers of a WhatsApp Flow, of a choice `3_2:30_PM` as `2:30 PM`."""
        if not isinstance(value, dict):
            return None
        return {key: _chosen_in_flow(key, inner) for key, inner in value.items()}

    @functions.signature({"types": []})
    def _func_dated(self, value: Any) -> Any:
        """`dated(value)`: the value, if it has both a date and a time of day; else null."""
        return value if is_dated(value) else None

    @functions.signature({"types": []})
    def _func_moment(self, value: Any) -> str | None:
        """`moment(text)`: the first date and time of a sentence, as it is written."""
        text = (scalar_text(value) or "")[:_LONGEST]
        place = find(text)
        return text[place[0] : place[1]] if place else None

    @functions.signature({"types": []})
    def _func_after_moment(self, value: Any) -> str | None:
        """`after_moment(text)`: what follows that date and time."""
        text = (scalar_text(value) or "")[:_LONGEST]
        place = find(text)
        return text[place[1] :].strip(" ,;.-") if place else None

    @functions.signature({"types": []})
    def _func_tour_event(self, value: Any) -> str | None:
        """`tour_event(text)`: the text, if its words ask for something (`book_tour`); else null."""
        text = scalar_text(value)
        return text if meaning(text) else None


def _chosen_in_flow(key: str, value: Any) -> Any:
    """Without its place in the list, and with blanks for the underscores of the builder; ids of yours stay."""
    if isinstance(value, list):
        return [_chosen_in_flow(key, each) for each in value]
    if not isinstance(value, str) or not (found := re.fullmatch(r"\d{1,2}_(.+)", value)):
        return value
    return found[1].replace("_", " ") if key.startswith("screen_") else found[1]
