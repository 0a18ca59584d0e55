"""What names the event of a request, and which rule its name asks for."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bridge.mapping.drafting import looks
from bridge.mapping.drafting.places import Place
from bridge.mapping.flattening import snake
from bridge.mapping.paths import is_absent

NAMES = {
    r"event(_?(type|name|kind))?|trigger(_?event)?|event_action|webhook_?(event|type)|hook_?event": 10,
    r"action|topic|notification_?type|activity(_type)?|message_type|change_type": 8,
    r"type|kind|what|trigger_?type": 5,
    r"status|state|stage|\w+_status": 3,
}
RULES = {
    "no_?show|not_?show": "NO_SHOW",
    "reschedul|moved|postpone": "RESCHEDULE",
    "cancel|delet|declin|reject|remov|revok": "CANCEL",
    "request|pending|tentative": "REQUEST",
    "book|creat|schedul|confirm|new|add|submi|response|insert|accept": "BOOK",
    "updat|chang|modif|edit": "RESCHEDULE",
}
"""The action by words of the event's name; the first that fits."""
HEADER = re.compile(r"(^|-)(event|topic|action)(-?(type|name|key))?$")
LONGEST = 60


@dataclass(frozen=True)
class EventGuess:
    """Where the name of the event stands."""

    name: str
    why: str
    place: Place | None = None
    header: str | None = None


def event(places: Sequence[Place], headers: Mapping[str, str]) -> EventGuess | None:
    """What most probably names the event."""
    scored = [(_points(place), -index, place) for index, place in enumerate(places)]
    points, _, place = max(scored, key=lambda one: one[:2], default=(0, 0, None))
    header = next((name for name in sorted(headers) if HEADER.search(name) and _is_name(headers[name])), None)
    if header and points < max(NAMES.values()):
        return EventGuess(headers[header], "its name", header=header)
    if place is None or points <= 0:
        return None
    return EventGuess(
        str(place.value).strip(), "its name and value" if action(place.value) else "its name", place
    )


def action(name: str) -> str | None:
    """The rule that this name of an event asks for."""
    word = snake(name)
    return next((then for words, then in RULES.items() if re.search(words, word)), None)


def _points(place: Place) -> int:
    if place.filtered or not _is_name(place.value) or looks.is_kind(place.value):
        return 0
    named = next((count for names, count in NAMES.items() if re.fullmatch(names, place.own)), 0)
    if not named:
        return 0
    return named + (4 if action(place.value) else 0) - 2 * place.depth


def _is_name(value: object) -> bool:
    if not isinstance(value, str) or is_absent(value) or not re.search("[A-Za-z]", value):
        return False
    readable = len(value) <= LONGEST and re.fullmatch(r"[\w .:/-]+", value) and "//" not in value
    return bool(readable) and looks.moment(value) is None
