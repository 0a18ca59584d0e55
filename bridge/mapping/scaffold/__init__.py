"""The beginning of a mapping from several samples: what they show for certain is filled in, the rest is marked.

Samples of one booking (booked, moved, cancelled) show what stays and what changes; a sample of another booking shows
what differs. A value is filled in only where its form and its key leave one choice.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from bridge.mapping.paths import DecodedRequest
from bridge.mapping.scaffold.ids import (
    changing_with,
    deliveries_of,
    delivery_id_of,
    event_headers_of,
    events_of,
    references_of,
)
from bridge.mapping.scaffold.renter import email_of, names_of, phone_of, without_shared
from bridge.mapping.scaffold.signatures import SignatureDraft, signature_of
from bridge.mapping.scaffold.table import Row, Table, bookings, table_of
from bridge.mapping.scaffold.times import end_of, is_instant, parts_of, starts_of, zones_of

ACTIONS = {
    "NO_SHOW": "no.?show|missed",
    "CANCEL": "cancel|delet|declin",
    "RESCHEDULE": "resched|mov|chang|updat|modif",
    "REQUEST": "request|pending",
    "BOOK": "book|schedul|creat|confirm|new",
}
"""The rules by the word in the name of a sample or of an event; the first that fits."""
ANY_EVENT = "booked"
"""The name of the event where nothing in the request names it."""


@dataclass
class Scaffold:
    """What a mapping of these samples begins with."""

    table: Table
    signature: SignatureDraft
    event: Row | None = None
    event_header: str | None = None
    delivery_id: Row | None = None
    rules: dict[str, str] = field(default_factory=dict)
    """The action by the name of the event; empty where the samples do not show it."""
    fields: dict[str, str] = field(default_factory=dict)
    """The source of each field that is certain."""
    choices: dict[str, list[str]] = field(default_factory=dict)
    """The paths that may be a field, as source, where none or several fit."""

    def event_of(self, index: int) -> str:
        """The name of the event in one sample."""
        if self.event:
            return str(self.event.values[index])
        return self.table.received[index].headers[self.event_header] if self.event_header else ANY_EVENT


def scaffold(samples: Sequence[tuple[str, DecodedRequest]]) -> Scaffold:
    """What these samples, each with its name, show for certain.

    Raises:
        ValueError: a payload has nothing that a path can point at.
    """
    table = table_of(samples)
    headers = {name: text for received in table.received for name, text in received.headers.items()}
    query = {name: text for received in table.received for name, text in received.query.items()}
    draft = Scaffold(table, signature_of(headers, query))
    email, phone = email_of(table), phone_of(table)
    known = email if len(email) == 1 else phone
    groups = bookings(table, known[0] if len(known) == 1 else None)
    _choose(draft, "email", email, "Email")
    _choose(draft, "phone", without_shared(phone, groups), "Phone")
    start = _add_times(draft, max(groups, key=len))
    _add_reference(draft, groups, email[0] if len(email) == 1 else None, start, are_bookings=len(known) == 1)
    names = names_of(table, email[0] if len(email) == 1 else None)
    for name, rows in names.items():
        _choose(draft, name, rows, "PersonName" if name == "full_name" else "Name")
    _add_event(draft)
    draft.delivery_id = delivery_id_of(table, groups)
    if draft.delivery_id is None:
        draft.choices["delivery_id"] = [row.path.code for row in deliveries_of(table, groups)]
    return draft


def _choose(draft: Scaffold, name: str, rows: list[Row], field_type: str) -> None:
    if len(rows) == 1:
        draft.fields[name] = f"fields.{field_type}(path={rows[0].path.code})"
    else:
        draft.choices[name] = [row.path.code for row in rows]


def _add_times(draft: Scaffold, booking: Sequence[int]) -> Row | None:
    rows = starts_of(draft.table, booking)
    parts = None if rows else parts_of(draft.table)
    if parts:
        date, time = (row.path.code for row in parts)
        draft.fields["starts_at_local"] = f"fields.LocalTime(date={date}, time={time})"
        return parts[0]
    if len(rows) != 1:
        draft.choices["starts_at"] = [row.path.code for row in rows]
        return None
    start = rows[0]
    zones, is_its_zone = zones_of(draft.table, start) if not is_instant(start) else ([], False)
    if zones and not is_its_zone:
        draft.choices["starts_at"] = [f"{start.path.code} in the zone {zone.path.code}" for zone in zones]
        return start
    for name, row in (("starts_at", start), ("ends_at", end_of(draft.table, start))):
        if row is None:
            continue
        if is_instant(row):
            draft.fields[name] = f"fields.Instant(path={row.path.code})"
        elif is_its_zone:
            draft.fields[name] = f"fields.ZonedTime(path={row.path.code}, zone={zones[0].path.code})"
        else:
            draft.fields[f"{name}_local"] = f"fields.LocalTime(path={row.path.code})"
    return start


def _add_reference(
    draft: Scaffold, groups: list[list[int]], email: Row | None, start: Row | None, *, are_bookings: bool
) -> None:
    rows, is_certain = references_of(draft.table, groups, email, start, are_bookings=are_bookings)
    if is_certain:
        draft.fields["reference"] = f"fields.String(path={rows[0].path.code}, required=True)"
    else:
        draft.choices["reference"] = [row.path.code for row in rows]


def _add_event(draft: Scaffold) -> None:
    rows, headers = events_of(draft.table), event_headers_of(draft.table)
    named = [_action_in(name) for name in draft.table.names]
    is_certain = len(rows) == 1
    if not (rows or headers):
        rows, is_certain = changing_with(draft.table, named)
    if is_certain:
        draft.event = rows[0]
    elif not rows and len(headers) == 1:
        draft.event_header = headers[0]
    elif rows:
        draft.choices["event"] = [row.path.code for row in rows]
    found: dict[str, set[str]] = {}
    for index, action in enumerate(named):
        event = draft.event_of(index)
        found.setdefault(event, set()).add(action or _action_in(event))
    for event, actions in found.items():
        shown = actions - {""}
        draft.rules[event] = shown.pop() if len(shown) == 1 else ""


def _action_in(words: str) -> str:
    return next(
        (action for action, pattern in ACTIONS.items() if re.search(pattern, words, re.IGNORECASE)), ""
    )
