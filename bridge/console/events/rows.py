"""The rows of the list of events, and their updates while the page is open."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence

from bridge.console.queries.events import EventSummary
from bridge.delivery.rules.outcomes import Reason
from bridge.models import Status

SENTENCES = {
    Reason.UNKNOWN_PROPERTY: "No property has the name by which the sender calls it. Open it and choose one.",
    Reason.UNMAPPABLE: "The payload cannot be read as a tour. Open it and correct it.",
}
"""Short texts for parked events, instead of a long sentence that names settings and paths."""


def sentence_of(row: EventSummary) -> str | None:
    """Why an event has its status."""
    own = SENTENCES.get(Reason(row.reason)) if row.reason and row.status == Status.PARKED else None
    return own or row.sentence


def version_of(row: EventSummary) -> str:
    """Another one as soon as the line reads differently."""
    return hashlib.blake2b(repr(row).encode(), digest_size=6).hexdigest()


def shown_in(values: Sequence[str]) -> dict[int, str]:
    """Which lines a page shows, and their versions: `17:ab12` each; what reads otherwise is left out."""
    parts = (value.partition(":") for value in values)
    return {int(name): version for name, _, version in parts if name.isdecimal()}


def placed(rows: Sequence[EventSummary], shown: Mapping[int, str]) -> Iterator[tuple[EventSummary, str]]:
    """New lines, in the order in which they are put in, and where: below the line before them, else on top."""
    for row in sorted(rows, key=lambda event_id: event_id.id):
        above = min((event_id for event_id in shown if event_id > row.id), default=None)
        yield row, "afterbegin:#rows" if above is None else f"afterend:#event-{above}"
