"""What an event means, by the words of its name: of senders whose customers, or whose AI agents, choose the name.

`tour.booked`, `New Appointment`, `book_tour`, `Tour booked - Oakwood`, `Canceled by guest`. All words have to be known:
of `booking_reminder` or `not cancelled` it is unclear what it asks for.
"""

import re
from typing import Literal

from bridge.mapping.flattening import snake

Meaning = Literal["book", "request", "reschedule", "cancel", "no_show", "nothing"]
"""`nothing`: a tour that took place, a reminder."""

_VERBS: dict[str, Meaning] = {
    "cancel": "cancel",
    "delete": "cancel",
    "remove": "cancel",
    "decline": "cancel",
    "reject": "cancel",
    "reschedule": "reschedule",
    "move": "reschedule",
    "change": "reschedule",
    "update": "reschedule",
    "modify": "reschedule",
    "edit": "reschedule",
    "rebook": "reschedule",
    "request": "request",
    "pend": "request",
    "book": "book",
    "reserve": "book",
    "create": "book",
    "schedule": "book",
    "confirm": "book",
    "accept": "book",
    "approve": "book",
    "add": "book",
    "make": "book",
    "set": "book",
    "complete": "nothing",
    "attend": "nothing",
    "finish": "nothing",
    "show": "nothing",
    "tour": "nothing",
    "remind": "nothing",
    "reminder": "nothing",
}
_FORMS = {
    form: meant
    for verb, meant in _VERBS.items()
    for stem in (verb.removesuffix("e").removesuffix("y"),)
    for form in (
        verb, f"{verb}s", f"{stem}ed", f"{stem}ied", f"{stem}ing", f"{stem}led", f"{stem}ling", f"{stem}lation",
        f"{stem}ation", f"{stem}al", f"{verb}d", f"{verb}led",
    )
}  # fmt: skip
_FORMS["made"] = "book"
_NOUNS = frozenset(
    {
        "tour", "tours", "appointment", "appointments", "appt", "appts", "booking", "bookings", "showing", "showings",
        "viewing", "viewings", "visit", "visits", "meeting", "meetings", "reservation", "reservations", "event",
        "events", "slot", "apartment", "property", "invitee", "calendar", "schedule", "request", "time", "date", "move",
    }
)  # fmt: skip
_FILLERS = frozenset(
    {
        "a",
        "an",
        "the",
        "new",
        "your",
        "my",
        "is",
        "was",
        "has",
        "been",
        "have",
        "successfully",
        "success",
        "up",
        "on",
    }
)
_NO_SHOW = re.compile(r"(?:^|_)(?:no_?show(?:ed|s)?|missed|did_not_(?:show|come|attend))(?:_|$)")
_SUFFIX = re.compile(r"(?:\s+[-\u2013\u2014|@]|\s*:|\s*\()\s+.*$|\s*\(.*$", re.IGNORECASE)
_PREFIX = re.compile(r"^\s*\[[^\[\]]*\]\s*(?=\S)")
_CONNECTORS = frozenset({"by", "for", "at", "with", "from", "in", "through", "via", "using"})
"""One of them is followed by who or where, not by what."""
_OF_NO_SHOW = frozenset(
    {"no", "show", "shows", "noshow", "noshows", "showed", "missed", "did", "not", "come", "attend"}
)
_RE_VERB = re.compile(r"\bre[-_ ](?=schedul|book)", re.IGNORECASE)
_RELATED = re.compile(r"(?:^|_)(?:re)?(?:book|schedul|cancel|move)")
LONGEST = 200
"""Characters of an event's name."""


def meaning(name: str | None) -> Meaning | None:
    """What a name asks for; `None` where a word is not known, or where its verbs ask for different things."""
    if not name or len(name) > LONGEST:
        return None
    words, beside = _parts(name)
    meant = _meaning_of(words)
    nouns = {_FORMS[word] for word in beside if word in _FORMS and word not in _NOUNS}
    return meant if nouns <= {meant} else None  # `Tour booked - cancelled by guest`


def _parts(name: str) -> tuple[list[str], list[str]]:
    """The words that say what happened, and those beside them that say who or where."""
    name = _PREFIX.sub("", name.strip())
    suffix = _SUFFIX.search(name)
    words = _words(name[: suffix.start()] if suffix else name)
    place = next((place for place, word in enumerate(words) if place and word in _CONNECTORS), len(words))
    return words[:place], [*words[place:], *_words(suffix[0] if suffix else "")]


def _meaning_of(words: list[str]) -> Meaning | None:
    if _NO_SHOW.search("_".join(words)):
        rest = [word for word in words if word not in _OF_NO_SHOW]
        is_plain = all(word in _NOUNS or word in _FILLERS or word in _FORMS for word in rest)
        return "no_show" if is_plain else None
    verbs = [word for word in words if word in _FORMS and word not in _NOUNS]
    nouns = [word for word in words if word not in verbs]
    if not words or any(word not in _NOUNS and word not in _FILLERS for word in nouns):
        return None
    if "nothing" in (meanings := {_FORMS[word] for word in verbs}):
        return "nothing" if meanings <= {"nothing", "book"} else None
    found = list(dict.fromkeys(_FORMS[word] for word in verbs))
    if not found:
        return _by_nouns(words)
    is_asked = words[-1] == "request" and found != ["request"]  # `cancel request`: done, or only asked for
    return found[0] if len(found) == 1 and not is_asked else None


def _by_nouns(words: list[str]) -> Meaning | None:
    """`New Appointment`, `booking`, `schedule_tour`, `tour request`: words that name a thing and can be a verb."""
    if words[0] in ("schedule", "move") and len(words) > 1:
        return "book" if words[0] == "schedule" else "reschedule"
    if "request" in words:
        return "request"
    if "move" in words:
        return "reschedule"
    if "new" in words or words in (["booking"], ["schedule"]):
        return "book"
    return None


def is_about_tours(name: str) -> bool:
    """Whether a name that is not understood may still ask for something: it is held, never ignored."""
    return bool(_RELATED.search(snake(name[:LONGEST])))


def _words(name: str) -> list[str]:
    return [word for word in snake(_RE_VERB.sub("re", name)).split("_") if word]
