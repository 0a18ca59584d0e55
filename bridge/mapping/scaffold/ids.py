"""Which id is the booking's, which the delivery's, and what names the event."""

import re
from collections.abc import Sequence

from bridge.mapping.canonical import BOOKING_IDS
from bridge.mapping.scaffold.renter import agreeing
from bridge.mapping.scaffold.table import Row, Table
from bridge.mapping.scaffold.value_types import is_email, is_id, is_phone

_OWN = "(booking|appointment|tour|reservation|showing|visit|meeting)_u?u?id"
_BOOKINGS = re.compile(f"(^|_)({'|'.join(BOOKING_IDS)}|{_OWN})$")
_IDS = re.compile(r"u?u?id|(object|record|(primary_)?entity|resource)_ids?")
_ABOUT_IT = frozenset(
    {
        "data", "payload", "object", "event", "booking", "appointment", "tour", "resource", "record", "item", "body",
        "meta", "current", "activity", "meeting", "showing", "visit", "reservation",
    }
)  # fmt: skip
"""What an object is called whose own id is that of the booking."""
_DELIVERIES = re.compile(r"(^|_)(event|delivery|webhook|message|notification|request)_u?u?id$|^u?u?id$")
_EVENTS = re.compile(r"(^|_)(event|event_type|event_name|type|topic|action|trigger|kind|status|state)$")
_WORD = re.compile(r"[A-Za-z][A-Za-z ._:/-]{1,60}")
ENOUGH_ACTIONS = 3
"""Of samples, by their names, for a row that changes with them to be the event's name for certain."""
_HEADERS = re.compile(r"(^|-)(event|topic|action|type)(-|$)")
_OCCURRENCES = re.compile(
    "book|schedul|creat|cancel|mov|updat|chang|confirm|request|show|delet|new", re.IGNORECASE
)


def references_of(
    table: Table,
    groups: Sequence[Sequence[int]],
    email: Row | None,
    start: Row | None,
    *,
    are_bookings: bool = True,
) -> tuple[list[Row], bool]:
    """The rows that may be the reference, and whether the first is it.

    It stays the same in the samples of one booking and differs between bookings. Of one booking alone, the key has to
    say so too, or it is the only id of what the event is about. An id beside the e-mail address is the renter's, where
    the start is elsewhere. Without `are_bookings` it is unknown which samples are of one booking, and any id may be it:
    first those that differ between some of the samples.
    """
    renters = email.path.parent if email and start and not _is_inside(start, email.path.parent) else ()
    several = [group for group in groups if len(group) > 1]
    rows = table.where(lambda row: row.is_complete and row.all(_may_be_id))
    rows = [row for row in rows if not (renters and _is_inside(row, renters))]
    possible = sorted(rows, key=lambda row: not 1 < len(set(row.values)) < len(row.values))
    rows = [row for row in rows if all(_is_equal(row, group) for group in groups)]
    rows = [row for row in rows if len({row.values[group[0]] for group in groups}) == len(groups)]
    by_key = agreeing([row for row in rows if _BOOKINGS.search(row.path.flat)])
    if several and not are_bookings:
        return possible, False
    if several and len(by_key) == 1:
        return by_key, True
    own = [row for row in rows if _is_own_id(row, email)]
    if several and len(groups) == 1 and not by_key and len(agreeing(own)) == 1:
        return agreeing(own), True
    rows = agreeing(rows)
    return rows, bool(several and start) and len(groups) > 1 and len(rows) == 1


def _is_own_id(row: Row, email: Row | None) -> bool:
    """Whether it is the id of what the event is about, and perhaps not the renter's."""
    if email is not None and row.path.parent == email.path.parent:
        return False
    parent = row.path.parent[-1].casefold() if row.path.parent else "event"
    return bool(_IDS.fullmatch(row.path.name)) and parent in _ABOUT_IT


def delivery_id_of(table: Table, groups: Sequence[Sequence[int]]) -> Row | None:
    """The id that differs between all samples, also between those of one booking."""
    if not any(len(group) > 1 for group in groups):
        return None
    rows = [row for row in _different(table) if _DELIVERIES.search(row.path.flat)]
    return rows[0] if len(rows) == 1 else None


def deliveries_of(table: Table, groups: Sequence[Sequence[int]]) -> list[Row]:
    """The ids that may be the delivery's, whatever their keys are."""
    return _different(table) if any(len(group) > 1 for group in groups) else []


def _different(table: Table) -> list[Row]:
    """The ids that differ between all samples."""
    return table.where(
        lambda row: row.is_complete and row.all(_may_be_id) and len(set(row.values)) == len(row.values)
    )


def events_of(table: Table) -> list[Row]:
    """The rows that may name the event: a word in each sample that says what happened; one is certain."""
    rows = table.where(
        lambda row: (
            row.is_complete
            and bool(_EVENTS.search(row.path.name))
            and row.all(lambda value: isinstance(value, str) and bool(_OCCURRENCES.search(value)))
        )
    )
    exact = [row for row in rows if len(set(row.values)) == len(set(table.names))]
    rows = exact if len(exact) == 1 else rows
    # A status or an action is also that of something else; so is what is deep inside.
    for words in (("event",), ("event", "type", "topic", "trigger")):
        named = [row for row in rows if any(word in row.path.name for word in words)]
        top = [row for row in named if len(row.path.words) == min(len(other.path.words) for other in named)]
        if len(top) == 1:
            return top
    return rows


def changing_with(table: Table, actions: Sequence[str]) -> tuple[list[Row], bool]:
    """The words that change as the actions do that the samples are named after, and whether the first is the event.

    `actions` has the action of each sample, or nothing where its name shows none.
    """
    known = {index: action for index, action in enumerate(actions) if action}
    kinds = len(set(known.values()))

    def changes(row: Row) -> bool:
        pairs = {(action, row.values[index]) for index, action in known.items()}
        values = {value for _, value in pairs}
        return len(pairs) == len(values) == kinds and set(row.values) == values

    rows = (
        table.where(lambda row: row.is_complete and row.all(_is_word) and changes(row)) if kinds > 1 else []
    )
    return rows, len(rows) == 1 and kinds >= ENOUGH_ACTIONS


def _is_word(value: object) -> bool:
    return isinstance(value, str) and bool(_WORD.fullmatch(value))


def event_headers_of(table: Table) -> list[str]:
    """The headers that may name the event, in lower case."""
    common = set.intersection(*(set(received.headers) for received in table.received))
    names = (name for name in sorted(common) if _HEADERS.search(name) and name != "content-type")
    return [
        name
        for name in names
        if all(_OCCURRENCES.search(received.headers[name]) for received in table.received)
    ]


def _is_inside(row: Row, parent: tuple[str, ...]) -> bool:
    return row.path.parent[: len(parent)] == parent


def _may_be_id(value: object) -> bool:
    return is_id(value) and not is_email(value) and not is_phone(value)


def _is_equal(row: Row, group: Sequence[int]) -> bool:
    return len({row.values[index] for index in group}) == 1
