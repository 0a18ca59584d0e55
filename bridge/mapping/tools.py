"""The tools of an AI agent, which says with the name of one what it wants: `book_tour`, `cancelAppointment`."""

from bridge.mapping.actions import ASK_TIMES, BOOK, CANCEL, IGNORE, REQUEST, RESCHEDULE, When

_BOOK = "book(?:ed)?|schedule[d]?|reserve[d]?|create[d]?|make|set.?up|add|confirm"
_MOVE = "re-?schedule[d]?|move[d]?|change[d]?|update[d]?|modify"
_CANCEL = "cancel(?:l?ed)?|delete[d]?|remove[d]?"
_THING = "(?:tours?|appointments?|appt|bookings?|showings?|viewings?|visits?|meetings?|reservations?)"

_TIMES = "^(?:get|list|check|find|look|search|fetch|read|show|query)[A-Za-z _.-]*(?:times|slots?|availab)"


def _named(verbs: str) -> str:
    """A verb alone, or before or after the thing, with other words around: `book_a_property_tour`, `tour-booked`."""
    end = r"(?![a-z]*[a-z])"
    return f"^(?:{verbs})(?:$|[A-Z _.-].*{_THING}|{_THING})|{_THING}[ _.-]*(?:{verbs}){end}"


def tool_rules(name: str) -> list[When]:
    """The rules for a tool whose name is at this path.

    A tool that looks up free times gets them; one that looks up something else is ignored; one that these rules do not
    know is left to the rules after them.
    """
    return [
        When(where=f"match({name}, '{_TIMES}')", then=ASK_TIMES),
        When(
            where=f"match({name}, '^(?:get|list|check|find|look|search|fetch|read|show|query)')",
            then=IGNORE("the tool only looks something up"),
        ),
        When(where=f"match({name}, '{_named(_CANCEL)}')", then=CANCEL),
        When(where=f"match({name}, '{_named(_MOVE)}')", then=RESCHEDULE),
        When(where=f"match({name}, '{_named('request(?:ed)?')}')", then=REQUEST),
        When(where=f"match({name}, '{_named(_BOOK)}')", then=BOOK),
    ]
