"""Values that mean "not given", defined once for all fields, rules and readers.

Absent are null, blank text, empty lists and objects; the words that programs put in place of a value that is not set
(`undefined`, `null`, `None`, `NaN`, `[object Object]`); a placeholder of a template that was not filled
(`{{contact.phone}}`, `{booking_id}`, `${id}`, `%TOUR_ID%`, `{Unit:11}`, `*|FNAME|*`); and, for a field or a reader,
also 0 and a nil GUID: nothing in a booking has that value.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

_LONGEST = 200
"""Characters of a text that can be nothing but placeholders."""
_PLACEHOLDER = (
    r"\{\{[^{}]*\}\}|\{%[^{}]*%\}|[$#@%]?\{[^{}\":]*(?::[^{}\":\s]*)*\}|\$\([^()]*\)|<%[^<>]*%>|%%?[A-Za-z_][\w.-]*%%?"
    r"|\*\|[^|]*\|\*|\[\[[^\[\]]*\]\]|<<[^<>]*>>|\$\{\{[^{}]*\}\}"
)
_WORD = (
    r"undefined|Undefined|UNDEFINED|null|NULL|NaN|\[object Object\]|\(null\)|<null>|<nil>|None|NONE|none|nil"
)
_FIRST = frozenset("{$#@%<*[(uUnN")
"""With which a placeholder or such a word begins: of most texts the first character says that they are none."""
_FIRST_OF_NO_ANSWER = frozenset("nN(-\u2013\u2014")
_UNSET = re.compile(rf"\s*(?:(?:{_PLACEHOLDER}|{_WORD})[\s,;/|_-]*)+")
_NO_ANSWER = re.compile(r"\s*(?:nan|n/a|N/A|\(none\)|\(not set\)|-{1,3}|\u2013|\u2014)\s*")
_ZERO = re.compile(r"\s*(?:-?0+(?:\.0+)?|\{?[0]{8}-?(?:0000-?){3}0{12}\}?)\s*")
_NOT_AN_ID = re.compile(
    r"\s*(?:unknown|unset|tbd|tba|n\.?a\.?|false|true|#n/a|#(?:ref|value|name|num|error|null|div/0)[!?]*"
    r"|loading\W*|\(?(?:empty|blank|missing|none given|not (?:available|applicable|set|given|provided|found)"
    r"|no[ -]?(?:id|value|data))\)?|f{8}-?(?:f{4}-?){3}f{12}|id|u?uid|guid"
    r"|\$[a-z_][\w.]*|:[a-z_]+|_{2,}\w+?_{2,}|(?:undefined|null|nan|none)-\d+"
    r"|=+\s*\$\S+|<[^<>]*>|\[[^\[\]]*\]"
    r"|(?:your |the )?(?:booking|tour|appointment|appt|showing|reservation|event|lead|unit|property|agent|contact)"
    r"[ _-]?(?:id|uid|ref|reference|number|no|key))\s*",
    re.IGNORECASE,
)
"""Texts in place of an id: a word for none, an error of a spreadsheet, the field's own name."""
_TRIAL = re.compile(
    r"\s*\(?(?:test(?:ing)?|sample|example|dummy|demo|placeholder|string|x{2,})\)?\s*", re.IGNORECASE
)
"""What people and tools write while they try something out."""
_PART_UNSET = re.compile(
    rf"(?:^|[^A-Za-z0-9])(?:undefined|null|NaN|None|\[object Object\])(?:[^A-Za-z0-9]|$)|{_PLACEHOLDER}"
)


def is_absent(value: Any) -> bool:
    """Whether a sender means "not given" by it."""
    if isinstance(value, str):
        return is_unset(value) or (
            value.lstrip()[0] in _FIRST_OF_NO_ANSWER and bool(_NO_ANSWER.fullmatch(value))
        )
    return value in (None, [], {})


def is_unset(text: str) -> bool:
    """Whether a text is blank, or replaces a value that a program or a template did not have."""
    first = text.lstrip()[:1]
    return not first or (first in _FIRST and len(text) <= _LONGEST and bool(_UNSET.fullmatch(text)))


def is_no_value(value: Any) -> bool:
    """Whether it is absent for a field: also 0 and a nil GUID, which no id, name, number or time of a booking is."""
    if isinstance(value, bool):
        return False
    if isinstance(value, (int, float)):
        return value == 0
    if is_absent(value):
        return True
    return isinstance(value, str) and value.lstrip()[0] in "-0{" and bool(_ZERO.fullmatch(value))


def is_no_id(text: str) -> bool:
    """Whether a text that several bookings would share is in place of an id: a part of it was never filled
    (`tour-undefined`)."""
    if len(text) <= _LONGEST and _NOT_AN_ID.fullmatch(text):
        return True
    return is_no_value(text) or (len(text) <= _LONGEST and bool(_PART_UNSET.search(text)))


def is_trial(text: str) -> bool:
    """Whether an id is a word such as `test`, which every trial of a sender has in common."""
    return bool(_TRIAL.fullmatch(text))


def without_unset(value: Any) -> Any:
    """The payload with null for each text that is unset, so that `a || b` of a path sees it as a field does.

    The same object where there is nothing to replace.
    """
    if isinstance(value, str):
        return None if _stands_for_nothing(value) else value
    if isinstance(value, dict):
        changed = dict(_changes(value.items()))
        return {**value, **changed} if changed else value
    if isinstance(value, list):
        changes = dict(_changes(enumerate(value)))
        return [changes.get(place, item) for place, item in enumerate(value)] if changes else value
    return value


def _changes(items: Iterable[tuple[Any, Any]]) -> Iterator[tuple[Any, Any]]:
    """The values that become other ones, by key or place. It calls nothing for a value that is none of them: every
    request goes through here."""
    for place, item in items:
        if isinstance(item, str):
            if item.lstrip()[:1] in _FIRST and _stands_for_nothing(item):
                yield place, None
        elif isinstance(item, (dict, list)) and (new := without_unset(item)) is not item:
            yield place, new


def _stands_for_nothing(text: str) -> bool:
    return bool(text.strip()) and is_unset(text) and not _is_word_none(text)


def _is_word_none(text: str) -> bool:
    """In an answer to a question ("Pets?") it says something."""
    return text.strip().casefold() == "none"
